//! Runs that die outside their transaction are taken up by the next.

use mighost_core::{
    Aftermath, Direction, LedgerEntry, PostgresSink, RowChange, RunError, Sink, SinkError, StepContext, StepSink,
    TransactionMode, Value,
};
use mighost_postgres::{LiveSink, read_heads};

use super::server::{Database, entry, settings, step};

/// How many calls of [`guest`] there are.
const CALLS: usize = 20;

/// What a migration does that leaves its transaction twice. `calls` is how many of its calls are made before it dies; each
/// is counted before it is made.
async fn guest(sink: &mut LiveSink, calls: usize) -> Result<bool, SinkError> {
    let mut left = calls;
    macro_rules! call {
        ($call:expr) => {{
            if left == 0 {
                return Ok(false);
            }
            left -= 1;
            $call.await?
        }};
    }
    call!(sink.execute("set role worker", &[]));
    call!(sink.execute("create table t (a int, made_by text default current_user)", &[]));
    let copy = call!(sink.copy_open("t", &["a".to_owned()]));
    call!(sink.copy_write(copy, &[vec![Value::Integer(1)], vec![Value::Integer(2)]]));
    assert_eq!(call!(sink.copy_finish(copy)), 2);
    let rows = call!(sink.query("select count(*) from t", &[]));
    assert_eq!(rows.rows, [[Value::Integer(2)]]);
    let cursor = call!(sink.cursor_open("select a from t order by a", &[], 10));
    assert_eq!(call!(sink.cursor_next(cursor)).len(), 2);
    call!(sink.suspend_transaction());
    call!(sink.execute("create index concurrently i on t (a)", &[]));
    let added = call!(sink.execute_counted("insert into t (a) select a + $1 from t", &[Value::Integer(10)]));
    assert_eq!(added, 2);
    let failed = call!(sink.try_query("insert into nowhere values (1)", &[]));
    assert_eq!(failed.unwrap_err().sqlstate, "42P01");
    let rows = call!(sink.query("insert into t (a) values (100) returning a", &[]));
    assert_eq!(rows.rows, [[Value::Integer(100)]]);
    call!(sink.execute("vacuum t", &[]));
    call!(sink.resume_transaction());
    call!(sink.execute("insert into t (a) values (1000)", &[]));
    call!(sink.suspend_transaction());
    call!(sink.execute("insert into t (a) values (2000)", &[]));
    call!(sink.execute("drop index concurrently i", &[]));
    call!(sink.resume_transaction());
    assert_eq!(left, 0, "CALLS is the number of calls");
    Ok(true)
}

async fn prepared() -> Database {
    let database = Database::create().await;
    database
        .column("create schema crmp; create role worker; grant worker to postgres; grant all on schema crmp to worker")
        .await;
    database
}

async fn cleaned(database: &Database) {
    database.column("drop schema crmp cascade; drop role worker").await;
}

async fn begun(database: &Database, context: &StepContext) -> LiveSink {
    let mut sink = database.sink(settings()).await;
    sink.begin_run().await.unwrap();
    sink.begin_step(context).await.unwrap();
    sink
}

async fn ended(mut sink: LiveSink) {
    sink.end_step(&[RowChange::Insert("r1".to_owned())], &entry("r1"))
        .await
        .unwrap();
    sink.end_run().await.unwrap();
}

async fn check(database: &Database, dead_after: usize) {
    let found = database
        .column("select string_agg(a::text, ',' order by a) from crmp.t")
        .await;
    assert_eq!(found, ["1,2,11,12,100,1000,2000"], "died after {dead_after} calls");
    assert_eq!(database.column("select distinct made_by from crmp.t").await, ["worker"]);
    assert_eq!(
        database
            .column("select count(*) from crmp.mighost_version_journal")
            .await,
        ["0"]
    );
    assert_eq!(
        database.column("select version_num from crmp.mighost_version").await,
        ["r1"]
    );
    assert_eq!(database.column("select to_regclass('crmp.i')").await, ["NULL"]);
}

/// Roles are the cluster's, so these tests take turns with the one role.
static ROLE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

