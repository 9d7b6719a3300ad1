//! Results of tests: plain data that all types of tests produce, and that `output` renders.

use std::path::PathBuf;

use serde::Serialize;

use super::coverage::Coverage;
use super::update::FileUpdate;

/// The subject of a case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "name")]
pub enum Subject {
    /// A plugin, with its name.
    Plugin(String),
    /// A revision, with its id.
    Revision(String),
    /// The whole project, e.g. the shape of its history.
    Project,
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Plugin(name) => write!(f, "plugin {name}"),
            Self::Revision(revision) => write!(f, "revision {revision}"),
            Self::Project => f.write_str("project"),
        }
    }
}

/// The type of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaseKind {
    /// Without a database: a component over a recording sink.
    Isolated,
    /// With a database of its own.
    Database,
    /// A file of pgTAP assertions.
    PgTap,
    /// A requirement on every revision (`--history`).
    History,
    /// A test that is itself a component.
    Component,
}

/// The place of a case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// Relative to the project's folder.
    pub file: PathBuf,
    /// The line, counted from 1; `None` if the whole file is the case.
    pub line: Option<usize>,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.file.display()),
            None => write!(f, "{}", self.file.display()),
        }
    }
}

/// One case that was run or skipped.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CaseResult {
    pub subject: Subject,
    /// Unique within subject and file.
    pub name: String,
    pub kind: CaseKind,
    /// `None` if the case is not in a file.
    pub place: Option<Place>,
    #[serde(flatten)]
    pub outcome: Outcome,
    pub seconds: f64,
    /// The messages of guests, shown if the case failed.
    pub log: Vec<String>,
}

impl CaseResult {
    /// A case without a place, which took no time and passed.
    pub fn new(subject: Subject, kind: CaseKind, name: impl Into<String>) -> Self {
        Self {
            subject,
            name: name.into(),
            kind,
            place: None,
            outcome: Outcome::Passed,
            seconds: 0.0,
            log: Vec::new(),
        }
    }

    /// Subject and name, by which users and `-k` find it.
    pub fn title(&self) -> String {
        format!("{}: {}", self.subject, self.name)
    }

    pub fn failed(&self) -> bool {
        matches!(self.outcome, Outcome::Failed { .. })
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
pub enum Outcome {
    Passed,
    /// The failures, at least one.
    Failed {
        failures: Vec<Failure>,
    },
    /// Not run, with the reason.
    Skipped {
        reason: String,
    },
}

/// A difference from the expected result.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The message: a sentence.
    pub what: String,
    /// Shown as a diff.
    pub difference: Option<Difference>,
    /// Details, one line each: the statement, the operation, a backtrace.
    pub details: Vec<String>,
    /// Hints, each of which may have several lines, e.g. text to paste into the file.
    pub hints: Vec<String>,
}

impl Failure {
    pub fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            ..Self::default()
        }
    }

    /// Adds two texts that should be equal.
    #[must_use]
    pub fn difference(self, expected: impl Into<String>, found: impl Into<String>) -> Self {
        let difference = Difference {
            expected: expected.into(),
            found: found.into(),
            names: ("expected".into(), "found".into()),
        };
        Self {
            difference: Some(difference),
            ..self
        }
    }

    /// Sets the names of the two texts if they are not `expected` and `found`, e.g. `before` and `after`.
    #[must_use]
    pub fn names(mut self, expected: &str, found: &str) -> Self {
        if let Some(difference) = &mut self.difference {
            difference.names = (expected.to_owned(), found.to_owned());
        }
        self
    }

    /// Adds a detail.
    #[must_use]
    pub fn detail(mut self, line: impl Into<String>) -> Self {
        self.details.push(line.into());
        self
    }

    /// Adds a hint.
    #[must_use]
    pub fn hint(mut self, text: impl Into<String>) -> Self {
        self.hints.push(text.into());
        self
    }
}

/// Two texts that should be equal, line by line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub expected: String,
    pub found: String,
    /// The names of the two, in this order.
    pub names: (String, String),
}

/// The results of a call of `mighost test`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SuiteReport {
    /// Sorted by subject, file and place in it, whatever order they ran in.
    pub cases: Vec<CaseResult>,
    /// The seed of the order; `None` if the order is that of the history.
    pub seed: Option<u64>,
    pub seconds: f64,
    /// The number of planned cases that were not run, because the run ended after the first failure or was interrupted.
    pub not_run: usize,
    /// Whether it was interrupted.
    pub interrupted: bool,
    /// Present if requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Coverage>,
    /// The files with expectations that an update would change.
    #[serde(skip)]
    pub updates: Vec<FileUpdate>,
}

impl SuiteReport {
    /// The numbers of passed, failed and skipped cases.
    pub fn counts(&self) -> (usize, usize, usize) {
        self.cases
            .iter()
            .fold((0, 0, 0), |(passed, failed, skipped), case| match case.outcome {
                Outcome::Passed => (passed + 1, failed, skipped),
                Outcome::Failed { .. } => (passed, failed + 1, skipped),
                Outcome::Skipped { .. } => (passed, failed, skipped + 1),
            })
    }
}

/// Receives the progress of a suite. It is called from several threads, so it must not block for long.
pub trait Progress: Send + Sync {
    /// This number of cases will be run, in an order given by `seed`. Called again if more are found.
    fn planned(&self, cases: usize, seed: u64);

    fn done(&self, result: &CaseResult);

    /// The history has been tested up to this revision, the `number`th of `of`.
    fn reached(&self, _revision: &str, _number: usize, _of: usize) {}
}
