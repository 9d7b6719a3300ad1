//! Queries whose rows are fetched in batches.

use std::marker::PhantomData;
use std::rc::Rc;

use super::{Column, FromRow, Row, Value, host};

/// A query whose rows are fetched in batches, for results that do not fit in memory. Iterating yields one row at a time.
///
/// ```no_run
/// use mighost_sdk::prelude::*;
///
/// let observations = Cursor::<(i64, f64)>::open("select obs_id, value from observations", &[], 1000);
/// for (number, (id, value)) in observations.enumerate() {
///     run("update observations set value = $1 where obs_id = $2", params![value / 10.0, id]);
///     log::progress(number as u64 + 1, None);
/// }
/// ```
pub struct Cursor<T = Row> {
    batches: Batches<T>,
    batch: std::vec::IntoIter<T>,
}

impl<T: FromRow> Cursor<T> {
    /// Opens a query with parameters that fetches `batch` rows at a time, at least 1.
    pub fn open(statement: &str, params: &[Value], batch: u32) -> Self {
        let cursor = host::Cursor::open(statement, params, batch.max(1));
        Self {
            batches: Batches {
                columns: cursor.columns().into(),
                cursor,
                ended: false,
                rows: PhantomData,
            },
            batch: Vec::new().into_iter(),
        }
    }

    /// The columns, with their types.
    pub fn columns(&self) -> &[Column] {
        &self.batches.columns
    }

    /// The rows in the batches in which they are fetched.
    pub fn batches(self) -> Batches<T> {
        self.batches
    }
}

impl<T: FromRow> Iterator for Cursor<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        if let Some(row) = self.batch.next() {
            return Some(row);
        }
        self.batch = self.batches.next()?.into_iter();
        self.batch.next()
    }
}

/// The batches of a [`Cursor`], none of them empty.
pub struct Batches<T = Row> {
    cursor: host::Cursor,
    columns: Rc<[Column]>,
    ended: bool,
    rows: PhantomData<T>,
}

impl<T: FromRow> Iterator for Batches<T> {
    type Item = Vec<T>;

    fn next(&mut self) -> Option<Vec<T>> {
        if self.ended {
            return None;
        }
        let batch = self.cursor.next();
        self.ended = batch.is_empty();
        (!self.ended).then(|| {
            batch
                .into_iter()
                .map(|values| T::from_row(&Row::new(&self.columns, values)))
                .collect()
        })
    }
}
