//! `mighost check`: the consistency of sources, artifacts, ledger and database.

mod database;
mod project;
mod taken_over;

use std::sync::Arc;

use super::context;
use super::{CommandError, Project};
use mighost_core::{Diagnostic, Reporter};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckRequest {
    /// Check sources and artifacts only.
    pub no_database: bool,
}

/// The findings; empty if everything is consistent.
#[derive(Clone, Debug, serde::Serialize)]
pub struct CheckReport {
    /// True if no finding is an error.
    pub ok: bool,
    /// The label of the checked database.
    pub database: Option<String>,
    pub revisions: usize,
    /// The rows of the version table.
    pub rows: Vec<String>,
    pub findings: Vec<Finding>,
}

/// One inconsistency.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    pub kind: FindingKind,
    /// False if it may be intended.
    pub error: bool,
    /// One sentence, with the names in it.
    pub what: String,
    /// Hints, one line each.
    pub advice: Vec<String>,
}

/// The kinds of findings. Their names are part of the JSON document and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// Sources or artifacts that cannot be read.
    Artifact,
    /// The revisions do not form a graph: a missing parent, a cycle, a duplicate label.
    Graph,
    /// Sources that changed since they were built.
    Stale,
    /// A script that was not taken over from Alembic, and is not written yet.
    NotTakenOver,
    /// Heads without distinguishing labels.
    SeveralHeads,
    /// An operation or kind that no plugin provides.
    MissingPlugin,
    /// An operation or kind that several plugins provide.
    TwoPlugins,
    /// A row of the version table for a revision that the project does not have.
    UnknownRow,
    /// Rows of the version table, one of which needs the other.
    OverlappingRows,
    /// A migration that has changed since it was applied.
    Changed,
    /// A revision that was inserted below applied ones, and would never be run.
    OutOfOrder,
    /// A migration that was applied and no longer exists.
    AppliedUnknown,
    /// A contradiction between the ledger and the version table.
    Ledger,
    /// A revision that is only partly applied.
    HalfDone,
    /// An empty version table with a schema that is not empty.
    EmptyVersionTable,
    /// Revisions that are not applied.
    NotAtHeads,
}

impl Finding {
    fn error(kind: FindingKind, what: impl Into<String>) -> Self {
        Self {
            kind,
            error: true,
            what: what.into(),
            advice: Vec::new(),
        }
    }

    fn warning(kind: FindingKind, what: impl Into<String>) -> Self {
        Self {
            error: false,
            ..Self::error(kind, what)
        }
    }

    fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice.push(advice.into());
        self
    }

    /// Errors that prevent a comparison.
    fn of(kind: FindingKind, diagnostic: Diagnostic) -> Self {
        let mut what = diagnostic.what;
        for line in diagnostic.location {
            what.push_str("; ");
            what.push_str(&line);
        }
        Self {
            advice: diagnostic.hints,
            ..Self::error(kind, what)
        }
    }
}

/// Compares them; runs and builds nothing.
///
/// # Errors
/// If the configuration is invalid, or the server cannot be reached or read.
pub async fn run(
    project: &Project,
    request: &CheckRequest,
    reporter: &Arc<dyn Reporter>,
) -> Result<CheckReport, CommandError> {
    let mut report = CheckReport {
        ok: false,
        database: None,
        revisions: 0,
        rows: Vec::new(),
        findings: Vec::new(),
    };
    let settings = project.project_settings()?;
    let history = match context::project_history(&settings, &**reporter) {
        Ok(history) => history,
        Err(error) => {
            let kind = match &error {
                CommandError::NoGraph { .. } => FindingKind::Graph,
                _ => FindingKind::Artifact,
            };
            report.findings.push(Finding::of(kind, Diagnostic::from(&error)));
            return Ok(report);
        }
    };
    report.revisions = history.graph.len();
    report.findings.extend(project::compare(&history));
    report.findings.extend(taken_over::compare(&history));
    if !request.no_database {
        let settings = project.settings()?;
        let seen = database::look(project, &settings, reporter).await?;
        report.database = Some(settings.label.clone());
        report.rows.clone_from(&seen.state.heads);
        report.findings.extend(database::compare(&history, &settings, &seen));
    }
    report.ok = report.findings.iter().all(|finding| !finding.error);
    Ok(report)
}

/// The maximum number of names in a sentence.
const LISTED: usize = 8;

fn list<S: AsRef<str>>(names: &[S]) -> String {
    let shown: Vec<&str> = names.iter().take(LISTED).map(AsRef::as_ref).collect();
    match names.len().saturating_sub(LISTED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// `noun` with its verb for a number: `1 revision is`, `3 revisions are`.
fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun} is"),
        number => format!("{number} {noun}s are"),
    }
}
