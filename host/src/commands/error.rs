//! What can go wrong in a command, as a failure to show.

use std::path::PathBuf;

use super::edit::EditError;
use super::init::InitError;
use super::init::takeover::TakeOverError;
use super::revision::RevisionError;
use crate::artifact::ArtifactError;
use crate::config::ConfigError;
use crate::database::RunError;
use crate::database::connect::ConnectError;
use crate::database::embedded::EmbeddedError;
use crate::executor::{ExecutorError, RunFailure, StepDone};
use crate::report::{Blame, DatabaseError, Diagnostic, Direction, ExitKind};
use crate::revision::Late;
use crate::runtime::{RuntimeError, SinkError};
use crate::testkit::TestError;
use crate::toolchain::ToolchainError;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Test(#[from] TestError),
    #[error(transparent)]
    Init(#[from] InitError),
    #[error(transparent)]
    Revision(#[from] RevisionError),
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
    Toolchain(#[from] ToolchainError),
    #[error("mighost builds no language {name}")]
    UnknownLanguage { name: String, known: Vec<&'static str> },
    #[error(transparent)]
    Graph(#[from] crate::revision::RevisionError),
    /// The revisions make no graph; `places` are where those are that the error names.
    #[error("{error}")]
    NoGraph {
        error: Box<crate::revision::RevisionError>,
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
    #[error("{} changed since it was applied to {label}: {}", if .revisions.len() == 1 { "a migration has" } else { "migrations have" }, .revisions.join(", "))]
    Changed { label: String, revisions: Vec<String> },
    /// Revisions below what is applied, which no run has applied; each with the applied one that stands on it.
    #[error("{}", late(.label, .revisions))]
    Late { label: String, revisions: Vec<Late> },
    #[error("{label} is at {}, not at the heads: {}", place(.rows), .heads.join(", "))]
    NotAtHeads {
        label: String,
        rows: Vec<String>,
        heads: Vec<String>,
    },
    #[error("this removes all data below {}; add --yes to mean it", data.display())]
    NotConfirmed { data: PathBuf },
    #[error(
        "{label} is a server of its own, which mighost neither starts nor stops; `db` is for labels with url = \"embedded\""
    )]
    NotEmbedded { label: String },
    #[error("psql is not installed: it comes with PostgreSQL's client programs")]
    NoPsql,
    #[error("psql cannot be run: {0}")]
    Psql(std::io::Error),
    /// The connection for the rest of a run could not be had.
    #[error("{error}")]
    AfterSteps {
        done: Vec<StepDone>,
        error: Box<CommandError>,
    },
    #[error("cannot start the threads of a run: {0}")]
    Threads(std::io::Error),
    #[error("a thread of mighost's ended before its time")]
    ThreadLost,
}

fn late(label: &str, late: &[Late]) -> String {
    let lines = late.iter().take(LISTED).map(|Late { revision, above }| {
        format!("{revision} was put below {above}, which {label} has already, so it would never be run")
    });
    let mut lines: Vec<String> = lines.collect();
    if let Some(more) = late.len().checked_sub(LISTED).filter(|more| *more > 0) {
        lines.push(format!("and {more} more"));
    }
    lines.join("\n")
}

/// How many revisions a text lists.
const LISTED: usize = 8;

fn place(rows: &[String]) -> String {
    if rows.is_empty() {
        "the base".into()
    } else {
        rows.join(", ")
    }
}

impl From<&CommandError> for Diagnostic {
    fn from(error: &CommandError) -> Self {
        let mut diagnostic = Self::of(error);
        diagnostic.causes = causes(error);
        diagnostic
    }
}

/// The chain of errors. Those of settings and connections are not shown with their fields, which may hold a URL.
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

impl Diagnostic {
    fn of(error: &CommandError) -> Self {
        let simple = |blame, exit| Self::new(blame, exit, error.to_string());
        match error {
            CommandError::Config(error) => error.into(),
            CommandError::Test(TestError::Runtime(error)) => runtime(error),
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
            CommandError::Artifact(error) => artifact(error),
            CommandError::Toolchain(error) => {
                let mut diagnostic = simple(Blame::Operator, ExitKind::Artifact);
                diagnostic.location.extend(error.output().lines().map(str::to_owned));
                diagnostic.hints.extend(error.hint());
                diagnostic
            }
            CommandError::UnknownLanguage { known, .. } => {
                simple(Blame::Operator, ExitKind::Usage).hint(format!("there are: {}, all", known.join(", ")))
            }
            CommandError::Graph(_) => simple(Blame::Operator, ExitKind::History),
            CommandError::NoGraph { places, .. } => {
                let mut diagnostic = simple(Blame::Guest, ExitKind::History);
                for (revision, place) in places {
                    diagnostic = diagnostic.at(format!("{revision} is in {}", place.display()));
                }
                diagnostic
            }
            CommandError::Connect(error) => Self::new(error.blame(), ExitKind::Connection, error.to_string()),
            CommandError::Embedded(error) => Self::new(Blame::Operator, ExitKind::Connection, error.to_string()),
            CommandError::Runtime(error) => runtime(error),
            CommandError::Sink(error) => sink(error, Blame::Database),
            CommandError::Run(failure) => run(failure),
            CommandError::Changed { .. } => simple(Blame::Operator, ExitKind::History)
                .hint("put the files back as they were, and write the change as a new revision")
                .hint("--allow-changed goes on all the same"),
            CommandError::Late { revisions, .. } => {
                let mut diagnostic = simple(Blame::Operator, ExitKind::History);
                if let Some(Late { revision, above }) = revisions.first() {
                    diagnostic = diagnostic
                        .hint(format!(
                            "in the sources, take it out again: give what stands on {revision} its former down-revisions, \
                             and let {revision} stand on a head: `down-revisions = [\"{above}\"]` where {above} is one"
                        ))
                        .hint("where the database has what it does, say so: `mighost stamp --purge` with the rows of `mighost current`")
                        .hint("--allow-changed goes on without it");
                }
                diagnostic
            }
            CommandError::NotAtHeads { .. } => {
                simple(Blame::Operator, ExitKind::Check).hint("run `mighost upgrade heads`")
            }
            CommandError::NotConfirmed { .. } | CommandError::NotEmbedded { .. } => {
                simple(Blame::Operator, ExitKind::Usage)
            }
            CommandError::NoPsql | CommandError::Psql(_) => simple(Blame::Operator, ExitKind::Connection),
            CommandError::Write { .. } | CommandError::Stdout(_) => simple(Blame::Operator, ExitKind::Internal),
            CommandError::AfterSteps { done, error } => {
                let names: Vec<_> = done.iter().map(|step| step.revision.as_str()).collect();
                Self::from(&**error).at(format!("done: {}", names.join(", ")))
            }
            CommandError::ThreadLost | CommandError::Threads(_) => simple(Blame::Host, ExitKind::Internal),
        }
    }
}

fn artifact(error: &ArtifactError) -> Diagnostic {
    let blame = match error {
        ArtifactError::NoTool { .. }
        | ArtifactError::Toolchain { .. }
        | ArtifactError::NotBuilt { .. }
        | ArtifactError::Read { .. }
        | ArtifactError::Write { .. } => Blame::Operator,
        _ => Blame::Guest,
    };
    let mut diagnostic = Diagnostic::new(blame, ExitKind::Artifact, error.to_string());
    if let ArtifactError::Several { failures, built } = error {
        return several(diagnostic, failures, *built);
    }
    diagnostic.location.extend(error.output().lines().map(str::to_owned));
    diagnostic.hints.extend(error.hint());
    diagnostic
}

/// Each of `failures` with what its tool said, and each hint once.
fn several(mut diagnostic: Diagnostic, failures: &[ArtifactError], built: usize) -> Diagnostic {
    let mut blames = Vec::new();
    for failure in failures {
        let one = artifact(failure);
        diagnostic.location.extend(one.what.lines().map(str::to_owned));
        diagnostic
            .location
            .extend(one.location.iter().map(|line| format!("  {line}")));
        for hint in one.hints {
            if !diagnostic.hints.contains(&hint) {
                diagnostic.hints.push(hint);
            }
        }
        blames.push(one.blame);
    }
    // Guests are the rule; where none is to blame it is the machine.
    if !blames.contains(&Blame::Guest) {
        diagnostic.blame = Blame::Operator;
    }
    if built > 0 {
        diagnostic.outcome.push(match built {
            1 => "1 other was built, and is kept".to_owned(),
            _ => format!("{built} others were built, and are kept"),
        });
    }
    diagnostic
}

fn runtime(error: &RuntimeError) -> Diagnostic {
    let mut diagnostic = match error {
        RuntimeError::Sink(error) => sink(error, Blame::Guest),
        RuntimeError::Refused { error: cause, .. } => Diagnostic {
            what: error.to_string(),
            ..sink(cause, Blame::Guest)
        },
        RuntimeError::Artifact(error) => artifact(error),
        RuntimeError::Engine(_) => Diagnostic::new(error.blame(), ExitKind::Internal, error.to_string()),
        RuntimeError::UnknownHook { .. } | RuntimeError::NoHook { .. } => {
            Diagnostic::new(error.blame(), ExitKind::Config, error.to_string())
        }
        RuntimeError::MissingPlugin { .. }
        | RuntimeError::Mistyped { .. }
        | RuntimeError::OtherVersion { .. }
        | RuntimeError::MissingFunction { .. }
        | RuntimeError::Resource { .. }
        | RuntimeError::HostMistyped { .. }
        | RuntimeError::MistypedExport { .. }
        | RuntimeError::ForbiddenImport { .. }
        | RuntimeError::MissingExport { .. }
        | RuntimeError::Compile { .. }
        | RuntimeError::PluginCycle(_)
        | RuntimeError::TwoProviders { .. }
        | RuntimeError::TwoKinds { .. }
        | RuntimeError::UnknownKind { .. } => Diagnostic::new(error.blame(), ExitKind::Artifact, error.to_string()),
        _ => Diagnostic::new(error.blame(), ExitKind::Guest, error.to_string()),
    };
    if let RuntimeError::Trapped { backtrace, output, .. } = error {
        diagnostic
            .location
            .extend(backtrace.iter().map(|frame| format!("in {frame}")));
        if !output.is_empty() {
            diagnostic.location.push("what it wrote:".to_owned());
            diagnostic
                .location
                .extend(output.iter().map(|line| format!("  {line}")));
        }
    }
    diagnostic.hints.extend(error.hint());
    diagnostic
}

fn sink(error: &SinkError, blame: Blame) -> Diagnostic {
    let exit = match error {
        SinkError::Statement(_) => ExitKind::Database,
        SinkError::ConnectionLost(_) => ExitKind::Connection,
        SinkError::Interrupted => ExitKind::Interrupted,
        SinkError::Offline { .. } | SinkError::CannotSuspend { .. } | SinkError::Write(_) => ExitKind::Usage,
        _ => ExitKind::Guest,
    };
    let blame = match error {
        SinkError::ConnectionLost(_) => Blame::Database,
        SinkError::Offline { .. } | SinkError::CannotSuspend { .. } | SinkError::Interrupted | SinkError::Write(_) => {
            Blame::Operator
        }
        // What other sessions do: locks, deadlocks, serialization; a statement that was cancelled.
        SinkError::Statement(failure)
            if matches!(failure.error.sqlstate.as_str(), "55P03" | "40P01" | "40001" | "57014") =>
        {
            Blame::Database
        }
        _ => blame,
    };
    let mut diagnostic = Diagnostic::new(blame, exit, error.to_string());
    if let SinkError::Offline { call } = error
        && *call != "try-query"
    {
        diagnostic
            .hints
            .push("--online-reads lets the database answer, which is not changed".into());
    }
    if let SinkError::Statement(failure) = error {
        diagnostic.statement = Some(failure.clone());
        diagnostic.hints.extend(timeout_hint(&failure.error).map(str::to_owned));
        // active_sql_transaction: CREATE INDEX CONCURRENTLY, VACUUM and the like.
        if failure.error.sqlstate == "25001" {
            diagnostic.hints.push(
                "set transaction = \"none\" in the migration's migration.toml, or send it behind suspend-transaction"
                    .into(),
            );
        }
    }
    diagnostic
}

/// What to do where a time-out ended a statement.
fn timeout_hint(error: &DatabaseError) -> Option<&'static str> {
    match error.sqlstate.as_str() {
        "55P03" => Some(
            "other sessions hold a lock that it needs, each time that it was tried: see pg_stat_activity and \
             pg_blocking_pids(), end them or wait; or raise lock-timeout",
        ),
        // The message is translated by the server, so it does not tell a time-out from a cancelled statement.
        "57014" => Some("where it takes longer than statement-timeout allows, raise it; or make its work smaller"),
        _ => None,
    }
}

fn run(failure: &RunFailure) -> Diagnostic {
    let mut diagnostic = match &failure.error {
        ExecutorError::Runtime(error) => runtime(error),
        ExecutorError::Hook { plugin, error } => {
            let mut diagnostic = runtime(error);
            let place = format!("in the hook on-version-apply of {plugin}");
            diagnostic.location.insert(0, place);
            diagnostic
        }
        ExecutorError::Artifact(error) => artifact(error),
        ExecutorError::Run(RunError::Sink(error)) => sink(error, Blame::Guest),
        ExecutorError::Run(error @ RunError::Locked { .. }) => {
            Diagnostic::new(Blame::Operator, ExitKind::Lock, error.to_string())
                .hint("wait until it is done, or for longer with --lock-wait 10min")
        }
        ExecutorError::Run(error @ RunError::HeadsMoved { .. }) => {
            Diagnostic::new(Blame::Operator, ExitKind::Lock, error.to_string())
        }
        ExecutorError::Run(error) => Diagnostic::new(Blame::Operator, ExitKind::Database, error.to_string()),
        ExecutorError::NoArtifact(_) => Diagnostic::new(Blame::Operator, ExitKind::Artifact, failure.error.to_string()),
        ExecutorError::ThreadLost => Diagnostic::new(Blame::Host, ExitKind::Internal, failure.error.to_string()),
    };
    match &failure.failed {
        Some(step) => {
            let place = failure
                .place
                .as_ref()
                .map(|place| format!(", {}", place.display()))
                .unwrap_or_default();
            let text = format!("in the {} of revision {}{place}", step.direction, step.revision);
            diagnostic.location.insert(0, text);
            diagnostic
                .hints
                .extend(stamp_hint(step.direction, sqlstate(&diagnostic)).map(str::to_owned));
        }
        // The host's own statements, and the role's rights that they need.
        None if diagnostic.statement.is_some() => {
            diagnostic.blame = Blame::Operator;
            diagnostic.location.insert(
                0,
                "in mighost's own work: the schema, the version table and the ledger".into(),
            );
            if sqlstate(&diagnostic) == Some("42501") {
                diagnostic.hints.push(
                    "grant the role what it lacks, e.g. CREATE on the database or schema, or connect as another".into(),
                );
            }
        }
        None => {}
    }
    let names = |steps: Vec<&str>| steps.join(", ");
    diagnostic.outcome.push(failure.state.clone());
    if !failure.done.is_empty() {
        diagnostic.outcome.push(format!(
            "done: {}",
            names(failure.done.iter().map(|step| step.revision.as_str()).collect())
        ));
    }
    if !failure.not_run.is_empty() {
        diagnostic.outcome.push(format!(
            "not run: {}",
            names(failure.not_run.iter().map(|step| step.revision.as_str()).collect())
        ));
    }
    diagnostic
}

/// What to do where the database and its version table seem to tell different stories.
fn stamp_hint(direction: Direction, sqlstate: Option<&str>) -> Option<&'static str> {
    match (direction, sqlstate?) {
        // duplicate_table, duplicate_schema, duplicate_object, duplicate_function.
        (Direction::Upgrade, "42P07" | "42P06" | "42710" | "42723") => Some(
            "where the database was made in another way and has what this revision does, say which is the last revision \
             that it holds: `mighost stamp REVISION`",
        ),
        // undefined_table, invalid_schema_name, undefined_object, undefined_function.
        (Direction::Downgrade, "42P01" | "3F000" | "42704" | "42883") => Some(
            "where the database never had what this revision does, e.g. after a stamp that went too far, say which is the \
             last revision that it holds: `mighost stamp REVISION`",
        ),
        _ => None,
    }
}

fn sqlstate(diagnostic: &Diagnostic) -> Option<&str> {
    let failure = diagnostic.statement.as_ref()?;
    Some(failure.error.sqlstate.as_str())
}
