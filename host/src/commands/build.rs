//! `mighost build`: sources to artifacts.

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildRequest {
    /// Build everything, not only what is stale.
    pub force: bool,
}
