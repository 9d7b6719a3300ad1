//! The picture for a terminal, in box-drawing characters or in ASCII.

use super::layout::{Cell, Layout, Line, Row, What};
use super::{DrawError, Picture, Standing, standing};
use crate::output::Styles;
use crate::output::listing::{line_of_graph, paragraph_of_graph};
use mighost_commands::history::RevisionSummary;
use mighost_config::Environment;

/// The characters of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    Unicode,
    Ascii,
}

impl Charset {
    /// The characters that the terminal supports: ASCII if the locale is not UTF-8 or the terminal is `dumb`.
    pub fn of(environment: &Environment) -> Self {
        let set = |name: &str| environment.get(name).filter(|value| !value.is_empty());
        let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG"));
        let utf8 = locale.is_some_and(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
        let dumb = set("TERM").is_some_and(|term| term == "dumb");
        if utf8 && !dumb { Self::Unicode } else { Self::Ascii }
    }
}

/// The history, newest first, one line for each revision; with `verbose` with all of its data.
///
/// # Errors
/// If the history has more parallel lines than can be shown.
pub fn text(
    revisions: &[RevisionSummary],
    verbose: bool,
    charset: Charset,
    styles: Styles,
) -> Result<String, DrawError> {
    let picture = Picture::new(revisions);
    let layout = Layout::new(&picture)?;
    let mut text = String::new();
    for row in &layout.rows {
        let revision = row.node.and_then(|node| revisions.get(node));
        let Some(revision) = revision else {
            text.push_str(drawn(row, charset, Standing::Unknown).trim_end());
            text.push('\n');
            continue;
        };
        let lines = drawn(row, charset, standing(revision));
        let node = row.node.unwrap_or_default();
        let partly =
            picture.cut.get(node) == Some(&true) && picture.edges.get(node).is_some_and(|edges| !edges.is_empty());
        let more = if partly { ", builds on revisions not shown" } else { "" };
        text.push_str(&format!("{lines}{}{more}\n", line_of_graph(revision, styles)));
        if verbose {
            let below = drawn(&below(row), charset, Standing::Unknown);
            for line in paragraph_of_graph(revision).lines() {
                text.push_str(format!("{below}  {line}").trim_end());
                text.push('\n');
            }
        }
    }
    Ok(text)
}

/// The lanes beside further lines on the revision of `row`.
fn below(row: &Row) -> Row {
    let mut cells = row.cells.clone();
    for cell in &mut cells {
        if cell.what == What::Node {
            *cell = Cell {
                up: cell.down,
                down: cell.down,
                ..Cell::default()
            };
        }
    }
    Row { cells, node: None }
}

/// The characters of a row: two for each column, the second of which separates it from the next.
pub(super) fn drawn(row: &Row, charset: Charset, standing: Standing) -> String {
    let mut text = String::with_capacity(row.cells.len() * 4);
    for cell in &row.cells {
        text.push(match charset {
            Charset::Unicode => unicode(*cell, standing),
            Charset::Ascii => ascii(*cell, standing),
        });
        text.push(match (charset, cell.right) {
            (_, Line::None) => ' ',
            (Charset::Ascii, _) => '-',
            (Charset::Unicode, Line::Solid) => '─',
            (Charset::Unicode, Line::Dotted) => '┄',
        });
    }
    text
}

fn unicode(cell: Cell, standing: Standing) -> char {
    match cell.what {
        What::Node => match standing {
            Standing::Unknown | Standing::Applied => '●',
            Standing::Current => '◉',
            Standing::NotApplied => '○',
        },
        What::Cut => '~',
        What::Crossing => upright(cell, '│', '┊'),
        What::Lines => match (
            cell.up.is_there(),
            cell.down.is_there(),
            cell.left.is_there(),
            cell.right.is_there(),
        ) {
            (false, false, false, false) => ' ',
            (false, false, ..) if cell.left == Line::Dotted || cell.right == Line::Dotted => '┄',
            (false, false, ..) => '─',
            (_, _, false, false) => upright(cell, '│', '┊'),
            (true, true, true, false) => '┤',
            (true, true, false, true) => '├',
            (true, true, true, true) => '┼',
            (true, false, true, false) => '╯',
            (true, false, false, true) => '╰',
            (true, false, true, true) => '┴',
            (false, true, true, false) => '╮',
            (false, true, false, true) => '╭',
            (false, true, true, true) => '┬',
        },
    }
}

fn ascii(cell: Cell, standing: Standing) -> char {
    match cell.what {
        What::Node => match standing {
            Standing::Unknown | Standing::Applied => '*',
            Standing::Current => '@',
            Standing::NotApplied => 'o',
        },
        What::Cut => '~',
        What::Crossing => upright(cell, '|', ':'),
        What::Lines => match (cell.up.is_there(), cell.down.is_there()) {
            (false, false) if cell.left.is_there() || cell.right.is_there() => '-',
            (false, false) => ' ',
            _ if !cell.left.is_there() && !cell.right.is_there() => upright(cell, '|', ':'),
            (true, true) => '+',
            (true, false) => '\'',
            (false, true) => '.',
        },
    }
}

fn upright(cell: Cell, solid: char, dotted: char) -> char {
    if cell.up == Line::Solid || cell.down == Line::Solid {
        solid
    } else {
        dotted
    }
}
