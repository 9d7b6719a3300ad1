//! Calls of a test that is a component.

use std::collections::HashSet;
use std::sync::Arc;

use super::bindings::Test;
use super::guest::{Guest, Instance, explain};
use super::{GuestStep, RuntimeError};

/// The interface that such a test exports.
pub const TESTS: &str = "mighost:host/tests@0.1.0";

/// The maximum number of cases in a test.
const MAX_CASES: usize = 10_000;

/// The names of the cases. `step` has no test host.
///
/// # Errors
/// If it is not a test, or it trapped or exceeded a limit.
pub async fn call_cases(guest: &Guest, step: &Arc<GuestStep>) -> Result<Vec<String>, RuntimeError> {
    let mut instance = guest.instantiate(step).await?;
    let test = exports(guest, &mut instance)?;
    instance.store.data_mut().stopwatch.resume();
    match test.mighost_host_tests().call_cases(&mut instance.store).await {
        Ok(cases) => match unfit(&cases) {
            None => Ok(cases),
            Some(reason) => Err(RuntimeError::Compile {
                guest: guest.name.to_string(),
                reason,
            }),
        },
        Err(error) => Err(explain(&mut instance.store, &error)),
    }
}

/// The problem with the names of a test's cases, if any.
fn unfit(cases: &[String]) -> Option<String> {
    if cases.is_empty() {
        return Some("it is a test without cases".into());
    }
    if cases.len() > MAX_CASES {
        return Some(format!("it has {} cases; the limit is {MAX_CASES}", cases.len()));
    }
    let mut names = HashSet::new();
    let twice = cases.iter().find(|name| !names.insert(name.as_str()))?;
    Some(format!("it has two cases `{twice}`"))
}

/// Runs one case in a fresh instance. `step` is made by [`GuestStep::for_test`].
///
/// # Errors
/// If the case returned an error, trapped, exceeded a limit, or a plugin that it imports failed.
pub async fn call_case(guest: &Guest, step: &Arc<GuestStep>, name: &str) -> Result<(), RuntimeError> {
    let mut instance = guest.instantiate(step).await?;
    let test = exports(guest, &mut instance)?;
    instance.store.data_mut().stopwatch.resume();
    match test.mighost_host_tests().call_run(&mut instance.store, name).await {
        Ok(Ok(())) => match step.take_failure() {
            Some(failure) => Err(failure),
            None => Ok(()),
        },
        Ok(Err(text)) => Err(RuntimeError::returned(guest.name.to_string(), text)),
        Err(error) => Err(explain(&mut instance.store, &error)),
    }
}

fn exports(guest: &Guest, instance: &mut Instance) -> Result<Test, RuntimeError> {
    Test::new(&mut instance.store, &instance.instance).map_err(|error| RuntimeError::Compile {
        guest: guest.name.to_string(),
        reason: format!("its exports are not those of a test: {error:#}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_have_names_of_their_own() {
        let told = |names: &[&str]| unfit(&names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
        assert_eq!(told(&["a", "b"]), None);
        assert_eq!(told(&["a", "b", "a"]), Some("it has two cases `a`".into()));
        assert_eq!(told(&[]), Some("it is a test without cases".into()));
    }
}
