//! Guests that change the client encoding, or how strings are read, are refused, and nothing is garbled before that is noticed.

use mighost_core::sql::RefusedSetting;
use mighost_core::{RowChange, RunError, Sink, SinkError, StepContext, StepSink, TransactionMode, Value};
use mighost_postgres::{LiveSink, read_heads};

use super::server::{Database, entry, settings, step};

/// A revision that LATIN1 and SJIS spell otherwise.
const REVISION: &str = "café";

/// Ways to change the encoding that only the session can tell of.
const WAYS: [&str; 4] = [
    "select set_config('client_encoding', 'LATIN1', false)",
    "do $$ begin execute 'set client_encoding to latin1'; end $$",
    "select to_latin1()",
    "SET client_encoding = E'LATIN1'",
];

async fn prepared() -> Database {
    let database = Database::create().await;
    let functions = "create schema crmp;
        create function to_latin1() returns void language sql as $$ select set_config('client_encoding', 'LATIN1', false) $$;
        create function to_sjis() returns void language sql as $$ select set_config('client_encoding', 'SJIS', false) $$";
    database.column(functions).await;
    database
}

/// A sink in the step of [`REVISION`].
async fn running(database: &Database, transaction: TransactionMode) -> LiveSink {
    let mut sink = database.watched(settings()).await;
    sink.begin_run().await.unwrap();
    let context = StepContext {
        transaction,
        ..step(REVISION)
    };
    sink.begin_step(&context).await.unwrap();
    sink
}

fn latin1(error: &SinkError) -> bool {
    matches!(error, SinkError::RefusedSetting(RefusedSetting::Encoding(name)) if name.eq_ignore_ascii_case("latin1"))
}

async fn ledger(database: &Database) -> Vec<String> {
    database
        .column("select count(*) from crmp.mighost_version_ledger")
        .await
}

/// Such a server keeps bytes as they come, and knows of no Unicode escapes.
#[tokio::test]
async fn a_database_in_sql_ascii_keeps_all_letters() {
    let database = Database::with("TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'").await;
    let mut sink = running(&database, TransactionMode::PerMigration).await;
    sink.execute("create table t (a text)", &[]).await.unwrap();
    let text = r"\U000000E9 é\😀";
    let rows = sink
        .query("select $1::text", &[Value::Text(text.to_owned())])
        .await
        .unwrap();
    assert_eq!(rows.rows, [[Value::Text(text.to_owned())]]);
    sink.suspend_transaction().await.unwrap();
    sink.query("insert into t values ($1) returning a", &[Value::Text(text.to_owned())])
        .await
        .unwrap();
    sink.end_step(&[RowChange::Insert(REVISION.to_owned())], &entry(REVISION))
        .await
        .unwrap();
    sink.end_run().await.unwrap();
    assert_eq!(database.column("select a from crmp.t").await, [text]);
    assert_eq!(
        database.column("select version_num from crmp.mighost_version").await,
        [REVISION]
    );
}

#[tokio::test]
async fn a_step_that_leaves_another_encoding_behind_is_rolled_back() {
    for way in WAYS {
        let database = prepared().await;
        let mut sink = running(&database, TransactionMode::PerMigration).await;
        let ended = match sink.execute(way, &[]).await {
            Ok(()) => sink
                .end_step(&[RowChange::Insert(REVISION.to_owned())], &entry(REVISION))
                .await
                .err(),
            Err(error) => Some(error.into()),
        };
        assert!(
            matches!(&ended, Some(RunError::Sink(error)) if latin1(error)),
            "{way}: {ended:?}"
        );
        sink.abort_step().await.unwrap();
        let client = database.client().await;
        let heads = read_heads(&client, "crmp", "mighost_version").await.unwrap().heads;
        assert_eq!(heads, Vec::<String>::new(), "{way}");
        assert_eq!(ledger(&database).await, ["0"], "{way}");
    }
}

/// What the host sends behind such a step, before it knows, is refused by the server.
#[tokio::test]
async fn the_end_of_a_step_is_refused_by_the_server_where_nobody_watches() {
    let database = prepared().await;
    let mut sink = database.sink(settings()).await;
    sink.begin_run().await.unwrap();
    for revision in ["r1", "r2", "r3"] {
        sink.begin_step(&step(revision)).await.unwrap();
        let changes = match revision {
            "r1" => RowChange::Insert("r1".to_owned()),
            "r2" => RowChange::Update {
                from: "r1".to_owned(),
                to: "r2".to_owned(),
            },
            _ => RowChange::Update {
                from: "r2".to_owned(),
                to: "r3".to_owned(),
            },
        };
        if revision == "r3" {
            sink.execute("select to_latin1()", &[]).await.unwrap();
        }
        sink.close_step(&[changes], &entry(revision)).await.unwrap();
    }
    let error = sink.settle().await.unwrap_err();
    assert!(matches!(&error, RunError::Sink(error) if latin1(error)), "{error}");
    assert_eq!(
        database.column("select version_num from crmp.mighost_version").await,
        ["r2"]
    );
}

#[tokio::test]
async fn statements_outside_the_transaction_are_rolled_back_too() {
    for way in WAYS {
        let database = prepared().await;
        let mut sink = running(&database, TransactionMode::None).await;
        let error = sink.execute(way, &[]).await.unwrap_err();
        assert!(latin1(&error), "{way}: {error}");
        assert_eq!(ledger(&database).await, ["0"], "{way}");
    }
}

