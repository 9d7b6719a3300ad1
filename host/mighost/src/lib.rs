//! mighost as a library: the counterpart of Alembic's `command.*` functions.
//!
//! ```no_run
//! # fn main() -> Result<(), mighost::Error> {
//! let project = mighost::Project::open("climate")?;
//! let report = project.database("dev").upgrade("head")?;
//! println!("now at {}", report.heads.join(", "));
//! # Ok(())
//! # }
//! ```
//!
//! A [`Project`] is found by its `mighost.toml`, as in the program, or [embedded](Project::embedded) in the application's own file. A
//! [`Database`] is one of its labels. The program's verbs are methods: those about history on the project, those that need a connection
//! on the database.
//!
//! # Threads and async
//! Each call that connects or runs guests does its work on a thread of its own, with a runtime of its own. So the plain methods can be
//! called from anywhere, even in an async runtime, where they block the calling thread. Each has a counterpart whose name ends in
//! `_async`, which does not block and works with any executor, tokio's or another. Dropping a future does not stop the run: a migration
//! that has begun is completed. Signals are left to the application.
//!
//! # Events and failures
//! Nothing is printed. [`Project::on_event`] receives events. An [`Error`] has a [kind](Error::kind), which corresponds to the program's
//! exit codes, the party to blame, and hints.

mod database;
mod embedded;
mod error;
mod test_server;
mod thread;

use std::path::Path;
use std::sync::Arc;

use mighost_commands::build::BuildRequest;
use mighost_commands::history::{HistoryRequest, HistoryStyle};
use mighost_commands::{CommandError, branches, build, heads, history, merge, revision, show, test};
use mighost_core::{Reporter, Silent};
use mighost_testkit::{Progress, Stop};

pub use database::Database;
pub use error::Error;
pub use mighost_commands::branches::BranchPoint;
pub use mighost_commands::build::BuildReport;
pub use mighost_commands::current::CurrentReport;
pub use mighost_commands::history::RevisionSummary;
pub use mighost_commands::merge::MergeRequest;
pub use mighost_commands::revision::{RevisionRequest, Written};
pub use mighost_commands::test::TestRequest;
pub use mighost_commands::{RunOptions, RunReport};
pub use mighost_core::{Blame, Diagnostic, Direction, Event, ExitKind, Level, StatementFailure, TransactionMode};
pub use mighost_testkit::{CaseResult, SuiteReport};
pub use test_server::TestServer;

use self::embedded::Folder;

/// A project: migrations, plugins, settings. Cheap to clone.
#[derive(Clone)]
pub struct Project {
    inner: mighost_commands::Project,
    reporter: Arc<dyn Reporter>,
    /// The files of an embedded project, removed with its last clone.
    folder: Option<Arc<Folder>>,
}

impl std::fmt::Debug for Project {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Project").field(&self.inner).finish()
    }
}

