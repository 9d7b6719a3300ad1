//! Runs plans: begins each step, runs its guests and hooks, writes the version rows, commits.

mod error;
mod event_sequencer;
mod hooks;
mod object_versions;
mod prefetch;
mod retry;
mod run;
mod run_setup;

pub use error::{EngineError, RunFailure};
pub use run::{Run, StepDone};
pub use run_setup::RunSetup;
