//! Typed links between guests: calls of one guest's imports are forwarded to another guest's exports, by reflection on both types.

use std::sync::Arc;

use wasmtime::component::types::{ComponentFunc, ComponentInstance, ComponentItem};
use wasmtime::component::{Component, ComponentExportIndex, Linker, Val};
use wasmtime::{Engine, StoreContextMut};

use super::compatibility::difference;
use super::engine::Provided;
use super::error::RuntimeError;
use super::guest::{Guest, GuestState, Instance, explain};
use super::step::GuestStep;
use super::types::{function_text, holds_handle};

/// Whether the host itself provides an interface.
pub(super) fn of_host(interface: &str) -> bool {
    interface.starts_with("mighost:host/") || interface.starts_with("wasi:")
}

/// Links every import of `component` that is not of the host to the guest that `provider` returns for it.
pub(super) fn link(
    linker: &mut Linker<GuestState>,
    engine: &Engine,
    component: &Component,
    name: &str,
    provider: &mut dyn FnMut(&str) -> Result<Provided, RuntimeError>,
) -> Result<(), RuntimeError> {
    for (interface, item) in component.component_type().imports(engine) {
        if of_host(interface) {
            continue;
        }
        let ComponentItem::ComponentInstance(import) = item.ty else {
            return Err(RuntimeError::ForbiddenImport {
                guest: name.to_owned(),
                import: interface.to_owned(),
            });
        };
        // An interface of types only, e.g. one that another interface `use`s, needs no provider.
        let functions: Vec<_> = import
            .exports(engine)
            .filter_map(|(function, item)| match item.ty {
                ComponentItem::ComponentFunc(ty) => Some((function, ty)),
                _ => None,
            })
            .collect();
        if functions.is_empty()
            && import
                .exports(engine)
                .all(|(_, item)| matches!(item.ty, ComponentItem::Type(_)))
        {
            continue;
        }
        let provided = provider(interface)?;
        let mut instance = linker.instance(interface).map_err(|error| internal(name, &error))?;
        for (function, expected) in functions {
            let export = export(engine, &provided, name, interface, function, &expected)?;
            let operation: Arc<str> = format!("{interface}#{function}").into();
            let guest = provided.guest.clone();
            instance
                .func_new_async(function, move |context, _, params, results| {
                    let (guest, operation) = (guest.clone(), operation.clone());
                    Box::new(forward(context, guest, export, operation, params, results))
                })
                .map_err(|error| internal(name, &error))?;
        }
    }
    Ok(())
}

fn internal(guest: &str, error: &wasmtime::Error) -> RuntimeError {
    RuntimeError::Compile {
        guest: guest.to_owned(),
        reason: format!("{error:#}"),
    }
}

/// The provider's export, which must accept what the importer sends.
fn export(
    engine: &Engine,
    provided: &Provided,
    guest: &str,
    interface: &str,
    function: &str,
    expected: &ComponentFunc,
) -> Result<ComponentExportIndex, RuntimeError> {
    let mut types = expected.params().map(|(_, ty)| ty).chain(expected.results());
    if types.any(|ty| holds_handle(&ty)) {
        return Err(RuntimeError::Resource {
            guest: guest.to_owned(),
            interface: interface.to_owned(),
            function: function.to_owned(),
            expected: function_text(expected),
        });
    }
    let component = &provided.guest.component;
    let plugin = provided.guest.name.trim_start_matches("plugin ");
    let instance = component.get_export(None, &provided.interface);
    let found = instance
        .as_ref()
        .and_then(|(_, instance)| component.get_export(Some(instance), function));
    match found {
        Some((ComponentItem::ComponentFunc(found), index)) => match difference(expected, &found) {
            None => Ok(index),
            Some(difference) => Err(RuntimeError::Mistyped {
                guest: guest.to_owned(),
                interface: interface.to_owned(),
                function: function.to_owned(),
                expected: function_text(expected),
                plugin: plugin.to_owned(),
                found: function_text(&found),
                difference,
            }),
        },
        _ => Err(RuntimeError::MissingFunction {
            guest: guest.to_owned(),
            interface: interface.to_owned(),
            function: function.to_owned(),
            expected: function_text(expected),
            plugin: plugin.to_owned(),
            found: provided.interface.clone(),
            others: match instance {
                Some((ComponentItem::ComponentInstance(instance), _)) => functions(engine, &instance),
                _ => Vec::new(),
            },
        }),
    }
}

/// The names of an interface's functions.
fn functions(engine: &Engine, instance: &ComponentInstance) -> Vec<String> {
    instance
        .exports(engine)
        .filter(|(_, item)| matches!(item.ty, ComponentItem::ComponentFunc(_)))
        .map(|(name, _)| name.to_owned())
        .collect()
}

async fn forward(
    mut caller: StoreContextMut<'_, GuestState>,
    guest: Arc<Guest>,
    export: ComponentExportIndex,
    operation: Arc<str>,
    params: &[Val],
    results: &mut [Val],
) -> wasmtime::Result<()> {
    let caller_step = caller.data().step.clone();
    // Functions that a test calls are not part of the test: they run under the test host's control.
    let step = match &caller_step.test_host {
        Some(bed) => bed.step().await,
        None => caller_step.clone(),
    };
    step.reporter.report(mighost_core::Event::Operation {
        name: operation.clone(),
    });
    step.enter_operation(operation.clone()).await;
    let called = with_instance(&guest, &step, async |instance| {
        let function =
            instance
                .instance
                .get_func(&mut instance.store, export)
                .ok_or_else(|| RuntimeError::MissingExport {
                    guest: guest.name.to_string(),
                    export: operation.to_string(),
                })?;
        match function.call_async(&mut instance.store, params, results).await {
            Ok(()) => Ok(()),
            Err(error) => Err(explain(&mut instance.store, &error)),
        }
    })
    .await;
    step.leave_operation().await;
    caller.data_mut().stopwatch.resume();
    called.map_err(|error| caller_step.fail(error))
}

/// Calls a plugin in its instance for this step, which the first call creates.
pub(super) async fn with_instance<R>(
    guest: &Guest,
    step: &Arc<GuestStep>,
    call: impl AsyncFnOnce(&mut Instance) -> Result<R, RuntimeError>,
) -> Result<R, RuntimeError> {
    let place = step.instance(guest);
    let mut place = place.lock().await;
    let instance = match &mut *place {
        Some(instance) => instance,
        empty => empty.insert(guest.instantiate(step).await?),
    };
    instance.store.data_mut().stopwatch.resume();
    call(instance).await
}
