//! `mighost history`: the revisions, newest first.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use super::context::{self, ProjectHistory};
use super::{CommandError, Project};
use mighost_core::{Reporter, TransactionMode};
use mighost_postgres::{LastRun, read_heads, read_runs};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryRequest {
    /// `from:to`; either side may be empty or `current`.
    pub range: Option<String>,
    pub verbose: bool,
    /// Mark the current revisions, and report what was applied when; needs a connection.
    pub indicate_current: bool,
    pub style: HistoryStyle,
}

/// The format of the history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HistoryStyle {
    #[default]
    List,
    /// Text for a terminal.
    Graph {
        ascii: bool,
    },
    Mermaid,
    Dot,
    Svg,
}

/// The data of each revision in lists.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct RevisionSummary {
    pub revision: String,
    pub down_revisions: Vec<String>,
    /// As declared: ids or labels.
    pub depends_on: Vec<String>,
    /// The ids of `depends_on`.
    #[serde(skip)]
    pub requirements: Vec<String>,
    /// Labels that are declared here or have spread from elsewhere in the lineage.
    pub labels: Vec<String>,
    pub message: String,
    /// RFC 3339.
    pub date: Option<String>,
    /// The revision's own setting; `None` for that of the run.
    pub transaction: Option<TransactionMode>,
    pub head: bool,
    pub branch_point: bool,
    pub merge_point: bool,
    /// The source folder, or the artifact if there are no sources.
    pub path: PathBuf,
    /// True if it is current; only if requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<bool>,
    /// True if it is applied; only if requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied: Option<bool>,
    /// The time at which it was applied, according to the ledger: RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied_at: Option<String>,
    /// Who signed the release that it was applied from, according to the ledger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
}

/// The state of a database in the history.
#[derive(Debug, Default)]
pub(super) struct Place {
    pub rows: Vec<String>,
    /// When revisions were applied, and who signed them; only if requested.
    pub runs: BTreeMap<String, LastRun>,
}

/// The revisions of the range, newest first.
///
/// # Errors
/// If the configuration, artifacts, graph or range are invalid; if the range or `indicate_current` need a connection and it fails.
pub async fn run(
    project: &Project,
    request: &HistoryRequest,
    reporter: &Arc<dyn Reporter>,
) -> Result<Vec<RevisionSummary>, CommandError> {
    let settings = project.project_settings()?;
    let history = context::project_history(&settings, &**reporter)?;
    let range = request.range.as_deref();
    let place = if request.indicate_current || range.is_some_and(asks_for_current) {
        Some(place(project, reporter, request.indicate_current).await?)
    } else {
        None
    };
    let rows = place.as_ref().map(|place| place.rows.as_slice()).unwrap_or_default();
    let mut revisions: Vec<RevisionSummary> = history
        .graph
        .history(rows, range)?
        .into_iter()
        .filter_map(|revision| summary(&history, revision))
        .collect();
    if let (Some(place), true) = (&place, request.indicate_current) {
        mark(&history, place, &mut revisions)?;
    }
    Ok(revisions)
}

/// True if an end of the range is `current`; a label may contain the word.
pub(super) fn asks_for_current(range: &str) -> bool {
    range.trim().split(':').any(|end| end == "current")
}

/// The state of the selected database: one round trip.
pub(super) async fn place(project: &Project, reporter: &Arc<dyn Reporter>, runs: bool) -> Result<Place, CommandError> {
    let settings = project.settings()?;
    let connection = context::connect(&settings, &project.environment, reporter).await?;
    let (schema, table) = (&settings.version_table_schema, &settings.version_table);
    let runs = async {
        if runs {
            read_runs(&connection.client, schema, table).await
        } else {
            Ok(BTreeMap::new())
        }
    };
    let (state, runs) = tokio::join!(read_heads(&connection.client, schema, table), runs);
    let place = Place {
        rows: state?.heads,
        runs: runs?,
    };
    connection.close().await;
    Ok(place)
}

/// Adds the state of each revision in the database.
pub(super) fn mark(
    history: &ProjectHistory,
    place: &Place,
    revisions: &mut [RevisionSummary],
) -> Result<(), CommandError> {
    let current: HashSet<&str> = history.graph.current(&place.rows)?.into_iter().collect();
    let applied: HashSet<&str> = history.graph.applied(&place.rows)?.into_iter().collect();
    for revision in revisions {
        let name = revision.revision.as_str();
        let is_applied = applied.contains(name);
        let run = place.runs.get(name).filter(|_| is_applied).cloned();
        revision.current = Some(current.contains(name));
        revision.applied = Some(is_applied);
        (revision.applied_at, revision.signer) = run.map_or((None, None), |run| (Some(run.at), run.signer));
    }
    Ok(())
}

/// The data of a revision; `None` if the project has no such revision.
pub(super) fn summary(history: &ProjectHistory, revision: &str) -> Option<RevisionSummary> {
    let (metadata, artifact) = history.loaded.revision(revision)?;
    let graph = &history.graph;
    let children = graph.children(revision).unwrap_or_default();
    let requirements = metadata.depends_on.iter().filter_map(|name| graph.find(name));
    Some(RevisionSummary {
        revision: metadata.revision.clone(),
        down_revisions: metadata.down_revisions.clone(),
        depends_on: metadata.depends_on.clone(),
        requirements: requirements.map(|node| node.revision.clone()).collect(),
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
        applied: None,
        applied_at: None,
        signer: None,
    })
}
