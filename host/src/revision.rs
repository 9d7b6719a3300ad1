//! The revision graph: targets, plans, the rows of the version table. Pure: no I/O.
//!
//! Alembic's answers are the specification; `docs/alembic.md` lists where mighost differs on purpose. A [`Graph`] is built
//! once from the metadata of all artifacts, in the order in which they were found, and answers every question in time
//! linear in the number of revisions.

mod build;
mod closure;
mod create;
mod cycle;
mod error;
mod graph;
mod heads;
mod history;
mod labels;
mod late;
mod names;
mod order;
mod plan;
mod range;
mod stamp;
mod targets;
mod walk;

pub use build::check_id;
pub use create::{NewRevision, Parents};
pub use error::RevisionError;
pub use graph::{Graph, MAX_LABELS, MAX_NAME_CHARS, Node};
pub use late::{Late, Remembered};
pub use plan::{Plan, Step};
pub use range::{Offline, parse_offline, parse_online};

/// A change of one row of the version table, which holds one row per head. Each must touch exactly one row.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RowChange {
    Insert(String),
    Delete(String),
    Update { from: String, to: String },
}

#[cfg(test)]
mod tests;
