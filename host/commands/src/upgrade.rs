//! `mighost upgrade`: from the current heads up to the targets.

use std::io::Write;
use std::sync::Arc;

use super::RunOptions;
use super::migrate::{Goal, RunReport, migrate};
use super::{CommandError, Project};
use mighost_core::{Direction, Reporter};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpgradeRequest {
    /// As given by the user, at least one; with `--sql` one may be a range `from:to`.
    pub targets: Vec<String>,
    pub options: RunOptions,
}

/// Runs the upgrade. With `--sql` the script goes to `script`.
///
/// # Errors
/// If the configuration, artifacts, graph or connection fail; or how far the run got and why it ended.
pub async fn run(
    project: &Project,
    request: &UpgradeRequest,
    reporter: &Arc<dyn Reporter>,
    script: Box<dyn Write + Send>,
) -> Result<RunReport, CommandError> {
    let goal = Goal {
        direction: Direction::Upgrade,
        targets: request.targets.clone(),
        purge: false,
    };
    migrate(project, &goal, &request.options, reporter, script).await
}
