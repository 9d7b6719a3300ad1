//! The database side of a run: connections, the embedded server, sessions, the lock, the version table and its ledger,
//! transactions, where statements go.

mod ask;
pub mod connect;
pub mod embedded;
mod failure;
mod ledger;
mod live;
mod lock;
mod offline;
mod pipeline;
mod records;
mod state;
mod step;
mod tables;
mod text;

pub use ask::{ask, script};
pub use failure::for_guest;
pub use ledger::{Ledger, read_dates, read_ledger};
pub(crate) use live::not_the_last;
pub use live::{LiveSink, guest_statements, single_statement};
pub use offline::{OfflineSink, ScriptHeader};
pub use state::{Applied, DatabaseState, read_heads, read_state};
pub use step::{Aftermath, LedgerEntry, RunError, RunSettings, StepContext, StepSink, lock_timed_out};
pub use tables::own_tables;
pub use text::literal;
