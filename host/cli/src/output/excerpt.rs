//! Shows the lines of a statement around the error, with a caret below it.

use unicode_width::UnicodeWidthChar as _;

use super::escape::is_harmful;

/// The number of lines before and after the error.
const AROUND: usize = 2;

/// The number of lines of a statement that failed as a whole.
const WHOLE: usize = 8;

/// The distance of tab stops, in columns.
const TAB: usize = 4;

/// The lines of `statement` around `position` (1-based, in characters), each with its number; without a position, its first lines. Lines
/// that are wider than `width` columns are truncated around the position.
pub(super) fn excerpt(statement: &str, position: Option<u32>, width: usize) -> Vec<String> {
    let lines: Vec<&str> = statement
        .split('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line))
        .collect();
    // A trailing line end does not begin a line of its own, unless the error is there.
    let place = position.and_then(|position| line_and_column(statement, position));
    let filled = lines
        .iter()
        .rposition(|line| !line.trim().is_empty())
        .map_or(1, |last| last + 1);
    let (first, last) = match place {
        Some((line, _)) => (
            line.saturating_sub(AROUND),
            (line + AROUND + 1).min(filled).max(line + 1),
        ),
        None => (
            lines.iter().position(|line| !line.trim().is_empty()).unwrap_or(0),
            filled,
        ),
    };
    let last = last
        .min(if place.is_none() { first + WHOLE } else { last })
        .min(lines.len());
    let gutter = last.to_string().len();
    let room = width.saturating_sub(gutter + 3).max(20);

    let mut shown = Vec::new();
    if first > 0 && place.is_some() {
        shown.push(format!("{:gutter$} | ...", ""));
    }
    for (number, line) in lines.iter().enumerate().take(last).skip(first) {
        let caret = place.filter(|(line, _)| *line == number).map(|(_, column)| column);
        let Shown { text, caret } = fit(line, caret, room);
        shown.push(format!("{:gutter$} | {text}", number + 1).trim_end().to_owned());
        if let Some(caret) = caret {
            shown.push(format!("{:gutter$} | {}^", "", " ".repeat(caret)));
        }
    }
    if last < filled {
        shown.push(format!("{:gutter$} | ... ({} more lines)", "", filled - last));
    }
    shown
}

/// The 0-based line, and the 0-based character in it, of the 1-based character `position`. The position after the last character is
/// valid: errors at the end of the input have it.
fn line_and_column(statement: &str, position: u32) -> Option<(usize, usize)> {
    let target = usize::try_from(position).ok()?.checked_sub(1)?;
    let (mut line, mut column, mut seen) = (0, 0, 0);
    for c in statement.chars() {
        if seen == target {
            return Some((line, column));
        }
        seen += 1;
        (line, column) = if c == '\n' { (line + 1, 0) } else { (line, column + 1) };
    }
    (seen == target).then_some((line, column))
}

struct Shown {
    text: String,
    /// 0-based, in columns.
    caret: Option<usize>,
}

/// `line` in at most `room` columns: with expanded tabs and escaped control characters, truncated around `caret` (0-based, in
/// characters).
fn fit(line: &str, caret: Option<usize>, room: usize) -> Shown {
    // Cells: the text of each character, and its width. Only the visible part of a long line, and little more, is processed.
    let focus = caret.unwrap_or(0);
    let skip = focus.saturating_sub(room);
    let cut_before = skip > 0;
    let mut cells: Vec<(String, usize)> = Vec::new();
    let mut column = 0;
    for c in line.chars().skip(skip).take(3 * room) {
        let cell = match c {
            '\t' => " ".repeat(TAB - column % TAB),
            c if is_harmful(c) => c.escape_default().to_string(),
            c => c.to_string(),
        };
        let width = if is_harmful(c) {
            cell.len()
        } else {
            c.width().unwrap_or(0)
        };
        column += width;
        cells.push((cell, width));
    }
    let cut_after = line.chars().nth(skip + 3 * room).is_some();
    let at = caret.map(|caret| (caret - skip).min(cells.len()));

    // If the line does not fit, the window starts so that the position is in its middle.
    let width_of = |cells: &[(String, usize)]| cells.iter().map(|(_, width)| width).sum::<usize>();
    let (mut start, mut end) = (0, cells.len());
    if cut_before || cut_after || width_of(&cells) > room {
        let usable = room.saturating_sub(6);
        let middle = at.unwrap_or(0);
        start = middle;
        let mut used = 0;
        while let Some((_, width)) = start.checked_sub(1).and_then(|before| cells.get(before)) {
            if used + width > usable / 2 {
                break;
            }
            used += width;
            start -= 1;
        }
        end = middle;
        while let Some((_, width)) = cells.get(end) {
            if used + width > usable {
                break;
            }
            used += width;
            end += 1;
        }
    }
    let window = cells.get(start..end).unwrap_or_default();
    let before = if start > 0 || cut_before { "..." } else { "" };
    let after = if end < cells.len() || cut_after { "..." } else { "" };
    let text: String = window.iter().map(|(cell, _)| cell.as_str()).collect();
    let caret = at.map(|at| before.len() + width_of(cells.get(start..at).unwrap_or_default()));
    Shown {
        text: format!("{before}{text}{after}"),
        caret,
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;
    use unicode_width::UnicodeWidthStr as _;

    use super::*;

    fn at(statement: &str, needle: &str) -> String {
        let byte = statement.find(needle).unwrap();
        let position = statement[..byte].chars().count() + 1;
        excerpt(statement, Some(u32::try_from(position).unwrap()), 60).join("\n")
    }

    #[test]
    fn one_line() {
        assert_snapshot!(at("SELECT * FROM nope", "nope"), @r"
        1 | SELECT * FROM nope
          |               ^
        ");
    }

    #[test]
    fn tabs_wide_and_control_characters() {
        assert_snapshot!(at("SELECT\r\n\t'観測所',\t\x1b[2J x\r\nFROM y", "x"), @r"
        1 | SELECT
        2 |     '観測所',   \u{1b}[2J x
          |                           ^
        3 | FROM y
        ");
    }

    #[test]
    fn long_statements_are_cut() {
        let statement = (1..=100).map(|n| format!("line {n}")).collect::<Vec<_>>().join("\n");
        assert_snapshot!(at(&statement, "50"), @r"
           | ...
        48 | line 48
        49 | line 49
        50 | line 50
           |      ^
        51 | line 51
        52 | line 52
           | ... (48 more lines)
        ");
        assert_snapshot!(excerpt(&statement, None, 60).join("\n"), @r"
        1 | line 1
        2 | line 2
        3 | line 3
        4 | line 4
        5 | line 5
        6 | line 6
        7 | line 7
        8 | line 8
          | ... (92 more lines)
        ");
    }

    #[test]
    fn long_lines_are_cut() {
        let statement = format!(
            "INSERT INTO t VALUES {}(nope), {}",
            "(1), ".repeat(50),
            "(2), ".repeat(50)
        );
        assert_snapshot!(at(&statement, "nope"), @r"
        1 | ...1), (1), (1), (1), (1), (nope), (2), (2), (2), (2)...
          |                             ^
        ");
        assert_snapshot!(at(&statement, "INTO"), @r"
        1 | INSERT INTO t VALUES (1), (1), (1), (1), (1), (1),...
          |        ^
        ");
    }

    #[test]
    fn the_end_and_beyond() {
        assert_snapshot!(excerpt("SELECT (\n", Some(10), 60).join("\n"), @r"
        1 | SELECT (
        2 |
          | ^
        ");
        assert_snapshot!(excerpt("SELECT (", Some(9), 60).join("\n"), @r"
        1 | SELECT (
          |         ^
        ");
        assert_snapshot!(excerpt("SELECT (", Some(999), 60).join("\n"), @"1 | SELECT (");
        assert_snapshot!(excerpt("SELECT (", Some(0), 60).join("\n"), @"1 | SELECT (");
        assert_snapshot!(excerpt("", None, 60).join("\n"), @"1 |");
        assert_snapshot!(excerpt("\n\n  DO $$\n$$;\n\n", None, 60).join("\n"), @r"
        3 |   DO $$
        4 | $$;
        ");
    }

    proptest! {
        #[test]
        fn any_statement_fits(statement in "(\\PC|\n|\t|\r|\u{1b}|x{30}){0,40}", position in 0_u32..200) {
            for line in excerpt(&statement, Some(position), 40) {
                prop_assert!(line.width() <= 48, "{line}");
                prop_assert!(!line.chars().any(is_harmful));
            }
        }

        #[test]
        fn the_caret_is_below_the_place(before in "[a-z\n\t大]{0,300}", after in "[a-z\n]{0,300}") {
            let statement = format!("{before}@{after}");
            let position = u32::try_from(before.chars().count() + 1).unwrap();
            let lines = excerpt(&statement, Some(position), 40);
            let caret = lines.iter().position(|line| line.ends_with('^')).unwrap();
            let column = lines[caret].width() - 1;
            let above = &lines[caret - 1];
            let prefix = &above[..above.find('@').unwrap()];
            prop_assert_eq!(prefix.width(), column);
        }
    }
}
