//! Savepoints.

use super::host;

/// A savepoint of the transaction: changes made while it is open can be undone without ending the run. Dropping it undoes them.
///
/// ```no_run
/// use mighost_sdk::prelude::*;
///
/// let savepoint = Savepoint::open();
/// run("delete from stations where elevation < $1", params![0]);
/// match query_value::<i64>("select count(*) from stations", &[]) {
///     0 => savepoint.roll_back(),
///     _ => savepoint.release(),
/// }
/// ```
///
/// Savepoints are nested: closing one while a later one is open ends the run.
#[must_use = "what follows is undone when this is dropped"]
pub struct Savepoint(host::Savepoint);

impl Savepoint {
    /// Opens a savepoint, inside the transaction only.
    pub fn open() -> Self {
        Self(host::Savepoint::new())
    }

    /// Closes the savepoint and keeps the changes.
    pub fn release(self) {
        host::Savepoint::release(self.0);
    }

    /// Closes the savepoint and undoes the changes since it was opened.
    pub fn roll_back(self) {
        host::Savepoint::roll_back(self.0);
    }
}
