//! Pictures of the history: in a terminal, as SVG, and as text for Graphviz and Mermaid.
//!
//! Only declared edges between shown revisions are drawn. If a parent is not shown, the line ends in a `~`.

mod dot;
mod layout;
mod mermaid;
mod svg;
mod text;

use std::collections::HashMap;

use mighost_commands::history::RevisionSummary;

pub use dot::dot;
pub use layout::MAX_LANES;
pub use mermaid::mermaid;
pub use svg::{MAX_SVG_REVISIONS, svg};
pub use text::{Charset, text};

/// An error for a history that is too wide or too long to be drawn in this way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DrawError {
    #[error("this history has more than {MAX_LANES} parallel lines, too many to draw in a terminal")]
    TooWide,
    #[error("the history has {count} revisions; an SVG picture may have at most {MAX_SVG_REVISIONS}")]
    TooLong { count: usize },
}

/// An edge from a revision down to one that it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Edge {
    to: usize,
    /// A dependency, not a down revision.
    dependency: bool,
}

/// The graph to draw: each revision before those that it needs, and its edges.
struct Picture {
    edges: Vec<Vec<Edge>>,
    /// The revisions with a parent or dependency that is not shown.
    cut: Vec<bool>,
}

impl Picture {
    fn new(revisions: &[RevisionSummary]) -> Self {
        let positions: HashMap<&str, usize> = revisions
            .iter()
            .enumerate()
            .map(|(position, revision)| (revision.revision.as_str(), position))
            .collect();
        let mut picture = Self {
            edges: Vec::with_capacity(revisions.len()),
            cut: Vec::with_capacity(revisions.len()),
        };
        for (position, revision) in revisions.iter().enumerate() {
            let down = revision.down_revisions.iter().map(|name| (name, false));
            let needed = revision.requirements.iter().map(|name| (name, true));
            let mut edges: Vec<Edge> = Vec::new();
            let mut cut = false;
            for (name, dependency) in down.chain(needed) {
                match positions.get(name.as_str()) {
                    // A revision above would need a line that goes up; an ordered list has none.
                    Some(&to) if to > position => {
                        if edges.iter().all(|edge| edge.to != to) {
                            edges.push(Edge { to, dependency });
                        }
                    }
                    _ => cut = true,
                }
            }
            picture.edges.push(edges);
            picture.cut.push(cut);
        }
        picture
    }

    fn len(&self) -> usize {
        self.edges.len()
    }
}

/// The state of a revision in the database, if it was requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// No database was queried.
    Unknown,
    Current,
    Applied,
    NotApplied,
}

fn standing(revision: &RevisionSummary) -> Standing {
    match (revision.current, revision.applied) {
        (Some(true), _) => Standing::Current,
        (_, Some(true)) => Standing::Applied,
        (_, Some(false)) => Standing::NotApplied,
        _ => Standing::Unknown,
    }
}

/// The remarks on a revision in pictures, below its id.
fn remarks(revision: &RevisionSummary) -> Vec<String> {
    let mut remarks = Vec::new();
    if !revision.labels.is_empty() {
        remarks.push(format!("[{}]", revision.labels.join(", ")));
    }
    for (holds, word) in [
        (revision.head, "head"),
        (revision.branch_point, "branchpoint"),
        (revision.merge_point, "mergepoint"),
        (revision.current == Some(true), "current"),
    ] {
        if holds {
            remarks.push(format!("({word})"));
        }
    }
    if let Some(applied) = &revision.applied_at {
        remarks.push(format!("applied {applied}"));
    } else if revision.applied == Some(false) {
        remarks.push("not applied".to_owned());
    }
    remarks
}

#[cfg(test)]
mod tests;
