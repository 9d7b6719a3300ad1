//! How a plan is run, the same for upgrades and downgrades.

use std::time::Duration;

use mighost_core::TransactionMode;

/// Options of `upgrade` and `downgrade`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunOptions {
    /// Write the statements to stdout as a script instead of running them.
    pub sql: bool,
    /// With `sql`: what migrations ask is answered by the database, which is not changed.
    pub online_reads: bool,
    /// `--tag`: an argument for migrations, and a comment of the script.
    pub tag: Option<String>,
    /// Run everything and roll it back.
    pub dry_run: bool,
    /// Overrides the project's setting.
    pub transaction: Option<TransactionMode>,
    /// Take the artifacts as they are, without building stale ones first.
    pub no_build: bool,
    /// Go on although migrations have changed since they were applied.
    pub allow_changed: bool,
    /// Overrides the project's `lock-wait`.
    pub lock_wait: Option<Duration>,
}
