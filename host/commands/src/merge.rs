//! `mighost merge`: a revision that joins several heads.

use std::path::PathBuf;

use super::revision::{self, RevisionRequest, Written};
use super::{CommandError, Project};
use mighost_core::Reporter;

/// Most merges do nothing, so they need no compiler; a project's own template of this name counts.
const TEMPLATE: &str = "sql";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MergeRequest {
    /// What to join, as the user wrote it, in the order of the new down revisions; `heads` stands for all of them.
    pub revisions: Vec<String>,
    /// Without one it says what was joined.
    pub message: Option<String>,
    /// The id; a random one where none is given.
    pub rev_id: Option<String>,
    /// Allow revisions that are not heads.
    pub splice: bool,
    pub branch_labels: Vec<String>,
    /// The folder of migrations to write to; the project's first where none is given.
    pub version_path: Option<PathBuf>,
}

/// Writes the sources of a merge: SQL scripts that do nothing, to be filled where the branches need reconciling.
///
/// # Errors
/// As [`revision::run`].
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
