//! Runs as a whole: the lock, the modes, what leaks and what does not.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mighost_core::{
    Aftermath, Event, Reporter, RowChange, RunError, SessionOptions, Sink, SinkError, StepSink, TransactionMode, Value,
    lock_timed_out,
};
use mighost_postgres::connect::SessionWatch;
use mighost_postgres::{LiveSink, read_heads, read_state};

use super::server::{Database, entry, major, running, settings, step};

pub(super) fn insert(revision: &str) -> [RowChange; 1] {
    [RowChange::Insert(revision.to_owned())]
}

#[derive(Default)]
pub(super) struct Heard(pub(super) Mutex<Vec<String>>);

impl Reporter for Heard {
    fn report(&self, event: Event) {
        match event {
            Event::Waiting { holder, .. } => self.0.lock().unwrap().push(holder),
            Event::Note { text, .. } => self.0.lock().unwrap().push(text),
            _ => {}
        }
    }
}

#[tokio::test]
async fn two_runs_do_not_meet() {
    let database = Database::create().await;
    let mut first = database.sink(settings()).await;
    first.begin_run().await.unwrap();
    let heard = Arc::new(Heard::default());
    let client = database.client().await;
    let state = read_state(&client, "crmp", "mighost_version").await.unwrap();
    let impatient = SessionOptions {
        lock_wait: Duration::from_millis(300),
        ..settings()
    };
    let mut second = LiveSink::new(
        client,
        SessionWatch::default(),
        impatient,
        state.clone(),
        Arc::<Heard>::clone(&heard),
    );
    let error = second.begin_run().await.unwrap_err();
    let RunError::Locked { holder, .. } = &error else {
        panic!("{error}");
    };
    assert!(holder.contains("user postgres"), "{holder}");
    assert_eq!(heard.0.lock().unwrap().len(), 1);
    // One that waits longer gets it, and sees that the rows have moved meanwhile.
    let client = database.client().await;
    let mut third = LiveSink::new(client, SessionWatch::default(), settings(), state, heard);
    let waiting = tokio::spawn(async move { third.begin_run().await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    first.begin_step(&step("r1")).await.unwrap();
    first.end_step(&insert("r1"), &entry("r1")).await.unwrap();
    first.end_run().await.unwrap();
    let error = waiting.await.unwrap().unwrap_err();
    insta::assert_snapshot!(error, @"the version table has changed since the plan was made: it held no revision, now it holds r1; run the command again");
}

#[tokio::test]
async fn a_run_that_cannot_begin_holds_nothing() {
    let database = Database::create().await;
    let mut late = database.sink(settings()).await;
    let mut sink = running(&database).await;
    sink.end_step(&insert("r1"), &entry("r1")).await.unwrap();
    sink.end_run().await.unwrap();
    assert!(matches!(late.begin_run().await, Err(RunError::HeadsMoved { .. })));
    let mut next = database.sink(settings()).await;
    next.begin_run().await.unwrap();
    next.end_run().await.unwrap();
}

#[tokio::test]
async fn behind_a_pooler_each_transaction_takes_the_lock() {
    let database = Database::create().await;
    let pooled = SessionOptions {
        pooler: true,
        lock_wait: Duration::from_millis(100),
        ..settings()
    };
    let mut sink = database.sink(pooled.clone()).await;
    sink.begin_run().await.unwrap();
    let held = "select count(*) from pg_locks where locktype = 'advisory' and database = \
                (select oid from pg_database where datname = current_database())";
    assert_eq!(database.column(held).await, ["0"]);
    sink.begin_step(&step("r1")).await.unwrap();
    assert_eq!(database.column(held).await, ["1"]);
    let mut other = database.sink(pooled.clone()).await;
    assert!(matches!(other.begin_run().await, Err(RunError::Locked { .. })));
    let Err(SinkError::CannotSuspend { reason }) = sink.suspend_transaction().await else {
        panic!("suspended");
    };
    assert!(reason.contains("pooler"), "{reason}");
    sink.end_step(&insert("r1"), &entry("r1")).await.unwrap();
    assert_eq!(database.column(held).await, ["0"]);
    // Somebody else's row is noticed at the next step.
    database.column("insert into crmp.mighost_version values ('x')").await;
    assert!(matches!(
        sink.begin_step(&step("r2")).await,
        Err(RunError::HeadsMoved { .. })
    ));
    sink.abort_step().await.unwrap();
    sink.end_run().await.unwrap();
    assert_eq!(database.column(held).await, ["0"]);
}

#[tokio::test]
async fn nothing_leaks_into_the_next_step() {
    let database = Database::create().await;
    database
        .column("create role leaky; grant leaky to postgres; create schema elsewhere")
        .await;
    let mut sink = running(&database).await;
    sink.execute(
        "set search_path = elsewhere; set lock_timeout = 1; create temp table tt (a int); set role leaky; \
         set client_min_messages = error",
        &[],
    )
    .await
    .unwrap();
    sink.end_step(&insert("r1"), &entry("r1")).await.unwrap();
    let limited = mighost_core::StepContext {
        lock_timeout: Some(Duration::from_secs(3)),
        ..step("r2")
    };
    sink.begin_step(&limited).await.unwrap();
    let rows = sink
        .query(
            "select current_user, current_setting('search_path'), current_setting('lock_timeout'), to_regclass('tt'), \
             current_setting('client_min_messages')",
            &[],
        )
        .await
        .unwrap();
    let found: Vec<String> = rows.rows[0].iter().map(|value| format!("{value:?}")).collect();
    insta::assert_snapshot!(found.join(" "), @r#"Text("postgres") Text("crmp, public") Text("3s") Null Text("notice")"#);
    sink.end_step(&insert("r2"), &entry("r2")).await.unwrap();
    sink.end_run().await.unwrap();
    let client = sink.client();
    let row = client
        .query_one(
            "select current_setting('search_path'), current_setting('lock_timeout')",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(
        (row.get::<_, String>(0).as_str(), row.get::<_, String>(1).as_str()),
        ("\"$user\", public", "0")
    );
    let owner = "select distinct database_user from crmp.mighost_version_ledger";
    assert_eq!(database.column(owner).await, ["postgres"]);
}

#[tokio::test]
async fn the_transaction_cannot_be_broken() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    sink.execute("create table t (a int)", &[]).await.unwrap();
    for statement in [
        "commit",
        "select 1; /* x */ rollback",
        "start transaction",
        "prepare transaction 'x'",
    ] {
        assert!(
            matches!(
                sink.execute(statement, &[]).await,
                Err(SinkError::TransactionControl { .. })
            ),
            "{statement}"
        );
    }
    assert!(matches!(
        sink.execute_counted("select 1; select 2", &[]).await,
        Err(SinkError::Misuse(_))
    ));
    assert!(matches!(
        sink.execute("copy t from stdin", &[]).await,
        Err(SinkError::Misuse(_))
    ));
    assert!(matches!(
        sink.execute("select '\0'", &[]).await,
        Err(SinkError::Script { .. })
    ));
    sink.execute("savepoint a; create table u (a int); rollback to a; release a", &[])
        .await
        .unwrap();
    // With this setting the server would see another end of the string than the scanner does.
    sink.execute("do $$ begin set standard_conforming_strings = off; end $$", &[])
        .await
        .unwrap_or_default();
    let sent = sink.execute("select 'a\\''; commit; --'", &[]).await;
    let ended = sink.end_step(&insert("r1"), &entry("r1")).await;
    assert!(sent.is_err() || ended.is_err());
    sink.abort_step().await.unwrap();
    sink.end_run().await.unwrap();
    assert_eq!(database.column("select to_regclass('crmp.t')").await, ["NULL"]);
}

#[tokio::test]
async fn a_failure_cannot_be_rolled_back_unseen() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    sink.execute("savepoint a", &[]).await.unwrap();
    sink.execute("insert into nowhere values (1)", &[]).await.unwrap();
    let error = sink.execute("/* x */ rollback to a", &[]).await.unwrap_err();
    let SinkError::Statement(failure) = error else {
        panic!("{error}");
    };
    assert_eq!(failure.statement, "insert into nowhere values (1)");
    sink.abort_step().await.unwrap();
    sink.end_run().await.unwrap();
}

#[tokio::test]
async fn try_execute_goes_on() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    sink.execute("create table t (a int)", &[]).await.unwrap();
    let tried = sink.try_query("insert into t values (1), (2)", &[]).await.unwrap();
    assert_eq!(tried.unwrap().affected, 2);
    let error = sink
        .try_query("insert into  t values ('x')", &[])
        .await
        .unwrap()
        .unwrap_err();
    assert_eq!((error.sqlstate.as_str(), error.position), ("22P02", Some(24)));
    sink.execute("insert into t values (3)", &[]).await.unwrap();
    sink.end_step(&insert("r1"), &entry("r1")).await.unwrap();
    sink.end_run().await.unwrap();
    assert_eq!(database.column("select sum(a) from crmp.t").await, ["6"]);
}

#[tokio::test]
async fn statements_that_prepare_does_not_take_have_parameters() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    sink.execute(
        "create table t (a int); create procedure p(x int) language sql as 'insert into t values (x)'",
        &[],
    )
    .await
    .unwrap();
    let called = sink.try_query("call p($1)", &[Value::Integer(7)]).await.unwrap();
    assert!(called.unwrap().rows.is_empty());
    let rows = sink.query("select a from t", &[]).await.unwrap().rows;
    assert_eq!(rows, [[Value::Integer(7)]]);
    let error = sink
        .query("explain select $1::int", &[Value::Integer(7)])
        .await
        .unwrap_err();
    insta::assert_snapshot!(error, @"a statement with parameters returns rows only if it is SELECT, VALUES, INSERT, UPDATE, DELETE or MERGE: write the values as literals: explain select $1::int");
    sink.abort_step().await.unwrap();
    sink.end_run().await.unwrap();
}

