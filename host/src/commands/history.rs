//! `mighost history`: the revisions, newest first.

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryRequest {
    /// `from:to`, either side may be empty or `current`.
    pub range: Option<String>,
    pub verbose: bool,
    /// Mark the revisions that the database is at; needs a connection.
    pub indicate_current: bool,
}
