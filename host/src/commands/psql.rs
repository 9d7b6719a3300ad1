//! `mighost psql`: psql on the chosen database.

use std::ffi::OsString;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PsqlRequest {
    /// Passed on to psql.
    pub args: Vec<OsString>,
}
