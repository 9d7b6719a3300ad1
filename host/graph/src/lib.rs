//! The revision graph: targets, plans, the rows of the version table. Pure: no I/O.
//!
//! Alembic's results are the specification; `docs/alembic.md` lists the intentional differences. A [`Graph`] is built once from the
//! metadata of all artifacts, in the order in which they were found, and answers every query in time linear in the number of revisions.

mod build;
mod create;
mod cycle;
mod error;
mod graph;
mod heads;
mod labels;
mod listing;
mod lookup;
mod order;
mod out_of_order;
mod plan;
mod range;
mod reachability;
mod relative;
mod stamp;
mod targets;

pub use build::check_id;
pub use create::{NewRevision, Parents};
pub use error::GraphError;
pub use graph::{Graph, MAX_LABELS, MAX_NAME_CHARS, Node};
pub use out_of_order::{LedgerEntryKind, OutOfOrder};
pub use plan::{Plan, Step};
pub use range::{Offline, parse_offline, parse_online};

#[cfg(test)]
mod tests;
