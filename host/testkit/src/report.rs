//! What became of tests: plain data that every kind of test produces, and that `output` renders.

use std::path::PathBuf;

use serde::Serialize;

use super::coverage::Coverage;
use super::update::FileUpdate;

/// What a case tests.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "name")]
pub enum Subject {
    /// With its name.
    Plugin(String),
    /// With its id.
    Revision(String),
    /// All of the project, e.g. the shape of its history.
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

/// How a case is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaseKind {
    /// A component over a sink that records; no database.
    Isolated,
    /// On a database of its own.
    Database,
    /// A file of pgTAP assertions.
    PgTap,
    /// A property that every revision must have (`--history`).
    History,
    /// A test that is itself a component.
    Component,
}

/// Where a case is written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// Relative to the project's folder.
    pub file: PathBuf,
    /// Counted from 1; none where the whole file is the case.
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

/// One case that was run, or left out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CaseResult {
    pub subject: Subject,
    /// Unique within subject and file.
    pub name: String,
    pub kind: CaseKind,
    /// None where no file holds the case.
    pub place: Option<Place>,
    #[serde(flatten)]
    pub outcome: Outcome,
    pub seconds: f64,
    /// What guests said meanwhile, a message each, shown where the case failed.
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

    /// Subject and name, by which `-k` and people find it.
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
    /// Everything that was not as expected, at least one.
    Failed {
        failures: Vec<Failure>,
    },
    /// Not run, and why.
    Skipped {
        reason: String,
    },
}

/// One thing that was not as expected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// A sentence.
    pub what: String,
    /// Shown as a diff.
    pub difference: Option<Difference>,
    /// More that explains it, a line each: the statement, the operation, a backtrace.
    pub details: Vec<String>,
    /// What to do about it, a text each; it may have several lines, e.g. what to paste into the file.
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

    /// Says what the two texts are where `expected` and `found` are not the words, e.g. `before` and `after`.
    #[must_use]
    pub fn names(mut self, expected: &str, found: &str) -> Self {
        if let Some(difference) = &mut self.difference {
            difference.names = (expected.to_owned(), found.to_owned());
        }
        self
    }

    /// Adds a line that explains it.
    #[must_use]
    pub fn detail(mut self, line: impl Into<String>) -> Self {
        self.details.push(line.into());
        self
    }

    /// Adds what to do.
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
    /// What the two are, in this order.
    pub names: (String, String),
}

/// All that a call of `mighost test` ran.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SuiteReport {
    /// By subject, file and place in it, whatever order they ran in.
    pub cases: Vec<CaseResult>,
    /// What the order was drawn with; none where the order is that of the history.
    pub seed: Option<u64>,
    pub seconds: f64,
    /// How many were planned and not run: after the first failure that was to be the last, or after an interruption.
    pub not_run: usize,
    /// Whether somebody ended it early.
    pub interrupted: bool,
    /// Where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Coverage>,
    /// The files whose expectations would be others if they were written anew.
    #[serde(skip)]
    pub updates: Vec<FileUpdate>,
}

impl SuiteReport {
    /// How many passed, failed and were skipped.
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

/// Hears how a suite comes along. Called from several threads, so it must not block for long.
pub trait Progress: Send + Sync {
    /// So many cases are about to be run, in an order that was drawn with `seed`. Called again where more come to light.
    fn planned(&self, cases: usize, seed: u64);

    fn done(&self, result: &CaseResult);

    /// The history is tested as far as this revision, the `number`th of `of`.
    fn reached(&self, _revision: &str, _number: usize, _of: usize) {}
}
