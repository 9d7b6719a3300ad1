//! Hooks: a plugin's code that runs with each step.

use crate::bindings::version_hook::mighost::host::step_info as host;
use crate::context;
use crate::migration::Outcome;

pub use crate::context::Direction;

/// A plugin that takes part in each step of a run, in the transaction that changes the version rows. `export_version_hook!` exports
/// it, and `on-version-apply` in `mighost.toml` makes it run.
///
/// As with [`Migration`](crate::Migration), an implementation that has errors of its own says so in the trait's parameter:
/// `impl VersionHook<Result<(), String>> for Audit`. An error ends the run, and the step is rolled back.
pub trait VersionHook<O: Outcome = ()> {
    /// Called once for each step, behind its code.
    fn on_version_apply(step: &Step) -> O;
}

/// A step whose code has run and whose version rows are about to be changed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Step {
    /// The direction; a stamp sets the version table without running anything.
    pub direction: Direction,
    /// The revision that was run. Of a stamp: the one that the table is set to, or that is taken out of it.
    pub revision: String,
    /// The revision's message; it may be empty.
    pub message: String,
    /// The revision's parents; empty for a base.
    pub down_revisions: Vec<String>,
    /// The rows of the version table before the step, sorted; empty for the base.
    pub heads_before: Vec<String>,
    /// The rows after it, sorted; empty for the base.
    pub heads_after: Vec<String>,
    /// Who runs it, as `user@machine`; empty if unknown.
    pub operator: String,
    /// Which step of the run it is, counted from 1.
    pub number: u32,
    /// How many steps the run has.
    pub total: u32,
}

impl Step {
    /// The step of the hook that runs now. Outside of a hook, this ends the run.
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
