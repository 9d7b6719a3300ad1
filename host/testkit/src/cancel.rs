//! Cancellation of a test run.

use tokio::sync::watch;

/// Shared by the part that requests cancellation and the parts that carry it out. It cannot be revoked.
#[derive(Clone, Debug)]
pub struct Stop(watch::Sender<bool>);

impl Default for Stop {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Stop {
    /// Cancels the tests: running ones are abandoned, and no others are begun.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }

    pub fn is_stopped(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns when the tests are cancelled, for which it waits indefinitely.
    pub async fn wait(&self) {
        // The sender is part of this value, so it cannot be dropped before.
        let _ = self.0.subscribe().wait_for(|stopped| *stopped).await;
    }
}
