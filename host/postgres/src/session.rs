//! The statements of the interface `session` in `wit/`.

use mighost_core::quote_identifier;

/// The longest timeout of PostgreSQL, in milliseconds.
const MAX_TIMEOUT: u32 = i32::MAX.cast_unsigned();

pub fn set_search_path(schemas: &[String]) -> String {
    match schemas {
        [] => "set search_path = ''".to_owned(),
        schemas => {
            let quoted: Vec<String> = schemas.iter().map(|schema| quote_identifier(schema)).collect();
            format!("set search_path = {}", quoted.join(", "))
        }
    }
}

pub fn set_lock_timeout(milliseconds: u32) -> String {
    format!("set lock_timeout = {}", milliseconds.min(MAX_TIMEOUT))
}

pub fn set_statement_timeout(milliseconds: u32) -> String {
    format!("set statement_timeout = {}", milliseconds.min(MAX_TIMEOUT))
}
