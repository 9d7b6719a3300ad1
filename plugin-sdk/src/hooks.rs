//! Hooks: a plugin's code that runs with each step.

use crate::migration::Outcome;

pub use crate::bindings::mighost::host::context::Direction;
pub use crate::bindings::version_hook::exports::mighost::host::version_hook::Step;

/// A plugin that takes part in each step of a run, in the transaction that changes the version rows. `export_version_hook!` exports
/// it, and `on-version-apply` in `mighost.toml` makes it run.
///
/// As with [`Migration`](crate::Migration), an implementation that has errors of its own says so in the trait's parameter:
/// `impl VersionHook<Result<(), String>> for Audit`. An error ends the run, and the step is rolled back.
pub trait VersionHook<O: Outcome = ()> {
    /// Called once for each step, behind its code.
    fn on_version_apply(step: &Step) -> O;
}
