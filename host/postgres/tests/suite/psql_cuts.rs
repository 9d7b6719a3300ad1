//! Random scripts, cut by mighost and by psql. psql talks to a server that only records what it is sent: the rest of PostgreSQL would
//! make most of these scripts fail, and would not change how psql cuts them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};

use mighost_core::sql::{self, TokenKind};
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};

/// Answers one connection after the other, and passes on the queries of each.
fn serve(listener: UnixListener, queries: Sender<Vec<String>>) {
    for stream in listener.incoming() {
        let _ = queries.send(answer(stream.unwrap()));
    }
}

fn answer(mut stream: UnixStream) -> Vec<String> {
    let mut queries = Vec::new();
    let mut length = [0; 4];
    stream.read_exact(&mut length).unwrap();
    let mut startup = vec![0; u32::from_be_bytes(length) as usize - 4];
    stream.read_exact(&mut startup).unwrap();
    let mut greeting = message(b'R', &[0; 4]);
    for (name, value) in [
        ("server_version", "15.0"),
        ("client_encoding", "UTF8"),
        ("standard_conforming_strings", "on"),
    ] {
        greeting.extend(message(b'S', format!("{name}\0{value}\0").as_bytes()));
    }
    greeting.extend(message(b'Z', b"I"));
    stream.write_all(&greeting).unwrap();
    loop {
        let mut head = [0; 5];
        if stream.read_exact(&mut head).is_err() || head[0] != b'Q' {
            return queries;
        }
        let length = u32::from_be_bytes(head[1..].try_into().unwrap()) as usize;
        let mut text = vec![0; length - 4];
        stream.read_exact(&mut text).unwrap();
        text.pop();
        queries.push(String::from_utf8(text).unwrap());
        let answer = [message(b'C', b"SELECT 0\0"), message(b'Z', b"I")].concat();
        stream.write_all(&answer).unwrap();
    }
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
    [&[kind], &length[..], body].concat()
}

/// What psql sends for a script.
fn sent(folder: &Path, queries: &Receiver<Vec<String>>, script: &str) -> Vec<String> {
    let file = folder.join("script.sql");
    std::fs::write(&file, script).unwrap();
    let status = Command::new("psql")
        .args(["-X", "-q", "-U", "u", "-d", "d", "-h"])
        .arg(folder)
        .arg("-f")
        .arg(&file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .status()
        .unwrap();
    assert!(status.success(), "{script:?}: {status}");
    queries.recv().unwrap()
}

/// The tokens that matter of a statement, without the semicolon that ends it: psql leaves out white space and comments in other places.
fn solid(statement: &str) -> String {
    let tokens = sql::tokens(statement).filter(|token| !token.is_blank());
    let text: String = tokens.map(|token| format!("{}\u{1}", token.of(statement))).collect();
    text.strip_suffix(";\u{1}").map_or(text.clone(), str::to_owned)
}

/// Scripts of what the scanners look at, without psql's commands and variables, which are refused or replaced before.
fn script() -> impl Strategy<Value = String> {
    let parts = vec![
        ";",
        "; ",
        "'",
        "''",
        "\"",
        "E'",
        "e'",
        "\\'",
        "\\\\",
        "$$",
        "$a$",
        "$a",
        "$1",
        "--",
        "\n",
        "\r",
        "/*",
        "*/",
        "(",
        ")",
        " ",
        "\t",
        "create ",
        "or ",
        "replace ",
        "function ",
        "procedure ",
        "f() ",
        "begin ",
        "atomic ",
        "end",
        "case ",
        "select 1",
        "::",
        ": ",
        "a",
        "é",
        "1",
        "1e",
        "0x",
        "U&'",
        "U&\"",
        "x'",
        "b'",
        "n'",
        "B",
        "-",
        "/",
        "*",
        "+",
        "@",
        "=",
        "[",
        "]",
        ",",
        ".",
    ];
    proptest::collection::vec(proptest::sample::select(parts), 0..30).prop_map(|parts| parts.concat())
}

#[test]
fn random_scripts_are_cut_where_psql_cuts_them() {
    let folder = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).unwrap();
    let (sender, queries) = channel();
    std::thread::spawn(move || serve(listener, sender));
    let mut runner = TestRunner::new(ProptestConfig {
        max_global_rejects: 1_000_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let outcome = runner.run(&script(), |script| {
        let Ok(pieces) = sql::statements(&script) else {
            return Err(TestCaseError::reject("it has no end"));
        };
        let foreign = |token: sql::Token| matches!(token.kind, TokenKind::Backslash | TokenKind::Variable);
        // psql reads line by line, and so forgets that an E'' string may continue after a line end.
        let continued = |text: &str| text.starts_with(['e', 'E']) && text.contains('\n');
        // Versions of the server and of psql differ in where such a number ends; the server refuses it since version 15.
        let junk = |token: sql::Token| {
            token.kind == TokenKind::Number
                && token
                    .of(&script)
                    .contains(|letter: char| !letter.is_ascii_digit() && letter != '.')
        };
        if sql::tokens(&script).any(|token| foreign(token) || junk(token) || continued(token.of(&script)))
            || !pieces.iter().all(|piece| sql::is_one_to_psql(piece.statement))
        {
            return Err(TestCaseError::reject("psql reads it otherwise"));
        }
        let ours: Vec<String> = pieces.iter().map(|piece| solid(piece.statement)).collect();
        let sent = sent(folder.path(), &queries, &script);
        let theirs: Vec<String> = sent
            .iter()
            .map(|text| solid(text))
            .filter(|text| !text.is_empty())
            .collect();
        prop_assert_eq!(ours, theirs);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}