#[tokio::test]
async fn a_run_that_dies_at_any_call_is_taken_up() {
    let _turn = ROLE.lock().await;
    for dead_after in 0..=CALLS {
        let database = prepared().await;
        let mut dying = begun(&database, &step("r1")).await;
        let whole = guest(&mut dying, dead_after).await.unwrap();
        assert_eq!(whole, dead_after == CALLS);
        drop(dying);
        let mut next = begun(&database, &step("r1")).await;
        guest(&mut next, CALLS).await.unwrap();
        ended(next).await;
        check(&database, dead_after).await;
        cleaned(&database).await;
    }
}

#[tokio::test]
async fn without_transactions_each_statement_is_journaled() {
    let database = Database::create().await;
    let context = StepContext {
        transaction: TransactionMode::None,
        ..step("r1")
    };
    for dead_after in 0..4 {
        let mut sink = begun(&database, &context).await;
        for (number, statement) in [
            "create table t (a int)",
            "insert into t values (1)",
            "insert into t values (2)",
            "vacuum t",
        ]
        .iter()
        .enumerate()
        {
            if number == dead_after {
                break;
            }
            sink.execute(statement, &[]).await.unwrap();
        }
        assert!(sink.statements() <= 1, "only the new one is sent");
    }
    let mut sink = begun(&database, &context).await;
    for statement in [
        "create table t (a int)",
        "insert into t values (1)",
        "insert into t values (2)",
        "vacuum t",
    ] {
        sink.execute(statement, &[]).await.unwrap();
    }
    ended(sink).await;
    assert_eq!(
        database.column("select string_agg(a::text, ',') from crmp.t").await,
        ["1,2"]
    );
    assert_eq!(
        database
            .column("select count(*) from crmp.mighost_version_journal")
            .await,
        ["0"]
    );
}

/// A step whose index was being built when the run died: the journal says `started`.
async fn started(database: &Database, statement: &str) {
    let mut sink = begun(database, &step("r1")).await;
    sink.execute("create table t (a int); insert into t values (1), (1)", &[])
        .await
        .unwrap();
    sink.suspend_transaction().await.unwrap();
    // Refused by the server; afterwards the row is made to look as if no answer had come.
    let _ = sink.execute(statement, &[]).await;
    sink.abort_step().await.unwrap();
    sink.end_run().await.unwrap();
    database
        .column("update crmp.mighost_version_journal set state = 'started' where ordinal = 3")
        .await;
}

async fn again(database: &Database, statement: &str) -> Result<LiveSink, SinkError> {
    let mut sink = begun(database, &step("r1")).await;
    sink.execute("create table t (a int); insert into t values (1), (1)", &[])
        .await?;
    sink.suspend_transaction().await?;
    sink.execute(statement, &[]).await?;
    Ok(sink)
}

#[tokio::test]
async fn an_invalid_index_is_dropped_and_built_again() {
    let database = Database::create().await;
    let statement = "create unique index concurrently \"I\" on crmp.t (a)";
    started(&database, statement).await;
    // As a server leaves it that went down while the index was built.
    let _ = database.client().await.batch_execute(statement).await;
    let valid = "select indisvalid from pg_index where indexrelid = to_regclass('crmp.\"I\"')";
    assert_eq!(database.column(valid).await, ["f"]);
    database
        .column("delete from crmp.t where ctid = (select min(ctid) from crmp.t)")
        .await;
    ended(again(&database, statement).await.unwrap()).await;
    assert_eq!(database.column(valid).await, ["t"]);
}

#[tokio::test]
async fn a_valid_index_is_taken_as_built() {
    let database = Database::create().await;
    let statement = "create index concurrently i on crmp.t (a)";
    started(&database, statement).await;
    let oid = database.column("select to_regclass('crmp.i')::oid").await;
    ended(again(&database, statement).await.unwrap()).await;
    assert_eq!(database.column("select to_regclass('crmp.i')::oid").await, oid);
}

#[tokio::test]
async fn what_may_have_been_done_says_so() {
    let database = Database::create().await;
    let statement = "create database only_once";
    started(&database, statement).await;
    let error = again(&database, statement).await.err().unwrap();
    let SinkError::Statement(failure) = error else {
        panic!("{error}");
    };
    assert_eq!(failure.error.sqlstate, "42P04");
    assert!(failure.error.hint.unwrap().contains("may have taken effect"));
}

