//! `mighost plugins`: the operations and the object kinds that plugins add.

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginsRequest {
    pub verbose: bool,
}
