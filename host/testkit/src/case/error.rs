//! Errors in a test file, with places.

use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::report::Failure;
use mighost_core::nearest;
use mighost_core::sql::line_and_column;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}: {what}", file.display(), position(*.place))]
pub struct FileError {
    pub file: PathBuf,
    /// Line and column, counted from 1, the column in characters; `None` for the file as a whole.
    pub place: Option<(usize, usize)>,
    pub what: String,
    /// The line with a caret below it.
    excerpt: Vec<String>,
    hint: Option<String>,
}

fn position(place: Option<(usize, usize)>) -> String {
    place.map_or_else(String::new, |(line, column)| format!(":{line}:{column}"))
}

impl FileError {
    pub(crate) fn unreadable(file: &Path, reason: String) -> Self {
        Self {
            file: file.to_owned(),
            place: None,
            what: format!("it cannot be read: {reason}"),
            excerpt: Vec::new(),
            hint: None,
        }
    }

    pub(crate) fn at(file: &Path, text: &str, span: Range<usize>, what: impl Into<String>) -> Self {
        let (line, column) = line_and_column(text, span.start);
        let shown = text.lines().nth(line - 1).unwrap_or_default().replace('\t', " ");
        let gutter = " ".repeat(line.to_string().len());
        Self {
            file: file.to_owned(),
            place: Some((line, column)),
            what: what.into(),
            excerpt: vec![
                format!("{line} | {shown}"),
                format!("{gutter} | {}^", " ".repeat(column - 1)),
            ],
            hint: None,
        }
    }

    pub(super) fn of_toml(file: &Path, text: &str, error: &toml::de::Error) -> Self {
        let message = error.message().trim().to_owned();
        let hint = did_you_mean(&message);
        match error.span() {
            Some(span) => Self {
                hint,
                ..Self::at(file, text, span, message)
            },
            None => Self {
                hint,
                ..Self::at(file, text, 0..0, message)
            },
        }
    }

    /// The error as the outcome of the file's cases.
    pub fn failure(&self) -> Failure {
        let mut failure = Failure::new(format!("not a valid test file: {}", self.what));
        failure
            .details
            .push(format!("{}{}", self.file.display(), position(self.place)));
        failure.details.extend(self.excerpt.iter().cloned());
        failure.hints.extend(self.hint.clone());
        failure
    }
}

/// Serde lists the known names in backquotes after the unknown one.
fn did_you_mean(message: &str) -> Option<String> {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = message.starts_with("unknown").then(|| quoted.next()).flatten()?;
    nearest(unknown, quoted).map(|near| format!("did you mean {near}?"))
}
