//! The imports of guests: one file for each interface in `wit/`.

mod assets;
mod context;
mod database;
mod log;
mod postgres;
mod replaceable;
mod session;
mod step_info;
mod testing;

use super::RuntimeError;
use super::bindings::mighost::host::objects;
use super::guest::GuestState;

/// An interface of types only.
impl objects::Host for GuestState {}

impl GuestState {
    /// Ends a call of the host: the guest computes again, and a failure ends it.
    fn answer<R>(&mut self, result: Result<R, impl Into<RuntimeError>>) -> wasmtime::Result<R> {
        self.stopwatch.resume();
        self.answer_from_memory(result)
    }

    /// Ends a call that waits for nothing: its time counts as the guest's, so a loop of such calls is ended.
    fn answer_from_memory<R>(&mut self, result: Result<R, impl Into<RuntimeError>>) -> wasmtime::Result<R> {
        result.map_err(|error| {
            let error = match error.into() {
                // A migration is named anyway, by its revision; a plugin is one of several.
                RuntimeError::Sink(error) if error.is_refusal() && self.name.starts_with("plugin ") => {
                    RuntimeError::Refused {
                        guest: self.name.to_string(),
                        error: Box::new(error),
                    }
                }
                error => error,
            };
            self.step.fail(error)
        })
    }
}
