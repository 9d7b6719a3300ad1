//! Quoting that returns plain strings: the statements here are composed in many steps.

/// A name in double quotes.
pub fn identifier(name: &str) -> String {
    mighost_sdk::quote::identifier(name).into()
}

/// `schema.name`, both quoted.
pub fn qualified(schema: &str, name: &str) -> String {
    mighost_sdk::quote::qualified(schema, name).into()
}

/// A string literal.
pub fn literal(text: &str) -> String {
    mighost_sdk::quote::literal(text).into()
}
