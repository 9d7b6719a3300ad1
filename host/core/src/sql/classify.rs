//! Classification of statements by their first words, for transactions, the journal and prepared statements.

use super::{Token, TokenKind, tokens};

/// The direction of a COPY that exchanges data with the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyDirection {
    FromStdin,
    ToStdout,
}

/// The tokens of `statement` that are not blank.
pub(super) fn solid(statement: &str) -> impl Iterator<Item = Token> + '_ {
    tokens(statement).filter(|token| !token.is_blank())
}

/// The unquoted words at the beginning of `statement`, in upper case, at most `limit` of them. Comments and opening parentheses before
/// the first one are skipped: `(SELECT 1)` begins with SELECT.
pub fn keywords(statement: &str, limit: usize) -> Vec<String> {
    solid(statement)
        .skip_while(|token| token.kind == TokenKind::Open)
        .take_while(|token| token.kind == TokenKind::Word)
        .take(limit)
        .map(|token| token.of(statement).to_ascii_uppercase())
        .collect()
}

/// The keyword by which `statement` would begin or end a transaction; `None` if it does neither. SAVEPOINT, RELEASE and ROLLBACK TO do
/// not.
pub fn transaction_control(statement: &str) -> Option<String> {
    let words = keywords(statement, 3);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["ROLLBACK", "TO", ..] | ["ROLLBACK", "WORK" | "TRANSACTION", "TO"] => None,
        ["START", "TRANSACTION", ..] | ["PREPARE", "TRANSACTION", ..] | ["COMMIT" | "ROLLBACK", "PREPARED", ..] => {
            Some(words.iter().take(2).copied().collect::<Vec<_>>().join(" "))
        }
        [word @ ("BEGIN" | "COMMIT" | "END" | "ROLLBACK" | "ABORT"), ..] => Some((*word).to_owned()),
        _ => None,
    }
}

/// True if a word of `statement` belongs to a statement that changes rows: a query that begins with WITH may contain one.
pub fn writes(statement: &str) -> bool {
    let writes = ["INSERT", "UPDATE", "DELETE", "MERGE"];
    solid(statement)
        .filter(|token| token.kind == TokenKind::Word)
        .any(|token| writes.iter().any(|word| token.of(statement).eq_ignore_ascii_case(word)))
}

/// True if `statement` contains `word` anywhere, even in a block of code or a text that it runs.
pub(super) fn holds(statement: &str, word: &str) -> bool {
    let mut windows = statement.as_bytes().windows(word.len());
    windows.any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}

/// True if `statement` may drop prepared statements.
pub fn may_deallocate(statement: &str) -> bool {
    holds(statement, "deallocate") || holds(statement, "discard")
}

/// True if `statement` may create a deferrable constraint.
pub fn may_defer(statement: &str) -> bool {
    holds(statement, "deferrable")
}

/// True for a SELECT of `set_config(...)` only.
fn is_set_config(statement: &str) -> bool {
    let mut tokens = solid(statement)
        .map(|token| (token.kind, token.of(statement)))
        .peekable();
    let is = |text: &str, word: &str| text.eq_ignore_ascii_case(word);
    if !tokens.next().is_some_and(|(_, text)| is(text, "select")) {
        return false;
    }
    loop {
        if tokens.next_if(|(_, text)| is(text, "pg_catalog")).is_some()
            && tokens.next_if(|(_, text)| *text == ".").is_none()
        {
            return false;
        }
        let called = tokens.next_if(|(_, text)| is(text, "set_config")).is_some();
        if !called || tokens.next_if(|(kind, _)| *kind == TokenKind::Open).is_none() {
            return false;
        }
        let mut depth = 1_usize;
        while depth > 0 {
            match tokens.next() {
                None => return false,
                Some((TokenKind::Open, _)) => depth += 1,
                Some((TokenKind::Close, _)) => depth -= 1,
                Some(_) => {}
            }
        }
        if tokens.next_if(|(_, text)| is(text, "as")).is_some() {
            tokens.next();
        }
        match tokens.next() {
            None => return true,
            Some((_, ",")) => {}
            Some(_) => return false,
        }
    }
}

/// True for a statement that changes only the session and not the database: a resumed run must send it again.
pub fn is_session_setting(statement: &str) -> bool {
    let words = keywords(statement, 2);
    match (words.first().map(String::as_str), words.get(1).map(String::as_str)) {
        (Some("SET"), second) => !matches!(second, Some("LOCAL" | "TRANSACTION" | "CONSTRAINTS")),
        (Some("RESET" | "LOAD" | "LISTEN" | "UNLISTEN"), _) => true,
        (Some("SELECT"), _) => is_set_config(statement),
        _ => false,
    }
}