#[tokio::test]
async fn scripts_have_variables() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    sink.execute_script(
        "\u{feff}create table :\"schema\".t as select :'who' as a, ':who' as b, array[1,2,3] as c;\nupdate t set c = c[1:2];",
    )
    .await
    .unwrap();
    let rows = sink.query("select a, b, c from t", &[]).await.unwrap();
    let text = |value: &str| Value::Text(value.to_owned());
    assert_eq!(rows.rows, [[text("it's me"), text(":who"), text("{1,2}")]]);
    let Err(SinkError::Script { line, column, .. }) = sink.execute_script("select 1;\nselect :'nobody'").await else {
        panic!("no error");
    };
    assert_eq!((line, column), (2, 8));
    assert!(matches!(
        sink.execute_script("\\dt").await,
        Err(SinkError::Script { .. })
    ));
}

#[tokio::test]
async fn one_transaction_for_all() {
    let database = Database::create().await;
    for (dry_run, tables) in [(true, "0"), (false, "2")] {
        let mut sink = database
            .sink(SessionOptions {
                transaction: TransactionMode::All,
                dry_run,
                ..settings()
            })
            .await;
        sink.begin_run().await.unwrap();
        for revision in ["r1", "r2"] {
            sink.begin_step(&step(revision)).await.unwrap();
            sink.execute(&format!("create table {revision} (a int)"), &[])
                .await
                .unwrap();
            assert!(matches!(
                sink.suspend_transaction().await,
                Err(SinkError::CannotSuspend { .. })
            ));
            sink.end_step(&insert(revision), &entry(revision)).await.unwrap();
        }
        sink.end_run().await.unwrap();
        let count = "select count(*) from pg_tables where schemaname = 'crmp' and tablename like 'r_'";
        assert_eq!(database.column(count).await, [tables]);
    }
    assert_eq!(
        read_heads(&database.client().await, "crmp", "mighost_version")
            .await
            .unwrap()
            .heads,
        ["r1", "r2"]
    );
}

