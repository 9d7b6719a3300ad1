//! `mighost show`: everything about a revision.

use std::sync::Arc;

use super::history::{Place, RevisionSummary, asks_for_current, mark, place, summary};
use super::{CommandError, Project, context};
use mighost_core::Reporter;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShowRequest {
    /// As given by the user, at least one; ranges are possible. `current` needs a connection.
    pub revisions: Vec<String>,
    /// Report for each whether it is applied, and since when; needs a connection.
    pub indicate_current: bool,
}

/// The revisions that the targets name.
///
/// # Errors
/// If the configuration, artifacts, graph or targets are invalid; if `current` or `indicate_current` need a connection and it fails.
pub async fn run(
    project: &Project,
    request: &ShowRequest,
    reporter: &Arc<dyn Reporter>,
) -> Result<Vec<RevisionSummary>, CommandError> {
    let settings = project.project_settings()?;
    let history = context::project_history(&settings, &**reporter)?;
    let asks = request.revisions.iter().any(|target| asks_for_current(target));
    let found = if asks || request.indicate_current {
        place(project, reporter, request.indicate_current).await?
    } else {
        Place::default()
    };
    let graph = &history.graph;
    let mut shown = Vec::new();
    for target in &request.revisions {
        let revisions = if target == "current" {
            graph.current(&found.rows)?
        } else if target.contains(':') {
            graph.history(&found.rows, Some(target))?
        } else {
            graph.show(target)?
        };
        shown.extend(revisions.into_iter().filter_map(|revision| summary(&history, revision)));
    }
    if request.indicate_current {
        mark(&history, &found, &mut shown)?;
    }
    Ok(shown)
}
