//! Tests of the layer as a whole.

mod answers;
mod differences;
mod late;
mod properties;
mod scale;
mod texts;

use super::{Graph, GraphError, Node, Plan};

/// A node from `id`, or `id < down down & dependency # label`, where all parts except the id are optional.
pub(super) fn node(text: &str) -> Node {
    let mut node = Node::default();
    let mut part = '=';
    for word in text.split_whitespace() {
        match (word, part) {
            ("<" | "&" | "#", _) => part = word.chars().next().unwrap_or('='),
            (word, '<') => node.down_revisions.push(word.to_owned()),
            (word, '&') => node.depends_on.push(word.to_owned()),
            (word, '#') => node.branch_labels.push(word.to_owned()),
            (word, _) => node.revision = word.to_owned(),
        }
    }
    node
}

/// Nodes separated by `;`.
pub(super) fn try_graph(text: &str) -> Result<Graph, GraphError> {
    Graph::new(text.split(';').map(node).filter(|node| !node.revision.is_empty()))
}

pub(super) fn graph(text: &str) -> Graph {
    try_graph(text).unwrap()
}

pub(super) fn rows(rows: &[&str]) -> Vec<String> {
    rows.iter().map(|&row| row.to_owned()).collect()
}

/// The revisions of a plan, in order.
pub(super) fn run(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|step| step.revision.as_str()).collect()
}