/// True for a statement that must be the first of its transaction: SET TRANSACTION and the settings after it.
pub fn begins_transaction(statement: &str) -> bool {
    let words = keywords(statement, 3);
    let mut words = words
        .iter()
        .map(String::as_str)
        .filter(|word| !matches!(*word, "LOCAL" | "SESSION"));
    words.next() == Some("SET")
        && words.next().is_some_and(|word| {
            matches!(
                word,
                "TRANSACTION" | "TRANSACTION_ISOLATION" | "TRANSACTION_READ_ONLY" | "TRANSACTION_DEFERRABLE"
            )
        })
}

/// True for any form of ROLLBACK, including ROLLBACK TO.
pub fn is_rollback(statement: &str) -> bool {
    keywords(statement, 1).first().is_some_and(|word| word == "ROLLBACK")
}

/// True for SAVEPOINT.
pub fn is_savepoint(statement: &str) -> bool {
    keywords(statement, 1).first().is_some_and(|word| word == "SAVEPOINT")
}

/// True if SQL's PREPARE accepts `statement`.
pub fn preparable(statement: &str) -> bool {
    keywords(statement, 1).first().is_some_and(|word| {
        matches!(
            word.as_str(),
            "SELECT" | "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "VALUES" | "WITH" | "TABLE"
        )
    })
}

/// The direction of a COPY whose data comes from, or goes to, the client. `None` for any other statement.
pub fn copy_with_client(statement: &str) -> Option<CopyDirection> {
    if keywords(statement, 1).first().map(String::as_str) != Some("COPY") {
        return None;
    }
    let mut depth = 0_usize;
    let mut before = String::new();
    for token in solid(statement) {
        match token.kind {
            TokenKind::Open => depth += 1,
            TokenKind::Close => depth = depth.saturating_sub(1),
            TokenKind::Word if depth == 0 => {
                let word = token.of(statement).to_ascii_uppercase();
                // The server treats STDIN and STDOUT alike: the word before decides the direction.
                if matches!(word.as_str(), "STDIN" | "STDOUT") {
                    match before.as_str() {
                        "FROM" => return Some(CopyDirection::FromStdin),
                        "TO" => return Some(CopyDirection::ToStdout),
                        _ => {}
                    }
                }
                before = word;
                continue;
            }
            _ => {}
        }
        before.clear();
    }
    None
}

/// Work on indexes that does not block writers and cannot be rolled back. Names are as written, with quotes and schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexWork {
    /// CREATE INDEX CONCURRENTLY.
    Create { index: Option<String>, table: String },
    /// DROP INDEX CONCURRENTLY.
    Drop { indexes: Vec<String> },
    /// REINDEX (INDEX | TABLE | ...) CONCURRENTLY.
    Reindex { kind: String, name: String },
}

/// Reads a statement that works on an index CONCURRENTLY; `None` for any other.
pub fn index_work(statement: &str) -> Option<IndexWork> {
    let tokens: Vec<(TokenKind, &str)> = solid(statement)
        .map(|token| (token.kind, token.of(statement)))
        .collect();
    let mut words = Words { tokens: &tokens, at: 0 };
    if words.take("CREATE") {
        words.take("UNIQUE");
        if !(words.take("INDEX") && words.take("CONCURRENTLY")) {
            return None;
        }
        if words.take("IF") {
            words.take("NOT");
            words.take("EXISTS");
        }
        let index = if words.take("ON") {
            None
        } else {
            let index = words.name()?;
            words.take("ON");
            Some(index)
        };
        words.take("ONLY");
        let table = words.name()?;
        return Some(IndexWork::Create { index, table });
    }
    if words.take("DROP") {
        if !(words.take("INDEX") && words.take("CONCURRENTLY")) {
            return None;
        }
        if words.take("IF") {
            words.take("EXISTS");
        }
        let mut indexes = vec![words.name()?];
        while words.symbol(",") {
            indexes.push(words.name()?);
        }
        return Some(IndexWork::Drop { indexes });
    }
    if words.take("REINDEX") {
        let mut concurrently = words.options();
        let kind = words.word()?;
        concurrently |= words.take("CONCURRENTLY");
        let name = words.name()?;
        return concurrently.then_some(IndexWork::Reindex { kind, name });
    }
    None
}

/// Reads a statement word by word.
struct Words<'a> {
    tokens: &'a [(TokenKind, &'a str)],
    at: usize,
}

