//! `mighost stamp`: sets the version table without running anything.

pub mod accept;

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use super::migrate::{Goal, RunReport, migrate};
use super::{CommandError, Project, RunOptions};
use mighost_core::{Direction, Reporter};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StampRequest {
    /// As given by the user, at least one.
    pub targets: Vec<String>,
    /// Empty the version table first, whatever its contents.
    pub purge: bool,
    /// Write the statements to stdout as a script instead of running them.
    pub sql: bool,
    /// `--tag`: a comment of the script.
    pub tag: Option<String>,
    /// Overrides the project's `lock-wait`.
    pub lock_wait: Option<Duration>,
}

/// Sets the version table. With `--sql` the script goes to `script`.
///
/// # Errors
/// As for [`upgrade::run`](super::upgrade::run).
pub async fn run(
    project: &Project,
    request: &StampRequest,
    reporter: &Arc<dyn Reporter>,
    script: Box<dyn Write + Send>,
) -> Result<RunReport, CommandError> {
    let goal = Goal {
        direction: Direction::Stamp,
        targets: request.targets.clone(),
        purge: request.purge,
    };
    let options = RunOptions {
        sql: request.sql,
        lock_wait: request.lock_wait,
        tag: request.tag.clone(),
        ..RunOptions::default()
    };
    migrate(project, &goal, &options, reporter, script).await
}