#[tokio::test]
async fn a_version_row_that_is_not_there_rolls_back() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    sink.execute("create table t (a int)", &[]).await.unwrap();
    let change = RowChange::Update {
        from: "r0".to_owned(),
        to: "r1".to_owned(),
    };
    let error = sink.end_step(&[change], &entry("r1")).await.unwrap_err();
    assert!(matches!(error, RunError::VersionRow { touched: 0, .. }), "{error}");
    sink.abort_step().await.unwrap();
    sink.end_run().await.unwrap();
    assert_eq!(database.column("select to_regclass('crmp.t')").await, ["NULL"]);
}

#[tokio::test]
async fn an_alembic_table_is_taken_over() {
    let database = Database::create().await;
    database
        .column(
            "create table alembic_version (version_num varchar(32) not null, constraint alembic_version_pkc primary key \
             (version_num)); insert into alembic_version values ('abc')",
        )
        .await;
    let alembic = SessionOptions {
        schema: "public".to_owned(),
        version_schema: "public".to_owned(),
        version_table: "alembic_version".to_owned(),
        ..settings()
    };
    let mut sink = database.sink(alembic).await;
    sink.begin_run().await.unwrap();
    sink.begin_step(&step("def")).await.unwrap();
    let change = RowChange::Update {
        from: "abc".to_owned(),
        to: "def".to_owned(),
    };
    sink.end_step(&[change], &entry("def")).await.unwrap();
    sink.end_run().await.unwrap();
    assert_eq!(
        database.column("select version_num from alembic_version").await,
        ["def"]
    );
}

