//! The kinds `function`, `procedure`, `view`, `materialized-view`, `manual-materialized-view` and `trigger`, and the operations
//! `mighost:pg-objects/dependants`. The README describes the objects of each kind; `wit/world.wit` documents the operations.
//!
//! The dependants of a replaced object are kept: see [`dependants`]. Everything about the run goes through [`session::Session`], so that
//! the same code can run against a server without a host.

mod dependants;
mod kinds;
mod lookup;
mod name;
mod options;
mod rebuild;
mod session;
mod sql;
mod tokens;

mod guest;
