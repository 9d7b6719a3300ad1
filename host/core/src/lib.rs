//! Types that all crates of mighost share. It depends neither on WebAssembly nor on a server.
//!
//! [`sql`] reads SQL text; the rest is plain data (events, failures, settings) and the traits that connect guests with a database.

mod diagnostic;
mod digest;
mod event;
mod limit;
mod nearest;
mod quote;
mod run_error;
mod settings;
mod sink;
mod sink_error;
pub mod sql;
mod statement;
mod step_sink;

pub use diagnostic::{Blame, DatabaseError, Diagnostic, ExitKind, StatementFailure};
pub use digest::Digest;
pub use event::{Direction, Event, Level, Reporter, Silent};
pub use limit::{MAX_OUTSIDE_TEXT, shortened};
pub use nearest::nearest;
pub use quote::{
    MAX_NAME_BYTES, qualified, quote_identifier, quote_literal, quote_readable, search_path, without_unicode_escapes,
};
pub use run_error::RunError;
pub use settings::{DatabaseUrl, EmbeddedSettings, Limits, RunSettings, Secret, TransactionMode};
pub use sink::{PostgresSink, Sink};
pub use sink_error::SinkError;
pub use statement::{Column, Row, Rows, Value};
pub use step_sink::{Aftermath, LedgerEntry, RowChange, SessionOptions, StepContext, StepSink, lock_timed_out};
