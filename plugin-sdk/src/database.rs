//! Statements, queries and cursors on the database that is being migrated.
//!
//! A statement that fails ends the run: the call does not return, the host rolls back and reports the statement with PostgreSQL's error.
//! [`try_execute`], [`try_run`] and [`try_query`] let a guest continue after a failure.

mod cursor;
mod row;
mod savepoint;
mod value;

pub use cursor::{Batches, Cursor};
pub use row::{ColumnIndex, FromRow, Row, Rows};
pub use savepoint::Savepoint;
pub use value::FromValue;

use crate::bindings::mighost::host::database as host;
pub use crate::bindings::mighost::host::database::{Column, Error, StatementGuard, Value};

/// Sends a statement, or several separated by semicolons, unchanged.
pub fn execute(statement: &str) {
    host::execute(statement, &[]);
}

/// Sends a script with psql variables replaced: `:"schema"`, `:'name'`, `:name` for the run's arguments, `schema`, `superuser_role` and
/// `revision`.
pub fn execute_script(script: &str) {
    host::execute_script(script);
}

/// Sends a script that is an asset, like [`execute_script`]. Its text does not pass through the guest's memory.
pub fn execute_asset(name: &str) {
    host::execute_asset(name);
}

/// Sends one statement with parameters (`$1`, `$2`, ...; see [`params!`](crate::params!)) without waiting for its result.
pub fn run(statement: &str, params: &[Value]) {
    host::execute(statement, params);
}

/// Runs one statement with parameters, waits for it, and returns the number of rows that it returned or changed.
pub fn run_counted(statement: &str, params: &[Value]) -> u64 {
    host::execute_counted(statement, params)
}

/// All rows of a query. A result beyond 64 MiB ends the run; use a [`Cursor`] for those.
///
/// ```no_run
/// use mighost_sdk::prelude::*;
///
/// for row in query("select station_id, name from stations where network_id = $1", params![5]) {
///     info!("{}: {}", row.get::<i64>("station_id"), row.get::<String>("name"));
/// }
/// ```
pub fn query(statement: &str, params: &[Value]) -> Rows {
    Rows::new(host::query(statement, params))
}

/// All rows of a query, each read as a `T`: a tuple, or one value.
///
/// ```no_run
/// use mighost_sdk::prelude::*;
///
/// for (id, name) in query_as::<(i64, Option<String>)>("select station_id, name from stations", &[]) {
///     info!("{id}: {name:?}");
/// }
/// ```
pub fn query_as<T: FromRow>(statement: &str, params: &[Value]) -> Vec<T> {
    query(statement, params)
        .into_iter()
        .map(|row| T::from_row(&row))
        .collect()
}

/// The only row of a query.
///
/// # Panics
/// If there is no row, or more than one.
pub fn query_one(statement: &str, params: &[Value]) -> Row {
    match query_optional(statement, params) {
        Some(row) => row,
        None => panic!("one row was expected, none came: {statement}"),
    }
}

/// The only row of a query; `None` if there are no rows.
///
/// # Panics
/// If there is more than one row.
pub fn query_optional(statement: &str, params: &[Value]) -> Option<Row> {
    let rows = query(statement, params);
    assert!(
        rows.len() <= 1,
        "one row was expected, {} came: {statement}",
        rows.len()
    );
    rows.into_iter().next()
}

/// The first column of the only row of a query.
///
/// # Panics
/// If there is not exactly one row, or the value is not a `T`.
pub fn query_value<T: FromValue>(statement: &str, params: &[Value]) -> T {
    query_one(statement, params).get(0)
}

/// Runs one statement under a savepoint and returns the number of rows that it returned or changed. On failure the statement is undone
/// and the error returned; the transaction continues.
pub fn try_execute(statement: &str) -> Result<u64, Error> {
    try_run(statement, &[])
}

/// Like [`try_execute`], with parameters.
pub fn try_run(statement: &str, params: &[Value]) -> Result<u64, Error> {
    host::try_query(statement, params).map(|rows| rows.affected)
}

/// All rows of a query that may fail. On failure it is undone and the error returned; the transaction continues.
pub fn try_query(statement: &str, params: &[Value]) -> Result<Rows, Error> {
    host::try_query(statement, params).map(Rows::new)
}

/// False if statements commit by themselves: outside the transaction, and in a revision without one.
pub fn in_transaction() -> bool {
    host::in_transaction()
}

/// Ends the run with `reason` if a guest sends anything to the database before the guard is dropped. For plugins that record the requests
/// of a migration instead of executing them.
#[must_use = "statements are allowed again when this is dropped"]
pub fn refuse_statements(reason: &str) -> StatementGuard {
    StatementGuard::new(reason)
}

/// Marks that the transaction has been left. Dropping it begins a new one.
#[must_use = "the transaction is resumed when this is dropped"]
pub struct Suspended {
    /// Whether there was a transaction to leave, and so a new one has to begin.
    left: bool,
}

impl Drop for Suspended {
    fn drop(&mut self) {
        if self.left {
            host::resume_transaction();
        }
    }
}

/// Leaves the transaction until the value is dropped, for statements that cannot run inside one. Everything so far is committed; a run
/// that is interrupted then is resumed from where it stopped. Has no effect if there is no transaction.
pub fn suspend_transaction() -> Suspended {
    let left = host::in_transaction();
    if left {
        host::suspend_transaction();
    }
    Suspended { left }
}

/// Runs `work` outside the transaction; see [`suspend_transaction`].
///
/// ```no_run
/// use mighost_sdk::prelude::*;
///
/// outside_transaction(|| execute("create index concurrently stations_name_idx on stations (name)"));
/// ```
pub fn outside_transaction<T>(work: impl FnOnce() -> T) -> T {
    let _suspended = suspend_transaction();
    work()
}
