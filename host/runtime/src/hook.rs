//! Calls of a plugin's hooks.

use std::sync::Arc;

use serde::Deserialize;

use super::bindings::Hooks;
use super::guest::{Guest, explain};
use super::{GuestStep, RuntimeError};

/// The interface that a plugin with a hook for each step exports.
pub const VERSION_HOOK: &str = "mighost:host/version-hook@0.1.0";

/// The data of a step for hooks, in addition to its revision and direction; `wit/hooks.wit` documents it.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct StepInfo {
    pub message: String,
    pub down_revisions: Vec<String>,
    pub heads_before: Vec<String>,
    pub heads_after: Vec<String>,
    pub operator: String,
    pub number: u32,
    pub total: u32,
}

/// The default in tests: step 1 of 1.
impl Default for StepInfo {
    fn default() -> Self {
        Self {
            message: String::new(),
            down_revisions: Vec::new(),
            heads_before: Vec::new(),
            heads_after: Vec::new(),
            operator: String::new(),
            number: 1,
            total: 1,
        }
    }
}

/// Calls `on-version-apply` in a fresh instance. `step` is made by [`GuestStep::for_hook`].
///
/// # Errors
/// If the hook returned an error, trapped, exceeded a limit or a statement failed.
pub async fn call_version_hook(guest: &Guest, step: &Arc<GuestStep>) -> Result<(), RuntimeError> {
    let name = guest.name.trim_start_matches("plugin ");
    step.enter_operation(format!("on-version-apply of {name}").into()).await;
    let limit = step.settings.limits.guest_time;
    let called = tokio::select! {
        called = call(guest, step) => called,
        () = step.watch.until_idle(limit) => Err(RuntimeError::Idle { guest: guest.name.to_string() }),
    };
    step.leave_operation().await;
    step.release();
    called
}

async fn call(guest: &Guest, step: &Arc<GuestStep>) -> Result<(), RuntimeError> {
    let mut instance = guest.instantiate(step).await?;
    let hooks = Hooks::new(&mut instance.store, &instance.instance)
        .map_err(|error| guest.not_exported("version-hook", &error))?;
    instance.store.data_mut().stopwatch.resume();
    let hook = hooks.mighost_host_version_hook();
    match hook.call_on_version_apply(&mut instance.store).await {
        Ok(Ok(())) => step.finish(guest),
        Ok(Err(text)) => Err(RuntimeError::returned(guest.name.to_string(), text)),
        Err(error) => Err(explain(&mut instance.store, &error)),
    }
}
