//! `mighost upgrade`: from the current heads up to the targets.

use super::RunOptions;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpgradeRequest {
    /// As the user wrote them, at least one; with `--sql` one may be a range `from:to`.
    pub targets: Vec<String>,
    pub options: RunOptions,
}
