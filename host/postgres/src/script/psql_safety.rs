//! Texts of a script, and checks for texts of a guest that psql might read differently from the server.

use mighost_core::sql::{self, TokenKind};
use mighost_core::{SinkError, quote_literal};

/// `statement` with a semicolon that is not part of a comment at its end.
pub(super) fn terminated(statement: &str) -> String {
    let last = sql::tokens(statement).last();
    let line_comment =
        last.is_some_and(|token| token.kind == TokenKind::Comment && token.of(statement).starts_with("--"));
    format!("{statement}{};\n", if line_comment { "\n" } else { "" })
}

/// `statement` as the text of a block, in which psql does not look for the ends of statements.
pub(super) fn in_block(statement: &str) -> String {
    let mut tag = "mighost".to_owned();
    while statement.contains(&format!("${tag}")) {
        tag.push('_');
    }
    format!("DO ${tag}_do$ BEGIN EXECUTE ${tag}$ {statement} ${tag}$; END ${tag}_do$")
}

/// Text for a comment: one line for any text.
pub(super) fn one_line(text: &str) -> String {
    text.chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect()
}

/// A statement that must affect one row, as a block that fails if it does not.
pub(crate) fn checked(statement: &str, revision: &str) -> String {
    let message =
        format!("the version table does not contain {revision}: this script is for another state of the database");
    let body = format!(
        "BEGIN {statement}; IF NOT FOUND THEN RAISE EXCEPTION USING MESSAGE = {}; END IF; END",
        quote_literal(&message)
    );
    block(&body)
}

/// A block that fails if the rows of the version table are not `heads`.
pub(crate) fn check_heads(table: &str, heads: &[String]) -> String {
    let mut heads = heads.to_vec();
    heads.sort();
    let message = match heads.as_slice() {
        [] => "this script starts at the base, but the version table contains ".to_owned(),
        heads => format!(
            "this script starts at {}, but the version table contains ",
            heads.join(", ")
        ),
    };
    let expected: Vec<String> = heads.iter().map(|head| quote_literal(head)).collect();
    block(&format!(
        "DECLARE found pg_catalog.text[] := ARRAY(SELECT version_num::pg_catalog.text FROM {table} \
         ORDER BY version_num COLLATE pg_catalog.\"C\"); \
         BEGIN IF pg_catalog.array_ne(found, ARRAY[{}]::pg_catalog.text[]) THEN RAISE EXCEPTION USING MESSAGE = \
         pg_catalog.concat({}, CASE WHEN pg_catalog.cardinality(found) OPERATOR(pg_catalog.=) 0 THEN 'no revision' \
         ELSE pg_catalog.array_to_string(found, ', ') END); END IF; END",
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

/// The statement with a space after each colon that psql would take for the beginning of one of its variables, as in `a[1:n]`. The server
/// reads both alike.
pub(super) fn without_variables(statement: &str) -> String {
    let mut text = String::with_capacity(statement.len());
    for token in sql::tokens(statement) {
        let part = token.of(statement);
        match token.kind {
            TokenKind::Variable => {
                text.push_str(": ");
                text.push_str(part.get(1..).unwrap_or_default());
            }
            _ => text.push_str(part),
        }
    }
    text
}

/// Refuses a statement that psql might read differently from the server. psql runs shell commands, so mighost must recognize everything
/// that psql takes for code, whatever the settings of the session and the version of psql. Returns true if the statement contains a plain
/// literal with a backslash, which is read correctly only with `standard_conforming_strings`.
pub(super) fn check_for_psql(statement: &str) -> Result<bool, SinkError> {
    let mut plain_backslash = false;
    let mut after_number = false;
    for token in sql::tokens(statement) {
        let text = token.of(statement);
        let reason = match token.kind {
            TokenKind::Backslash => {
                Some("a backslash outside quotes is a command to psql, which a migration cannot use")
            }
            TokenKind::Text | TokenKind::QuotedName if after_number => {
                Some("a quote directly after a number is ambiguous; write a space between them")
            }
            TokenKind::Text if text.contains('\\') => match text.as_bytes().first() {
                Some(b'$' | b'u' | b'U') => None,
                Some(b'e' | b'E') if !goes_on(text) => None,
                Some(b'e' | b'E') => {
                    Some("psql does not continue an E'' literal on the next line; write it as one literal")
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
    // Unclosed text would swallow the statements after it, and the data of a COPY would then become code.
    let followed = format!("{}SELECT", terminated(statement));
    if sql::statements(&followed)?.len() != 2 {
        return Err(SinkError::Misuse(format!(
            "not possible in a script (--sql): a parenthesis or the body of a function is not closed: {statement}"
        )));
    }
    Ok(plain_backslash)
}

/// True for an `E''` literal with a second part after a line end.
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
    fn what_psql_takes_for_a_variable_is_spaced() {
        for (statement, written) in [
            ("select (array[1,2,3])[1:2]", "select (array[1,2,3])[1: 2]"),
            ("select a[n:m], b[:'x']", "select a[n: m], b[: 'x']"),
            ("select ':a', 1::int, $$:b$$ -- :c", "select ':a', 1::int, $$:b$$ -- :c"),
        ] {
            assert_eq!(without_variables(statement), written);
            assert!(check_for_psql(&without_variables(statement)).is_ok());
        }
    }

    #[test]
    fn version_rows_are_checked() {
        insta::assert_snapshot!(checked("DELETE FROM v", "it's"), @"DO $mighost$ BEGIN DELETE FROM v; IF NOT FOUND THEN RAISE EXCEPTION USING MESSAGE = 'the version table does not contain it''s: this script is for another state of the database'; END IF; END $mighost$");
        assert!(checked("DELETE FROM v", "$mighost$").starts_with("DO 'BEGIN"));
    }
}
