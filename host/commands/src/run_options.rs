//! Options for running a plan, common to upgrades and downgrades.

use std::path::PathBuf;
use std::time::Duration;

use mighost_core::TransactionMode;
use mighost_trust::policy::PolicySource;

/// Options of `upgrade` and `downgrade`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunOptions {
    /// Write the statements to stdout as a script instead of running them.
    pub sql: bool,
    /// With `sql`: the database answers the queries of migrations, without being changed.
    pub online_reads: bool,
    /// `--tag`: an argument for migrations, and a comment of the script.
    pub tag: Option<String>,
    /// Run everything, then roll it back.
    pub dry_run: bool,
    /// Overrides the project's setting.
    pub transaction: Option<TransactionMode>,
    /// Use the artifacts without building stale ones first.
    pub no_build: bool,
    /// Continue even if migrations have changed since they were applied.
    pub allow_changed: bool,
    /// Overrides the project's `lock-wait`.
    pub lock_wait: Option<Duration>,
    /// Run the artifacts of this release file, relative to the working folder, instead of the project's.
    pub release: Option<PathBuf>,
    /// Where the policy comes from.
    pub trust: PolicySource,
    /// Run the release without verifying its signatures.
    pub unverified: bool,
    /// Run a release that is older than one that the database has seen.
    pub allow_rollback: bool,
    /// Run what the policy of this machine, or that of an earlier run, would refuse.
    pub allow_untrusted: bool,
}
