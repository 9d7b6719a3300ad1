//! Calls of a migration.

use std::sync::Arc;

use super::bindings::Migration;
use super::guest::{Guest, Instance, explain};
use super::{GuestStep, Object, RuntimeError};
use mighost_core::Direction;

/// Runs the migration of `step` in a fresh instance.
///
/// # Errors
/// If the migration returned an error, trapped, exceeded a limit or a statement failed.
pub async fn call_migration(guest: &Guest, step: &Arc<GuestStep>) -> Result<(), RuntimeError> {
    let limit = step.settings.limits.guest_time;
    let called = tokio::select! {
        called = call(guest, step) => called,
        () = step.watch.until_idle(limit) => Err(RuntimeError::Idle { guest: guest.name.to_string() }),
    };
    step.release();
    called
}

async fn call(guest: &Guest, step: &Arc<GuestStep>) -> Result<(), RuntimeError> {
    let mut instance = guest.instantiate(step).await?;
    let migration = exports(guest, &mut instance)?;
    let revision = migration.mighost_host_revision();
    instance.store.data_mut().stopwatch.resume();
    let called = match step.direction {
        Direction::Downgrade => revision.call_downgrade(&mut instance.store).await,
        Direction::Upgrade | Direction::Stamp => revision.call_upgrade(&mut instance.store).await,
    };
    match called {
        Ok(Ok(())) => step.finish(guest),
        Ok(Err(text)) => Err(RuntimeError::returned(guest.name.to_string(), text)),
        Err(error) => Err(explain(&mut instance.store, &error)),
    }
}

/// The objects that a revision defines, by key. `step` has no sink.
///
/// # Errors
/// As for [`call_migration`].
pub async fn call_objects(guest: &Guest, step: &Arc<GuestStep>) -> Result<Vec<(String, Object)>, RuntimeError> {
    let mut instance = guest.instantiate(step).await?;
    let migration = exports(guest, &mut instance)?;
    instance.store.data_mut().stopwatch.resume();
    match migration
        .mighost_host_revision()
        .call_objects(&mut instance.store)
        .await
    {
        Ok(objects) => Ok(objects),
        Err(error) => Err(explain(&mut instance.store, &error)),
    }
}

fn exports(guest: &Guest, instance: &mut Instance) -> Result<Migration, RuntimeError> {
    Migration::new(&mut instance.store, &instance.instance).map_err(|error| guest.not_exported("revision", &error))
}
