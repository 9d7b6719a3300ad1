//! `mighost downgrade`: from the current heads down to the targets.

use std::io::Write;
use std::sync::Arc;

use super::RunOptions;
use super::migrate::{Goal, RunReport, migrate};
use super::{CommandError, Project};
use mighost_core::{Direction, Reporter};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DowngradeRequest {
    /// As given by the user, at least one; with `--sql` one may be a range `from:to`.
    pub targets: Vec<String>,
    pub options: RunOptions,
}

/// Runs the downgrade. With `--sql` the script goes to `script`.
///
/// # Errors
/// As for [`upgrade::run`](super::upgrade::run).
pub async fn run(
    project: &Project,
    request: &DowngradeRequest,
    reporter: &Arc<dyn Reporter>,
    script: Box<dyn Write + Send>,
) -> Result<RunReport, CommandError> {
    let goal = Goal {
        direction: Direction::Downgrade,
        targets: request.targets.clone(),
        purge: false,
    };
    migrate(project, &goal, &request.options, reporter, script).await
}
