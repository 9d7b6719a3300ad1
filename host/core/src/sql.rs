//! SQL text: splitting scripts into statements, psql variables, classification of statements.
//!
//! The rules are those of psql's scanner (`psqlscan.l`), which follows the server's: single quotes without backslashes
//! (`standard_conforming_strings = on`), `E''` with backslashes, dollar quotes, nested comments. All functions take time linear in the
//! length of the text and none is recursive, for any text.

mod classify;
mod lexer;
mod refused_setting;
mod script;
mod split;
mod variables;

pub use classify::{
    CopyDirection, IndexWork, begins_transaction, copy_with_client, index_work, is_rollback, is_savepoint,
    is_session_setting, keywords, may_deallocate, may_defer, preparable, transaction_control, writes,
};
pub use lexer::{Token, TokenKind, tokens};
pub use refused_setting::{RefusedSetting, is_utf8, may_set_refused, refused_setting};
pub use script::{ScriptPart, script_parts, script_statements};
pub use split::{Piece, is_one_to_psql, split, statements};
pub use variables::substitute;

/// The reason why a text cannot be read as SQL. Lines and columns are 1-based; columns count characters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct SqlError {
    pub message: String,
    pub line: usize,
    pub column: usize,
}

impl SqlError {
    /// An error at byte `offset` of `text`.
    fn at(text: &str, offset: usize, message: impl Into<String>) -> Self {
        let (line, column) = line_and_column(text, offset);
        Self {
            message: message.into(),
            line,
            column,
        }
    }

    /// The error in a text whose first line is line `line`.
    fn below(self, line: usize) -> Self {
        Self {
            line: self.line + line - 1,
            ..self
        }
    }
}

/// The 1-based line and column (in characters) of byte `offset` of `text`.
pub fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let column = before.get(start..).map_or(0, |rest| rest.chars().count()) + 1;
    (line, column)
}
