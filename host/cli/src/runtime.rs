//! The asynchronous runtime, for commands that connect to a database or run guests.

use std::future::Future;

use mighost_core::{Blame, Diagnostic, ExitKind};

/// Runs `future` to completion, on this thread: the statements of a step are sent together, and no thread has to be woken for an answer.
/// Compiling and reading files have threads of their own; a guest that computes yields every few milliseconds. Commands that need no
/// runtime, such as `heads`, do not start one.
///
/// # Errors
/// If the system provides no threads.
pub fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Diagnostic> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            let what = format!("cannot start the threads for a run: {error}");
            Diagnostic::new(Blame::Host, ExitKind::Internal, what)
        })?;
    let result = runtime.block_on(future);
    // Does not wait for a component that is still being compiled for the next step.
    runtime.shutdown_background();
    Ok(result)
}
