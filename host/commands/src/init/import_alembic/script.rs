//! Turns the statements that Alembic wrote into a script of mighost.

use mighost_core::sql::{self, TokenKind};

/// A script, and whether it must leave its transaction.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Script {
    pub text: String,
    pub alone: bool,
}

/// Removes BEGIN, COMMIT and similar statements, which are the host's: a revision that sends them does not want a transaction. The rest
/// is unchanged, except for a colon before a name, which would be a variable here.
///
/// # Errors
/// The reason why it cannot be a script of mighost.
pub(super) fn convert(written: &str) -> Result<Script, String> {
    let mut script = Script {
        text: String::new(),
        alone: false,
    };
    let plain = without_variables(written);
    for piece in sql::script_statements(&plain).map_err(|error| error.to_string())? {
        if sql::transaction_control(piece.statement).is_some() {
            script.alone = true;
            continue;
        }
        script.text.push_str(piece.whole.trim());
        script.text.push_str("\n\n");
    }
    script.text.truncate(script.text.trim_end().len());
    if !script.text.is_empty() {
        script.text.push('\n');
    }
    Ok(script)
}

fn without_variables(written: &str) -> String {
    let mut text = String::with_capacity(written.len());
    for token in sql::tokens(written) {
        let piece = token.of(written);
        match piece.strip_prefix(':') {
            Some(name) if token.kind == TokenKind::Variable => {
                text.push_str(": ");
                text.push_str(name);
            }
            _ => text.push_str(piece),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transactions_are_left_to_the_host() {
        let script =
            convert("COMMIT;\n\n-- why\nALTER TYPE t ADD VALUE 'x;y';\n\nBEGIN;\n\nselect a[1:schema] -- z\n;;\n\n")
                .unwrap();
        assert!(script.alone);
        assert_eq!(
            script.text,
            "-- why\nALTER TYPE t ADD VALUE 'x;y';\n\nselect a[1: schema] -- z\n;\n"
        );
        assert_eq!(convert(" \n").unwrap().text, "");
    }

    #[test]
    fn what_is_no_script() {
        for text in ["COPY t FROM STDIN;", "\\d", "select 'open"] {
            assert!(convert(text).is_err(), "{text}");
        }
    }
}
