//! `mighost show`: all that is known of a revision.

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShowRequest {
    /// As the user wrote them, at least one; `current` needs a connection.
    pub revisions: Vec<String>,
}
