//! Rows sent by COPY.

use super::{Value, host, owned};

/// The number of rows that one call passes to the host.
const ROWS_PER_WRITE: usize = 500;

/// Rows sent by COPY, the fastest way to insert many. [`finish`](Self::finish) must be called: dropping this before it undoes the COPY
/// and ends the run.
///
/// ```no_run
/// use mighost_sdk::prelude::*;
///
/// let mut copy = CopyIn::open("networks", &["network_id", "name"]);
/// copy.write(params![1, "Fire weather"]);
/// copy.write(params![2, "Airports"]);
/// assert_eq!(copy.finish(), 2);
/// ```
pub struct CopyIn {
    copy: host::CopyIn,
    waiting: Vec<Vec<Value>>,
}

impl CopyIn {
    /// Starts COPY into `columns` of `table`. Names are unquoted; `table` may be qualified as `schema.table`.
    pub fn open(table: &str, columns: &[&str]) -> Self {
        Self {
            copy: host::CopyIn::open(table, &owned(columns)),
            waiting: Vec::new(),
        }
    }

    /// Sends one row, with one value per column. Rows are passed to the host in groups of several hundred.
    pub fn write(&mut self, row: &[Value]) {
        self.waiting.push(row.to_vec());
        if self.waiting.len() >= ROWS_PER_WRITE {
            self.flush();
        }
    }

    /// Ends the COPY and returns the number of rows written.
    pub fn finish(mut self) -> u64 {
        self.flush();
        host::CopyIn::finish(self.copy)
    }

    fn flush(&mut self) {
        if !self.waiting.is_empty() {
            self.copy.write(&self.waiting);
            self.waiting.clear();
        }
    }
}
