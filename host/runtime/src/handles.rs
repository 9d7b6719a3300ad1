//! Resources of `wit/database.wit`, as the host stores them.

/// An open cursor, numbered by the sink.
pub struct CursorHandle(pub u32);

/// An open savepoint, numbered by the sink.
pub struct SavepointHandle(pub u32);

/// An open COPY, numbered by the sink.
pub struct CopyHandle(pub u32);
