//! `mighost test --history`: what every revision must be able to do, tried on throw-away databases.
//!
//! Lanes go through the history side by side, each on a server of its own: one on an empty database, one with seeds, one in
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
use mighost_artifact::{Artifact, ArtifactError, ProjectArtifacts, is_sql_migration};
use mighost_config::ProjectSettings;
use mighost_core::SinkError;
use mighost_core::{Blame, ExitKind};
use mighost_engine::RunFailure;
use mighost_graph::{Graph, GraphError, Plan, Step};
use mighost_postgres::catalog::{Catalog, CatalogError, Scope};
use mighost_postgres::connect::{ConnectError, Environment};
use mighost_postgres::embedded::EmbeddedError;
use mighost_runtime::Registry;

/// How far the lane on an empty database may be ahead of those that compare with it, in revisions.
const AHEAD: usize = 8;

/// The cases of each revision, as they are called.
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
    /// Behind a name, where the database had seeds in it.
    pub const SEEDED: &str = " (seeded)";
    /// A way through the history that came to no end, through no fault that could be found.
    pub const WAY: &str = "can be gone through";
}

/// What of a history is tested.
#[derive(Clone, Debug, Default)]
pub struct HistoryTests {
    /// Ids of the revisions to test; none for all.
    pub only: Option<BTreeSet<String>>,
    /// Only cases with one of these in their titles are told.
    pub filters: Vec<String>,
    /// Stop at the first failure.
    pub fail_fast: bool,
    /// Say what the history has not run.
    pub coverage: bool,
    /// Ends the tests early.
    pub stop: Stop,
}

/// Why the history could not be tested, through no fault of a revision's.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error("a throw-away database refused a statement of the test's own: {0}")]
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
    #[error("revisions that went well before did not do so on another database: {0}")]
    NotAgain(#[source] Box<RunFailure>),
    #[error("psql cannot be run: {0}")]
    Psql(std::io::Error),
    #[error("a thread of mighost's ended before its time")]
    ThreadLost,
    /// No server, no database, a script of `[test] setup` that fails.
    #[error(transparent)]
    NotBegun(Box<HistoryError>),
}

impl HistoryError {
    /// Whose fault it is.
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
/// No throw-away server, a setup script that fails: nothing that a revision could be blamed for. No case that the filters mean.
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
        // Servers for nothing are not started.
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

/// What the lanes have in common.
struct Shared<'p> {
    settings: &'p ProjectSettings,
    loaded: Arc<ProjectArtifacts>,
    graph: Arc<Graph>,
    registry: Arc<Registry>,
    environment: &'p Environment,
    /// All of the history, from nothing.
    plan: Plan,
    scope: Scope,
    tests: &'p HistoryTests,
    /// What all lanes have run.
    ran: Mutex<BTreeSet<Item>>,
    /// Scripts of seeds that were refused once, which is told once.
    refused: Mutex<BTreeSet<PathBuf>>,
}

/// What the lane on an empty database tells of a revision to those that compare with it.
#[derive(Clone)]
struct Reached {
    before: Arc<Catalog>,
    after: Arc<Catalog>,
    up: Recorded,
    /// None where the revision was not taken back.
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
            scope: Scope::of_project(&settings.schema, &settings.version_table),
            settings,
            loaded: project.loaded.clone(),
            graph: project.graph.clone(),
            registry: project.registry.clone(),
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

    /// The steps as far as there is something to test, with their numbers.
    fn steps(&self) -> impl Iterator<Item = (usize, &Step)> {
        let last = self.plan.steps.iter().rposition(|step| self.chosen(step));
        let end = last.map_or(0, |last| last + 1);
        self.plan.steps.iter().take(end).enumerate()
    }

    /// Keeps in mind what has run.
    fn ran(&self, items: impl IntoIterator<Item = Item>) {
        self.ran.lock().unwrap_or_else(PoisonError::into_inner).extend(items);
    }

