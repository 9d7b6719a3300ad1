//! The sinks of `database` against a private server.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod server;

mod copy;
mod encoding;
mod journal;
mod live;
mod offline;
mod pipelined;
mod run;
mod savepoint;
mod speed;
mod values;
