//! The kinds `function`, `procedure`, `view`, `materialized-view`, `manual-materialized-view` and `trigger`, and the operations
//! `mighost:pg-objects/dependants`. The README says what objects of each kind look like; `wit/world.wit` documents the operations.
//!
//! Objects are replaced with what depends on them: see [`dependants`]. All that touches the run goes through
//! [`session::Session`], so that the same code can be run against a server without a host.

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
