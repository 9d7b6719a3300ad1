//! Runs plans: begins each step, runs its guests and hooks, has the version rows written, commits.

mod error;
mod event_sequencer;
mod hooks;
mod object_versions;
mod prefetch;
mod retry;
mod run;

pub use error::{EngineError, RunFailure};
pub use run::{Run, StepDone, providers};
