//! Splits a script into statements where psql would.

use super::{SqlError, Token, TokenKind, tokens};

/// A piece of a script: a statement with the text around it. All pieces of a script, concatenated, are the script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// The whole piece, including the closing semicolon and white space before the statement.
    pub whole: &'a str,
    /// The text to send: `whole` without the closing semicolon and without white space at either end. Comments and carriage returns
    /// inside remain. Empty if the piece contains only white space and comments.
    pub statement: &'a str,
    /// The offset of `statement` in the script, in bytes.
    pub offset: usize,
    /// The first line of `statement`, counted from 1.
    pub line: usize,
}

/// The first words of a statement that psql needs to know whether `BEGIN` opens the body of a function.
#[derive(Default)]
struct Head {
    words: usize,
    letters: [u8; 4],
}

impl Head {
    fn note(&mut self, word: &str) {
        const NOTED: [(&str, u8); 5] = [
            ("create", b'c'),
            ("function", b'f'),
            ("procedure", b'p'),
            ("or", b'o'),
            ("replace", b'r'),
        ];
        if let Some(slot) = self.letters.get_mut(self.words)
            && let Some((_, letter)) = NOTED.iter().find(|(noted, _)| word.eq_ignore_ascii_case(noted))
        {
            *slot = *letter;
        }
        self.words += 1;
    }

    fn creates_routine(&self) -> bool {
        matches!(
            self.letters,
            [b'c', b'f' | b'p', _, _] | [b'c', b'o', b'r', b'f' | b'p']
        )
    }
}

/// Splits `script` at each semicolon that ends a statement: not in quotes, comments and parentheses, nor in the body of an SQL-standard
/// function (`BEGIN ATOMIC ... END`). An unterminated quote or comment is an error.
pub fn split(script: &str) -> Result<Vec<Piece<'_>>, SqlError> {
    let mut pieces = Vec::new();
    let (mut start, mut line) = (0, 1);
    while let Some(piece) = piece_at(script, start, line)? {
        start += piece.whole.len();
        line += lines(piece.whole);
        pieces.push(piece);
    }
    Ok(pieces)
}

/// The piece that begins at byte `start` of `script`, which is on line `line`; `None` at the end.
pub(super) fn piece_at(script: &str, start: usize, line: usize) -> Result<Option<Piece<'_>>, SqlError> {
    let mut piece = Open::at(start, line);
    for token in tokens(script.get(start..).unwrap_or_default()) {
        let token = Token {
            start: start + token.start,
            end: start + token.end,
            ..token
        };
        let text = token.of(script);
        let mut ended = false;
        if !token.is_blank() {
            piece.body(token.kind, text);
        }
        match token.kind {
            TokenKind::Unterminated(what) => {
                return Err(SqlError::at(script, token.start, format!("unterminated {what}")));
            }
            TokenKind::Open => piece.parens += 1,
            TokenKind::Close => piece.parens = piece.parens.saturating_sub(1),
            TokenKind::Word => piece.head.note(text),
            TokenKind::Semicolon => ended = piece.parens == 0 && !piece.body.is_open(),
            _ => {}
        }
        if token.kind != TokenKind::Space && !ended {
            if piece.begin.is_none() {
                piece.begin = Some((token.start, piece.line));
            }
            piece.end = token.end;
            piece.has_code |= token.kind != TokenKind::Comment;
        }
        piece.line += lines(text);
        if ended {
            return Ok(Some(piece.close(script, token.end)));
        }
    }
    Ok((start < script.len()).then(|| piece.close(script, script.len())))
}

/// The number of line ends in `text`.
pub(super) fn lines(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

/// A piece whose end has not been found yet.
struct Open {
    start: usize,
    line: usize,
    begin: Option<(usize, usize)>,
    end: usize,
    has_code: bool,
    parens: usize,
    body: Body,
    head: Head,
}

/// The body of an SQL-standard function: `BEGIN ATOMIC statement; ... END`. `BEGIN`, `CASE` and `END` may be names or labels inside, so
/// counting these words, as psql does, is not enough. `END` closes the body where a statement would start: none starts with `END`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Body {
    None,
    /// `BEGIN` was read.
    Begin,
    /// The next token starts a statement of the body.
    StatementStart,
    InStatement,
}

impl Body {
    fn is_open(self) -> bool {
        matches!(self, Self::StatementStart | Self::InStatement)
    }
}

impl Open {
    fn at(start: usize, line: usize) -> Self {
        Self {
            start,
            line,
            begin: None,
            end: start,
            has_code: false,
            parens: 0,
            body: Body::None,
            head: Head::default(),
        }
    }

