//! Hooks: plugin code that runs with each step.

use crate::bindings::version_hook::mighost::host::step_info as host;
use crate::context;
use crate::migration::Outcome;

pub use crate::context::Direction;

/// A plugin that is called for each step of a run, in the transaction that changes the version rows. `export_version_hook!` exports it,
/// and `on-version-apply` in `mighost.toml` enables it.
///
/// As with [`Migration`](crate::Migration), an implementation with errors of its own declares them in the trait's parameter: `impl
/// VersionHook<Result<(), String>> for Audit`. An error ends the run, and the step is rolled back.
pub trait VersionHook<O: Outcome = ()> {
    /// Called once for each step, after its migration.
    fn on_version_apply(step: &Step) -> O;
}

/// A step whose migration has run and whose version rows are about to be changed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Step {
    /// The direction; a stamp changes the version table without running a migration.
    pub direction: Direction,
    /// The revision that was run; in a stamp, the one that is added to the version table or removed from it.
    pub revision: String,
    /// The message of the revision; may be empty.
    pub message: String,
    /// The parents of the revision; empty for a base.
    pub down_revisions: Vec<String>,
    /// The rows of the version table before the step, sorted; empty for the base.
    pub heads_before: Vec<String>,
    /// The rows of the version table after the step, sorted; empty for the base.
    pub heads_after: Vec<String>,
    /// The operator, as `user@machine`; empty if unknown.
    pub operator: String,
    /// The number of the step in the run, counted from 1.
    pub number: u32,
    /// The number of steps in the run.
    pub total: u32,
}

impl Step {
    /// The step of the running hook. Ends the run if no hook is running.
    pub fn current() -> Self {
        Self {
            direction: context::direction(),
            revision: context::revision(),
            message: host::message(),
            down_revisions: host::down_revisions(),
            heads_before: host::heads_before(),
            heads_after: host::heads_after(),
            operator: host::operator(),
            number: host::number(),
            total: host::total(),
        }
    }
}
