//! Asks the server to stop a running statement.

use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::{CancelToken, NoTls};

use super::{ConnectTarget, connect};
use mighost_core::Silent;

/// How long asking may take.
const LIMIT: Duration = Duration::from_secs(5);

/// Cancels the statements of one session.
pub struct Canceller {
    pub token: CancelToken,
    /// The target of the session, with the host that answered only, if it is known.
    pub target: Option<Arc<ConnectTarget>>,
    /// The process of the session; `None` behind a pooler.
    pub backend: Option<i32>,
}

impl Canceller {
    /// Asks the server to stop the running statement, and returns when the server has been asked. The driver's own request goes without
    /// TLS, which it refuses to send if `sslmode` requires TLS: then a second connection asks.
    ///
    /// A failure is not reported: the statement then runs to its end.
    pub async fn cancel(self) {
        let _ = tokio::time::timeout(LIMIT, self.ask()).await;
    }

    async fn ask(self) {
        if self.token.cancel_query(NoTls).await.is_ok() {
            return;
        }
        let (Some(target), Some(backend)) = (self.target, self.backend) else {
            return;
        };
        if let Ok(connection) = connect(&target, Arc::new(Silent)).await {
            let _ = connection
                .client
                .batch_execute(&format!("SELECT pg_catalog.pg_cancel_backend({backend})"))
                .await;
        }
    }
}
