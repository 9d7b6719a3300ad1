//! Tests the host's own SQL: it must mean the same under any search path, so that users who may create operators, functions or types
//! cannot have them run in a migration's session (the class of CVE-2018-1058).

use std::time::Duration;

use mighost_core::sql::{Token, TokenKind, tokens};
use mighost_core::{Digest, Direction, LedgerEntry, RowChange};

use crate::bookkeeping::{Line, Records};
use crate::lock::{LockKey, LockScope};
use crate::releases::ReleaseRecord;
use crate::script::psql_safety::{check_heads, checked};
use crate::tables::{
    CHECK_SETTINGS, CLEAN_POOLED, DEALLOCATE, DEFER_AGAIN, DEFERRABLE, DRIVER_STATEMENTS, RESET_SESSION, Tables,
    create_schema_if_missing,
};

/// Keywords that an open parenthesis may follow without a function being called.
const NO_FUNCTIONS: [&str; 21] = [
    "AND", "ARRAY", "AS", "CASE", "COALESCE", "CONFLICT", "EXISTS", "FROM", "GREATEST", "IN", "INTO", "KEY", "LEAST",
    "NOT", "ON", "OPERATOR", "OR", "THEN", "UPDATE", "VALUES", "WHERE",
];

/// Operators without a form that is qualified with a schema; they are looked up by name.
const UNQUALIFIABLE: [&str; 6] = ["BETWEEN", "ILIKE", "IN", "LIKE", "NULLIF", "SIMILAR"];

/// Types that the grammar does not resolve by itself.
const TYPES: [&str; 8] = [
    "jsonb",
    "name",
    "oid",
    "regclass",
    "text",
    "timestamptz",
    "int4",
    "int8",
];

/// The parts of `sql` that depend on the search path.
fn dependent(sql: &str) -> Vec<String> {
    let all: Vec<Token> = tokens(sql)
        .filter(|token| !matches!(token.kind, TokenKind::Space | TokenKind::Comment))
        .collect();
    let at = |index: usize| all.get(index).map_or("", |token| token.of(sql));
    let before = |index: usize, back: usize| index.checked_sub(back).map_or("", at);
    let mut found = Vec::new();
    let mut in_operator = false;
    for (index, token) in all.iter().enumerate() {
        let text = token.of(sql);
        let upper = text.to_uppercase();
        match token.kind {
            TokenKind::Close => in_operator = false,
            TokenKind::Open => in_operator |= before(index, 1).eq_ignore_ascii_case("OPERATOR"),
            TokenKind::Text if before(index, 1).eq_ignore_ascii_case("DO") => {
                let body = text.trim_start_matches("$mighost$").trim_end_matches("$mighost$");
                let body = body.trim_matches('\'').replace("''", "'");
                found.extend(dependent(&body));
            }
            TokenKind::Word => {
                let qualified = before(index, 1) == ".";
                let called = all.get(index + 1).is_some_and(|next| next.kind == TokenKind::Open);
                let prepared = ["PREPARE", "EXECUTE"].contains(&before(index, 1).to_uppercase().as_str());
                if called && !qualified && !prepared && !NO_FUNCTIONS.contains(&upper.as_str()) {
                    found.push(format!("the function {text}"));
                }
                // A loop in PL/pgSQL is not an operator.
                let of_loop = upper == "IN" && before(index, 2).eq_ignore_ascii_case("FOR");
                if UNQUALIFIABLE.contains(&upper.as_str()) && !of_loop {
                    found.push(upper.clone());
                }
                if upper == "DISTINCT" && before(index, 1).eq_ignore_ascii_case("IS") {
                    found.push("IS DISTINCT FROM".to_owned());
                }
                // `name` is a column as well.
                let is_type = TYPES.contains(&text) && (text != "name" || before(index, 1) == ":");
                if is_type && !qualified {
                    found.push(format!("the type {text}"));
                }
                if upper == "COLLATE" && at(index + 1) != "pg_catalog" {
                    found.push("a collation".to_owned());
                }
            }
            TokenKind::Other if !in_operator => {
                let assigned = text == "="
                    && (before(index, 1) == ":"
                        || ["SET", "LOCAL", ".", ","].contains(&before(index, 2).to_uppercase().as_str())
                        || before(index, 2).eq_ignore_ascii_case("USING"));
                let negative = text == "-" && ["(", ","].contains(&before(index, 1));
                if !assigned && !negative && "=<>+-|~!@#%^&/?".contains(text) {
                    found.push(format!("the operator {text} after {}", before(index, 1)));
                }
            }
            _ => {}
        }
    }
    found
}