    /// The scripts that are put in after `revision`: the project's, then the one beside the migration.
    fn seeds(&self, revision: &str) -> Vec<PathBuf> {
        let project = self.settings.test.seeds.as_ref();
        let project = project.map(|folder| folder.join(format!("{revision}.sql")));
        let place = self.loaded.place(revision).filter(|place| place.is_dir());
        let own = place.map(|place| place.join("tests").join("seed.sql"));
        project.into_iter().chain(own).filter(|path| path.is_file()).collect()
    }

    /// Why `revision` has no way back, where that is known.
    fn irreversible(&self, revision: &str) -> Option<String> {
        if self.settings.test.irreversible.iter().any(|known| known == revision) {
            return Some("irreversible, says [test] of mighost.toml".into());
        }
        let (_, info) = self.loaded.revision(revision)?;
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
        let place = self.loaded.place(revision)?;
        let file = place.strip_prefix(&self.settings.root).unwrap_or(place).to_owned();
        Some(Place { file, line: None })
    }
}

/// The results as they come in.
struct Cases<'a> {
    shared: &'a Shared<'a>,
    progress: &'a dyn Progress,
    results: Mutex<Vec<(usize, CaseResult)>>,
    /// How many there were, those that are not told included.
    of: AtomicUsize,
    /// Told where a failure is to end it all.
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

    /// A way through the history. Where it ends early, what was found before is not lost by that: it is a failure among the others. A way
    /// that does not begin is an error, since nothing could be tested by it.
    async fn way(&self, what: &str, way: impl Future<Output = Result<(), HistoryError>>) -> Result<(), HistoryError> {
        let begun = Instant::now();
        let Err(error) = way.await else {
            return Ok(());
        };
        let number = match &error {
            HistoryError::NotBegun(_) => return Err(error),
            _ => self.shared.plan.steps.len() + 1,
        };
        let failure = Failure::new(format!("the way on {what} came to no end: {error}"));
        let result = CaseResult {
            outcome: outcome(Some(failure)),
            seconds: begun.elapsed().as_secs_f64(),
            ..CaseResult::new(Subject::Project, CaseKind::History, format!("{} on {what}", names::WAY))
        };
        self.add(result, number);
        Ok(())
    }

    /// A lane is at the step of that number, counted from 0.
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

    /// Says of the revisions behind `number` that a lane did not get to them.
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

    /// The results, and how many there were with those that are not told.
    fn in_order(self) -> (Vec<CaseResult>, usize) {
        let mut results = self.results.into_inner().unwrap_or_else(PoisonError::into_inner);
        results.sort_by_key(|(number, _)| *number);
        let results = results.into_iter().map(|(_, result)| result).collect();
        (results, self.of.into_inner())
    }
}

/// Passed, or failed with the one failure that there is.
fn outcome(failure: Option<Failure>) -> Outcome {
    match failure {
        None => Outcome::Passed,
        Some(failure) => Outcome::Failed {
            failures: vec![failure],
        },
    }
}

/// One head, or those that are declared.
fn heads(shared: &Shared<'_>, cases: &Cases<'_>) {
    if shared.tests.only.is_some() {
        return;
    }
    let found = shared.graph.heads();
    let declared = &shared.settings.test.heads;
    let labelled = |head: &str, name: &String| {
        head == name
            || shared
                .graph
                .labels(head)
                .is_ok_and(|labels| labels.contains(&name.as_str()))
    };
    let failure = if declared.is_empty() {
        (found.len() > 1).then(|| {
            Failure::new(format!(
                "the history has {} heads, {}, and should have one",
                found.len(),
                found.join(" and ")
            ))
            .hint("`mighost merge heads` makes them one; or declare them: `[test] heads = [...]` in mighost.toml")
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
            let mut failure = Failure::new("the heads of the history are not those that `[test] heads` declares");
            if !missing.is_empty() {
                failure = failure.detail(format!("declared, and no head: {}", missing.join(", ")));
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

/// A path as it stands below the project's folder.
fn relative<'p>(root: &Path, path: &'p Path) -> &'p Path {
    path.strip_prefix(root).unwrap_or(path)
}
