//! `mighost branches`: the revisions that several others build on.

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchesRequest {
    pub verbose: bool,
}
