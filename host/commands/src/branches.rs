//! `mighost branches`: the revisions with several children.

use super::history::{RevisionSummary, summary};
use super::{CommandError, Project, context};
use mighost_core::Reporter;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchesRequest {
    pub verbose: bool,
}

/// A branch point and its children.
#[derive(Clone, Debug, serde::Serialize)]
pub struct BranchPoint {
    pub point: RevisionSummary,
    pub children: Vec<RevisionSummary>,
}

/// The branch points, in the order of the history.
///
/// # Errors
/// If the configuration, artifacts or graph are invalid.
pub fn run(project: &Project, reporter: &dyn Reporter) -> Result<Vec<BranchPoint>, CommandError> {
    let settings = project.project_settings()?;
    let history = context::project_history(&settings, reporter)?;
    let points = history
        .graph
        .branch_points()
        .into_iter()
        .filter_map(|(point, children)| {
            let children = children
                .into_iter()
                .filter_map(|child| summary(&history, child))
                .collect();
            Some(BranchPoint {
                point: summary(&history, point)?,
                children,
            })
        });
    Ok(points.collect())
}
