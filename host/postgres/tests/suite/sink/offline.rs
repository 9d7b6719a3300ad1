//! Scripts, run by psql.

use std::io::Write;
use std::process::Command;
use std::sync::{Arc, Mutex};

use mighost_core::{PostgresSink, RowChange, SessionOptions, Sink, SinkError, StepSink, TransactionMode, Value};
use mighost_postgres::{ScriptHeader, ScriptSink};

use super::server::{Database, entry, major, settings, step};

#[derive(Clone, Default)]
pub(super) struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Buffer {
    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

pub(super) fn offline(settings: SessionOptions) -> (ScriptSink, Buffer) {
    let buffer = Buffer::default();
    let header = ScriptHeader {
        host_version: "0.1.0".to_owned(),
        from: Vec::new(),
        to: vec!["r2".to_owned()],
        tag: None,
    };
    (ScriptSink::new(Box::new(buffer.clone()), settings, header), buffer)
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

/// Two steps with all that a script can hold.
async fn history(sink: &mut dyn StepSink) {
    sink.begin_run().await.unwrap();
    sink.begin_step(&step("r1")).await.unwrap();
    sink.execute("create table t (a int, b text) -- the end", &[])
        .await
        .unwrap();
    sink.set_operation(Some("mighost:roles/roles@0.1.0#set-role".into()));
    let body = match major() {
        ..14 => "as 'select 1; select case when true then 2 end;'",
        _ => "begin atomic select 1; select case when true then 2 end; end",
    };
    sink.execute(
        &format!("create function f() returns int language sql {body}; set search_path = public"),
        &[],
    )
    .await
    .unwrap();
    sink.set_operation(None);
    sink.execute_script("insert into crmp.t values (0, :'who' || E'\\'\\n;'), (9, ' -- no comment\r\n\\N')")
        .await
        .unwrap();
    sink.execute_counted(
        "insert into crmp.t values ($1, $2)",
        &[Value::Integer(1), text("it's \\ :x")],
    )
    .await
    .unwrap();
    let columns = ["a".to_owned(), "b".to_owned()];
    let postgres = sink.postgres().unwrap();
    let copy = postgres.copy_open("crmp.t", &columns).await.unwrap();
    let rows = [
        vec![Value::Integer(2), text("a\tb\n\\.")],
        vec![Value::Null, text("\\N")],
    ];
    postgres.copy_write(copy, &rows).await.unwrap();
    assert_eq!(postgres.copy_finish(copy).await.unwrap(), 2);
    let options = [
        ("format".to_owned(), "csv".to_owned()),
        ("header".to_owned(), "true".to_owned()),
    ];
    let data = "a,b\n7,\"seven, 'à la\n carte'\"\n8,";
    postgres
        .copy_data("crmp.t", &columns, &options, data.as_bytes())
        .await
        .unwrap();
    sink.set_lock_timeout(5000).await.unwrap();
    for (value, keep) in [(3, true), (4, false)] {
        let savepoint = sink.savepoint_open().await.unwrap();
        sink.execute_counted("insert into crmp.t values ($1)", &[Value::Integer(value)])
            .await
            .unwrap();
        sink.savepoint_close(savepoint, keep).await.unwrap();
    }
    // Left open: undone.
    for value in [5, 6] {
        sink.savepoint_open().await.unwrap();
        sink.execute_counted("insert into crmp.t values ($1)", &[Value::Integer(value)])
            .await
            .unwrap();
    }
    let change = RowChange::Insert("r1".to_owned());
    sink.end_step(&[change], &entry("r1")).await.unwrap();
    sink.begin_step(&step("r2")).await.unwrap();
    sink.execute("alter table t add column c int default 5", &[])
        .await
        .unwrap();
    sink.suspend_transaction().await.unwrap();
    sink.execute("create index concurrently i on t (a)", &[]).await.unwrap();
    sink.resume_transaction().await.unwrap();
    sink.execute("create view v as select * from t", &[]).await.unwrap();
    let change = RowChange::Update {
        from: "r1".to_owned(),
        to: "r2".to_owned(),
    };
    sink.end_step(&[change], &entry("r2")).await.unwrap();
    sink.end_run().await.unwrap();
}

pub(super) fn psql(database: &Database, script: &str) -> std::process::Output {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), script).unwrap();
    Command::new(database.server.bin.join("psql"))
        .args(["-X", "-q", "-U", "postgres", "-d", &database.name, "-h"])
        .arg(database.server.folder())
        .arg("-f")
        .arg(file.path())
        .output()
        .unwrap()
}

