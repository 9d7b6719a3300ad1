//! The asynchronous runtime, for the commands that talk to a database or run guests.

use std::future::Future;

use mighost_core::{Blame, Diagnostic, ExitKind};

/// Runs `future` to its end, on this thread: what a step sends goes out together, and no thread has to be woken for an answer.
/// Compiling and reading files have threads of their own; a guest that computes gives way every few milliseconds. Commands that need no runtime, such as `heads`, do not start one.
///
/// # Errors
/// When the system gives no threads.
pub fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Diagnostic> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            let what = format!("cannot start the threads of a run: {error}");
            Diagnostic::new(Blame::Host, ExitKind::Internal, what)
        })?;
    let result = runtime.block_on(future);
    // A component that is still being compiled for the next step is not waited for.
    runtime.shutdown_background();
    Ok(result)
}