#[tokio::test]
async fn a_lock_that_is_not_to_be_had_may_be_tried_again() {
    let database = Database::create().await;
    database.column("create table busy (a int)").await;
    let mut sink = database.sink(settings()).await;
    sink.begin_run().await.unwrap();
    let holder = database.client().await;
    holder.batch_execute("begin; lock table busy").await.unwrap();
    let hasty = mighost_core::StepContext {
        lock_timeout: Some(Duration::from_millis(50)),
        ..step("r1")
    };
    sink.begin_step(&hasty).await.unwrap();
    let error = sink
        .execute_counted("alter table busy add column b int", &[])
        .await
        .unwrap_err();
    assert!(lock_timed_out(&error) && sink.may_retry(&error), "{error}");
    sink.abort_step().await.unwrap();
    holder.batch_execute("rollback").await.unwrap();
    sink.begin_step(&hasty).await.unwrap();
    sink.execute_counted("alter table busy add column b int", &[])
        .await
        .unwrap();
    sink.end_step(&insert("r1"), &entry("r1")).await.unwrap();
    sink.end_run().await.unwrap();
}

#[tokio::test]
async fn a_lost_connection_tells_the_state_of_the_database() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    sink.execute("create table t (a int)", &[]).await.unwrap();
    sink.query("select 1", &[]).await.unwrap();
    let kill = format!(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{}' and pid <> pg_backend_pid()",
        database.name
    );
    database.column(&kill).await;
    let error = match sink.query("select 1", &[]).await {
        Err(error) => error,
        Ok(_) => panic!("still there"),
    };
    assert!(
        matches!(&error, SinkError::ConnectionLost(text) if text.contains("rolled back")),
        "{error}"
    );
    sink.abort_step().await.unwrap();
}

#[tokio::test]
async fn a_deferred_constraint_fails_its_own_step() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    sink.execute(
        "create table p (a int primary key); create table c (a int references p deferrable initially deferred)",
        &[],
    )
    .await
    .unwrap();
    sink.execute("insert into c values (1)", &[]).await.unwrap();
    let error = sink.end_step(&insert("r1"), &entry("r1")).await.unwrap_err();
    let RunError::Sink(SinkError::Statement(failure)) = error else {
        panic!("{error}");
    };
    assert_eq!(failure.error.sqlstate, "23503");
    sink.abort_step().await.unwrap();
    sink.end_run().await.unwrap();
}

#[tokio::test]
async fn a_lock_that_a_migration_gives_back_fails_its_step() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    sink.execute("create table t (a int); select pg_advisory_unlock_all()", &[])
        .await
        .unwrap();
    let error = sink.end_step(&insert("r1"), &entry("r1")).await.unwrap_err();
    assert!(matches!(error, RunError::LockLost), "{error}");
    assert_eq!(sink.abort_step().await.unwrap(), Aftermath::RolledBack);
    sink.end_run().await.unwrap();
    assert_eq!(database.column("select to_regclass('crmp.t')").await, ["NULL"]);
}

fn all() -> SessionOptions {
    SessionOptions {
        transaction: TransactionMode::All,
        ..settings()
    }
}

#[tokio::test]
async fn a_lock_that_is_lost_at_the_end_is_told_only() {
    let database = Database::create().await;
    let client = database.client().await;
    let state = read_state(&client, "crmp", "mighost_version").await.unwrap();
    let heard = Arc::new(Heard::default());
    let mut sink = LiveSink::new(
        client,
        SessionWatch::default(),
        all(),
        state,
        Arc::<Heard>::clone(&heard),
    );
    sink.begin_run().await.unwrap();
    sink.begin_step(&step("r1")).await.unwrap();
    sink.end_step(&insert("r1"), &entry("r1")).await.unwrap();
    let unlock = "select pg_advisory_unlock_all()";
    sink.client().simple_query(unlock).await.unwrap();
    sink.end_run().await.unwrap();
    assert_eq!(heard.0.lock().unwrap().len(), 1);
    assert_eq!(
        database.column("select version_num from crmp.mighost_version").await,
        ["r1"]
    );
}

