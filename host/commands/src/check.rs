//! `mighost check`: whether sources, artifacts, ledger and database agree.

mod database;
mod project;

use std::sync::Arc;

use super::context;
use super::{CommandError, Project};
use mighost_core::{Diagnostic, Reporter};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckRequest {
    /// Look at sources and artifacts only.
    pub no_database: bool,
}

/// What was found; nothing where all agrees.
#[derive(Clone, Debug, serde::Serialize)]
pub struct CheckReport {
    /// True where no finding is an error.
    pub ok: bool,
    /// The label of the database that was looked at.
    pub database: Option<String>,
    pub revisions: usize,
    /// The rows of the version table.
    pub rows: Vec<String>,
    pub findings: Vec<Finding>,
}

/// One thing that does not agree.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    pub kind: FindingKind,
    /// False for what may be meant.
    pub error: bool,
    /// One sentence, with the names in it.
    pub what: String,
    /// What to do, a line each.
    pub advice: Vec<String>,
}

/// The kinds of finding. Their names are those of the JSON document, and do not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// Sources or artifacts that cannot be read.
    Artifact,
    /// The revisions make no graph: a missing parent, a cycle, a label that is there twice.
    Graph,
    /// Sources that changed since they were built.
    Stale,
    /// Heads that nothing tells apart.
    SeveralHeads,
    /// An operation or kind that no plugin offers.
    MissingPlugin,
    /// An operation or kind that several plugins offer.
    TwoPlugins,
    /// A row of the version table that the project does not have.
    UnknownRow,
    /// Rows of the version table of which one needs the other.
    OverlappingRows,
    /// A migration that is not the one that was applied.
    Changed,
    /// A revision that was put below what is applied, and would never be run.
    OutOfOrder,
    /// A migration that was applied and is not there.
    AppliedUnknown,
    /// The ledger says one thing, the version table another.
    Ledger,
    /// A revision that is half done.
    HalfDone,
    /// An empty version table beside a schema that is not empty.
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

    /// What is wrong before anything can be compared.
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

/// Compares; runs and builds nothing.
///
/// # Errors
/// The configuration; a server that cannot be reached or read.
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

/// The most names that a sentence lists.
const LISTED: usize = 8;

fn list<S: AsRef<str>>(names: &[S]) -> String {
    let shown: Vec<&str> = names.iter().take(LISTED).map(AsRef::as_ref).collect();
    match names.len().saturating_sub(LISTED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// `noun` with its verb for so many: `1 revision is`, `3 revisions are`.
fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun} is"),
        number => format!("{number} {noun}s are"),
    }
}
