//! `mighost stamp`: sets the version table without running anything.

use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StampRequest {
    /// As the user wrote them, at least one.
    pub targets: Vec<String>,
    /// Empty the version table first, whatever is in it.
    pub purge: bool,
    /// Write the statements to stdout as a script instead of running them.
    pub sql: bool,
    /// Overrides the project's `lock-wait`.
    pub lock_wait: Option<Duration>,
}
