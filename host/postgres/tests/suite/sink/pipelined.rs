//! Steps that are sent while the server still works on those before them.

use mighost_core::{Aftermath, RowChange, SessionOptions, Sink, SinkError, StepSink, TransactionMode};
use mighost_postgres::LiveSink;

use super::server::{Database, entry, settings, step};

/// Sends a step with one statement; gives the error of whichever call noticed one.
async fn send(sink: &mut LiveSink, before: Option<&str>, revision: &str, statement: &str) -> Result<(), String> {
    sink.begin_step(&step(revision))
        .await
        .map_err(|error| error.to_string())?;
    sink.execute(statement, &[]).await.map_err(|error| error.to_string())?;
    let to = revision.to_owned();
    let change = match before {
        None => RowChange::Insert(to),
        Some(from) => RowChange::Update { from: from.into(), to },
    };
    let closed = sink.close_step(&[change], &entry(revision)).await;
    closed.map_err(|error| error.to_string())
}

async fn begun(database: &Database, settings: SessionOptions) -> LiveSink {
    let mut sink = database.sink(settings).await;
    sink.begin_run().await.unwrap();
    sink
}

fn settled(sink: &LiveSink) -> usize {
    *sink.settled().borrow()
}

#[tokio::test]
async fn nothing_behind_a_failed_step_is_carried_out() {
    for mode in [TransactionMode::PerMigration, TransactionMode::All] {
        let database = Database::create().await;
        let mut run = settings();
        run.transaction = mode;
        let mut sink = begun(&database, run).await;
        send(&mut sink, None, "r1", "create table a (x int)").await.unwrap();
        let statement = "do $$ begin perform pg_sleep(0.5); raise 'no'; end $$";
        send(&mut sink, Some("r1"), "r2", statement).await.unwrap();
        send(&mut sink, Some("r2"), "r3", "create table c (x int)")
            .await
            .unwrap();
        let error = sink.settle().await.unwrap_err();
        assert!(error.to_string().starts_with("no "), "{error}");
        assert_eq!(settled(&sink), 1);
        assert_eq!(sink.abort_step().await.unwrap(), Aftermath::RolledBack);
        if mode == TransactionMode::All {
            assert_eq!(database.column("select to_regclass('crmp.a')").await, ["NULL"]);
            continue;
        }
        // The step that failed may be begun again, on the rows that the one before has left.
        send(&mut sink, Some("r1"), "r2", "create table b (x int)")
            .await
            .unwrap();
        sink.settle().await.unwrap();
        sink.end_run().await.unwrap();
        assert_eq!(
            database.column("select version_num from crmp.mighost_version").await,
            ["r2"]
        );
        let tables = "select to_regclass('crmp.a') is not null and to_regclass('crmp.b') is not null \
                      and to_regclass('crmp.c') is null";
        assert_eq!(database.column(tables).await, ["t"]);
    }
}

/// A failure that the server finds at COMMIT leaves no transaction that would abort what comes behind it.
#[tokio::test]
async fn nothing_behind_a_failed_commit_is_carried_out() {
    let database = Database::create().await;
    let mut sink = begun(&database, settings()).await;
    let at_commit = "create table parent (x int primary key);
        create table child (x int references parent deferrable initially deferred);
        create function orphan() returns trigger language plpgsql as $$ begin
            set constraints all deferred; insert into crmp.child values (1); perform pg_sleep(0.5); return new; end $$;
        create trigger orphan before update on mighost_version for each row execute function orphan()";
    send(&mut sink, None, "r1", at_commit).await.unwrap();
    send(&mut sink, Some("r1"), "r2", "create table b (x int)")
        .await
        .unwrap();
    send(&mut sink, Some("r2"), "r3", "create table c (x int)")
        .await
        .unwrap();
    let error = sink.settle().await.unwrap_err();
    assert!(error.to_string().contains("child_x_fkey"), "{error}");
    assert_eq!(settled(&sink), 1);
    sink.abort_step().await.unwrap();
    sink.end_run().await.unwrap();
    assert_eq!(
        database.column("select version_num from crmp.mighost_version").await,
        ["r1"]
    );
    let tables = "select coalesce(to_regclass('crmp.b'), to_regclass('crmp.c'))";
    assert_eq!(database.column(tables).await, ["NULL"]);
}

