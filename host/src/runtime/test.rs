//! Calls into a test that is a component.

use std::sync::Arc;

use super::bindings::Test;
use super::guest::{Guest, Instance, explain};
use super::{RuntimeError, StepRun};

/// The interface that such a test exports.
pub const TESTS: &str = "mighost:host/tests@0.1.0";

/// The names of the cases. `step` has no test bed.
///
/// # Errors
/// It is no test, or it trapped or ran into a limit.
pub async fn call_cases(guest: &Guest, step: &Arc<StepRun>) -> Result<Vec<String>, RuntimeError> {
    let mut instance = guest.instantiate(step).await?;
    let test = exports(guest, &mut instance)?;
    instance.store.data_mut().stopwatch.resume();
    match test.mighost_host_tests().call_cases(&mut instance.store).await {
        Ok(cases) => Ok(cases),
        Err(error) => Err(explain(&mut instance.store, &error)),
    }
}

/// Runs one case in a fresh instance. `step` is made by [`StepRun::for_test`].
///
/// # Errors
/// Whatever ended it: its own error, a trap, a limit, a plugin of its own imports that failed.
pub async fn call_case(guest: &Guest, step: &Arc<StepRun>, name: &str) -> Result<(), RuntimeError> {
    let mut instance = guest.instantiate(step).await?;
    let test = exports(guest, &mut instance)?;
    instance.store.data_mut().stopwatch.resume();
    match test.mighost_host_tests().call_run(&mut instance.store, name).await {
        Ok(Ok(())) => match step.take_failure() {
            Some(failure) => Err(failure),
            None => Ok(()),
        },
        Ok(Err(text)) => Err(RuntimeError::Returned {
            guest: guest.name.to_string(),
            text,
        }),
        Err(error) => Err(explain(&mut instance.store, &error)),
    }
}

fn exports(guest: &Guest, instance: &mut Instance) -> Result<Test, RuntimeError> {
    Test::new(&mut instance.store, &instance.instance).map_err(|error| RuntimeError::Compile {
        guest: guest.name.to_string(),
        reason: format!("its exports are not those of a test: {error:#}"),
    })
}
