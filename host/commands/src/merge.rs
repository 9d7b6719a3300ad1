//! `mighost merge`: a revision that joins several heads.

use std::path::PathBuf;

use super::revision::{self, RevisionRequest, Written};
use super::{CommandError, Project};
use mighost_core::Reporter;

/// Most merges do nothing, so they need no compiler. A project's own template of this name takes precedence.
const TEMPLATE: &str = "sql";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MergeRequest {
    /// The revisions to join, as given by the user, in the order of the new down revisions; `heads` stands for all of them.
    pub revisions: Vec<String>,
    /// By default it names the joined revisions.
    pub message: Option<String>,
    /// The id; a random one by default.
    pub rev_id: Option<String>,
    /// Allow revisions that are not heads.
    pub splice: bool,
    pub branch_labels: Vec<String>,
    /// The folder of migrations to write to; the project's first by default.
    pub version_path: Option<PathBuf>,
}

/// Writes the sources of a merge: SQL scripts that do nothing, to be completed if the branches need reconciling.
///
/// # Errors
/// As for [`revision::run`].
pub fn run(project: &Project, request: &MergeRequest, reporter: &dyn Reporter) -> Result<Written, CommandError> {
    let new = RevisionRequest {
        message: request
            .message
            .clone()
            .unwrap_or_else(|| format!("merge {}", request.revisions.join(" and "))),
        template: Some(TEMPLATE.to_owned()),
        rev_id: request.rev_id.clone(),
        heads: request.revisions.clone(),
        splice: request.splice,
        branch_labels: request.branch_labels.clone(),
        depends_on: Vec::new(),
        version_path: request.version_path.clone(),
        ..RevisionRequest::default()
    };
    revision::run(project, &new, reporter)
}