/// Before the first step of a session is committed, nothing tells which one was; what is inserted behind it would pass the
/// check of the version rows.
#[tokio::test]
async fn nothing_behind_a_failed_first_step_is_carried_out() {
    let database = Database::create().await;
    let mut sink = begun(&database, settings()).await;
    let statement = "do $$ begin perform pg_sleep(0.5); raise 'no'; end $$";
    send(&mut sink, None, "a1", statement).await.unwrap();
    send(&mut sink, None, "b1", "create table b (x int)").await.unwrap();
    send(&mut sink, None, "c1", "create table c (x int)").await.unwrap();
    let error = sink.settle().await.unwrap_err();
    assert!(error.to_string().starts_with("no "), "{error}");
    assert_eq!(settled(&sink), 0);
    assert_eq!(sink.abort_step().await.unwrap(), Aftermath::RolledBack);
    sink.end_run().await.unwrap();
    let rows = database.column("select version_num from crmp.mighost_version").await;
    assert!(rows.is_empty(), "{rows:?}");
    let tables = "select coalesce(to_regclass('crmp.b'), to_regclass('crmp.c'))";
    assert_eq!(database.column(tables).await, ["NULL"]);
}

/// What an earlier run has committed in the same session says nothing of this one.
#[tokio::test]
async fn an_earlier_run_in_the_session_does_not_count() {
    let database = Database::create().await;
    let mut sink = begun(&database, settings()).await;
    // As if a run of another sink had ended in this session.
    sink.client()
        .batch_execute("set mighost.committed = '1'")
        .await
        .unwrap();
    let statement = "do $$ begin perform pg_sleep(0.5); raise 'no'; end $$";
    send(&mut sink, None, "a1", statement).await.unwrap();
    send(&mut sink, None, "b1", "create table b (x int)").await.unwrap();
    sink.settle().await.unwrap_err();
    sink.abort_step().await.unwrap();
    sink.end_run().await.unwrap();
    assert_eq!(database.column("select to_regclass('crmp.b')").await, ["NULL"]);
}

/// The failure shows in a call of a later step, which is not at fault.
#[tokio::test]
async fn a_later_call_does_not_take_the_blame() {
    let database = Database::create().await;
    let mut sink = begun(&database, settings()).await;
    send(&mut sink, None, "r1", "select 1/0").await.unwrap_or_default();
    let begun = sink.begin_step(&step("r2")).await;
    if begun.is_ok() {
        let error = sink.query("select 1", &[]).await.unwrap_err();
        assert!(matches!(error, SinkError::Earlier), "{error}");
        let error = sink.settle().await.unwrap_err();
        assert!(error.to_string().contains("division by zero"), "{error}");
    }
    assert_eq!(settled(&sink), 0);
    sink.abort_step().await.unwrap();
    assert!(
        database
            .column("select version_num from crmp.mighost_version")
            .await
            .is_empty()
    );
}

/// In whichever step of a run, settings may stand before SET TRANSACTION, as PostgreSQL has it.
#[tokio::test]
async fn any_step_may_choose_its_isolation() {
    let database = Database::create().await;
    let mut sink = begun(&database, settings()).await;
    let see = "create table NAME as select current_setting('transaction_isolation') as level, \
               current_setting('work_mem') as work_mem, current_setting('search_path') as path";
    let statements = [
        "set transaction isolation level serializable",
        "set local work_mem = '10MB'; set search_path = crmp; set transaction isolation level repeatable read",
        "select 1",
        "set local work_mem = '20MB'; set transaction isolation level serializable",
    ];
    let mut before: Option<String> = None;
    for (number, statement) in statements.iter().enumerate() {
        let revision = format!("r{number}");
        let statement = format!("{statement}; {}", see.replace("NAME", &format!("crmp.see{number}")));
        send(&mut sink, before.as_deref(), &revision, &statement).await.unwrap();
        before = Some(revision);
    }
    sink.settle().await.unwrap();
    // What is done in the transaction is not given up for it.
    sink.begin_step(&step("r9")).await.unwrap();
    sink.cursor_open("select 1", &[], 1).await.unwrap();
    let refused = sink.execute("set transaction isolation level serializable", &[]).await;
    assert!(refused.is_err() || sink.settle().await.is_err());
    sink.abort_step().await.unwrap();
    sink.end_run().await.unwrap();
    let seen: Vec<String> = (0..4).map(|number| format!("select * from crmp.see{number}")).collect();
    let seen = format!(
        "select concat_ws(' ', level, work_mem, path) from ({}) s",
        seen.join(" union all ")
    );
    assert_eq!(
        database.column(&seen).await,
        [
            "serializable 4MB crmp, public",
            "repeatable read 10MB crmp",
            "read committed 4MB crmp, public",
            "serializable 20MB crmp, public"
        ]
    );
}

