//! `mighost test --history`: requirements on every revision, tested on temporary databases.
//!
//! Several tracks go through the history concurrently, each on a server of its own: one on an empty database, one with seeds, one in
//! sessions with other settings, one by scripts.

mod failure_text;
mod hostile_session;
mod rows;
mod script;
mod tee_sink;
mod track;
mod up_down_up;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::{Notify, mpsc};

use self::tee_sink::Recorded;
use super::cancel::Stop;
use super::coverage::{Coverage, Item};
use super::report::{CaseKind, CaseResult, Failure, Outcome, Place, Progress, Subject, SuiteReport};
use super::{TestError, TestProject};
use mighost_artifact::{Artifact, ArtifactError, is_sql_migration};
use mighost_config::ProjectSettings;
use mighost_core::{Blame, ExitKind, SinkError};
use mighost_engine::RunFailure;
use mighost_graph::{GraphError, Plan, Step};
use mighost_postgres::catalog::{Catalog, CatalogError, Scope};
use mighost_postgres::connect::{ConnectError, Environment};
use mighost_postgres::embedded::EmbeddedError;

/// The number of revisions by which the track on an empty database may be ahead of those that compare with it.
const AHEAD: usize = 8;

/// The names of the cases of each revision.
mod names {
    pub const HEADS: &str = "has the heads that it should have";
    pub const UP: &str = "upgrades";
    pub const TRACE: &str = "downgrade leaves no trace";
    pub const ROWS: &str = "downgrade brings every row back";
    pub const AGAIN: &str = "upgrades again to the same";
    pub const SEED: &str = "goes down and up with its seed";
    pub const SESSION: &str = "does not depend on the session";
    pub const SCRIPT: &str = "script does the same";
    pub const DOWN_SCRIPT: &str = "downgrade script does the same";
    /// Follows a name if the database had seeds in it.
    pub const SEEDED: &str = " (seeded)";
    /// A run through the history that did not complete, through no fault that could be found.
    pub const WAY: &str = "can be gone through";
}

/// The part of a history to test.
#[derive(Clone, Debug, Default)]
pub struct HistoryTests {
    /// Ids of the revisions to test; `None` for all.
    pub only: Option<BTreeSet<String>>,
    /// Only cases with one of these in their titles are reported.
    pub filters: Vec<String>,
    /// Stop at the first failure.
    pub fail_fast: bool,
    /// Report what the history has not run.
    pub coverage: bool,
    /// Cancels the tests.
    pub stop: Stop,
}

