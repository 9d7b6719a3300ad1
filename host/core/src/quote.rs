//! Quoting of names and values in SQL.

/// The maximum length of a name in PostgreSQL, in bytes (`NAMEDATALEN - 1`). The server truncates longer names without an error, so
/// mighost refuses to create them.
pub const MAX_NAME_BYTES: usize = 63;

/// `name` as an SQL identifier, always quoted: `crmp` gives `"crmp"`.
pub fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The search path of migrations, quoted: `schema`, then `more`.
pub fn search_path(schema: &str, more: &[String]) -> String {
    let schemas = std::iter::once(schema).chain(more.iter().map(String::as_str));
    schemas.map(quote_identifier).collect::<Vec<_>>().join(", ")
}

/// `text` as an SQL string literal of ASCII characters, for statements that mighost itself sends. Its meaning depends neither on the
/// client encoding nor on `standard_conforming_strings`: other characters and backslashes are escaped in an `E''` literal.
pub fn quote_literal(text: &str) -> String {
    if text.is_ascii() {
        return quote_readable(text);
    }
    let mut literal = String::from("E'");
    for character in text.chars() {
        match character {
            '\'' => literal.push_str("''"),
            '\\' => literal.push_str("\\\\"),
            ascii if ascii.is_ascii() => literal.push(ascii),
            other => literal.push_str(&format!("\\U{:08X}", u32::from(other))),
        }
    }
    literal.push('\'');
    literal
}

/// `sql` with the characters that [`quote_literal`] has escaped restored, for servers without Unicode escapes.
pub fn without_unicode_escapes(sql: &str) -> String {
    let mut parts = sql.split('\\');
    let mut text = parts.next().unwrap_or_default().to_owned();
    while let Some(part) = parts.next() {
        let escaped = part.strip_prefix('U').and_then(|rest| rest.split_at_checked(8));
        let letter = escaped.and_then(|(digits, _)| char::from_u32(u32::from_str_radix(digits, 16).ok()?));
        match (escaped, letter) {
            (Some((_, rest)), Some(letter)) => {
                text.push(letter);
                text.push_str(rest);
            }
            _ => {
                text.push('\\');
                text.push_str(part);
                // A doubled backslash does not begin an escape.
                if part.is_empty()
                    && let Some(next) = parts.next()
                {
                    text.push('\\');
                    text.push_str(next);
                }
            }
        }
    }
    text
}

/// `text` as an SQL string literal with non-ASCII characters unchanged, for scripts that people read. Otherwise like [`quote_literal`].
pub fn quote_readable(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        format!("E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

/// `schema.name`, both quoted.
pub fn qualified(schema: &str, name: &str) -> String {
    format!("{}.{}", quote_identifier(schema), quote_identifier(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoting() {
        assert_eq!(quote_identifier(r#"a"b"#), r#""a""b""#);
        assert_eq!(quote_literal("it's"), "'it''s'");
        assert_eq!(quote_literal(r"a\b'"), r"E'a\\b'''");
        assert_eq!(quote_literal(r"é\'😀"), r"E'\U000000E9\\''\U0001F600'");
        assert_eq!(
            without_unicode_escapes(&quote_literal(r"é\U000000E9\'😀\")),
            r"E'é\\U000000E9\\''😀\\'"
        );
        assert_eq!(quote_readable("é'"), "'é'''");
    }
}
