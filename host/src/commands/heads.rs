//! `mighost heads`: the revisions that no other builds on.

use super::history::{RevisionSummary, summary};
use super::{CommandError, Project, open};
use crate::report::Reporter;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadsRequest {
    pub verbose: bool,
}

/// The heads, in the order of the history.
///
/// # Errors
/// Configuration, artifacts or graph.
pub fn run(project: &Project, reporter: &dyn Reporter) -> Result<Vec<RevisionSummary>, CommandError> {
    let settings = project.project_settings()?;
    let history = open::project_history(&settings, reporter)?;
    Ok(history
        .graph
        .heads()
        .into_iter()
        .filter_map(|revision| summary(&history, revision))
        .collect())
}