/// The reason why the history could not be tested, without a fault of a revision.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error("a temporary database rejected a statement of the test itself: {0}")]
    Database(#[from] tokio_postgres::Error),
    #[error(transparent)]
    Sink(#[from] SinkError),
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    #[error(transparent)]
    Graph(#[from] GraphError),
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    #[error("{} failed: {reason}", path.display())]
    Script { path: PathBuf, reason: String },
    #[error("revisions that succeeded before failed on another database: {0}")]
    NotAgain(#[source] Box<RunFailure>),
    #[error("psql cannot be run: {0}")]
    Psql(std::io::Error),
    #[error("internal error: a worker thread exited unexpectedly")]
    ThreadLost,
    /// No server or database could be created, or a script of `[test] setup` failed.
    #[error(transparent)]
    NotBegun(Box<HistoryError>),
}

impl HistoryError {
    /// The party to blame.
    pub fn blame(&self) -> Blame {
        match self {
            Self::NotBegun(error) => error.blame(),
            Self::Embedded(_) | Self::Script { .. } | Self::Graph(_) | Self::Artifact(_) => Blame::Operator,
            Self::NotAgain(_) => Blame::Guest,
            Self::Connect(_) | Self::Database(_) | Self::Sink(_) | Self::Catalog(_) => Blame::Database,
            Self::Psql(_) | Self::ThreadLost => Blame::Host,
        }
    }

    pub fn exit(&self) -> ExitKind {
        match self {
            Self::NotBegun(error) => error.exit(),
            Self::Embedded(_) | Self::Connect(_) => ExitKind::Connection,
            Self::Database(_) | Self::Sink(_) | Self::Catalog(_) | Self::Script { .. } => ExitKind::Database,
            Self::Graph(_) => ExitKind::History,
            Self::Artifact(_) => ExitKind::Artifact,
            Self::NotAgain(_) => ExitKind::Guest,
            Self::Psql(_) | Self::ThreadLost => ExitKind::Internal,
        }
    }
}

/// Tests the history: cases in the order of the plan, those of one revision together.
///
/// # Errors
/// If there is no temporary server or a setup script fails, which no revision is to blame for, or no case matches the filters.
pub async fn test(
    project: &TestProject,
    tests: &HistoryTests,
    progress: &dyn Progress,
) -> Result<SuiteReport, TestError> {
    let shared = Shared::new(project, tests)?;
    let cases = Cases::new(&shared, progress);
    heads(&shared, &cases);
    let seeded = shared
        .chosen_steps()
        .any(|step| !shared.seeds(&step.revision).is_empty());
    let any = shared.steps().next().is_some();
    let (to_session, from_walk) = mpsc::channel(AHEAD);
    let (to_script, by_walk) = mpsc::channel(AHEAD);
    let with_seeds = async {
        if seeded {
            up_down_up::walk(&shared, &cases, true, Vec::new()).await
        } else {
            Ok(())
        }
    };
    let lanes = async {
        tokio::join!(
            cases.way(
                "an empty database",
                up_down_up::walk(&shared, &cases, false, vec![to_session, to_script])
            ),
            cases.way("a database with seeds", with_seeds),
            cases.way("other sessions", hostile_session::compare(&shared, &cases, from_walk)),
            cases.way("scripts", script::compare(&shared, &cases, by_walk)),
        )
    };
    tokio::select! {
        biased;
        () = tests.stop.wait() => {}
        // No servers are started for nothing.
        () = std::future::ready(()), if !any => {}
        () = cases.stopped.notified() => {}
        (walked, with_seeds, session, script) = lanes => walked.and(with_seeds).and(session).and(script)?,
    }
    let (cases, of) = cases.in_order();
    if cases.is_empty() && of > 0 && !tests.stop.is_stopped() {
        let filters = tests.filters.clone();
        return Err(TestError::NoMatch { filters, of });
    }
    let ran = shared.ran.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let meant = |subject: &Subject| match (subject, &tests.only) {
        (Subject::Revision(revision), Some(only)) => only.contains(revision),
        (_, only) => only.is_none(),
    };
    let coverage = match tests.coverage {
        true => Some(Coverage::of(project, meant, &ran)?),
        false => None,
    };
    Ok(SuiteReport {
        cases,
        interrupted: tests.stop.is_stopped(),
        coverage,
        ..SuiteReport::default()
    })
}

/// The state that the tracks share.
struct Shared<'p> {
    project: &'p TestProject,
    settings: &'p ProjectSettings,
    environment: &'p Environment,
    /// The whole history, from an empty database.
    plan: Plan,
    scope: Scope,
    tests: &'p HistoryTests,
    /// The functions that all tracks have run.
    ran: Mutex<BTreeSet<Item>>,
    /// Scripts of seeds that have failed, which is reported once.
    refused: Mutex<BTreeSet<PathBuf>>,
}

/// The results for a revision on an empty database, for the tracks that compare with it.
#[derive(Clone)]
struct Reached {
    before: Arc<Catalog>,
    after: Arc<Catalog>,
    up: Recorded,
    /// `None` if the revision was not reverted.
    down: Option<Recorded>,
}

impl<'p> Shared<'p> {
    fn new(project: &'p TestProject, tests: &'p HistoryTests) -> Result<Self, HistoryError> {
        let heads = project.graph.heads();
        let plan = if heads.is_empty() {
            Plan::default()
        } else {
            project.graph.upgrade(&[], &["heads"])?
        };
        let settings = &project.settings;
        Ok(Self {
            scope: Scope::of_project(&settings.version_table_schema, &settings.version_table),
            project,
            settings,
            environment: &project.environment,
            plan,
            tests,
            ran: Mutex::default(),
            refused: Mutex::default(),
        })
    }

    fn chosen(&self, step: &Step) -> bool {
        self.tests
            .only
            .as_ref()
            .is_none_or(|only| only.contains(&step.revision))
    }

    fn chosen_steps(&self) -> impl Iterator<Item = &Step> {
        self.plan.steps.iter().filter(|step| self.chosen(step))
    }

    /// The steps to test, with their numbers.
    fn steps(&self) -> impl Iterator<Item = (usize, &Step)> {
        let last = self.plan.steps.iter().rposition(|step| self.chosen(step));
        let end = last.map_or(0, |last| last + 1);
        self.plan.steps.iter().take(end).enumerate()
    }

    /// Records the functions that ran.
    fn ran(&self, items: impl IntoIterator<Item = Item>) {
        self.ran.lock().unwrap_or_else(PoisonError::into_inner).extend(items);
    }

    /// The scripts to load after `revision`: the project's, followed by the one beside the migration.
    fn seeds(&self, revision: &str) -> Vec<PathBuf> {
        let project = self.settings.test.seeds.as_ref();
        let project = project.map(|folder| folder.join(format!("{revision}.sql")));
        let place = self.project.loaded.place(revision).filter(|place| place.is_dir());
        let own = place.map(|place| place.join("tests").join("seed.sql"));
        project.into_iter().chain(own).filter(|path| path.is_file()).collect()
    }

    /// The reason why `revision` has no way back, if that is known.
    fn irreversible(&self, revision: &str) -> Option<String> {
        if self.settings.test.irreversible.iter().any(|known| known == revision) {
            return Some("declared irreversible in [test] of mighost.toml".into());
        }
        let (_, info) = self.project.loaded.revision(revision)?;
        if !is_sql_migration(info) {
            return None;
        }
        let artifact = Artifact::load(info.clone()).ok()?;
        let several = info
            .revisions
            .as_ref()
            .is_some_and(|metadata| metadata.revisions.len() > 1);
        let script = if several {
            format!("{revision}/downgrade.sql")
        } else {
            "downgrade.sql".to_owned()
        };
        (!artifact.assets.contains_key(&script)).then(|| "irreversible: it has no downgrade.sql".into())
    }

    fn place(&self, revision: &str) -> Option<Place> {
        let place = self.project.loaded.place(revision)?;
        let file = place.strip_prefix(&self.settings.root).unwrap_or(place).to_owned();
        Some(Place { file, line: None })
    }
}

/// The results, as they arrive.
struct Cases<'a> {
    shared: &'a Shared<'a>,
    progress: &'a dyn Progress,
    results: Mutex<Vec<(usize, CaseResult)>>,
    /// The number of results, including those that are not reported.
    of: AtomicUsize,
    /// Used if a failure is to end all tests.
    stopped: Notify,
}

impl<'a> Cases<'a> {
    fn new(shared: &'a Shared<'a>, progress: &'a dyn Progress) -> Self {
        Self {
            shared,
            progress,
            results: Mutex::default(),
            of: AtomicUsize::new(0),
            stopped: Notify::new(),
        }
    }

    /// Runs a track through the history. If it ends early, earlier results are not lost: the end is one failure among others. A track
    /// that cannot begin is an error, because it could test nothing.
    async fn way(&self, what: &str, way: impl Future<Output = Result<(), HistoryError>>) -> Result<(), HistoryError> {
        let begun = Instant::now();
        let Err(error) = way.await else {
            return Ok(());
        };
        let number = match &error {
            HistoryError::NotBegun(_) => return Err(error),
            _ => self.shared.plan.steps.len() + 1,
        };
        let failure = Failure::new(format!("the run on {what} did not complete: {error}"));
        let result = CaseResult {
            outcome: outcome(Some(failure)),
            seconds: begun.elapsed().as_secs_f64(),
            ..CaseResult::new(Subject::Project, CaseKind::History, format!("{} on {what}", names::WAY))
        };
        self.add(result, number);
        Ok(())
    }

    /// A track has reached the step of that number, counted from 0.
    fn reached(&self, number: usize) {
        let of = self.shared.steps().count();
        if let Some(step) = self.shared.plan.steps.get(number) {
            self.progress.reached(&step.revision, number + 1, of);
        }
    }

    fn add(&self, result: CaseResult, number: usize) {
        self.of.fetch_add(1, Ordering::Relaxed);
        let title = result.title().to_lowercase();
        let filters = &self.shared.tests.filters;
        if !filters.is_empty() && !filters.iter().any(|filter| title.contains(&filter.to_lowercase())) {
            return;
        }
        self.progress.done(&result);
        if result.failed() && self.shared.tests.fail_fast {
            self.stopped.notify_one();
        }
        let mut results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        results.push((number, result));
    }

    /// A case of the step of that number, counted from 0.
    fn of_step(&self, number: usize, name: impl Into<String>, begun: Instant, log: Vec<String>, outcome: Outcome) {
        let Some(step) = self.shared.plan.steps.get(number) else {
            return;
        };
        let subject = Subject::Revision(step.revision.clone());
        let result = CaseResult {
            place: self.shared.place(&step.revision),
            outcome,
            seconds: begun.elapsed().as_secs_f64(),
            log,
            ..CaseResult::new(subject, CaseKind::History, name)
        };
        self.add(result, number + 1);
    }

    fn skipped(&self, number: usize, name: impl Into<String>, reason: impl Into<String>) {
        let outcome = Outcome::Skipped { reason: reason.into() };
        self.of_step(number, name, Instant::now(), Vec::new(), outcome);
    }

    /// Reports for the revisions after `number` that a track did not reach them.
    fn not_reached(&self, number: usize, name: &str) {
        let Some(failed) = self.shared.plan.steps.get(number) else {
            return;
        };
        let reason = format!("not reached: {} could not be applied", failed.revision);
        for (later, step) in self.shared.steps().filter(|(later, _)| *later > number) {
            if self.shared.chosen(step) {
                self.skipped(later, name, reason.clone());
            }
        }
    }

    /// The results, and their number including those that are not reported.
    fn in_order(self) -> (Vec<CaseResult>, usize) {
        let mut results = self.results.into_inner().unwrap_or_else(PoisonError::into_inner);
        results.sort_by_key(|(number, _)| *number);
        let results = results.into_iter().map(|(_, result)| result).collect();
        (results, self.of.into_inner())
    }
}

/// Passed, or failed with the given failure.
fn outcome(failure: Option<Failure>) -> Outcome {
    match failure {
        None => Outcome::Passed,
        Some(failure) => Outcome::Failed {
            failures: vec![failure],
        },
    }
}

/// Checks that there is one head, or that there are the declared ones.
fn heads(shared: &Shared<'_>, cases: &Cases<'_>) {
    if shared.tests.only.is_some() {
        return;
    }
    let found = shared.project.graph.heads();
    let declared = &shared.settings.test.heads;
    let labelled = |head: &str, name: &String| {
        head == name
            || shared
                .project
                .graph
                .labels(head)
                .is_ok_and(|labels| labels.contains(&name.as_str()))
    };
    let failure = if declared.is_empty() {
        (found.len() > 1).then(|| {
            Failure::new(format!(
                "the history has {} heads, {}, but should have one",
                found.len(),
                found.join(" and ")
            ))
            .hint("join them with `mighost merge heads`, or declare them: `[test] heads = [...]` in mighost.toml")
        })
    } else {
        let missing: Vec<&str> = declared
            .iter()
            .filter(|name| !found.iter().any(|head| labelled(head, name)))
            .map(String::as_str)
            .collect();
        let more: Vec<&str> = found
            .iter()
            .filter(|head| !declared.iter().any(|name| labelled(head, name)))
            .copied()
            .collect();
        (!missing.is_empty() || !more.is_empty()).then(|| {
            let mut failure = Failure::new("the heads of the history differ from `[test] heads`");
            if !missing.is_empty() {
                failure = failure.detail(format!("declared, but not a head: {}", missing.join(", ")));
            }
            if !more.is_empty() {
                failure = failure.detail(format!("heads that are not declared: {}", more.join(", ")));
            }
            failure
        })
    };
    let result = CaseResult {
        outcome: outcome(failure),
        ..CaseResult::new(Subject::Project, CaseKind::History, names::HEADS)
    };
    cases.add(result, 0);
}

/// A path relative to the project's folder.
fn relative<'p>(root: &Path, path: &'p Path) -> &'p Path {
    path.strip_prefix(root).unwrap_or(path)
}
