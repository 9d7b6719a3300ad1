//! Features of PostgreSQL only: roles, COPY, the server's version. On another database a call ends the run.

mod copy;

use crate::bindings::mighost::host::database::Cursor;
use crate::bindings::mighost::host::postgres as host;
use crate::database::Value;

pub use copy::CopyIn;
pub use host::{reset_role, server_version, set_role, superuser_role};

/// Sends an asset by COPY and returns the number of rows written. `options` are those of COPY: `&[("format", "csv"), ("header",
/// "true")]`; by default, the asset is in COPY's text format.
pub fn copy_asset(table: &str, columns: &[&str], asset: &str, options: &[(&str, &str)]) -> u64 {
    let options: Vec<(String, String)> = options
        .iter()
        .map(|&(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    host::copy_asset(table, &owned(columns), asset, &options)
}

/// Sends the rows of a query by COPY, `batch` at a time, and returns the number of rows written. They do not pass through the guest's
/// memory.
pub fn copy_query(table: &str, columns: &[&str], query: &str, params: &[Value], batch: u32) -> u64 {
    let cursor = Cursor::open(query, params, batch.max(1));
    host::copy_cursor(table, &owned(columns), &cursor)
}

fn owned(columns: &[&str]) -> Vec<String> {
    columns.iter().map(|&column| column.to_owned()).collect()
}
