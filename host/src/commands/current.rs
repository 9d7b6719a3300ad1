//! `mighost current`: the heads that the database's version table records.

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentRequest {
    /// Fail with [`ExitKind::Check`](crate::report::ExitKind::Check) unless the database is at the heads of the history.
    pub check_heads: bool,
    pub verbose: bool,
}