/// Steps without statements count for what may be under way.
#[tokio::test]
async fn empty_steps_are_not_sent_without_end() {
    let database = Database::create().await;
    let mut sink = begun(&database, settings()).await;
    send(&mut sink, None, "r0", "select pg_sleep(0.5)").await.unwrap();
    let steps = 300;
    for number in 1..=steps {
        let (from, to) = (format!("r{}", number - 1), format!("r{number}"));
        sink.begin_step(&step(&to)).await.unwrap();
        let change = RowChange::Update { from, to: to.clone() };
        sink.close_step(&[change], &entry(&to)).await.unwrap();
        let ahead = number + 1 - settled(&sink);
        assert!(ahead < 64, "{ahead} steps are under way");
    }
    sink.settle().await.unwrap();
    sink.end_run().await.unwrap();
    assert_eq!(settled(&sink), steps + 1);
}

/// What is in the journal is of the step that is being begun, not of the one that failed.
#[tokio::test]
async fn a_journal_is_not_that_of_the_step_before() {
    let database = Database::create().await;
    let mut sink = begun(&database, settings()).await;
    let mut alone = step("n1");
    alone.transaction = TransactionMode::None;
    sink.begin_step(&alone).await.unwrap();
    sink.execute("create index concurrently i on missing (x)", &[])
        .await
        .unwrap_err();
    assert_eq!(sink.abort_step().await.unwrap(), Aftermath::Kept);
    let failing = "do $$ begin perform pg_sleep(0.5); raise 'no'; end $$";
    send(&mut sink, None, "a1", failing).await.unwrap();
    let error = sink.begin_step(&alone).await.unwrap_err();
    assert!(error.to_string().starts_with("no "), "{error}");
    assert_eq!(settled(&sink), 0);
    assert_eq!(sink.abort_step().await.unwrap(), Aftermath::RolledBack);
}

/// What the host has prepared for the ends of steps may be gone, and the isolation level is the guest's to choose.
#[tokio::test]
async fn guests_may_drop_and_set_what_they_like() {
    let database = Database::create().await;
    let mut sink = begun(&database, settings()).await;
    let statements = [
        "create table t (number serial, level text default current_setting('transaction_isolation'))",
        "insert into t default values",
        "deallocate all",
        "insert into t default values",
        "do $$ begin execute 'deAllocate all'; end $$",
        "set transaction isolation level serializable; insert into t default values",
        "set local transaction_isolation = 'repeatable read'; insert into t default values",
        "prepare mine as select 1",
        "insert into t default values",
    ];
    let mut before: Option<String> = None;
    for (number, statement) in statements.iter().enumerate() {
        let revision = format!("r{number}");
        send(&mut sink, before.as_deref(), &revision, statement).await.unwrap();
        before = Some(revision);
    }
    sink.settle().await.unwrap();
    assert_eq!(settled(&sink), statements.len());
    let client = sink.client();
    let left = client.query("select from pg_prepared_statements where name = 'mine'", &[]);
    assert!(left.await.unwrap().is_empty());
    sink.end_run().await.unwrap();
    assert_eq!(
        database.column("select version_num from crmp.mighost_version").await,
        ["r8"]
    );
    assert_eq!(
        database.column("select level from crmp.t order by number").await,
        [
            "read committed",
            "read committed",
            "serializable",
            "repeatable read",
            "read committed"
        ]
    );
    let lines = "select count(*) from crmp.mighost_version_ledger where duration between '0' and '1 min'";
    assert_eq!(database.column(lines).await, ["9"]);
}
