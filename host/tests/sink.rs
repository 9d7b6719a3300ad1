//! The sinks of `database` against a private server.

#[path = "sink/server.rs"]
mod server;

#[path = "sink/live.rs"]
mod live;
