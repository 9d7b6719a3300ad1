//! A database connection that is made, and its state read, while the artifacts are scanned.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use super::super::{CommandError, Project, context};
use mighost_config::{Environment, Settings};
use mighost_core::{DatabaseUrl, Reporter};
use mighost_postgres::connect::{Connection, connect};
use mighost_postgres::{DatabaseState, read_state};

/// The maximum time that a connection may wait for the artifacts, because servers and networks close idle ones.
const FRESH: Duration = Duration::from_secs(5);

/// The selected database.
pub(super) struct Opened {
    pub connection: Connection,
    pub state: DatabaseState,
    at: Instant,
}

/// A database whose connection may be in progress.
pub(super) struct Opening {
    settings: Settings,
    environment: Environment,
    reporter: Arc<dyn Reporter>,
    early: Option<JoinHandle<Result<Opened, CommandError>>>,
}

impl Opening {
    /// Begins to connect, so that the server creates a session at the same time. An embedded server is not started until it is needed.
    pub fn begin(project: &Project, settings: &Settings, reporter: &Arc<dyn Reporter>) -> Self {
        let mut opening = Self {
            settings: settings.clone(),
            environment: project.environment.clone(),
            reporter: reporter.clone(),
            early: None,
        };
        if matches!(settings.url, DatabaseUrl::Url(_)) {
            opening.early = Some(tokio::spawn(opening.open()));
        }
        opening
    }

    fn open(&self) -> impl Future<Output = Result<Opened, CommandError>> + use<> {
        let (settings, environment, reporter) =
            (self.settings.clone(), self.environment.clone(), self.reporter.clone());
        async move {
            let target = context::target(&settings, &environment, &reporter).await?;
            let connection = connect(&target, reporter).await?;
            let (schema, table) = (&settings.version_table_schema, &settings.version_table);
            let state = read_state(&connection.client, schema, table).await?;
            Ok(Opened {
                connection,
                state,
                at: Instant::now(),
            })
        }
    }

    /// The database, with its current state or that of a moment ago.
    ///
    /// # Errors
    /// If it cannot be connected to or queried.
    pub async fn opened(&mut self) -> Result<Opened, CommandError> {
        if let Some(early) = self.early.take() {
            let opened = early.await.map_err(|_| CommandError::ThreadLost)??;
            if opened.at.elapsed() < FRESH {
                return Ok(opened);
            }
        }
        self.open().await
    }
}
