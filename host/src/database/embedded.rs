//! mighost's own private server.

pub(crate) mod account;
