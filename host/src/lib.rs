//! mighost migrates PostgreSQL schemas: each migration and each custom operation is a WebAssembly component that runs in a
//! sandbox and reaches the database through calls that the host provides.
//!
//! [`Project`] is where an application begins, see [`api`].
//!
//! The modules are layers: ARCHITECTURE.md lists them in their order, and each imports only from those above it there.
//! `tests/tests/suite/layers.rs` checks it.
#![deny(clippy::print_stdout, clippy::print_stderr, clippy::exit)]

pub mod api;
pub mod artifact;
pub mod catalog;
pub mod cli;
pub mod commands;
pub mod config;
pub mod database;
pub mod executor;
pub mod ident;
pub mod output;
pub mod plugins;
pub mod report;
pub mod revision;
pub mod runtime;
pub mod sql;
pub mod testkit;
pub mod toolchain;

pub use api::{Database, Error, Project, TestServer};
