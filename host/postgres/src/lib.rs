//! The database side of a run: connections, the embedded server, sessions, the lock, the version table and its ledger,
//! transactions, where statements go.

mod bookkeeping;
pub mod catalog;
pub mod connect;
mod driver_error;
pub mod embedded;
mod ledger;
mod live;
mod lock;
mod pipeline;
mod query;
mod script;
mod state;
mod tables;
mod value_text;

pub use ledger::{Ledger, read_dates, read_ledger};
pub use live::{LiveSink, guest_statements, not_the_last, single_statement};
pub use query::{ask, script};
pub use script::{ScriptHeader, ScriptSink};
pub use state::{Applied, DatabaseState, read_heads, read_state};
pub use tables::own_tables;
pub use value_text::literal;
