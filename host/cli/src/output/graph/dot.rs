//! The picture as text for Graphviz.

use super::{Picture, Standing, remarks, standing};
use crate::output::escape_line;
use mighost_commands::history::RevisionSummary;

/// A digraph, an edge from each revision to those that need it; the newest are at the top.
pub fn dot(revisions: &[RevisionSummary]) -> String {
    let picture = Picture::new(revisions);
    let mut text = String::from(
        "digraph history {\n  rankdir=BT;\n  node [shape=box, style=\"rounded,filled\", fillcolor=white, \
         fontname=\"sans-serif\"];\n",
    );
    for (number, revision) in revisions.iter().enumerate() {
        let mut lines = vec![revision.revision.clone(), revision.message.clone()];
        let remarks = remarks(revision).join(" ");
        if !remarks.is_empty() {
            lines.push(remarks);
        }
        let lines: Vec<String> = lines.iter().map(|line| quoted(line)).collect();
        let style = match standing(revision) {
            Standing::Unknown => "",
            Standing::Current => ", fillcolor=\"#bfe3c6\", penwidth=2",
            Standing::Applied => ", fillcolor=\"#e3f3e6\"",
            Standing::NotApplied => ", style=\"rounded,dashed\"",
        };
        text.push_str(&format!("  n{number} [label=\"{}\"{style}];\n", lines.join("\\n")));
    }
    for (number, edges) in picture.edges.iter().enumerate() {
        for edge in edges {
            let style = if edge.dependency { " [style=dashed]" } else { "" };
            text.push_str(&format!("  n{} -> n{number}{style};\n", edge.to));
        }
    }
    text.push_str("}\n");
    text
}

fn quoted(text: &str) -> String {
    escape_line(text).replace('\\', "\\\\").replace('"', "\\\"")
}
