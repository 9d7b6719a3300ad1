//! `mighost heads`: the revisions that no other builds on.

use super::history::{RevisionSummary, summary};
use super::{CommandError, Project, open};
use crate::report::Reporter;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadsRequest {
    pub verbose: bool,
    /// Leave out those that another depends on: what is left are the rows of a database that has everything.
    pub resolve_dependencies: bool,
}

/// The heads, in the order of the history.
///
/// # Errors
/// Configuration, artifacts or graph.
pub fn run(
    project: &Project,
    request: &HeadsRequest,
    reporter: &dyn Reporter,
) -> Result<Vec<RevisionSummary>, CommandError> {
    let settings = project.project_settings()?;
    let history = open::project_history(&settings, reporter)?;
    let heads = if request.resolve_dependencies {
        history.graph.real_heads()
    } else {
        history.graph.heads()
    };
    Ok(heads
        .into_iter()
        .filter_map(|revision| summary(&history, revision))
        .collect())
}