#[tokio::test]
async fn a_transaction_is_not_left_in_another_encoding() {
    let database = prepared().await;
    let mut sink = running(&database, TransactionMode::PerMigration).await;
    sink.execute("create table crmp.kept (a int)", &[]).await.unwrap();
    sink.execute("select to_latin1()", &[]).await.unwrap();
    let error = sink.suspend_transaction().await.unwrap_err();
    assert!(latin1(&error), "{error}");
    sink.abort_step().await.unwrap();
    let kept = database.column("select to_regclass('crmp.kept') is null").await;
    assert_eq!(kept, ["t"]);
}

#[tokio::test]
async fn answers_in_another_encoding_end_the_run() {
    let database = prepared().await;
    let mut sink = running(&database, TransactionMode::PerMigration).await;
    sink.execute("select to_latin1()", &[]).await.unwrap();
    let error = sink.query("select chr(233)", &[]).await.unwrap_err();
    assert!(latin1(&error), "{error}");
}

/// In SJIS the last byte of `Á` and a backslash are one letter, so that the quote behind it would end a literal.
#[tokio::test]
async fn a_parameter_cannot_break_out_of_its_literal() {
    let database = prepared().await;
    let mut sink = running(&database, TransactionMode::PerMigration).await;
    sink.execute("select to_sjis()", &[]).await.unwrap();
    let escape = "Á\\'); create table crmp.escaped (); commit; begin; --";
    let answer = sink.query("select $1::text", &[Value::Text(escape.to_owned())]).await;
    assert!(answer.is_err(), "{answer:?}");
    sink.abort_step().await.unwrap();
    let escaped = database.column("select to_regclass('crmp.escaped') is null").await;
    assert_eq!(escaped, ["t"]);
}

#[tokio::test]
async fn utf8_may_be_set() {
    let database = prepared().await;
    let mut sink = running(&database, TransactionMode::PerMigration).await;
    for statement in [
        "SET client_encoding = 'UTF8'",
        "set names 'utf-8'",
        "reset client_encoding",
        "select set_config('client_encoding', 'unicode', true)",
    ] {
        sink.execute(statement, &[]).await.unwrap();
    }
    sink.end_step(&[RowChange::Insert(REVISION.to_owned())], &entry(REVISION))
        .await
        .unwrap();
    sink.end_run().await.unwrap();
    assert_eq!(
        database.column("select version_num from crmp.mighost_version").await,
        [REVISION]
    );
    assert_eq!(
        database
            .column("select revision from crmp.mighost_version_ledger")
            .await,
        [REVISION]
    );
}

#[tokio::test]
async fn set_of_another_encoding_is_refused_before_it_is_sent() {
    let database = prepared().await;
    let mut sink = running(&database, TransactionMode::PerMigration).await;
    let error = sink
        .execute("select 1; SET client_encoding = 'LATIN1'", &[])
        .await
        .unwrap_err();
    insta::assert_snapshot!(error, @"client_encoding cannot be set to LATIN1: mighost exchanges UTF-8 with the server. Remove the setting; convert a script in another encoding with `iconv -f ENCODING -t UTF-8`");
}

/// Without the check, the statement after the setting would mean something else to the server than to mighost.
#[tokio::test]
async fn backslash_escapes_are_refused_however_they_are_set() {
    let ways = [
        "SET standard_conforming_strings = off",
        "select set_config('standard_conforming_strings', 'off', false)",
        "do $$ begin execute 'set standard_conforming_strings to false'; end $$",
        "select no_standard()",
    ];
    for way in ways {
        for transaction in [TransactionMode::PerMigration, TransactionMode::None] {
            let database = prepared().await;
            let function = "create function no_standard() returns void language sql as \
                $$ select set_config('standard_conforming_strings', 'off', false) $$";
            database.column(function).await;
            let mut sink = running(&database, transaction).await;
            let ended = match sink.execute(way, &[]).await {
                Ok(()) => sink
                    .end_step(&[RowChange::Insert(REVISION.to_owned())], &entry(REVISION))
                    .await
                    .err(),
                Err(error) => Some(error.into()),
            };
            assert!(
                matches!(
                    &ended,
                    Some(RunError::Sink(SinkError::RefusedSetting(
                        RefusedSetting::BackslashEscapes
                    )))
                ),
                "{way}: {ended:?}"
            );
            sink.abort_step().await.unwrap();
            assert_eq!(ledger(&database).await, ["0"], "{way}");
        }
    }
}

/// Defaults of the role or the database do not change what a script means.
#[tokio::test]
async fn a_session_begins_with_the_settings_of_mighost() {
    let database = prepared().await;
    let name = database.column("select current_database()").await.concat();
    let hostile = [
        ("standard_conforming_strings", "off"),
        ("DateStyle", "German"),
        ("IntervalStyle", "iso_8601"),
        ("bytea_output", "escape"),
        ("extra_float_digits", "-15"),
        ("quote_all_identifiers", "on"),
        ("row_security", "off"),
        ("transform_null_equals", "on"),
        ("array_nulls", "off"),
    ];
    for (setting, value) in hostile {
        database
            .column(&format!("alter database \"{name}\" set {setting} = {value}"))
            .await;
    }
    let mut sink = running(&database, TransactionMode::PerMigration).await;
    let query = r"select concat_ws(' ', '\n', '2026-12-01'::date, '1 day'::interval, '\x00'::bytea, 0.1::float8,
        quote_ident('a'), current_setting('row_security'), null = null, '{null}'::text[])";
    for _ in 0..2 {
        let found = sink.query(query, &[]).await.unwrap();
        let expected = r"\n 2026-12-01 1 day \x00 0.1 a on {NULL}";
        assert_eq!(found.rows, [[Value::Text(expected.to_owned())]]);
        sink.execute("reset all", &[]).await.unwrap();
    }
}