/// The schema and the data, as pg_dump sees them; without what only a live run has, and without the time of the dump.
fn dump(database: &Database) -> String {
    let output = Command::new(database.server.bin.join("pg_dump"))
        .args([
            "-U",
            "postgres",
            "-d",
            &database.name,
            "--inserts",
            "-T",
            "*.*_journal",
            "-h",
        ])
        .arg(database.server.folder())
        .output()
        .unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .filter(|line| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[tokio::test]
async fn a_script_does_what_a_run_does() {
    let live = Database::create().await;
    history(&mut live.sink(settings()).await).await;
    let (mut sink, script) = offline(settings());
    history(&mut sink).await;
    let other = Database::create().await;
    let output = psql(&other, &script.text());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for database in [&live, &other] {
        let times =
            "update crmp.mighost_version_ledger set started = 'epoch', duration = '0' returning duration < '1 min'";
        assert_eq!(database.column(times).await, ["t", "t"]);
    }
    assert_eq!(dump(&other), dump(&live));
    // A second time it finds another state than it was written for, and changes nothing.
    let output = psql(&other, &script.text());
    assert!(!output.status.success());
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        told.contains("this script starts at the base, but the version table contains r2"),
        "{told}"
    );
    assert_eq!(dump(&other), dump(&live));
}

/// As `pg_dump --inserts` writes it, with psql's commands around it.
#[tokio::test]
async fn a_dump_is_a_first_revision() {
    let source = Database::create().await;
    source
        .column(
            &("create schema app; create table app.t (id int generated always as identity primary key, name text not null); \
             insert into app.t (name) values ('Zürich'), (e'it''s\n\\\\. ;'); \
             create view app.v as select name from app.t; \
             comment on table app.t is 'a; b'; \
             create function app.f() returns bigint language sql "
                .to_owned()
                + match major() {
                    ..14 => "as 'select count(*) from app.t'",
                    _ => "begin atomic; select count(*) from app.t; end",
                }),
        )
        .await;
    let output = Command::new(source.server.bin.join("pg_dump"))
        .args(["-U", "postgres", "-d", &source.name, "--inserts", "-n", "app", "-h"])
        .arg(source.server.folder())
        .output()
        .unwrap();
    let script = String::from_utf8(output.stdout).unwrap();
    assert!(script.contains("Zürich"), "{script}");
    let script = match script.contains("\\restrict") {
        true => script,
        // Releases before August 2025 do not write it.
        false => format!("\\restrict key\n{script}\\unrestrict key\n"),
    };
    // A newer pg_dump writes settings that an older server does not know.
    let script = match major() {
        ..17 => script.replace("SET transaction_timeout = 0;\n", ""),
        _ => script,
    };
    let target = Database::create().await;
    let mut sink = target.sink(settings()).await;
    sink.begin_run().await.unwrap();
    sink.begin_step(&step("r1")).await.unwrap();
    sink.execute_script(&script).await.unwrap();
    sink.end_step(&[RowChange::Insert("r1".to_owned())], &entry("r1"))
        .await
        .unwrap();
    sink.end_run().await.unwrap();
    let ask = "select string_agg(name, '|' order by id) || app.f() from app.t";
    assert_eq!(target.column(ask).await, source.column(ask).await);
    assert_eq!(
        target.column("select version_num from crmp.mighost_version").await,
        ["r1"]
    );
}

#[tokio::test]
async fn a_script_refuses_what_only_a_run_can_do() {
    let (mut sink, _) = offline(settings());
    sink.begin_run().await.unwrap();
    sink.begin_step(&step("r1")).await.unwrap();
    let binary = [("FORMAT".to_owned(), "binary".to_owned())];
    for (options, data) in [(&binary[..], &b"PGCOPY"[..]), (&[], b"a\0b\n")] {
        let error = sink.copy_data("t", &[], options, data).await.unwrap_err();
        assert_eq!(error.to_string(), "a script cannot contain binary data");
    }
    sink.suspend_transaction().await.unwrap();
    let error = sink.savepoint_open().await.unwrap_err();
    insta::assert_snapshot!(error, @"a savepoint works only inside the transaction; call resume-transaction first");
}

#[tokio::test]
async fn a_script_in_one_transaction() {
    let (mut sink, script) = offline(SessionOptions {
        transaction: TransactionMode::All,
        ..settings()
    });
    sink.begin_run().await.unwrap();
    sink.begin_step(&step("r1\n; drop")).await.unwrap();
    sink.execute("create table t (a int)", &[]).await.unwrap();
    assert!(matches!(
        sink.query("select 1", &[]).await,
        Err(SinkError::Offline { .. })
    ));
    assert!(matches!(
        sink.try_query("select 1", &[]).await,
        Err(SinkError::Offline { .. })
    ));
    assert!(matches!(
        sink.cursor_open("select 1", &[], 1).await,
        Err(SinkError::Offline { .. })
    ));
    assert!(matches!(
        sink.suspend_transaction().await,
        Err(SinkError::CannotSuspend { .. })
    ));
    let changes = [RowChange::Insert("r1".to_owned()), RowChange::Delete("r0".to_owned())];
    sink.end_step(&changes, &entry("r1")).await.unwrap();
    sink.end_run().await.unwrap();
    insta::assert_snapshot!(script.text(), @r#"
    -- Written by mighost 0.1.0.
    -- From the base to r2.
    -- Run it with psql -X -f, as the role that mighost would connect as.
    \set ON_ERROR_STOP on
    \encoding UTF8

    BEGIN;
    SELECT pg_catalog.pg_advisory_xact_lock(677457567221934470);
    DO 'BEGIN IF pg_catalog.to_regnamespace(''"crmp"'') IS NULL THEN CREATE SCHEMA IF NOT EXISTS "crmp"; END IF; END';
    CREATE TABLE IF NOT EXISTS "crmp"."mighost_version" (version_num pg_catalog.text NOT NULL, CONSTRAINT "mighost_version_pkc" PRIMARY KEY (version_num));
    CREATE TABLE IF NOT EXISTS "crmp"."mighost_version_ledger" (id pg_catalog.int8 GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, revision pg_catalog.text NOT NULL, direction pg_catalog.text NOT NULL, artifact pg_catalog.text, source pg_catalog.text, signer pg_catalog.text, started pg_catalog.timestamptz NOT NULL, duration pg_catalog.interval NOT NULL, database_user pg_catalog.text NOT NULL DEFAULT session_user, os_user pg_catalog.text NOT NULL, host_version pg_catalog.text NOT NULL);
    DO $mighost$ DECLARE found pg_catalog.text[] := ARRAY(SELECT version_num::pg_catalog.text FROM "crmp"."mighost_version" ORDER BY version_num COLLATE pg_catalog."C"); BEGIN IF pg_catalog.array_ne(found, ARRAY[]::pg_catalog.text[]) THEN RAISE EXCEPTION USING MESSAGE = pg_catalog.concat('this script starts at the base, but the version table contains ', CASE WHEN pg_catalog.cardinality(found) OPERATOR(pg_catalog.=) 0 THEN 'no revision' ELSE pg_catalog.array_to_string(found, ', ') END); END IF; END $mighost$;

    -- upgrade r1 ; drop: a message
    RESET SESSION AUTHORIZATION;
    RESET ROLE;
    RESET ALL;
    CLOSE ALL;
    DISCARD TEMP;
    SET search_path = "crmp", "public";
    create table t (a int);
    SET CONSTRAINTS ALL IMMEDIATE /* the migration ends: deferred constraints are checked */;
    RESET SESSION AUTHORIZATION;
    RESET ROLE;
    RESET ALL;
    CLOSE ALL;
    DISCARD TEMP;
    INSERT INTO "crmp"."mighost_version" (version_num) VALUES ('r1');
    DO $mighost$ BEGIN DELETE FROM "crmp"."mighost_version" WHERE version_num OPERATOR(pg_catalog.=) 'r0'; IF NOT FOUND THEN RAISE EXCEPTION USING MESSAGE = 'the version table does not contain r0: this script is for another state of the database'; END IF; END $mighost$;
    INSERT INTO "crmp"."mighost_version_ledger" (revision, direction, artifact, source, signer, os_user, host_version, started, duration) SELECT 'r1', 'upgrade', NULL, NULL, NULL, 'someone@somewhere', '0.1.0', begun, pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) begun FROM (SELECT LEAST(pg_catalog.clock_timestamp(), GREATEST(pg_catalog.now(), (SELECT started OPERATOR(pg_catalog.+) duration FROM "crmp"."mighost_version_ledger" ORDER BY id DESC LIMIT 1))) AS begun) AS step;
    SET CONSTRAINTS ALL DEFERRED; DO $mighost$ DECLARE names pg_catalog.text; BEGIN SELECT pg_catalog.string_agg(pg_catalog.format('%I.%I', n.nspname, c.conname), ', ') INTO names FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.connamespace WHERE c.condeferrable AND NOT c.condeferred AND pg_catalog.has_schema_privilege(n.oid, 'USAGE'); IF names IS NOT NULL THEN EXECUTE pg_catalog.concat('SET CONSTRAINTS ', names, ' IMMEDIATE'); END IF; END $mighost$;
    COMMIT;
    "#);
    let database = Database::create().await;
    let output = psql(&database, &script.text());
    assert!(String::from_utf8_lossy(&output.stderr).contains("the version table does not contain r0"));
    assert_eq!(database.column("select to_regclass('crmp.t')").await, ["NULL"]);
}

/// What psql sends for a script, as it says itself with `--echo-queries`. One case is left out on purpose: psql reads line by
/// line and so forgets that an `E''` string may go on after a line end, where the server, and mighost, do not.
#[tokio::test]
async fn scripts_are_cut_where_psql_cuts_them() {
    let database = Database::create().await;
    for script in [
        "select 1; select 2",
        "select ';' as \";\"; select $$;$$ ; select $a$ $$;$b$ $a$",
        "select E'\\';'; select '\\'; select 3",
        "select /* ; /* ; */ ; */ 1; select 2 -- ; x\n;",
        "create table t (a int); create rule r as on insert to t do also (select 1; select 2); select 5",
        "create function f() returns int language sql begin atomic; select case when true then 1 end; end; select 6",
        "create or replace procedure p() begin atomic select 1; end; select 7",
        "select 1 as a$b$; select 2 as c$b$",
        "select U&'\\0041;' ; select 9",
        "-- a\rselect 10; select 11",
        "select (select 1;); select 12",
        "select array[1;2]; select 13",
        "begin; select case when true then 1 end; end; select 14",
        "select x';'; select b';'; select n';'",
        "select 1 ))((; ); select 15",
        "select 1 as \"a\"\";\"; select 17",
        "select 1 :: int; select 'a' || ':x;' ; select 18",
        "select $1$a$;$a$; select 19",
    ] {
        let output = Command::new(database.server.bin.join("psql"))
            .args(["-X", "-e", "-q", "-U", "postgres", "-d", &database.name, "-h"])
            .arg(database.server.folder())
            .arg("-f")
            .arg({
                let file = database.server.folder().join("script.sql");
                std::fs::write(&file, script).unwrap();
                file
            })
            .output()
            .unwrap();
        let echoed = String::from_utf8_lossy(&output.stdout).into_owned();
        // psql echoes each statement on lines of its own; results and errors come between.
        let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let echoed = squeeze(&echoed);
        let mut at = 0;
        for piece in mighost_core::sql::statements(script).unwrap() {
            let wanted = squeeze(piece.whole.trim());
            let wanted = wanted.trim_start_matches("-- a ");
            let found = echoed.get(at..).and_then(|rest| rest.find(wanted));
            let found = found.unwrap_or_else(|| panic!("{script:?}: psql did not send {wanted:?}:\n{echoed}"));
            at += found + wanted.len();
        }
    }
}

/// What psql would run, or read in another way than the server does.
#[tokio::test]
async fn nothing_of_a_migration_reaches_the_shell() {
    for statement in [
        "\\! touch x",
        "select 1 \\g |touch x",
        "select 'a\\' \\! touch x",
        "select E'a'\n'\\' \\! touch x --'",
        "select 1a$b$ \\! touch x\n $b$",
        "select $1e'\\' \\! touch x --'",
        "select 1e'a'",
        "(select 1",
        "create function f() returns int language sql begin atomic select 1",
    ] {
        let (mut sink, script) = offline(settings());
        sink.begin_run().await.unwrap();
        sink.begin_step(&step("r1")).await.unwrap();
        let before = script.text();
        for error in [
            sink.execute(statement, &[]).await.unwrap_err(),
            sink.execute_counted(statement, &[]).await.unwrap_err(),
            sink.execute_script(statement).await.unwrap_err(),
        ] {
            let refused = matches!(error, SinkError::Misuse(_) | SinkError::Script { .. });
            assert!(refused, "{statement}: {error}");
        }
        assert_eq!(script.text(), before, "{statement}");
    }
    let (mut sink, script) = offline(settings());
    sink.begin_run().await.unwrap();
    sink.begin_step(&step("r1")).await.unwrap();
    assert!(sink.copy_open("t\0", &[]).await.is_err());
    let error = sink.execute("set client_encoding = 'SJIS'", &[]).await.unwrap_err();
    assert!(matches!(error, SinkError::RefusedSetting(_)), "{error}");
    // In Shift-JIS the last byte of a letter and the quote behind it would be one letter.
    sink.execute(
        "select set_config('client_encoding', 'SJIS', false); select set_config('standard_conforming_strings', 'off', false)",
        &[],
    )
    .await
    .unwrap();
    sink.execute(
        r"create table t as select 'あ' as a, E'\\d' as b, $$\! touch x$$ as c, 'a\' as d",
        &[],
    )
    .await
    .unwrap();
    // psql has a variable of that name.
    sink.execute(
        "create table u as select (array[7,8,9])[1:AUTOCOMMIT] as a from (select 2 as autocommit) x",
        &[],
    )
    .await
    .unwrap();
    sink.end_step(&[RowChange::Insert("r1".to_owned())], &entry("r1"))
        .await
        .unwrap();
    sink.end_run().await.unwrap();
    let database = Database::create().await;
    let output = psql(&database, &script.text());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(database.column("select a from crmp.u").await, ["{7,8}"]);
    assert_eq!(
        database.column("select a || b || c || d from crmp.t").await,
        [r"あ\d\! touch xa\"]
    );
}

#[tokio::test]
async fn a_step_without_a_transaction_checks_where_it_starts() {
    let (mut sink, script) = offline(settings());
    sink.begin_run().await.unwrap();
    let context = mighost_core::StepContext {
        transaction: TransactionMode::None,
        ..step("r1")
    };
    sink.begin_step(&context).await.unwrap();
    sink.execute("create table crmp.t (a int)", &[]).await.unwrap();
    let script = script.text();
    let (_, of_the_step) = script.split_once("-- upgrade r1").unwrap();
    let database = Database::create().await;
    database
        .column("create schema crmp; create table crmp.mighost_version (version_num name primary key); insert into crmp.mighost_version values ('x')")
        .await;
    let output = psql(&database, &format!("\\set ON_ERROR_STOP on\n--{of_the_step}"));
    assert!(!output.status.success());
    assert_eq!(database.column("select to_regclass('crmp.t')").await, ["NULL"]);
}