#[tokio::test]
async fn in_one_transaction_each_step_answers_for_what_it_deferred() {
    let database = Database::create().await;
    let mut sink = database.sink(all()).await;
    sink.begin_run().await.unwrap();
    sink.begin_step(&step("r1")).await.unwrap();
    sink.execute(
        "create table p (a int primary key); create table c (a int references p deferrable initially deferred); \
         create table u (a int unique deferrable)",
        &[],
    )
    .await
    .unwrap();
    sink.end_step(&insert("r1"), &entry("r1")).await.unwrap();
    sink.begin_step(&step("r2")).await.unwrap();
    // Still deferred, and still immediate.
    sink.execute(
        "insert into c values (1); insert into p values (1); insert into u values (1)",
        &[],
    )
    .await
    .unwrap();
    let twice = sink.try_query("insert into u values (1)", &[]).await.unwrap();
    assert_eq!(twice.unwrap_err().sqlstate, "23505");
    sink.end_step(&insert("r2"), &entry("r2")).await.unwrap();
    sink.begin_step(&step("r3")).await.unwrap();
    sink.execute("insert into c values (2)", &[]).await.unwrap();
    let error = sink.end_step(&insert("r3"), &entry("r3")).await.unwrap_err();
    assert!(
        matches!(&error, RunError::Sink(SinkError::Statement(failure)) if failure.error.sqlstate == "23503"),
        "{error}"
    );
    sink.abort_step().await.unwrap();
    sink.end_run().await.unwrap();
}

#[tokio::test]
async fn a_step_cannot_go_back_to_before_it_began() {
    let database = Database::create().await;
    let mut sink = database.sink(all()).await;
    sink.begin_run().await.unwrap();
    sink.begin_step(&step("r1")).await.unwrap();
    sink.execute("create table t (a int); savepoint mine; savepoint mighost_step", &[])
        .await
        .unwrap();
    sink.end_step(&insert("r1"), &entry("r1")).await.unwrap();
    sink.begin_step(&step("r2")).await.unwrap();
    sink.execute("savepoint own; rollback to own; release own", &[])
        .await
        .unwrap();
    let error = sink.execute_counted("rollback to mine", &[]).await.unwrap_err();
    assert!(
        matches!(&error, SinkError::Statement(failure) if failure.error.sqlstate == "3B001"),
        "{error}"
    );
    sink.abort_step().await.unwrap();
    sink.end_run().await.unwrap();
}

#[tokio::test]
async fn nobody_listens_after_a_step() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    sink.execute("listen to_something", &[]).await.unwrap();
    sink.end_step(&insert("r1"), &entry("r1")).await.unwrap();
    sink.end_run().await.unwrap();
    let row = sink
        .client()
        .query_one("select count(*) from pg_listening_channels()", &[])
        .await
        .unwrap();
    assert_eq!(row.get::<_, i64>(0), 0);
}

#[tokio::test]
async fn what_a_step_prepares_ends_with_it() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    sink.execute("prepare mine as select 1", &[]).await.unwrap();
    sink.abort_step().await.unwrap();
    for revision in ["r1", "r2"] {
        sink.begin_step(&step(revision)).await.unwrap();
        sink.execute("prepare mine as select 1; execute mine", &[])
            .await
            .unwrap();
        sink.end_step(&insert(revision), &entry(revision)).await.unwrap();
    }
    sink.end_run().await.unwrap();
}

/// A timeout of the role or the database would end the session while a guest computes.
#[tokio::test]
async fn idle_timeouts_do_not_end_the_session() {
    let database = Database::create().await;
    let name = &database.name;
    database
        .column(&format!(
            "alter database {name} set idle_in_transaction_session_timeout = 50"
        ))
        .await;
    if major() >= 14 {
        database
            .column(&format!("alter database {name} set idle_session_timeout = 50"))
            .await;
    }
    let mut sink = running(&database).await;
    sink.end_step(&insert("r1"), &entry("r1")).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    sink.begin_step(&step("r2")).await.unwrap();
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        sink.query("select 1", &[]).await.unwrap();
        sink.suspend_transaction().await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        sink.resume_transaction().await.unwrap();
    }
}
