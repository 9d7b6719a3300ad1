//! `mighost heads`: the revisions that no other builds on.

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadsRequest {
    pub verbose: bool,
}