impl Project {
    /// The project of `path`: a `mighost.toml`, or a folder with one in it or above it. The settings use the environment of the process,
    /// as in the program.
    ///
    /// # Errors
    /// If there is no configuration, or it is invalid.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = std::path::absolute(path.as_ref()).map_err(|source| CommandError::Write {
            path: path.as_ref().to_owned(),
            source,
        })?;
        let (directory, config) = match path.is_file() {
            true => (path.parent().unwrap_or(&path).to_owned(), Some(path.clone())),
            false => (path, None),
        };
        let inner = mighost_commands::Project {
            directory,
            config,
            extra: Vec::new(),
            environment: process_environment(),
        };
        let project = Self {
            inner,
            reporter: Arc::new(Silent),
            folder: None,
        };
        project.inner.project_settings().map_err(CommandError::from)?;
        Ok(project)
    }

    /// A project that is embedded in the application: each file with its path relative to the project's folder, including `mighost.toml`.
    /// Migrations are artifacts from `mighost build`, or SQL sources, which need no compiler.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), mighost::Error> {
    /// # macro_rules! include_bytes { ($file:literal) => { b"" as &[u8] } }
    /// let project = mighost::Project::embedded(&[
    ///     ("mighost.toml", include_bytes!("../mighost.toml")),
    ///     ("migrations/stations.wasm", include_bytes!("../release/stations.wasm")),
    /// ])?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The files are in a private temporary folder as long as the project or one of its databases exists.
    ///
    /// # Errors
    /// If a path leads outside the project or the folder cannot be written, or as for [`open`](Self::open).
    pub fn embedded(files: &[(&str, &[u8])]) -> Result<Self, Error> {
        let folder = Folder::write(files)?;
        let mut project = Self::open(folder.path())?;
        project.folder = Some(Arc::new(folder));
        Ok(project)
    }

    /// Sets a variable that the settings may use, e.g. in `url = "${DATABASE_URL}"`, overriding the process's own. The environment of the
    /// process is not changed.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.inner.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Calls `listener` for events during calls: steps, builds, waiting for a lock, messages of migrations, notices of the server. It is
    /// called from the run itself, so it must not block for long.
    #[must_use]
    pub fn on_event(mut self, listener: impl Fn(Event) + Send + Sync + 'static) -> Self {
        self.reporter = Arc::new(Listener(listener));
        self
    }

    /// The database with this label in `mighost.toml`. Whether it exists is checked when it is used.
    pub fn database(&self, label: &str) -> Database {
        Database::new(self, Some(label))
    }

    /// The default database, or the only one.
    pub fn default_database(&self) -> Database {
        Database::new(self, None)
    }

    /// Builds stale artifacts; runs do so by themselves.
    ///
    /// # Errors
    /// If a source cannot be built, or revisions do not form a graph.
    pub fn build(&self) -> Result<BuildReport, Error> {
        Ok(build::run(
            &self.inner,
            &BuildRequest { force: false },
            &*self.reporter,
        )?)
    }

    /// Writes the sources of a new revision.
    ///
    /// # Errors
    /// If an id or folder exists already, a parent is not a head without `splice`, or the graph is invalid.
    pub fn revision(&self, request: &RevisionRequest) -> Result<Written, Error> {
        Ok(revision::run(&self.inner, request, &*self.reporter)?)
    }

    /// Writes the sources of a revision that joins several heads.
    ///
    /// # Errors
    /// As for [`revision`](Self::revision).
    pub fn merge(&self, request: &MergeRequest) -> Result<Written, Error> {
        Ok(merge::run(&self.inner, request, &*self.reporter)?)
    }

    /// Runs the tests beside plugins and migrations. Failing cases are in the report; `request` may be the default. Its settings for
    /// writing files, listing and formats are for the program and are ignored.
    ///
    /// # Errors
    /// If artifacts cannot be built, a name does not exist, or there are no tests.
    pub fn test(&self, request: &TestRequest) -> Result<SuiteReport, Error> {
        Ok(test::run(
            &self.inner,
            request,
            &self.reporter,
            &Unheard,
            &Stop::default(),
        )?)
    }

    /// The revisions without children.
    ///
    /// # Errors
    /// If artifacts cannot be read, or revisions do not form a graph.
    pub fn heads(&self) -> Result<Vec<RevisionSummary>, Error> {
        let request = heads::HeadsRequest {
            verbose: false,
            resolve_dependencies: false,
        };
        Ok(heads::run(&self.inner, &request, &*self.reporter)?)
    }

    /// The revisions with several children, each with those.
    ///
    /// # Errors
    /// As for [`heads`](Self::heads).
    pub fn branches(&self) -> Result<Vec<branches::BranchPoint>, Error> {
        Ok(branches::run(&self.inner, &*self.reporter)?)
    }

    /// The revisions of a range `from:to`, newest first; by default all of them. `current` refers to the default database.
    ///
    /// # Errors
    /// As for [`heads`](Self::heads), or if the range is invalid.
    pub fn history(&self, range: Option<&str>) -> Result<Vec<RevisionSummary>, Error> {
        let request = HistoryRequest {
            range: range.map(str::to_owned),
            verbose: false,
            indicate_current: false,
            style: HistoryStyle::default(),
        };
        let (project, reporter) = (self.inner.clone(), self.reporter.clone());
        thread::wait(move || async move { history::run(&project, &request, &reporter).await })
    }

    /// Everything about the revisions that a target names.
    ///
    /// # Errors
    /// As for [`heads`](Self::heads), or if the target does not exist.
    pub fn show(&self, target: &str) -> Result<Vec<RevisionSummary>, Error> {
        let request = show::ShowRequest {
            revisions: vec![target.to_owned()],
            indicate_current: false,
        };
        let (project, reporter) = (self.inner.clone(), self.reporter.clone());
        thread::wait(move || async move { show::run(&project, &request, &reporter).await })
    }
}

fn process_environment() -> mighost_config::Environment {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

struct Unheard;

impl Progress for Unheard {
    fn planned(&self, _: usize, _: u64) {}

    fn done(&self, _: &CaseResult) {}
}

struct Listener<F>(F);

impl<F: Fn(Event) + Send + Sync> Reporter for Listener<F> {
    fn report(&self, event: Event) {
        (self.0)(event);
    }
}
