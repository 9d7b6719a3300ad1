//! The picture as SVG: a row for each revision, its lanes at the left, its text at the right.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

use super::layout::{Layout, Way};
use super::{DrawError, Picture, Standing, remarks, standing};
use crate::output::escape_line;
use mighost_commands::history::RevisionSummary;

/// The maximum number of revisions in a picture: about 5 MB of text.
pub const MAX_SVG_REVISIONS: usize = 10_000;

/// The height of a row and the width of a lane, in pixels.
const ROW: usize = 30;
const LANE: usize = 22;
const MARGIN: usize = 18;
const RADIUS: usize = 6;
/// The approximate width of a character in the text's font.
const CHARACTER: usize = 8;
/// The maximum length of messages, in columns.
const MAX_TEXT: usize = 100;

const STYLE: &str = "text{font:13px ui-monospace,Menlo,Consolas,monospace;fill:#24292f}.id{font-weight:bold}.remark{fill:#57606a}\
.way{fill:none;stroke:#8c959f;stroke-width:2}.needs{stroke-dasharray:3 4}circle{stroke:#24292f;stroke-width:2;fill:#24292f}\
.applied{fill:#2da44e;stroke:#1a7f37}.current{fill:#2da44e;stroke:#1a7f37;stroke-width:5}.waiting{fill:#fff;stroke:#8c959f}\
@media(prefers-color-scheme:dark){svg{background:#0d1117}text{fill:#e6edf3}.remark{fill:#8d96a0}circle{stroke:#e6edf3;fill:#e6edf3}}";

/// The history, newest at the top.
///
/// # Errors
/// If the history is too long or too wide.
pub fn svg(revisions: &[RevisionSummary]) -> Result<String, DrawError> {
    if revisions.len() > MAX_SVG_REVISIONS {
        return Err(DrawError::TooLong { count: revisions.len() });
    }
    let layout = Layout::new(&Picture::new(revisions))?;
    let lanes = layout.rows.iter().map(|row| row.cells.len()).max().unwrap_or(0);
    let left = MARGIN + lanes * LANE;
    let texts: Vec<[String; 3]> = revisions.iter().map(words).collect();
    let columns = texts
        .iter()
        .map(|words| words.iter().map(|word| word.width() + 2).sum());
    let width = left + MARGIN + columns.max().unwrap_or(0) * CHARACTER;
    let height = MARGIN * 2 + revisions.len().saturating_sub(1) * ROW;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\" aria-label=\"history of revisions\">\n<style>{STYLE}</style>\n"
    );
    for way in &layout.ways {
        text.push_str(&path(&layout, way));
    }
    for (number, (revision, [id, message, remark])) in revisions.iter().zip(&texts).enumerate() {
        let (x, y) = (
            layout.columns.get(number).map_or(0, |column| across(*column)),
            down(number),
        );
        let class = match standing(revision) {
            Standing::Unknown => "",
            Standing::Current => " class=\"current\"",
            Standing::Applied => " class=\"applied\"",
            Standing::NotApplied => " class=\"waiting\"",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "<circle cx=\"{x}\" cy=\"{y}\" r=\"{RADIUS}\"{class}/>");
        let _ = writeln!(
            text,
            "<text x=\"{left}\" y=\"{}\" xml:space=\"preserve\"><tspan class=\"id\">{}</tspan>  {}<tspan class=\"remark\">  {}</tspan></text>",
            y + 4,
            escaped(id),
            escaped(message),
            escaped(remark)
        );
    }
    text.push_str("</svg>\n");
    Ok(text)
}

/// Id, message and remarks of a revision.
fn words(revision: &RevisionSummary) -> [String; 3] {
    let mut message = escape_line(&revision.message).into_owned();
    if let Some((end, _)) = message.char_indices().nth(MAX_TEXT) {
        message.truncate(end);
        message.push('…');
    }
    let remarks = escape_line(&remarks(revision).join(" ")).into_owned();
    [escape_line(&revision.revision).into_owned(), message, remarks]
}

/// A line from a revision into its lane, down, and to the revision that it leads to.
fn path(layout: &Layout, way: &Way) -> String {
    let column = |node: usize| layout.columns.get(node).map_or(0, |column| across(*column));
    let (x0, y0, x1, y1) = (column(way.from), down(way.from), column(way.to), down(way.to));
    let lane = across(way.lane);
    let half = ROW / 2;
    let mut text = format!(
        "<path class=\"way{}\" d=\"M{x0} {y0}",
        if way.dependency { " needs" } else { "" }
    );
    if y1 - y0 <= ROW {
        let middle = y0 + half;
        let _ = write!(text, "C{x0} {middle} {x1} {middle} {x1} {y1}");
    } else {
        let (first, last) = (y0 + ROW, y1 - ROW);
        let _ = write!(text, "C{x0} {} {lane} {} {lane} {first}", y0 + half, y0 + half);
        let _ = write!(text, "V{last}C{lane} {} {x1} {} {x1} {y1}", last + half, last + half);
    }
    text.push_str("\"/>\n");
    text
}

fn across(column: usize) -> usize {
    MARGIN + column * LANE
}

fn down(row: usize) -> usize {
    MARGIN + row * ROW
}

/// Text for XML. Control characters are escaped already; two more characters are not allowed in XML.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            character => escaped.push(character),
        }
    }
    escaped
}
