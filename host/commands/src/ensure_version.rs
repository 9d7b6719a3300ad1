//! `mighost ensure-version`: creates the version table and the ledger, and nothing else.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use super::{CommandError, Project, context};
use mighost_core::Reporter;
use mighost_core::StepSink as _;
use mighost_postgres::{ScriptHeader, ScriptSink};

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
    if request.sql {
        let header = ScriptHeader {
            host_version: env!("CARGO_PKG_VERSION").into(),
            from: Vec::new(),
            to: Vec::new(),
            tag: None,
        };
        let sink = ScriptSink::new(script, settings.run().session(false, false), header);
        sink.write_tables().map_err(CommandError::outside_steps)?;
        return Ok(report);
    }
    let connection = context::connect(&settings, &project.environment, reporter).await?;
    let state = mighost_postgres::read_heads(
        &connection.client,
        &settings.version_table_schema,
        &settings.version_table,
    )
    .await?;
    report.heads.clone_from(&state.heads);
    report.database = Some(settings.label.clone());
    let mut sink = context::sink(connection, &settings, state, reporter).await;
    sink.begin_run().await.map_err(CommandError::outside_steps)?;
    sink.create_releases().await.map_err(CommandError::outside_steps)?;
    sink.create_journal().await.map_err(CommandError::outside_steps)?;
    sink.end_run().await.map_err(CommandError::outside_steps)?;
    Ok(report)
}
