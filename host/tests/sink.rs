//! The sinks of `database` against a private server.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "sink/server.rs"]
mod server;

#[path = "sink/encoding.rs"]
mod encoding;
#[path = "sink/journal.rs"]
mod journal;
#[path = "sink/live.rs"]
mod live;
#[path = "sink/offline.rs"]
mod offline;
#[path = "sink/pipelined.rs"]
mod pipelined;
#[path = "sink/run.rs"]
mod run;
#[path = "sink/speed.rs"]
mod speed;
#[path = "sink/values.rs"]
mod values;
