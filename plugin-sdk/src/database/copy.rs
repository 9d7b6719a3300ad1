//! Rows sent by COPY.

use super::{Value, host};

/// How many rows go to the host at a time.
const ROWS_PER_WRITE: usize = 500;

/// Rows sent by COPY, the fastest way to insert many. [`finish`](Self::finish) must be called: dropped before, the COPY is
/// undone and the run ends.
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
        let columns: Vec<String> = columns.iter().map(|&column| column.to_owned()).collect();
        Self {
            copy: host::CopyIn::open(table, &columns),
            waiting: Vec::new(),
        }
    }

    /// Sends one row, with one value per column. Rows reach the host some hundreds at a time.
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
