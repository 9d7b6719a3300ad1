//! `mighost db`: the embedded server.

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DbRequest {
    Start,
    Stop,
    Status,
    Destroy {
        /// The user has confirmed that the data goes.
        yes: bool,
    },
}
