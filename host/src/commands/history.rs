//! `mighost history`: the revisions, newest first.

use std::path::PathBuf;
use std::sync::Arc;

use super::open::{self, History};
use super::{CommandError, Project};
use crate::config::TransactionMode;
use crate::database::read_heads;
use crate::report::Reporter;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryRequest {
    /// `from:to`, either side may be empty or `current`.
    pub range: Option<String>,
    pub verbose: bool,
    /// Mark the revisions that the database is at; needs a connection.
    pub indicate_current: bool,
}

/// What lists of revisions show of each.
#[derive(Clone, Debug, serde::Serialize)]
pub struct RevisionSummary {
    pub revision: String,
    pub down_revisions: Vec<String>,
    pub depends_on: Vec<String>,
    /// Declared here or spread from elsewhere in the lineage.
    pub labels: Vec<String>,
    pub message: String,
    /// RFC 3339.
    pub date: Option<String>,
    /// What the revision itself says; none takes the run's.
    pub transaction: Option<TransactionMode>,
    pub head: bool,
    pub branch_point: bool,
    pub merge_point: bool,
    /// The source folder, or the artifact where there are no sources.
    pub path: PathBuf,
    /// True where the database is at it; only where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<bool>,
}

/// The revisions of the range, newest first.
///
/// # Errors
/// Configuration, artifacts, graph or range; the connection where the range or `indicate_current` needs one.
pub async fn run(
    project: &Project,
    request: &HistoryRequest,
    reporter: &Arc<dyn Reporter>,
) -> Result<Vec<RevisionSummary>, CommandError> {
    let settings = project.project_settings()?;
    let history = open::project_history(&settings, &**reporter)?;
    let range = request.range.as_deref();
    let rows = if request.indicate_current || range.is_some_and(|range| range.contains("current")) {
        Some(current_rows(project, reporter).await?)
    } else {
        None
    };
    let revisions = history.graph.history(rows.as_deref().unwrap_or_default(), range)?;
    let current = match &rows {
        Some(rows) if request.indicate_current => Some(history.graph.current(rows)?),
        _ => None,
    };
    let revisions = revisions.into_iter().filter_map(|revision| {
        let mut summary = summary(&history, revision)?;
        summary.current = current.as_ref().map(|current| current.contains(&revision));
        Some(summary)
    });
    Ok(revisions.collect())
}

/// The rows of the chosen database's version table.
pub(super) async fn current_rows(project: &Project, reporter: &Arc<dyn Reporter>) -> Result<Vec<String>, CommandError> {
    let settings = project.settings()?;
    let connection = open::connect(&settings, &project.environment, reporter).await?;
    let state = read_heads(
        &connection.client,
        &settings.version_table_schema,
        &settings.version_table,
    )
    .await?;
    connection.close().await;
    Ok(state.heads)
}

/// What is known of a revision; none where the project has no such one.
pub(super) fn summary(history: &History, revision: &str) -> Option<RevisionSummary> {
    let (metadata, artifact) = history.loaded.revision(revision)?;
    let graph = &history.graph;
    let children = graph.children(revision).unwrap_or_default();
    Some(RevisionSummary {
        revision: metadata.revision.clone(),
        down_revisions: metadata.down_revisions.clone(),
        depends_on: metadata.depends_on.clone(),
        labels: graph
            .labels(revision)
            .unwrap_or_default()
            .into_iter()
            .map(str::to_owned)
            .collect(),
        message: metadata.message.clone(),
        date: metadata.date.clone(),
        transaction: metadata.transaction,
        head: children.is_empty(),
        branch_point: children.len() > 1,
        merge_point: metadata.down_revisions.len() > 1,
        path: history.loaded.place(revision).unwrap_or(&artifact.path).to_owned(),
        current: None,
    })
}