    /// Follows the body of a function through a token that is not blank.
    fn body(&mut self, kind: TokenKind, text: &str) {
        if self.parens > 0 || !self.head.creates_routine() {
            return;
        }
        let is = |word: &str| kind == TokenKind::Word && text.eq_ignore_ascii_case(word);
        self.body = match self.body {
            Body::Begin if is("atomic") => Body::StatementStart,
            Body::None | Body::Begin if is("begin") => Body::Begin,
            Body::None | Body::Begin => Body::None,
            Body::StatementStart if is("end") => Body::None,
            Body::StatementStart | Body::InStatement if kind == TokenKind::Semicolon => Body::StatementStart,
            Body::StatementStart | Body::InStatement => Body::InStatement,
        };
    }

    fn close<'a>(&self, script: &'a str, end: usize) -> Piece<'a> {
        let (offset, line) = self.begin.unwrap_or((end, self.line));
        let statement = if self.has_code {
            script.get(offset..self.end).unwrap_or_default()
        } else {
            ""
        };
        Piece {
            whole: script.get(self.start..end).unwrap_or_default(),
            statement,
            offset,
            line,
        }
    }
}

/// Whether psql reads `statement` as one statement. In the body of an SQL-standard function it counts the words `BEGIN`, `CASE` and `END`
/// (`psqlscan.l`), even where they are names.
pub fn is_one_to_psql(statement: &str) -> bool {
    let mut head = Head::default();
    let (mut parens, mut depth) = (0_usize, 0_usize);
    for token in tokens(statement) {
        let text = token.of(statement);
        match token.kind {
            TokenKind::Open => parens += 1,
            TokenKind::Close => parens = parens.saturating_sub(1),
            TokenKind::Semicolon if parens == 0 && depth == 0 => return false,
            TokenKind::Word => {
                head.note(text);
                if parens == 0 && head.creates_routine() {
                    match text.to_ascii_lowercase().as_str() {
                        "begin" => depth += 1,
                        "case" if depth > 0 => depth += 1,
                        "end" => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    depth == 0
}

/// The statements of `text` to send, in order, without pieces of only white space and comments.
pub fn statements(text: &str) -> Result<Vec<Piece<'_>>, SqlError> {
    let mut pieces = split(text)?;
    pieces.retain(|piece| !piece.statement.is_empty());
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(script: &str) -> Vec<&str> {
        statements(script)
            .unwrap()
            .into_iter()
            .map(|piece| piece.statement)
            .collect()
    }

    #[test]
    fn quotes_and_comments_hide_semicolons() {
        assert_eq!(cut("select ';' ; select 2"), ["select ';'", "select 2"]);
        assert_eq!(cut("select 'a''; b'; x"), ["select 'a''; b'", "x"]);
        assert_eq!(
            cut(r"select 'a\'; select E'b\'; c'; d"),
            [r"select 'a\'", r"select E'b\'; c'", "d"]
        );
        assert_eq!(cut("select $a$ ; $b$ ; $a$; x"), ["select $a$ ; $b$ ; $a$", "x"]);
        assert_eq!(cut("select $$;$$; x"), ["select $$;$$", "x"]);
        assert_eq!(
            cut("a /* ; /* ; */ ; */ b; c -- ;\n d"),
            ["a /* ; /* ; */ ; */ b", "c -- ;\n d"]
        );
        assert_eq!(cut("a \";\" ; b"), ["a \";\"", "b"]);
        assert_eq!(
            cut("select U&'\\0041;' ; U&\";\"; x"),
            ["select U&'\\0041;'", "U&\";\"", "x"]
        );
    }

    #[test]
    fn a_carriage_return_ends_a_line_comment() {
        assert_eq!(cut("-- a\rselect 1; select 2"), ["-- a\rselect 1", "select 2"]);
    }

    #[test]
    fn names_may_hold_dollars() {
        assert_eq!(cut("select a$b$ ; c$b$"), ["select a$b$", "c$b$"]);
        assert_eq!(cut("select $1$a$;$a$; b"), ["select $1$a$;$a$", "b"]);
    }

    #[test]
    fn an_escaped_string_goes_on_after_a_line_end() {
        assert_eq!(cut("select E'a'\n'\\';' ; b"), ["select E'a'\n'\\';'", "b"]);
        assert_eq!(
            cut("select E'a' -- x\n  '\\';' ; b"),
            ["select E'a' -- x\n  '\\';'", "b"]
        );
        assert_eq!(cut("select 'a'\n'\\'; b"), ["select 'a'\n'\\'", "b"]);
    }

    #[test]
    fn parentheses_and_bodies_hide_semicolons() {
        let rule = "create rule r as on insert to t do (select 1; select 2)";
        assert_eq!(cut(&format!("{rule}; x")), [rule, "x"]);
        let function =
            "create or replace function f() returns int begin atomic select case when true then 1 end; select 2; end";
        assert_eq!(cut(&format!("{function}; x")), [function, "x"]);
        assert_eq!(cut("begin; case; end;"), ["begin", "case", "end"]);
        assert_eq!(cut("a ) ; b"), ["a )", "b"]);
    }

    /// pg_dump writes such bodies, which psql cuts in the middle.
    #[test]
    fn keywords_are_names_in_a_body() {
        for body in [
            "select begin from spans",
            "select s.begin, s.end, s.case from spans s",
            "select 1 as end, 2 as case, 3 begin",
            "select 1 end; select 2 case",
            "select case begin when 1 then 2 end from spans",
            "select atomic, begin from spans; insert into spans (begin) values ((select 1; end))",
            "select 'end' as \"end\"; /* end */ -- ; end\n select $$; end;$$",
            "; ; select 1",
            "return begin atomic",
        ] {
            for head in [
                "create function f() returns setof date language sql",
                "create or replace procedure s.begin(begin int default 1) set search_path to begin, atomic",
                "create function begin() returns atomic",
            ] {
                let routine = format!("{head} BEGIN /* ; */ Atomic {body}; END");
                assert_eq!(cut(&format!("{routine}; select 1; ")), [&routine, "select 1"]);
            }
        }
        assert_eq!(
            cut("create function begin() returns int language sql as 'select 1'; end; x"),
            [
                "create function begin() returns int language sql as 'select 1'",
                "end",
                "x"
            ]
        );
    }

    #[test]
    fn psql_counts_words_in_a_body() {
        for (body, alike) in [
            ("select 1; select case when true then 1 end", true),
            ("select begin from spans", false),
            ("select 1 as end", false),
            ("select (begin) from spans", true),
        ] {
            let routine = format!("create function f() returns int begin atomic {body}; end");
            assert_eq!(is_one_to_psql(&routine), alike, "{routine}");
        }
        assert!(!is_one_to_psql(
            "create function begin() returns int language sql as 'select 1'"
        ));
        assert!(is_one_to_psql("select begin, $$;$$ -- ;"));
    }

    #[test]
    fn blanks_are_left_out_and_lines_are_counted() {
        let pieces = statements("\n\n-- first\nselect 1;\n;\n /* none */ ;\n  select\n2;\n-- end\n").unwrap();
        let found: Vec<_> = pieces
            .iter()
            .map(|piece| (piece.line, piece.offset, piece.statement))
            .collect();
        assert_eq!(found, [(3, 2, "-- first\nselect 1"), (7, 39, "select\n2")]);
    }

    #[test]
    fn what_has_no_end_is_an_error() {
        for (script, text) in [
            ("a;\n  'b", "line 2, column 3: unterminated quoted string"),
            ("\"b", "line 1, column 1: unterminated quoted identifier"),
            ("/* /* */", "line 1, column 1: unterminated comment"),
            ("é $x$ $y$", "line 1, column 3: unterminated dollar-quoted string"),
            ("E'\\", "line 1, column 1: unterminated quoted string"),
        ] {
            assert_eq!(split(script).unwrap_err().to_string(), text);
        }
    }

    /// Pieces of text that matter to the scanner, so that random scripts reach its corner cases.
    fn script() -> impl Strategy<Value = String> {
        let parts = vec![
            ";",
            "'",
            "\"",
            "E'",
            "\\",
            "$$",
            "$a$",
            "$1",
            "--",
            "\n",
            "\r",
            "/*",
            "*/",
            "(",
            ")",
            " ",
            "create ",
            "function ",
            "begin ",
            "end ",
            "case ",
            ":a",
            "::",
            ":'a'",
            "a",
            "é",
            "1",
            "U&'",
            "x'",
        ];
        proptest::collection::vec(proptest::sample::select(parts), 0..40).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn the_pieces_are_the_script(script in script()) {
            if let Ok(pieces) = split(&script) {
                let joined: String = pieces.iter().map(|piece| piece.whole).collect();
                prop_assert_eq!(&joined, &script);
                for piece in &pieces {
                    prop_assert_eq!(script.get(piece.offset..).map(|rest| rest.starts_with(piece.statement)), Some(true));
                }
            }
        }

        #[test]
        fn cutting_a_statement_again_changes_nothing(script in script()) {
            for piece in split(&script).unwrap_or_default() {
                if !piece.statement.is_empty() {
                    let again = statements(piece.statement).unwrap();
                    prop_assert_eq!(again.len(), 1);
                    prop_assert_eq!(again[0].statement, piece.statement);
                }
            }
        }

        #[test]
        fn tokens_cover_any_text(text: String) {
            let mut at = 0;
            for token in tokens(&text) {
                prop_assert_eq!(token.start, at);
                prop_assert!(token.end > at);
                prop_assert!(text.is_char_boundary(token.end));
                at = token.end;
            }
            prop_assert_eq!(at, text.len());
        }
    }
}
