//! How SQL quotes names and values.

/// PostgreSQL's limit on the length of a name, in bytes (`NAMEDATALEN - 1`). Longer ones are cut by the server without an
/// error, so mighost refuses them where it is about to create one.
pub const MAX_NAME_BYTES: usize = 63;

/// `name` as an SQL identifier, always quoted: `crmp` gives `"crmp"`.
pub fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `text` as an SQL string literal of ASCII characters, for what mighost sends itself. It means the same in every client encoding
/// and whatever `standard_conforming_strings` says: other letters, like backslashes, are escaped in an `E''` literal.
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

/// `sql` with the letters that [`quote_literal`] has escaped as they are, for servers that take no Unicode escapes.
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
                // A doubled backslash escapes nothing.
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

/// `text` as an SQL string literal with its letters as they are, for scripts that people read. As [`quote_literal`] otherwise.
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
