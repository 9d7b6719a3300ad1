//! `mighost ensure-version`: creates the version table and the ledger, and nothing else.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use super::{CommandError, Project, context};
use mighost_core::Reporter;
use mighost_core::StepSink as _;
use mighost_engine::{EngineError, RunFailure};
use mighost_postgres::{LiveSink, ScriptHeader, ScriptSink};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnsureVersionRequest {
    /// Write the statements to stdout as a script instead of running them.
    pub sql: bool,
    /// Overrides the project's `lock-wait`.
    pub lock_wait: Option<Duration>,
}

/// The state afterwards.
#[derive(Clone, Debug, serde::Serialize)]
pub struct EnsureVersionReport {
    /// The label of the database; `None` for a script.
    pub database: Option<String>,
    pub schema: String,
    pub version_table: String,
    /// The rows of the version table.
    pub heads: Vec<String>,
}

/// Creates the schema, version table and ledger if they are missing. No row is changed. With `sql` the statements go to `script`.
///
/// # Errors
/// If the configuration or connection fails, a statement fails, or another run holds the lock.
pub async fn run(
    project: &Project,
    request: &EnsureVersionRequest,
    reporter: &Arc<dyn Reporter>,
    script: Box<dyn Write + Send>,
) -> Result<EnsureVersionReport, CommandError> {
    let mut settings = project.settings()?;
    settings.lock_wait = request.lock_wait.unwrap_or(settings.lock_wait);
    let mut report = EnsureVersionReport {
        database: None,
        schema: settings.version_table_schema.clone(),
        version_table: settings.version_table.clone(),
        heads: Vec::new(),
    };
    let failed = |error: mighost_core::RunError| {
        let error = match error {
            mighost_core::RunError::Sink(error) => EngineError::Runtime(error.into()),
            error => error.into(),
        };
        CommandError::Run(Box::new(RunFailure {
            done: Vec::new(),
            failed: None,
            place: None,
            not_run: Vec::new(),
            error,
            state: "no row was changed".into(),
        }))
    };
    if request.sql {
        let header = ScriptHeader {
            host_version: env!("CARGO_PKG_VERSION").into(),
            from: Vec::new(),
            to: Vec::new(),
            tag: None,
        };
        let sink = ScriptSink::new(script, settings.run().session(false, false), header);
        sink.write_tables().map_err(failed)?;
        return Ok(report);
    }
    let connection = context::connect(&settings, &project.environment, reporter).await?;
    let state = mighost_postgres::read_heads(
        &connection.client,
        &settings.version_table_schema,
        &settings.version_table,
    )
    .await?;
    let key_pid = mighost_postgres::connect::backend_key_pid(&connection.client).await;
    let pooler = key_pid.is_some_and(|pid| pid != state.backend_pid);
    report.heads.clone_from(&state.heads);
    report.database = Some(settings.label.clone());
    let mut sink = LiveSink::new(
        connection.client,
        connection.encoding,
        settings.run().session(false, pooler),
        state,
        reporter.clone(),
    );
    sink.begin_run().await.map_err(failed)?;
    sink.create_journal().await.map_err(failed)?;
    sink.end_run().await.map_err(failed)?;
    Ok(report)
}
