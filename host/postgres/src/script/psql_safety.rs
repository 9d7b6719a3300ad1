//! The texts of a script, and what of a guest's text psql might read in another way than the server.

use mighost_core::SinkError;
use mighost_core::quote_literal;
use mighost_core::sql::{self, TokenKind};

/// `statement` with a semicolon that no comment at its end can swallow.
pub(super) fn terminated(statement: &str) -> String {
    let last = sql::tokens(statement).last();
    let line_comment =
        last.is_some_and(|token| token.kind == TokenKind::Comment && token.of(statement).starts_with("--"));
    format!("{statement}{};\n", if line_comment { "\n" } else { "" })
}

/// Text for a comment: one line, whatever it holds.
pub(super) fn one_line(text: &str) -> String {
    text.chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect()
}

/// A statement that must touch one row, as a block that fails where it does not.
pub(super) fn checked(statement: &str, revision: &str) -> String {
    let message =
        format!("the version table does not hold {revision}: this script is for another state of the database");
    let body = format!(
        "BEGIN {statement}; IF NOT FOUND THEN RAISE EXCEPTION USING MESSAGE = {}; END IF; END",
        quote_literal(&message)
    );
    block(&body)
}

/// A block that fails where the version table holds other rows than `heads`.
pub(super) fn check_heads(table: &str, heads: &[String]) -> String {
    let mut heads = heads.to_vec();
    heads.sort();
    let message = match heads.as_slice() {
        [] => "this script begins at the base, and the version table holds ".to_owned(),
        heads => format!(
            "this script begins at {}, and the version table holds ",
            heads.join(", ")
        ),
    };
    let expected: Vec<String> = heads.iter().map(|head| quote_literal(head)).collect();
    block(&format!(
        "DECLARE found text[] := ARRAY(SELECT version_num::text FROM {table} ORDER BY version_num COLLATE \"C\"); \
         BEGIN IF found IS DISTINCT FROM ARRAY[{}]::text[] THEN RAISE EXCEPTION USING MESSAGE = {} || \
         coalesce(nullif(pg_catalog.array_to_string(found, ', '), ''), 'no revision'); END IF; END",
        expected.join(", "),
        quote_literal(&message)
    ))
}

fn block(body: &str) -> String {
    if body.contains("$mighost$") {
        format!("DO {}", quote_literal(body))
    } else {
        format!("DO $mighost$ {body} $mighost$")
    }
}

/// Refuses a statement that psql might not read as the server does: psql runs commands of the shell, so what it takes for
/// code must be what mighost takes for code, whatever the settings of the session and the version of psql are. True where
/// the statement holds a plain literal with a backslash, which is read right with `standard_conforming_strings` only.
pub(super) fn check_for_psql(statement: &str) -> Result<bool, SinkError> {
    let mut plain_backslash = false;
    let mut after_number = false;
    for token in sql::tokens(statement) {
        let text = token.of(statement);
        let reason = match token.kind {
            TokenKind::Backslash => {
                Some("a backslash outside quotes is a command to psql, which a migration cannot use")
            }
            TokenKind::Variable => {
                Some("psql takes a name behind a colon for one of its variables; write a blank behind the colon")
            }
            TokenKind::Text | TokenKind::QuotedName if after_number => {
                Some("a quote directly behind a number is read in different ways; write a blank between them")
            }
            TokenKind::Text if text.contains('\\') => match text.as_bytes().first() {
                Some(b'$' | b'u' | b'U') => None,
                Some(b'e' | b'E') if !goes_on(text) => None,
                Some(b'e' | b'E') => {
                    Some("psql does not read on an E'' literal after a line end; write it as one literal")
                }
                _ => {
                    plain_backslash = true;
                    None
                }
            },
            _ => None,
        };
        if let Some(reason) = reason {
            return Err(SinkError::Misuse(format!(
                "not possible in a script (--sql): {reason}: {statement}"
            )));
        }
        after_number = matches!(token.kind, TokenKind::Number | TokenKind::Parameter);
    }
    // What is not closed would swallow the statements behind it, and with them the data of a COPY would become code.
    let followed = format!("{}SELECT", terminated(statement));
    if sql::statements(&followed)?.len() != 2 {
        return Err(SinkError::Misuse(format!(
            "not possible in a script (--sql): a parenthesis or the body of a function is not closed: {statement}"
        )));
    }
    Ok(plain_backslash)
}

/// True for an `E''` literal with a second part behind a line end.
fn goes_on(literal: &str) -> bool {
    let mut bytes = literal.bytes().skip("E'".len());
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                bytes.next();
            }
            b'\'' => match bytes.next() {
                Some(b'\'') => {}
                rest => return rest.is_some(),
            },
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_semicolon_is_outside_comments() {
        assert_eq!(terminated("select 1"), "select 1;\n");
        assert_eq!(terminated("select 1 -- x"), "select 1 -- x\n;\n");
        assert_eq!(terminated("select 1 /* -- x */"), "select 1 /* -- x */;\n");
        assert_eq!(terminated("select '-- x'"), "select '-- x';\n");
    }

    #[test]
    fn version_rows_are_checked() {
        insta::assert_snapshot!(checked("DELETE FROM v", "it's"), @"DO $mighost$ BEGIN DELETE FROM v; IF NOT FOUND THEN RAISE EXCEPTION USING MESSAGE = 'the version table does not hold it''s: this script is for another state of the database'; END IF; END $mighost$");
        assert!(checked("DELETE FROM v", "$mighost$").starts_with("DO 'BEGIN"));
    }
}
