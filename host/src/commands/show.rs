//! `mighost show`: all that is known of a revision.

use std::sync::Arc;

use super::history::{RevisionSummary, current_rows, summary};
use super::{CommandError, Project, open};
use crate::report::Reporter;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShowRequest {
    /// As the user wrote them, at least one; `current` needs a connection.
    pub revisions: Vec<String>,
}

/// The revisions that the targets name.
///
/// # Errors
/// Configuration, artifacts, graph or targets; the connection for `current`.
pub async fn run(
    project: &Project,
    request: &ShowRequest,
    reporter: &Arc<dyn Reporter>,
) -> Result<Vec<RevisionSummary>, CommandError> {
    let settings = project.project_settings()?;
    let history = open::project_history(&settings, &**reporter)?;
    let mut shown = Vec::new();
    for target in &request.revisions {
        if target == "current" {
            let rows = current_rows(project, reporter).await?;
            shown.extend(
                history
                    .graph
                    .current(&rows)?
                    .into_iter()
                    .filter_map(|revision| summary(&history, revision)),
            );
        } else {
            shown.extend(
                history
                    .graph
                    .show(target)?
                    .into_iter()
                    .filter_map(|revision| summary(&history, revision)),
            );
        }
    }
    Ok(shown)
}
