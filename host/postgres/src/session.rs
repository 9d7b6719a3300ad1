//! Settings of a session: what it begins with, and the statements of the interface `session` in `wit/`.

use mighost_core::{quote_identifier, quote_literal};

/// The longest timeout of PostgreSQL, in milliseconds.
const MAX_TIMEOUT: u32 = i32::MAX.cast_unsigned();

/// The settings that change the meaning of statements and the form of their results, with PostgreSQL's own defaults: those of a role, a
/// database or a server do not affect migrations.
const MEANING: [(&str, &str); 10] = [
    ("DateStyle", "ISO,MDY"),
    ("IntervalStyle", "postgres"),
    ("array_nulls", "on"),
    ("backslash_quote", "safe_encoding"),
    ("bytea_output", "hex"),
    ("extra_float_digits", "1"),
    ("quote_all_identifiers", "off"),
    ("row_security", "on"),
    ("standard_conforming_strings", "on"),
    ("transform_null_equals", "off"),
];

/// Options of a connection that make [`MEANING`] the defaults of its session: RESET returns to them.
pub(crate) fn startup_options() -> String {
    MEANING.map(|(name, value)| format!("-c {name}={value}")).join(" ")
}

/// The statements that set [`MEANING`], for sessions that a pooler begins.
pub(crate) fn set_meaning() -> String {
    MEANING
        .map(|(name, value)| format!("SET {name} = {}", quote_literal(value)))
        .join("; ")
}

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
