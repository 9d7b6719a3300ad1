//! `mighost current`: the heads that the database's version table records.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::history::{RevisionSummary, summary};
use super::migrate::tell_interrupted;
use super::{CommandError, Project, context};
use mighost_build::BuildMode;
use mighost_core::{Direction, Reporter};
use mighost_postgres::{read_heads, read_runs};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentRequest {
    /// Fail with [`ExitKind::Check`](mighost_core::ExitKind::Check) unless the database is at the heads of the history.
    pub check_heads: bool,
    pub verbose: bool,
}

/// The state of a database.
#[derive(Clone, Debug, serde::Serialize)]
pub struct CurrentReport {
    pub database: String,
    /// The rows of the version table, including those that are not revisions of the project; followed by the last applied revisions of
    /// branches without a row, because a revision elsewhere depends on them.
    pub revisions: Vec<CurrentRevision>,
    /// True if the database is at every head of the history.
    pub at_heads: bool,
    pub heads: Vec<String>,
    /// Revisions that a run left incomplete, and its direction.
    pub interrupted: Vec<(String, Direction)>,
}

#[derive(Clone, Debug, serde::Serialize)]
pub struct CurrentRevision {
    pub revision: String,
    /// False if it is implied by another revision's row.
    pub row: bool,
    /// `None` if the project has no such revision.
    pub summary: Option<RevisionSummary>,
    /// Who signed the release that it was applied from, according to the ledger; only if requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
}

/// Reads the version table: one connection, one query, nothing compiled.
///
/// # Errors
/// If the configuration, artifacts, graph or connection fail; with `check_heads`, if the database is not at the heads.
pub async fn run(
    project: &Project,
    request: &CurrentRequest,
    reporter: &Arc<dyn Reporter>,
) -> Result<CurrentReport, CommandError> {
    let settings = project.settings()?;
    let library = context::library(
        &settings.root,
        &settings.migrations,
        &settings.plugins,
        &settings.toolchains,
    );
    // The server creates a session while the artifacts are scanned.
    let events = reporter.clone();
    let history = tokio::task::spawn_blocking(move || context::history(&library, BuildMode::Describe, &*events));
    let connection = context::connect(&settings, &project.environment, reporter);
    let (history, connection) = tokio::join!(history, connection);
    let history = history.map_err(|_| CommandError::ThreadLost)??;
    let connection = connection?;
    let (schema, table) = (&settings.version_table_schema, &settings.version_table);
    let runs = async {
        match request.verbose {
            true => read_runs(&connection.client, schema, table).await,
            false => Ok(BTreeMap::new()),
        }
    };
    let (state, runs) = tokio::join!(read_heads(&connection.client, schema, table), runs);
    let (state, mut runs) = (state?, runs?);
    connection.close().await;
    tell_interrupted(&state, reporter);
    let mut heads: Vec<String> = history.graph.real_heads().into_iter().map(str::to_owned).collect();
    heads.sort();
    let at_heads = heads == state.heads;
    if request.check_heads && !at_heads {
        return Err(CommandError::NotAtHeads {
            label: settings.label,
            rows: state.heads,
            heads,
        });
    }
    // Nothing more is known of rows that are not revisions.
    let current = history.graph.current(&state.heads).unwrap_or_default();
    let implied: Vec<String> = current
        .into_iter()
        .filter(|revision| !state.heads.iter().any(|row| row == revision))
        .map(str::to_owned)
        .collect();
    let rows = state.heads.into_iter().map(|revision| (revision, true));
    let revisions = rows
        .chain(implied.into_iter().map(|revision| (revision, false)))
        .map(|(revision, row)| CurrentRevision {
            summary: summary(&history, &revision),
            signer: runs.remove(&revision).and_then(|run| run.signer),
            revision,
            row,
        });
    Ok(CurrentReport {
        database: settings.label,
        revisions: revisions.collect(),
        at_heads,
        heads,
        interrupted: state.interrupted,
    })
}
