//! Failures as text.

use super::excerpt::excerpt;
use super::{Styles, escape_line, escape_text};
use mighost_core::{Blame, Diagnostic, StatementFailure};

/// The lines of `diagnostic`: message, places, statement, outcome, cause, hints.
pub(super) fn render(diagnostic: &Diagnostic, styles: Styles, width: usize) -> String {
    let mut text = String::new();
    labelled(&mut text, &styles.error("error"), "error", &diagnostic.what);
    for line in &diagnostic.location {
        for line in escape_text(line).lines() {
            text.push_str(&format!("  {line}\n"));
        }
    }
    if let Some(failure) = &diagnostic.statement {
        statement(&mut text, failure, &diagnostic.what, styles, width);
    }
    if !diagnostic.outcome.is_empty() {
        labelled(
            &mut text,
            &styles.bold("state"),
            "state",
            &diagnostic.outcome.join("\n"),
        );
    }
    labelled(&mut text, &styles.bold("fault"), "fault", fault(diagnostic.blame));
    let server_hint = diagnostic
        .statement
        .as_ref()
        .and_then(|failure| failure.error.hint.as_ref());
    for hint in server_hint.into_iter().chain(&diagnostic.hints) {
        labelled(&mut text, &styles.good("hint"), "hint", hint);
    }
    text
}

fn statement(text: &mut String, failure: &StatementFailure, what: &str, styles: Styles, width: usize) {
    let StatementFailure {
        statement,
        error,
        operation,
    } = failure;
    if let Some(operation) = operation {
        text.push_str(&format!("  operation {}\n", escape_line(operation)));
    }
    for line in excerpt(statement, error.position, width.saturating_sub(4)) {
        // The number and its bar are less prominent than the text.
        match line.split_once(" |") {
            Some((gutter, rest)) => text.push_str(&format!("  {}{rest}\n", styles.dim(&format!("{gutter} |")))),
            None => text.push_str(&format!("  {line}\n")),
        }
    }
    // The message above often contains the server's message already.
    if !what.contains(&error.message) {
        labelled(text, &styles.bold("PostgreSQL"), "PostgreSQL", &error.to_string());
    } else if !what.contains(&error.sqlstate) {
        labelled(text, &styles.bold("SQLSTATE"), "SQLSTATE", &error.sqlstate);
    }
    for (label, field) in [("detail", &error.detail), ("context", &error.context)] {
        if let Some(field) = field {
            labelled(text, &styles.bold(label), label, field);
        }
    }
}

/// `label: value`, further lines of the value indented below its first.
fn labelled(text: &mut String, styled: &str, label: &str, value: &str) {
    let indent = " ".repeat(label.len() + 2);
    for (index, line) in escape_text(value).lines().enumerate() {
        match index {
            0 => text.push_str(&format!("{styled}: {line}\n")),
            _ => text.push_str(&format!("{indent}{line}\n")),
        }
    }
}

fn fault(blame: Blame) -> &'static str {
    match blame {
        Blame::Guest => "the migration or plugin; its author needs to fix it",
        Blame::Operator => "the command, the configuration or the environment",
        Blame::Database => "the database: the server, the network to it, or its data",
        Blame::Host => "mighost itself; please report it",
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use mighost_core::{DatabaseError, ExitKind};

    fn failure() -> StatementFailure {
        StatementFailure {
            statement: "CREATE VIEW v AS\nSELECT nope\nFROM stations;".to_owned(),
            error: DatabaseError {
                sqlstate: "42703".to_owned(),
                message: "column \"nope\" does not exist".to_owned(),
                detail: Some("There is\x1b[2J none.".to_owned()),
                hint: Some("Perhaps you meant \"nape\".".to_owned()),
                position: Some(25),
                context: Some("PL/pgSQL function f() line 3\nSQL statement".to_owned()),
                ..DatabaseError::default()
            },
            operation: Some("mighost:views/views@0.1.0#create".to_owned()),
        }
    }

    #[test]
    fn a_refused_statement() {
        let mut diagnostic = Diagnostic::new(
            Blame::Guest,
            ExitKind::Database,
            "upgrade of a1b2c3 (add a view) failed",
        )
        .at("revision a1b2c3, step 3 of 14")
        .hint("mend a1b2c3 and run the command again");
        diagnostic.outcome = vec!["a1b2c3 was rolled back".to_owned(), "done: 0a1b2c".to_owned()];
        diagnostic.statement = Some(Box::new(failure()));
        assert_snapshot!(render(&diagnostic, Styles::plain(), 100), @r#"
        error: upgrade of a1b2c3 (add a view) failed
          revision a1b2c3, step 3 of 14
          operation mighost:views/views@0.1.0#create
          1 | CREATE VIEW v AS
          2 | SELECT nope
            |        ^
          3 | FROM stations;
        PostgreSQL: column "nope" does not exist (SQLSTATE 42703)
        detail: There is\u{1b}[2J none.
        context: PL/pgSQL function f() line 3
                 SQL statement
        state: a1b2c3 was rolled back
               done: 0a1b2c
        fault: the migration or plugin; its author needs to fix it
        hint: Perhaps you meant "nape".
        hint: mend a1b2c3 and run the command again
        "#);
        diagnostic.what = failure().error.message;
        diagnostic.statement = Some(Box::new(StatementFailure {
            operation: None,
            ..failure()
        }));
        assert_snapshot!(render(&diagnostic, Styles::plain(), 100), @r#"
        error: column "nope" does not exist
          revision a1b2c3, step 3 of 14
          1 | CREATE VIEW v AS
          2 | SELECT nope
            |        ^
          3 | FROM stations;
        SQLSTATE: 42703
        detail: There is\u{1b}[2J none.
        context: PL/pgSQL function f() line 3
                 SQL statement
        state: a1b2c3 was rolled back
               done: 0a1b2c
        fault: the migration or plugin; its author needs to fix it
        hint: Perhaps you meant "nape".
        hint: mend a1b2c3 and run the command again
        "#);
    }

    #[test]
    fn hostile_text_is_escaped() {
        let diagnostic =
            Diagnostic::new(Blame::Host, ExitKind::Internal, "a\x1b]0;title\x07b\nsecond line").at("x\x08y");
        assert_snapshot!(render(&diagnostic, Styles::plain(), 100), @r"
        error: a\u{1b}]0;title\u{7}b
               second line
          x\u{8}y
        fault: mighost itself; please report it
        ");
    }
}
