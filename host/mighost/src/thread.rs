//! Runs calls on threads of their own, each with a runtime of its own, so that the caller needs none and may have any.

use std::future::Future;

use tokio::sync::oneshot;

use super::Error;
use mighost_commands::CommandError;

/// The work of a call, created on its thread: the future need not be `Send`.
pub(super) trait Work<T>: FnOnce() -> <Self as Work<T>>::Future + Send + 'static {
    type Future: Future<Output = Result<T, CommandError>>;
}

impl<T, W, F> Work<T> for W
where
    W: FnOnce() -> F + Send + 'static,
    F: Future<Output = Result<T, CommandError>>,
{
    type Future = F;
}

/// Runs the work and waits for it.
pub(super) fn wait<T: Send + 'static>(work: impl Work<T>) -> Result<T, Error> {
    let thread = std::thread::Builder::new().name("mighost".to_owned());
    let thread = thread.spawn(move || run(work)).map_err(CommandError::Threads)?;
    Ok(thread.join().unwrap_or(Err(CommandError::ThreadLost))?)
}

/// Runs the work without blocking the caller's executor.
pub(super) async fn later<T: Send + 'static>(work: impl Work<T>) -> Result<T, Error> {
    let (sender, receiver) = oneshot::channel();
    let thread = std::thread::Builder::new().name("mighost".to_owned());
    // The receiver is gone if the future was dropped.
    let spawned = thread.spawn(move || drop(sender.send(run(work))));
    spawned.map_err(CommandError::Threads)?;
    Ok(receiver.await.unwrap_or(Err(CommandError::ThreadLost))?)
}

fn run<T>(work: impl Work<T>) -> Result<T, CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(CommandError::Threads)?;
    let result = runtime.block_on(work());
    // Does not wait for a component that is still being compiled for the next step.
    runtime.shutdown_background();
    result
}
