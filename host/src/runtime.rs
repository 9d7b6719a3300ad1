//! Components: the engine, what guests may import, limits, the compile cache.
//!
//! This layer knows nothing of PostgreSQL: what guests ask of the database goes to a [`Sink`], which the executor plugs in.

mod bindings;
mod sink;

pub use bindings::mighost::host::database::{Error as GuestDatabaseError, Row, Rows, Value};
pub use bindings::mighost::host::objects::Object;
pub use sink::{Sink, SinkError};
