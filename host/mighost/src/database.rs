//! A database of a project, and the verbs that need it.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use super::embedded::Folder;
use super::{Error, Project, thread};
use mighost_commands::current::{CurrentReport, CurrentRequest};
use mighost_commands::downgrade::DowngradeRequest;
use mighost_commands::stamp::StampRequest;
use mighost_commands::upgrade::UpgradeRequest;
use mighost_commands::{RunOptions, RunReport, current, downgrade, stamp, upgrade};
use mighost_core::{Reporter, TransactionMode};

/// A database of a [`Project`], by its label.
///
/// Targets are those of the command line: `head`, `heads`, an id or a prefix of one, `label@head`, `+1`, `-1`, `base`.
#[derive(Clone)]
pub struct Database {
    project: mighost_commands::Project,
    reporter: Arc<dyn Reporter>,
    options: RunOptions,
    _folder: Option<Arc<Folder>>,
}

impl Database {
    pub(super) fn new(project: &Project, label: Option<&str>) -> Self {
        let mut inner = project.inner.clone();
        inner.extra.extend(label.map(|label| format!("db={label}")));
        Self {
            project: inner,
            reporter: project.reporter.clone(),
            options: RunOptions::default(),
            _folder: project.folder.clone(),
        }
    }

    /// Adds an argument for the migrations, like `-x name=value`.
    #[must_use]
    pub fn argument(mut self, name: &str, value: &str) -> Self {
        self.project.extra.push(format!("{name}={value}"));
        self
    }

    /// Sets the transactions of a run, overriding the project's setting.
    #[must_use]
    pub fn transaction(mut self, mode: TransactionMode) -> Self {
        self.options.transaction = Some(mode);
        self
    }

    /// Runs everything, then rolls it back.
    #[must_use]
    pub fn dry_run(mut self) -> Self {
        self.options.dry_run = true;
        self
    }

    /// All options of a run. `sql` is for [`script`](Self::script) to set.
    #[must_use]
    pub fn options(mut self, options: RunOptions) -> Self {
        self.options = RunOptions { sql: false, ..options };
        self
    }

    /// Runs migrations up to the target.
    ///
    /// Several instances of an application may call it at the same time: one runs, the others wait for the lock and find nothing left to
    /// do.
    ///
    /// # Errors
    /// If the configuration, artifacts, history or connection fail, or a statement or a migration fails. The error's
    /// [diagnostic](Error::diagnostic) contains what was done and what was not.
    pub fn upgrade(&self, target: &str) -> Result<RunReport, Error> {
        thread::wait(self.upgrading(target, None))
    }

    /// Like [`upgrade`](Self::upgrade), without blocking.
    pub async fn upgrade_async(&self, target: &str) -> Result<RunReport, Error> {
        thread::later(self.upgrading(target, None)).await
    }

    /// Reverts migrations down to the target, which remains applied.
    ///
    /// # Errors
    /// As for [`upgrade`](Self::upgrade).
    pub fn downgrade(&self, target: &str) -> Result<RunReport, Error> {
        thread::wait(self.downgrading(target, None))
    }

    /// Like [`downgrade`](Self::downgrade), without blocking.
    pub async fn downgrade_async(&self, target: &str) -> Result<RunReport, Error> {
        thread::later(self.downgrading(target, None)).await
    }

    /// Sets the version table to the targets without running anything. With `purge` it is emptied first.
    ///
    /// # Errors
    /// As for [`upgrade`](Self::upgrade).
    pub fn stamp(&self, targets: &[&str], purge: bool) -> Result<RunReport, Error> {
        thread::wait(self.stamping(targets, purge))
    }

    /// Like [`stamp`](Self::stamp), without blocking.
    pub async fn stamp_async(&self, targets: &[&str], purge: bool) -> Result<RunReport, Error> {
        thread::later(self.stamping(targets, purge)).await
    }

    /// The current revisions of the database: one connection, one round trip.
    ///
    /// # Errors
    /// If the configuration, artifacts, history or connection fail.
    pub fn current(&self) -> Result<CurrentReport, Error> {
        thread::wait(self.looking(false))
    }

    /// Like [`current`](Self::current), without blocking.
    pub async fn current_async(&self) -> Result<CurrentReport, Error> {
        thread::later(self.looking(false)).await
    }

    /// For an application that leaves upgrades to others: fails unless the database is at the heads.
    ///
    /// # Errors
    /// As for [`current`](Self::current); an error of the kind [`Check`](mighost_core::ExitKind::Check) if the database is not at the
    /// heads.
    pub fn check_heads(&self) -> Result<(), Error> {
        thread::wait(self.looking(true)).map(drop)
    }

    /// Like [`check_heads`](Self::check_heads), without blocking.
    pub async fn check_heads_async(&self) -> Result<(), Error> {
        thread::later(self.looking(true)).await.map(drop)
    }

    /// The statements of an upgrade from `from` to `to`, or of a downgrade if `to` is below, as a script for psql. It does not connect.
    ///
    /// # Errors
    /// If the configuration, artifacts or history are invalid, or a migration queries the database.
    pub fn script(&self, from: &str, to: &str, downgrade: bool) -> Result<String, Error> {
        let text = Shared::default();
        let range = format!("{from}:{to}");
        match downgrade {
            false => thread::wait(self.upgrading(&range, Some(text.clone())))?,
            true => thread::wait(self.downgrading(&range, Some(text.clone())))?,
        };
        Ok(String::from_utf8_lossy(&text.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned())
    }

    fn upgrading(&self, target: &str, script: Option<Shared>) -> impl thread::Work<RunReport> + use<> {
        let Self {
            project,
            reporter,
            mut options,
            ..
        } = self.clone();
        options.sql = script.is_some();
        let targets = vec![target.to_owned()];
        move || async move {
            let request = UpgradeRequest { targets, options };
            upgrade::run(&project, &request, &reporter, writer(script)).await
        }
    }

    fn downgrading(&self, target: &str, script: Option<Shared>) -> impl thread::Work<RunReport> + use<> {
        let Self {
            project,
            reporter,
            mut options,
            ..
        } = self.clone();
        options.sql = script.is_some();
        let targets = vec![target.to_owned()];
        move || async move {
            let request = DowngradeRequest { targets, options };
            downgrade::run(&project, &request, &reporter, writer(script)).await
        }
    }

    fn stamping(&self, targets: &[&str], purge: bool) -> impl thread::Work<RunReport> + use<> {
        let Self {
            project,
            reporter,
            options,
            ..
        } = self.clone();
        let request = StampRequest {
            targets: targets.iter().map(|target| (*target).to_owned()).collect(),
            purge,
            sql: false,
            tag: options.tag,
            lock_wait: options.lock_wait,
        };
        move || async move { stamp::run(&project, &request, &reporter, writer(None)).await }
    }

    fn looking(&self, check_heads: bool) -> impl thread::Work<CurrentReport> + use<> {
        let Self { project, reporter, .. } = self.clone();
        let request = CurrentRequest {
            check_heads,
            verbose: false,
        };
        move || async move { current::run(&project, &request, &reporter).await }
    }
}

fn writer(script: Option<Shared>) -> Box<dyn Write + Send> {
    match script {
        Some(text) => Box::new(text),
        None => Box::new(io::sink()),
    }
}

/// A text that is written on one thread and read on another.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