#[tokio::test]
async fn another_way_than_the_first_time_ends_the_run() {
    let database = Database::create().await;
    started(&database, "vacuum t").await;
    let mut sink = begun(&database, &step("r1")).await;
    let error = sink.execute("create table another (a int)", &[]).await.unwrap_err();
    assert!(matches!(error, SinkError::Resume { .. }), "{error}");
    sink.abort_step().await.unwrap();
    // Ending early is another way, too.
    sink.begin_step(&step("r1")).await.unwrap();
    let error = sink
        .end_step(&[RowChange::Insert("r1".to_owned())], &entry("r1"))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("it ended after 0 calls"), "{error}");
}

#[tokio::test]
async fn a_procedure_may_commit_outside_the_transaction() {
    let database = Database::create().await;
    let mut sink = begun(&database, &step("r1")).await;
    sink.execute("create table t (a int)", &[]).await.unwrap();
    sink.execute(
        "create procedure p() language plpgsql as $$ begin insert into t values (1); commit; end $$",
        &[],
    )
    .await
    .unwrap();
    sink.suspend_transaction().await.unwrap();
    sink.execute("call p()", &[]).await.unwrap();
    ended(sink).await;
    assert_eq!(database.column("select count(*) from crmp.t").await, ["1"]);
}

#[tokio::test]
async fn a_lost_session_lock_is_noticed() {
    let database = Database::create().await;
    let mut sink = begun(&database, &step("r1")).await;
    sink.execute("select pg_advisory_unlock_all()", &[]).await.unwrap();
    assert!(matches!(
        sink.suspend_transaction().await,
        Err(SinkError::CannotSuspend { .. })
    ));
}

async fn interrupted(database: &Database) -> Vec<(String, Direction)> {
    let client = database.client().await;
    read_heads(&client, "crmp", "mighost_version")
        .await
        .unwrap()
        .interrupted
}

#[tokio::test]
async fn no_other_step_is_run_around_one_that_is_half_done() {
    let database = Database::create().await;
    assert_eq!(interrupted(&database).await, []);
    started(&database, "vacuum nothing").await;
    assert_eq!(interrupted(&database).await, [("r1".to_owned(), Direction::Upgrade)]);
    let mut sink = database.sink(settings()).await;
    sink.begin_run().await.unwrap();
    let back = StepContext {
        direction: Direction::Downgrade,
        ..step("r1")
    };
    for other in [step("r2"), back] {
        let error = sink.begin_step(&other).await.unwrap_err();
        assert!(matches!(error, RunError::HalfDone { .. }), "{error}");
        sink.abort_step().await.unwrap();
    }
    let error = sink.begin_step(&step("r2")).await.unwrap_err();
    insta::assert_snapshot!(error, @"r1 is half done: its upgrade left the transaction and did not finish. Run the upgrade again to resume it; or finish or undo it by hand, then record the result with `mighost stamp`");
    sink.abort_step().await.unwrap();
    sink.begin_step(&step("r1")).await.unwrap();
    assert_eq!(sink.abort_step().await.unwrap(), Aftermath::Kept);
    let stamp = StepContext {
        direction: Direction::Stamp,
        ..step("r0")
    };
    sink.begin_step(&stamp).await.unwrap();
    let line = LedgerEntry {
        direction: Direction::Stamp,
        ..entry("r0")
    };
    sink.end_step(&[], &line).await.unwrap();
    assert_eq!(interrupted(&database).await, []);
    sink.begin_step(&step("r2")).await.unwrap();
    assert_eq!(sink.abort_step().await.unwrap(), Aftermath::RolledBack);
    sink.end_run().await.unwrap();
}