#[test]
fn what_depends_on_the_search_path_is_found() {
    for sql in [
        "SELECT a = b",
        "SELECT f(1)",
        "SELECT 'a' || b",
        "SELECT 1::text",
        "SELECT a IN (1)",
        "SELECT a IS DISTINCT FROM b",
        "SELECT a ORDER BY a COLLATE \"C\"",
        "DO $mighost$ BEGIN IF a <> b THEN NULL; END IF; END $mighost$",
        "CREATE TABLE \"s\".\"t\" (a text)",
    ] {
        assert!(!dependent(sql).is_empty(), "{sql}");
    }
    for sql in [
        "SELECT a OPERATOR(pg_catalog.=) b",
        "SELECT pg_catalog.f(-1), -- a = b\n coalesce(a, 'x = y')",
        "SET a.b = 'c'; SET LOCAL d = e",
        "UPDATE t SET a = 1 WHERE b OPERATOR(pg_catalog.=) 2",
    ] {
        assert_eq!(dependent(sql), Vec::<String>::new(), "{sql}");
    }
}

#[test]
fn own_statements_mean_the_same_under_any_search_path() {
    let tables = Tables::new("crmp", "mighost_version");
    let lock = LockKey::new("crmp", "mighost_version");
    let entry = LedgerEntry {
        revision: "a1".to_owned(),
        direction: Direction::Upgrade,
        artifact: Some(Digest::of(b"")),
        source: None,
        signer: None,
        duration: Duration::from_millis(5),
        os_user: "me@here".to_owned(),
        host_version: "0.1.0".to_owned(),
    };
    let changes = [
        RowChange::Insert("a1".to_owned()),
        RowChange::Delete("a1".to_owned()),
        RowChange::Update {
            from: "a1".to_owned(),
            to: "b2".to_owned(),
        },
    ];
    let mut records = Records::new(tables.clone(), lock);
    let mut statements: Vec<String> = [
        CHECK_SETTINGS,
        CLEAN_POOLED,
        DEALLOCATE,
        DEFER_AGAIN,
        DEFERRABLE,
        DRIVER_STATEMENTS,
        RESET_SESSION,
    ]
    .map(str::to_owned)
    .to_vec();
    statements.extend([
        tables.presence(),
        tables.create_schema_if_missing(),
        create_schema_if_missing("crmp"),
        tables.create_schema(),
        tables.create_version(),
        tables.create_ledger(),
        tables.create_journal(),
        tables.heads(),
        tables.applied(),
        tables.journal_rows(),
        tables.interrupted(),
        tables.releases(),
        tables.create_release_if_missing(),
        tables.record_release(&ReleaseRecord {
            project: "climate".into(),
            version: "1.0".into(),
            serial: 1,
            manifest: Digest::of(b""),
            policy: Some(Digest::of(b"")),
            level: "enforce".into(),
            signers: Some("release@vendor.example SHA256:...".into()),
        }),
        tables.journal_line(("a1", Direction::Upgrade), 1, &Digest::of(b""), "done", Some("{}")),
        tables.journal_end("a1"),
        tables.journal_clear(),
        lock.try_lock(LockScope::Session),
        lock.try_lock(LockScope::Transaction),
        lock.lock_in_transaction(),
        lock.unlock(),
        lock.held(),
        lock.assert_held(),
        records.line(&entry),
        records.committed(2),
        records.guard(2),
        records.verify(&["a1".to_owned()], "a1"),
        check_heads(&tables.version, &["a1".to_owned()]),
        checked(&tables.change(&changes[0]), "it's"),
    ]);
    statements.extend(records.end(&changes, &entry, true, Line::Timed));
    statements.extend(records.end(&changes, &entry, false, Line::Measured));
    statements.push(records.prepare("mighost_run_1".to_owned()));
    statements.extend(records.end(&changes[2..], &entry, true, Line::Timed));
    for statement in statements {
        assert_eq!(dependent(&statement), Vec::<String>::new(), "{statement}");
    }
}
