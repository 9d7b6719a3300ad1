//! `mighost heads`: the revisions that no other builds on.

use std::collections::HashMap;

use super::history::{RevisionSummary, summary};
use super::{CommandError, Project, context};
use mighost_core::Reporter;

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

/// What to do where there are several heads that nothing tells apart: each has a label that the others have not where they
/// are meant.
pub fn advice(heads: &[RevisionSummary]) -> Option<String> {
    let labels: Vec<&[String]> = heads.iter().map(|head| head.labels.as_slice()).collect();
    if heads.len() < 2 || told_apart(&labels) {
        return None;
    }
    let names: Vec<&str> = heads.iter().map(|head| head.revision.as_str()).collect();
    Some(format!("{} heads; to {}", heads.len(), join(&names)))
}

/// The most heads that the command to join them names.
const NAMED: usize = 8;

/// How to join heads.
pub(super) fn join(heads: &[&str]) -> String {
    let names = if heads.len() > NAMED {
        "heads".to_owned()
    } else {
        heads.join(" ")
    };
    format!("join them: mighost merge {names}")
}

/// True where each has a label that no other one has.
pub(super) fn told_apart<L: AsRef<str>>(labels: &[&[L]]) -> bool {
    let mut count: HashMap<&str, usize> = HashMap::new();
    for label in labels.iter().flat_map(|labels| labels.iter()) {
        *count.entry(label.as_ref()).or_default() += 1;
    }
    labels
        .iter()
        .all(|labels| labels.iter().any(|label| count.get(label.as_ref()) == Some(&1)))
}
