//! Errors of commands, and how they are shown.

use std::path::PathBuf;

use super::edit::EditError;
use super::init::InitError;
use super::init::import_alembic::TakeOverError;
use super::revision::NewRevisionError;
use super::signatures::SigningError;
use mighost_artifact::ArtifactError;
use mighost_build::BuildError;
use mighost_build::toolchain::ToolchainError;
use mighost_config::ConfigError;
use mighost_core::{Blame, Diagnostic, ExitKind, RunError, SinkError};
use mighost_engine::{EngineError, RunFailure, StepDone};
use mighost_graph::OutOfOrder;
use mighost_postgres::connect::ConnectError;
use mighost_postgres::embedded::EmbeddedError;
use mighost_runtime::RuntimeError;
use mighost_testkit::TestError;

/// An error of a command.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Test(#[from] TestError),
    #[error(transparent)]
    Init(#[from] InitError),
    #[error(transparent)]
    Revision(#[from] NewRevisionError),
    #[error(transparent)]
    TakeOver(#[from] TakeOverError),
    #[error(transparent)]
    Edit(#[from] EditError),
    #[error("cannot write {path}: {source}", path = path.display())]
    Write { path: PathBuf, source: std::io::Error },
    #[error("cannot write to stdout: {0}")]
    Stdout(std::io::Error),
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    #[error(transparent)]
    Signing(#[from] SigningError),
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error(transparent)]
    Toolchain(#[from] ToolchainError),
    #[error("mighost does not build the language {name}")]
    UnknownLanguage { name: String, known: Vec<&'static str> },
    #[error(transparent)]
    Graph(#[from] mighost_graph::GraphError),
    /// The revisions do not form a graph; `places` are those of the revisions that the error names.
    #[error("{error}")]
    NoGraph {
        error: Box<mighost_graph::GraphError>,
        places: Vec<(String, PathBuf)>,
    },
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The state of the database could not be read.
    #[error(transparent)]
    Sink(#[from] SinkError),
    #[error("{}", .0.error)]
    Run(#[from] Box<RunFailure>),
    #[error("{} changed after being applied to {label}: {}", if .revisions.len() == 1 { "a migration has" } else { "migrations have" }, .revisions.join(", "))]
    Changed { label: String, revisions: Vec<String> },
    #[error("{revision} has no change to accept: it is not applied to {label}, or is what was applied")]
    NothingToAccept {
        revision: String,
        label: String,
        /// The revisions that have changed.
        changed: Vec<String>,
    },
    #[error("{revision} is too long for {table}, whose column takes {longest} characters")]
    TooLong {
        revision: String,
        table: String,
        longest: usize,
    },
    /// Revisions below applied ones that no run has applied; each with the applied one that depends on it.
    #[error("{}", late(.label, .revisions))]
    OutOfOrder { label: String, revisions: Vec<OutOfOrder> },
    #[error("{label} is at {}, not at the heads: {}", place(.rows), .heads.join(", "))]
    NotAtHeads {
        label: String,
        rows: Vec<String>,
        heads: Vec<String>,
    },
    #[error("this removes all data below {}; add --yes to confirm", data.display())]
    NotConfirmed { data: PathBuf },
    #[error(
        "{label} is not an embedded server, so mighost cannot start or stop it; `db` is for labels with url = \"embedded\""
    )]
    NotEmbedded { label: String },
    #[error("psql is not installed: it comes with PostgreSQL's client programs")]
    NoPsql,
    #[error("psql cannot be run: {0}")]
    Psql(std::io::Error),
    /// The connection for the rest of a run failed.
    #[error("{error}")]
    AfterSteps {
        done: Vec<StepDone>,
        error: Box<CommandError>,
    },
    #[error("cannot start the threads for a run: {0}")]
    Threads(std::io::Error),
    #[error("internal error: a worker thread exited unexpectedly")]
    ThreadLost,
}

fn late(label: &str, late: &[OutOfOrder]) -> String {
    let lines = late.iter().take(LISTED).map(|OutOfOrder { revision, above }| {
        format!(
            "{revision} is out of order: it was inserted below {above}, which is already applied to {label}, so it \
                 would be skipped"
        )
    });
    let mut lines: Vec<String> = lines.collect();
    if let Some(more) = late.len().checked_sub(LISTED).filter(|more| *more > 0) {
        lines.push(format!("and {more} more"));
    }
    lines.join("\n")
}

/// The number of revisions that a message lists.
const LISTED: usize = 8;

fn place(rows: &[String]) -> String {
    if rows.is_empty() {
        "the base".into()
    } else {
        rows.join(", ")
    }
}

impl CommandError {
    /// The failure of a call of the sink's outside steps; no row was changed.
    pub(crate) fn outside_steps(error: RunError) -> Self {
        let error = match error {
            RunError::Sink(error) => EngineError::Runtime(error.into()),
            error => error.into(),
        };
        Self::Run(Box::new(RunFailure {
            done: Vec::new(),
            failed: None,
            place: None,
            not_run: Vec::new(),
            error,
            state: "no row was changed".into(),
        }))
    }
}

impl From<&CommandError> for Diagnostic {
    fn from(error: &CommandError) -> Self {
        let mut diagnostic = diagnose(error);
        diagnostic.causes = causes(error);
        diagnostic
    }
}

/// The chain of errors. Those of settings and connections are shown without their fields, which may contain a URL.
fn causes(error: &CommandError) -> Vec<String> {
    let mut causes = Vec::new();
    let mut next: Option<&dyn std::error::Error> = Some(error);
    while let Some(cause) = next {
        let text = cause.to_string();
        if causes.last() != Some(&text) {
            causes.push(text);
        }
        next = cause.source();
    }
    if !matches!(
        error,
        CommandError::Config(_) | CommandError::Connect(_) | CommandError::Embedded(_)
    ) {
        causes.push(format!("{error:?}"));
    }
    causes
}

fn diagnose(error: &CommandError) -> Diagnostic {
    let simple = |blame, exit| Diagnostic::new(blame, exit, error.to_string());
    match error {
        CommandError::Config(error) => error.into(),
        CommandError::Test(TestError::Runtime(error)) => error.into(),
        CommandError::Test(TestError::History(error)) => simple(error.blame(), error.exit()),
        CommandError::Test(TestError::Threads(_)) => simple(Blame::Host, ExitKind::Internal),
        CommandError::Test(error) => {
            let mut diagnostic = simple(Blame::Operator, ExitKind::Usage);
            diagnostic.hints.extend(error.hint());
            diagnostic
        }
        CommandError::Init(error) => error.into(),
        CommandError::Revision(error) => error.into(),
        CommandError::TakeOver(error) => error.into(),
        CommandError::Edit(error) => error.into(),
        CommandError::Artifact(error) => error.into(),
        CommandError::Signing(error) => error.into(),
        CommandError::Build(error) => error.into(),
        CommandError::Toolchain(error) => error.into(),
        CommandError::UnknownLanguage { known, .. } => {
            simple(Blame::Operator, ExitKind::Usage).hint(format!("available: {}, all", known.join(", ")))
        }
        CommandError::Graph(_) => simple(Blame::Operator, ExitKind::History),
        CommandError::NoGraph { places, .. } => {
            let mut diagnostic = simple(Blame::Guest, ExitKind::History);
            for (revision, place) in places {
                diagnostic = diagnostic.at(format!("{revision} is in {}", place.display()));
            }
            diagnostic
        }
        CommandError::Connect(error) => Diagnostic::new(error.blame(), ExitKind::Connection, error.to_string()),
        CommandError::Embedded(error) => Diagnostic::new(Blame::Operator, ExitKind::Connection, error.to_string()),
        CommandError::Runtime(error) => error.into(),
        CommandError::Sink(error) => error.diagnose(Blame::Database),
        CommandError::Run(failure) => (&**failure).into(),
        CommandError::Changed { .. } => simple(Blame::Operator, ExitKind::History)
            .hint("restore the files, and make the change in a new revision")
            .hint("or, if the change is harmless, accept it: `mighost stamp --accept REVISION`")
            .hint("or add --allow-changed to continue this time"),
        CommandError::NothingToAccept { changed, .. } => simple(Blame::Operator, ExitKind::Usage).hint(match changed.as_slice() {
            [] => "no applied revision has changed".to_owned(),
            changed => format!("changed since they were applied: {}", changed.join(", ")),
        }),
        CommandError::OutOfOrder { revisions, .. } => {
            let mut diagnostic = simple(Blame::Operator, ExitKind::History);
            if let Some(OutOfOrder { revision, above }) = revisions.first() {
                diagnostic = diagnostic
                    .hint(format!(
                        "move it in the sources: restore the down-revisions of the children of {revision}, and set \
                             those of {revision} to a head, e.g. `down-revisions = [\"{above}\"]` if {above} is one"
                    ))
                    .hint(
                        "if the database already has its changes, confirm that: `mighost stamp --purge` with the \
                               rows of `mighost current`",
                    )
                    .hint("or add --allow-changed to continue without it");
            }
            diagnostic
        }
        CommandError::TooLong { table, .. } => simple(Blame::Operator, ExitKind::History).hint(format!(
            "widen the column: ALTER TABLE {table} ALTER COLUMN version_num TYPE text; or give the revision a shorter id"
        )),
        CommandError::NotAtHeads { .. } => simple(Blame::Operator, ExitKind::Check).hint("run `mighost upgrade heads`"),
        CommandError::NotConfirmed { .. } | CommandError::NotEmbedded { .. } => {
            simple(Blame::Operator, ExitKind::Usage)
        }
        CommandError::NoPsql | CommandError::Psql(_) => simple(Blame::Operator, ExitKind::Connection),
        CommandError::Write { .. } | CommandError::Stdout(_) => simple(Blame::Operator, ExitKind::Internal),
        CommandError::AfterSteps { done, error } => {
            let names: Vec<_> = done.iter().map(|step| step.revision.as_str()).collect();
            Diagnostic::from(&**error).at(format!("done: {}", names.join(", ")))
        }
        CommandError::ThreadLost | CommandError::Threads(_) => simple(Blame::Host, ExitKind::Internal),
    }
}
