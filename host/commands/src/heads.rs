//! `mighost heads`: the revisions without children.

use std::collections::HashMap;

use super::history::{RevisionSummary, summary};
use super::{CommandError, Project, context};
use mighost_core::Reporter;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadsRequest {
    pub verbose: bool,
    /// Omit those that another one depends on: the rest are the version rows of a database that is up to date.
    pub resolve_dependencies: bool,
}

/// The heads, in the order of the history.
///
/// # Errors
/// If the configuration, artifacts or graph are invalid.
pub fn run(
    project: &Project,
    request: &HeadsRequest,
    reporter: &dyn Reporter,
) -> Result<Vec<RevisionSummary>, CommandError> {
    let settings = project.project_settings()?;
    let history = context::project_history(&settings, reporter)?;
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

/// Hints for several heads without distinguishing labels: if they are intended, each has a label that the others do not have.
pub fn advice(heads: &[RevisionSummary]) -> Option<String> {
    let labels: Vec<&[String]> = heads.iter().map(|head| head.labels.as_slice()).collect();
    if heads.len() < 2 || told_apart(&labels) {
        return None;
    }
    let names: Vec<&str> = heads.iter().map(|head| head.revision.as_str()).collect();
    Some(format!("{} heads; to {}", heads.len(), join(&names)))
}

/// The maximum number of heads in the command that joins them.
const NAMED: usize = 8;

/// The command that joins heads.
pub(super) fn join(heads: &[&str]) -> String {
    let names = if heads.len() > NAMED {
        "heads".to_owned()
    } else {
        heads.join(" ")
    };
    format!("join them: mighost merge {names}")
}

/// True if each has a label that no other one has.
pub(super) fn told_apart<L: AsRef<str>>(labels: &[&[L]]) -> bool {
    let mut count: HashMap<&str, usize> = HashMap::new();
    for label in labels.iter().flat_map(|labels| labels.iter()) {
        *count.entry(label.as_ref()).or_default() += 1;
    }
    labels
        .iter()
        .all(|labels| labels.iter().any(|label| count.get(label.as_ref()) == Some(&1)))
}
