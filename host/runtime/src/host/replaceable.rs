//! `mighost:host/replaceable`: finds the plugin that provides an object's kind, and the earlier version in history.

use std::sync::Arc;

use wasmtime::Store;

use super::super::bindings::Kinds;
use super::super::bindings::mighost::host::replaceable::{Host, Object};
use super::super::guest::{GuestState, Instance, explain};
use super::super::plugin_link::with_instance;
use super::super::{GuestStep, RuntimeError};
use mighost_core::Event;

impl Host for GuestState {
    async fn create(&mut self, object: Object) -> wasmtime::Result<()> {
        let result = call(&self.step, "create", &object, async |plugin, store| {
            plugin.mighost_host_kind_provider().call_create(store, &object).await
        });
        let result = result.await;
        self.answer(result)
    }

    async fn drop(&mut self, object: Object) -> wasmtime::Result<()> {
        let result = call(&self.step, "drop", &object, async |plugin, store| {
            plugin.mighost_host_kind_provider().call_drop(store, &object).await
        });
        let result = result.await;
        self.answer(result)
    }

    async fn replace(&mut self, object: Object, replaces: Option<String>) -> wasmtime::Result<()> {
        let result = exchange(&self.step, "replace", &object, replaces.as_deref(), true).await;
        self.answer(result)
    }

    async fn restore(&mut self, object: Object, version: Option<String>) -> wasmtime::Result<()> {
        let result = exchange(&self.step, "restore", &object, version.as_deref(), false).await;
        self.answer(result)
    }
}

/// Replaces the earlier version by `object` (`forward`), or `object` by the earlier version.
async fn exchange(
    step: &Arc<GuestStep>,
    operation: &str,
    object: &Object,
    named: Option<&str>,
    forward: bool,
) -> Result<(), RuntimeError> {
    let earlier = step.providers.earlier_version(step, object, named).await?;
    let (old, new) = if forward {
        (&earlier, object)
    } else {
        (object, &earlier)
    };
    call(step, operation, object, async |plugin, store| {
        plugin.mighost_host_kind_provider().call_replace(store, old, new).await
    })
    .await
}

/// Calls the plugin that provides the object's kind.
async fn call(
    step: &Arc<GuestStep>,
    operation: &str,
    object: &Object,
    function: impl AsyncFnOnce(&Kinds, &mut Store<GuestState>) -> wasmtime::Result<Result<(), String>>,
) -> Result<(), RuntimeError> {
    if step.sink.is_none() {
        return Err(RuntimeError::NotInObjects {
            guest: format!("migration {}", step.revision),
            call: "replaceable",
        });
    }
    let guest = step.providers.kind(&object.kind)?;
    let name: Arc<str> = format!("{operation} {} {}", object.kind, object.name).into();
    step.reporter.report(Event::Operation { name: name.clone() });
    step.enter_operation(name.clone()).await;
    let called = with_instance(&guest, step, async |Instance { store, instance }| {
        let plugin = Kinds::new(&mut *store, instance).map_err(|error| guest.not_exported("kind-provider", &error))?;
        match function(&plugin, store).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(text)) => Err(RuntimeError::Returned {
                guest: guest.name.to_string(),
                text: format!("{name}: {text}"),
            }),
            Err(error) => Err(explain(store, &error)),
        }
    });
    let called = called.await;
    step.leave_operation().await;
    called
}