impl Words<'_> {
    fn take(&mut self, word: &str) -> bool {
        let found = self
            .tokens
            .get(self.at)
            .is_some_and(|(kind, text)| *kind == TokenKind::Word && text.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    fn symbol(&mut self, symbol: &str) -> bool {
        let found = self.tokens.get(self.at).is_some_and(|(_, text)| *text == symbol);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self) -> Option<String> {
        let (kind, text) = self.tokens.get(self.at)?;
        self.at += 1;
        (*kind == TokenKind::Word).then(|| text.to_ascii_uppercase())
    }

    /// A name, qualified or not.
    fn name(&mut self) -> Option<String> {
        let mut name = String::new();
        loop {
            let (kind, text) = self.tokens.get(self.at)?;
            if !matches!(kind, TokenKind::Word | TokenKind::QuotedName) {
                return None;
            }
            name.push_str(text);
            self.at += 1;
            if !self.symbol(".") {
                return Some(name);
            }
            name.push('.');
        }
    }

    /// `(option, ...)`; returns whether CONCURRENTLY is among the options and not switched off.
    fn options(&mut self) -> bool {
        if !self.symbol("(") {
            return false;
        }
        let mut concurrently = false;
        while let Some((_, text)) = self.tokens.get(self.at) {
            self.at += 1;
            if *text == ")" {
                break;
            }
            if text.eq_ignore_ascii_case("concurrently") {
                let off = ["false", "off", "0"];
                concurrently = !self
                    .tokens
                    .get(self.at)
                    .is_some_and(|(_, value)| off.iter().any(|word| value.eq_ignore_ascii_case(word)));
            }
        }
        concurrently
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transaction_control_is_told() {
        for (statement, keyword) in [
            ("begin", Some("BEGIN")),
            ("/* x */ -- y\n Start\tTransaction read only", Some("START TRANSACTION")),
            ("COMMIT AND CHAIN", Some("COMMIT")),
            ("end", Some("END")),
            ("rollback", Some("ROLLBACK")),
            ("rollback work", Some("ROLLBACK")),
            ("rollback to a", None),
            ("rollback transaction to savepoint a", None),
            ("rollback prepared 'x'", Some("ROLLBACK PREPARED")),
            ("commit prepared 'x'", Some("COMMIT PREPARED")),
            ("prepare transaction 'x'", Some("PREPARE TRANSACTION")),
            ("prepare p as select 1", None),
            ("abort", Some("ABORT")),
            ("savepoint a", None),
            ("release a", None),
            ("start", None),
            ("select 'commit'", None),
            ("\"commit\"", None),
        ] {
            assert_eq!(transaction_control(statement).as_deref(), keyword, "{statement}");
        }
    }

    #[test]
    fn first_words() {
        assert_eq!(keywords("( (select 1))", 2), ["SELECT"]);
        assert!(preparable("/* a */ with x as (select 1) select * from x"));
        assert!(!preparable("show search_path"));
        assert!(is_session_setting("set role x"));
        assert!(is_session_setting("set session authorization x"));
        assert!(!is_session_setting("set local role x"));
        assert!(is_session_setting(
            "select pg_catalog.set_config('a.b', f(1), false) as x, set_config('a.c', 'x', true)"
        ));
        assert!(!is_session_setting("select set_config('a.b', '', false) from f()"));
        assert!(!is_session_setting("select set_config"));
        assert!(writes("with x as (delete from t returning a) select * from x"));
        assert!(!writes("with x as (select 'delete') select * from \"update\""));
        assert!(!is_session_setting("set constraints all deferred"));
    }

    #[test]
    fn copy_is_told_from_its_direction() {
        assert_eq!(
            copy_with_client("copy t (a, b) from stdin with (format csv)"),
            Some(CopyDirection::FromStdin)
        );
        assert_eq!(copy_with_client("copy t from stdout"), Some(CopyDirection::FromStdin));
        assert_eq!(
            copy_with_client("copy (select 1 from stdin) to stdout"),
            Some(CopyDirection::ToStdout)
        );
        assert_eq!(copy_with_client("copy t from '/tmp/stdin'"), None);
        assert_eq!(copy_with_client("copy stdin from '/tmp/x'"), None);
        assert_eq!(copy_with_client("select 1 from stdin"), None);
    }

    #[test]
    fn concurrent_index_work() {
        let create = |index: Option<&str>, table: &str| {
            Some(IndexWork::Create {
                index: index.map(str::to_owned),
                table: table.to_owned(),
            })
        };
        assert_eq!(
            index_work("create index concurrently i on t (a)"),
            create(Some("i"), "t")
        );
        assert_eq!(
            index_work("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS \"I x\" ON ONLY s.\"T\" USING btree (a)"),
            create(Some("\"I x\""), "s.\"T\"")
        );
        assert_eq!(index_work("create index concurrently on t (a)"), create(None, "t"));
        assert_eq!(index_work("create index i on t (a)"), None);
        let drop = |names: &[&str]| {
            Some(IndexWork::Drop {
                indexes: names.iter().map(|name| (*name).to_owned()).collect(),
            })
        };
        assert_eq!(
            index_work("drop index concurrently if exists a, s.b cascade"),
            drop(&["a", "s.b"])
        );
        let reindex = Some(IndexWork::Reindex {
            kind: "TABLE".to_owned(),
            name: "s.t".to_owned(),
        });
        assert_eq!(index_work("reindex table concurrently s.t"), reindex);
        assert_eq!(index_work("reindex (verbose, concurrently) table s.t"), reindex);
        assert_eq!(index_work("reindex (concurrently off) table s.t"), None);
    }
}
