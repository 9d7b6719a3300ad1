//! Scripts as psql reads them: statements with variables, and the data of COPY ... FROM STDIN between them.

use super::split::{lines, piece_at};
use super::{CopyDirection, SqlError, TokenKind, copy_with_client, statements, substitute, tokens};

/// A part of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScriptPart<'a> {
    /// Statements, with their variables replaced.
    Statements(String),
    /// A COPY ... FROM STDIN, with its variables replaced, and the lines that follow it, without the closing `\.`.
    Copy { statement: String, data: &'a str },
}

/// The parts of `script`, in order. `lookup` returns the value of a variable; see [`substitute`]. Data of COPY has no variables.
///
/// # Errors
/// For text that psql could not read either, and for commands of psql.
pub fn script_parts<'a>(
    script: &'a str,
    lookup: impl Fn(&str) -> Option<String>,
) -> Result<Vec<ScriptPart<'a>>, SqlError> {
    let mut parts = Vec::new();
    // Where the statements begin that are not among the parts yet.
    let (mut pending, mut pending_line) = (0, 1);
    let (mut at, mut line) = (0, 1);
    let fill = |from: usize, to: usize, line: usize| {
        let text = script.get(from..to).unwrap_or_default();
        let filled = substitute(text, &lookup).and_then(|filled| refuse_commands(&filled).map(|()| filled));
        filled.map_err(|error| error.below(line))
    };
    while let Some(piece) = piece_at(script, at, line)? {
        let end = at + piece.whole.len();
        let end_line = line + lines(piece.whole);
        if copy_with_client(piece.statement) == Some(CopyDirection::FromStdin) {
            let before = fill(pending, piece.offset, pending_line)?;
            if !before.trim().is_empty() {
                parts.push(ScriptPart::Statements(before));
            }
            let statement = fill(piece.offset, piece.offset + piece.statement.len(), piece.line)?;
            let data = CopyData::after(script, end)?;
            parts.push(ScriptPart::Copy {
                statement,
                data: data.text,
            });
            line = end_line + lines(script.get(end..data.end).unwrap_or_default());
            at = data.end;
            (pending, pending_line) = (at, line);
        } else {
            (at, line) = (end, end_line);
        }
    }
    let rest = fill(pending, script.len(), pending_line)?;
    if !rest.trim().is_empty() {
        parts.push(ScriptPart::Statements(rest));
    }
    Ok(parts)
}

/// The data of a COPY in a script.
struct CopyData<'a> {
    text: &'a str,
    /// The offset behind the line that ends the data.
    end: usize,
}

impl<'a> CopyData<'a> {
    /// The data after a COPY that ends at byte `end` of `script`: the lines from the next one to `\.`, in any format, as in psql.
    fn after(script: &'a str, end: usize) -> Result<Self, SqlError> {
        let rest = script.get(end..).unwrap_or_default();
        let first = rest.find('\n').map_or(rest.len(), |newline| newline + 1);
        let same_line = rest.get(..first).unwrap_or_default();
        if !same_line.trim().is_empty() {
            return Err(SqlError::at(
                script,
                end,
                "the rest of the line after COPY ... FROM STDIN; must be empty: its data begins on the next line",
            ));
        }
        let begin = end + first;
        let mut at = begin;
        for line in script.get(begin..).unwrap_or_default().split_inclusive('\n') {
            if line.trim_end_matches(['\r', '\n']) == "\\." {
                return Ok(Self {
                    text: script.get(begin..at).unwrap_or_default(),
                    end: at + line.len(),
                });
            }
            if let Some(zero) = line.find('\0') {
                return Err(SqlError::at(
                    script,
                    at + zero,
                    "the data of COPY contains a zero byte, which a text of PostgreSQL cannot contain",
                ));
            }
            at += line.len();
        }
        Err(SqlError::at(
            script,
            begin,
            "the data of COPY ... FROM STDIN has no end: a line with only \\. must follow it",
        ))
    }
}

/// Refuses commands of psql, except those that [`substitute`] omits.
fn refuse_commands(script: &str) -> Result<(), SqlError> {
    let Some(token) = tokens(script).find(|token| token.kind == TokenKind::Backslash) else {
        return Ok(());
    };
    let command = script.get(token.start..).unwrap_or_default();
    let command = command.split_whitespace().next().unwrap_or("\\");
    let message = match command {
        "\\." => "\\. ends the data of COPY ... FROM STDIN, but there is no such statement before it".to_owned(),
        "\\c" | "\\connect" => format!(
            "{command} is a psql command, which a migration cannot use: it runs in one database. Remove the line, or dump \
             without --create"
        ),
        _ => format!("{command} is a psql command, which a migration cannot use"),
    };
    Err(SqlError::at(script, token.start, message))
}

