//! The wish to end early, of whoever watches the tests.

use tokio::sync::watch;

/// Shared by whoever may have the wish and whoever carries it out. Once said it holds.
#[derive(Clone, Debug)]
pub struct Stop(watch::Sender<bool>);

impl Default for Stop {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Stop {
    /// Ends the tests: those that run are left, and no other is begun.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }

    pub fn is_stopped(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns when it is said, for which it waits for ever.
    pub async fn wait(&self) {
        // The sender is this value's own, so it is not gone before.
        let _ = self.0.subscribe().wait_for(|stopped| *stopped).await;
    }
}
