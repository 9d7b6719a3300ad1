//! The sinks of `database` against a private server.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod dump;
mod server;

mod copy;
mod journal;
mod live;
mod offline;
mod pipelined;
mod refused_settings;
mod run;
mod savepoint;
mod shadowed;
mod speed;
mod values;