#[tokio::test]
async fn what_is_deferred_runs_as_the_guest_when_it_leaves_its_transaction() {
    let database = Database::create().await;
    database
        .column("create role guest_of_suspension; create schema crmp; grant all on schema crmp to guest_of_suspension")
        .await;
    let mut sink = begun(&database, &step("r1")).await;
    sink.execute(
        "create table log (who text, path text); grant all on log to guest_of_suspension; create table t (a int); \
         grant all on t to guest_of_suspension; \
         create function note() returns trigger language plpgsql as $$ begin \
         insert into crmp.log values (current_user, current_setting('search_path')); return null; end $$; \
         create constraint trigger late after insert on t deferrable initially deferred for each row execute function note()", &[])
    .await
    .unwrap();
    sink.execute("set role guest_of_suspension; insert into t values (1)", &[])
        .await
        .unwrap();
    sink.suspend_transaction().await.unwrap();
    sink.execute("insert into t values (2)", &[]).await.unwrap();
    let copy = sink.copy_open("t", &[]).await.unwrap();
    sink.copy_write(copy, &[vec![Value::Integer(3)]]).await.unwrap();
    sink.copy_finish(copy).await.unwrap();
    ended(sink).await;
    let who = database.column("select who || ' ' || path from crmp.log").await;
    assert_eq!(who, ["guest_of_suspension crmp, public"; 3]);
    database
        .column("drop schema crmp cascade; drop role guest_of_suspension")
        .await;
}

#[tokio::test]
async fn the_journal_belongs_to_the_role_that_the_session_begins_with() {
    let database = Database::create().await;
    let name = &database.name;
    database
        .column(&format!(
            "create role owner_of_all; grant create on database {name} to owner_of_all; \
             alter role postgres in database {name} set role = 'owner_of_all'"
        ))
        .await;
    let mut sink = begun(&database, &step("r1")).await;
    sink.execute("reset role; create table t (a int); set role none", &[])
        .await
        .unwrap();
    sink.suspend_transaction().await.unwrap();
    ended(sink).await;
    let owners = "select distinct tableowner from pg_tables where schemaname = 'crmp'";
    assert_eq!(database.column(owners).await, ["owner_of_all"]);
    database
        .column(&format!(
            "set role none; alter role postgres in database {name} reset role; drop schema crmp cascade; \
             drop owned by owner_of_all; drop role owner_of_all"
        ))
        .await;
}

#[tokio::test]
async fn a_refused_statement_is_tried_in_a_transaction_again() {
    let database = Database::create().await;
    let calls = async |sink: &mut LiveSink| {
        sink.execute("create table t (a int)", &[]).await?;
        sink.suspend_transaction().await?;
        sink.execute("call crmp.p()", &[]).await
    };
    let procedure = |body: &str| {
        format!(
            "create or replace procedure crmp.p() language plpgsql as $$ begin {body} insert into crmp.t values (1); end $$"
        )
    };
    let mut sink = begun(&database, &step("r1")).await;
    database.column(&procedure("commit; perform 1 / 0;")).await;
    calls(&mut sink).await.unwrap_err();
    sink.abort_step().await.unwrap();
    database.column(&procedure("")).await;
    sink.begin_step(&step("r1")).await.unwrap();
    calls(&mut sink).await.unwrap();
    let together = "select count(*) from crmp.t join crmp.mighost_version_journal j on j.xmin = t.xmin";
    assert_eq!(database.column(together).await, ["1"]);
    ended(sink).await;
}

#[tokio::test]
async fn settings_made_by_any_call_are_made_again() {
    let database = Database::create().await;
    let calls = async |sink: &mut LiveSink| {
        let rows = sink
            .query("select set_config('my.first', 'a', false)", &[])
            .await
            .unwrap();
        assert_eq!(rows.rows, [[Value::Text("a".to_owned())]]);
        sink.execute_counted("set my.second = 'b'", &[]).await.unwrap();
        sink.try_query("set my.third = 'c'", &[]).await.unwrap().unwrap();
        sink.suspend_transaction().await.unwrap();
    };
    let mut sink = begun(&database, &step("r1")).await;
    calls(&mut sink).await;
    drop(sink);
    let mut sink = begun(&database, &step("r1")).await;
    calls(&mut sink).await;
    let rows = sink
        .query(
            "select current_setting('my.first') || current_setting('my.second') || current_setting('my.third')",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(rows.rows, [[Value::Text("abc".to_owned())]]);
    ended(sink).await;
}
