//! The database: connections, the embedded server.

pub mod connect;
pub mod embedded;
