//! Settings of the session. A setting applies to the rest of the revision.

pub use crate::bindings::mighost::host::session::{set_lock_timeout, set_statement_timeout};

/// Sets the schemas that unqualified names are looked up in, in this order.
pub fn set_search_path(schemas: &[&str]) {
    let schemas: Vec<String> = schemas.iter().map(|&schema| schema.to_owned()).collect();
    crate::bindings::mighost::host::session::set_search_path(&schemas);
}
