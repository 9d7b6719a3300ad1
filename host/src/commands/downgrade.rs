//! `mighost downgrade`: from the current heads down to the targets.

use super::RunOptions;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DowngradeRequest {
    /// As the user wrote them, at least one; with `--sql` one may be a range `from:to`.
    pub targets: Vec<String>,
    pub options: RunOptions,
}
