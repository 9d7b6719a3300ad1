//! What guests may import: one file for each interface in `wit/`.

mod assets;
mod context;
mod database;
mod log;
mod replaceable;

use super::RuntimeError;
use super::bindings::mighost::host::objects;
use super::guest::GuestState;

/// Types only.
impl objects::Host for GuestState {}

impl GuestState {
    /// Ends an answer: the guest computes again, and a failure ends it.
    fn answer<R>(&mut self, result: Result<R, impl Into<RuntimeError>>) -> wasmtime::Result<R> {
        self.stopwatch.resume();
        result.map_err(|error| self.step.fail(error.into()))
    }
}
