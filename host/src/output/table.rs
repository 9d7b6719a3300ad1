//! Tables of text.

use unicode_width::UnicodeWidthStr as _;

use super::{Styles, escape_line};

/// Columns with a header, aligned to the left. Cells are escaped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new<const N: usize>(header: [&str; N]) -> Self {
        Self {
            header: header.map(str::to_owned).to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row. Missing cells are empty.
    pub fn row(&mut self, cells: impl IntoIterator<Item = impl AsRef<str>>) {
        self.rows.push(
            cells
                .into_iter()
                .map(|cell| escape_line(cell.as_ref()).into_owned())
                .collect(),
        );
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// All lines; no text at all where there is no row.
    pub(super) fn render(&self, styles: Styles) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let columns = self.header.len();
        let all = || std::iter::once(&self.header).chain(&self.rows);
        let width = |column: usize| all().filter_map(|row| row.get(column)).map(|cell| cell.width()).max();
        let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
        let mut text = String::new();
        for (index, row) in all().enumerate() {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(cell);
                line.push_str(&" ".repeat(width.saturating_sub(cell.width()) + 2));
            }
            let line = line.trim_end();
            text.push_str(&if index == 0 { styles.bold(line) } else { line.to_owned() });
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn columns_are_aligned() {
        let mut table = Table::new(["revision", "message", "date"]);
        assert_eq!(table.render(Styles::plain()), "");
        table.row(["a1b2c3", "観測所 stations", "2026-01-31"]);
        table.row(["d4e5f6", "two\nlines", ""]);
        table.row(["short"]);
        assert_snapshot!(table.render(Styles::plain()), @r"
        revision  message          date
        a1b2c3    観測所 stations  2026-01-31
        d4e5f6    two\nlines
        short
        ");
    }
}