/// The statements of a script without variables or data of COPY.
///
/// # Errors
/// As [`script_parts`], and for COPY ... FROM STDIN.
pub fn script_statements(script: &str) -> Result<Vec<super::Piece<'_>>, SqlError> {
    refuse_commands(script)?;
    let pieces = statements(script)?;
    let copy = pieces
        .iter()
        .find(|piece| copy_with_client(piece.statement) == Some(CopyDirection::FromStdin));
    match copy {
        Some(piece) => Err(SqlError::at(
            script,
            piece.offset,
            "COPY ... FROM STDIN has no data here",
        )),
        None => Ok(pieces),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(script: &str) -> Result<Vec<ScriptPart<'_>>, String> {
        script_parts(script, |name| (name == "schema").then(|| "crmp".to_owned())).map_err(|error| error.to_string())
    }

    fn text(text: &str) -> ScriptPart<'_> {
        ScriptPart::Statements(text.to_owned())
    }

    fn copy<'a>(statement: &str, data: &'a str) -> ScriptPart<'a> {
        ScriptPart::Copy {
            statement: statement.to_owned(),
            data,
        }
    }

    #[test]
    fn the_data_of_copy_is_not_read_as_sql() {
        let data = "1\tit's; $$ /* :'who' \\N\n2\t\\\\.\n\\.x\n \\.\n";
        let script = format!(
            "create table :schema.t (a int);\n-- data\nCOPY :schema.t (a) FROM stdin;\n{data}\\.\n\nselect 1;\n"
        );
        assert_eq!(
            parts(&script).unwrap(),
            [
                text("create table crmp.t (a int);\n"),
                copy("-- data\nCOPY crmp.t (a) FROM stdin", data),
                text("\nselect 1;\n")
            ]
        );
    }

    #[test]
    fn copies_follow_one_another_with_any_line_end() {
        assert_eq!(
            parts("copy a from stdin;\r\n1\r\n\\.\r\ncopy b from stdin ; \n\\.\ncopy c from stdin with (format csv);\n\"x\n;\"\n\\.").unwrap(),
            [
                copy("copy a from stdin", "1\r\n"),
                copy("copy b from stdin", ""),
                copy("copy c from stdin with (format csv)", "\"x\n;\"\n"),
            ]
        );
    }

    #[test]
    fn data_that_has_no_end_is_refused() {
        let refused = |script| parts(script).unwrap_err();
        insta::assert_snapshot!(refused("select 1;\ncopy t from stdin;\n1\n\\. \n"), @r"line 3, column 1: the data of COPY ... FROM STDIN has no end: a line with only \. must follow it");
        insta::assert_snapshot!(refused("copy t from stdin"), @r"line 1, column 18: the data of COPY ... FROM STDIN has no end: a line with only \. must follow it");
        insta::assert_snapshot!(refused("copy t from stdin; select 1;\n1\n\\.\n"), @"line 1, column 19: the rest of the line after COPY ... FROM STDIN; must be empty: its data begins on the next line");
        insta::assert_snapshot!(refused("copy t from stdin;\n1\0\n\\.\n"), @"line 2, column 2: the data of COPY contains a zero byte, which a text of PostgreSQL cannot contain");
        insta::assert_snapshot!(refused("select 1;\n1\n\\.\n"), @r"line 3, column 1: \. ends the data of COPY ... FROM STDIN, but there is no such statement before it");
    }

    #[test]
    fn a_script_is_not_psql() {
        let refused = |script| parts(script).unwrap_err();
        insta::assert_snapshot!(refused("select 1;\n\\i other.sql\n"), @r"line 2, column 1: \i is a psql command, which a migration cannot use");
        insta::assert_snapshot!(refused("copy t from stdin;\n1\n\\.\n\n\\connect other\n"), @r"line 5, column 1: \connect is a psql command, which a migration cannot use: it runs in one database. Remove the line, or dump without --create");
        assert!(parts(r"select '\i', E'\\', $$\i$$ -- \i").is_ok());
    }

    #[test]
    fn errors_after_data_have_the_line_of_the_script() {
        let script = "copy t from stdin;\n1\n2\n\\.\nselect :'who';\n";
        insta::assert_snapshot!(parts(script).unwrap_err(), @"line 5, column 8: the variable :'who' has no value; set it with -x who=VALUE");
    }
}
