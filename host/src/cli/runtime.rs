//! The asynchronous runtime, for the commands that talk to a database or run guests.

use std::future::Future;

use crate::report::{Blame, Diagnostic, ExitKind};

/// One thread waits for the database while another compiles the next components.
const WORKERS: usize = 2;

/// Runs `future` to its end. Commands that need no runtime, such as `heads`, do not start one.
///
/// # Errors
/// When the system gives no threads.
pub fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Diagnostic> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
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
