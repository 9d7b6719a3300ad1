//! The picture as text for Mermaid, which Markdown renderers draw.

use super::{Picture, Standing, remarks, standing};
use crate::output::escape_line;
use mighost_commands::history::RevisionSummary;

/// A flowchart, an edge from each revision to those that need it; the newest are at the top.
pub fn mermaid(revisions: &[RevisionSummary]) -> String {
    let picture = Picture::new(revisions);
    let mut text = String::from("flowchart BT\n");
    for (number, revision) in revisions.iter().enumerate() {
        let mut lines = vec![quoted(&revision.revision), quoted(&revision.message)];
        let remarks = remarks(revision).join(" ");
        if !remarks.is_empty() {
            lines.push(quoted(&remarks));
        }
        let class = match standing(revision) {
            Standing::Unknown => "",
            Standing::Current => ":::current",
            Standing::Applied => ":::applied",
            Standing::NotApplied => ":::waiting",
        };
        text.push_str(&format!("    n{number}[\"{}\"]{class}\n", lines.join("<br/>")));
    }
    for (number, edges) in picture.edges.iter().enumerate() {
        for edge in edges {
            let arrow = if edge.dependency { "-.->" } else { "-->" };
            text.push_str(&format!("    n{} {arrow} n{number}\n", edge.to));
        }
    }
    if revisions.iter().any(|revision| standing(revision) != Standing::Unknown) {
        text.push_str("    classDef current fill:#bfe3c6,stroke:#1a7f37,stroke-width:3px\n");
        text.push_str("    classDef applied fill:#e3f3e6,stroke:#1a7f37\n");
        text.push_str("    classDef waiting fill:#ffffff,stroke:#888888,stroke-dasharray:4 3\n");
    }
    text
}

/// Text for a quoted label: characters with a meaning in Mermaid, Markdown or HTML become numeric entities.
fn quoted(text: &str) -> String {
    let mut quoted = String::new();
    for character in escape_line(text).chars() {
        match character {
            '"' | '#' | '&' | '<' | '>' | '`' | '*' | '_' | '\\' | ';' => {
                quoted.push_str(&format!("#{};", u32::from(character)));
            }
            character => quoted.push(character),
        }
    }
    quoted
}
