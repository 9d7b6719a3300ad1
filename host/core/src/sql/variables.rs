//! psql variables: `:name`, `:'name'`, `:"name"`.

use super::{SqlError, TokenKind, tokens};
use crate::{quote_identifier, quote_readable};

/// Replaces the variables in `script`. `lookup` returns the value of a variable. An unknown `:name` stays as it is, since it may be an
/// array slice; an unknown `:'name'` or `:"name"` is an error. Values are not searched for variables. Like psql, it skips a byte order
/// mark at the beginning. The commands `\restrict` and `\unrestrict`, around every dump of pg_dump, are omitted: they keep the rest of a
/// script from running psql commands, which are refused anyway.
pub fn substitute(script: &str, lookup: impl Fn(&str) -> Option<String>) -> Result<String, SqlError> {
    let script = script.strip_prefix('\u{feff}').unwrap_or(script);
    let mut filled = String::with_capacity(script.len());
    let mut omitted = 0;
    for token in tokens(script) {
        let text = token.of(script);
        if token.kind == TokenKind::Backslash && (filled.is_empty() || filled.ends_with('\n')) {
            omitted = token.start + restriction(script.get(token.start..).unwrap_or_default());
        }
        if token.start < omitted {
            continue;
        }
        if token.kind != TokenKind::Variable {
            filled.push_str(text);
            continue;
        }
        let reference = text.get(1..).unwrap_or_default();
        let name = reference.trim_matches(['\'', '"']);
        match (reference.as_bytes().first(), lookup(name)) {
            (Some(b'\''), Some(value)) => filled.push_str(&quote_readable(&value)),
            (Some(b'"'), Some(value)) => filled.push_str(&quote_identifier(&value)),
            (_, Some(value)) => filled.push_str(&value),
            (Some(b'\'' | b'"'), None) => {
                let message = format!("the variable {text} has no value; set it with -x {name}=VALUE");
                return Err(SqlError::at(script, token.start, message));
            }
            (_, None) => filled.push_str(text),
        }
    }
    Ok(filled)
}

/// The length of the command `\restrict KEY` or `\unrestrict KEY` at the start of `text`, without its line end; 0 if there is none.
fn restriction(text: &str) -> usize {
    let line = text.split(['\r', '\n']).next().unwrap_or_default();
    let key = ["\\restrict ", "\\unrestrict "]
        .iter()
        .find_map(|command| line.strip_prefix(command));
    match key {
        Some(key) if !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric()) => line.len(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(script: &str) -> Result<String, String> {
        substitute(script, |name| match name {
            "schema" => Some("crmp".to_owned()),
            "odd" => Some("it's \"x\"".to_owned()),
            _ => None,
        })
        .map_err(|error| error.to_string())
    }

    #[test]
    fn a_byte_order_mark_is_skipped_in_front_only() {
        assert_eq!(fill("\u{feff}select 1").unwrap(), "select 1");
        assert_eq!(fill("select '\u{feff}'").unwrap(), "select '\u{feff}'");
    }

    #[test]
    fn the_commands_around_a_dump_are_omitted() {
        assert_eq!(
            fill("--\n\n\\restrict a1B2\r\n\r\nselect 1;\n\\unrestrict 9z").unwrap(),
            "--\n\n\r\n\r\nselect 1;\n"
        );
        assert_eq!(fill("\\restrict x").unwrap(), "");
        for script in [
            "\\restrict",
            "\\restrict a b",
            "\\restrict 'a'",
            "select 1 \\restrict a",
            "\\restrictx a",
        ] {
            assert_eq!(fill(script).unwrap(), script);
        }
    }

    #[test]
    fn the_three_forms() {
        assert_eq!(fill("set x = :schema;").unwrap(), "set x = crmp;");
        assert_eq!(
            fill("select :'odd', :\"odd\"").unwrap(),
            "select 'it''s \"x\"', \"it's \"\"x\"\"\""
        );
        assert_eq!(fill(":\"schema\".:schema").unwrap(), "\"crmp\".crmp");
    }

    #[test]
    fn what_is_no_variable() {
        for script in [
            "a::schema",
            "a := schema",
            "':schema'",
            "$$:schema$$",
            "-- :schema",
            "/* :schema */",
            "\":schema\"",
            "a[1:other]",
            "E'\\':schema'",
            ": schema",
            "a[1:2]",
        ] {
            assert_eq!(fill(script).unwrap(), script);
        }
        assert_eq!(fill("a:::schema").unwrap(), "a::crmp");
    }

    #[test]
    fn an_unknown_quoted_variable_is_an_error() {
        insta::assert_snapshot!(fill("select 1,\n :'who'").unwrap_err(), @"line 2, column 2: the variable :'who' has no value; set it with -x who=VALUE");
        assert!(fill(":\"who\"").is_err());
    }
}
