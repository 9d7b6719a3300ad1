//! PostgreSQL: connections, the embedded server, sessions, the lock, the version table, the ledger, transactions, and the sinks for
//! statements.

mod bookkeeping;
pub mod catalog;
pub mod connect;
mod driver_error;
pub mod embedded;
#[cfg(test)]
mod host_sql;
mod ledger;
mod live;
mod lock;
mod pipeline;
mod query;
mod releases;
mod script;
pub mod session;
mod state;
mod tables;
mod value_text;

pub use ledger::{LastRun, Ledger, read_ledger, read_runs};
pub use live::{LiveSink, copy_statement, guest_statements, not_the_last, outside_transaction, single_statement};
pub use query::{ask, script};
pub use releases::{ReleaseRecord, ReleaseState};
pub use script::{ScriptHeader, ScriptSink};
pub use state::{Applied, DatabaseState, read_heads, read_state};
pub use tables::own_tables;
pub use value_text::literal;
