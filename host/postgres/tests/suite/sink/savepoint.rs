//! Savepoints that a guest holds.

use std::sync::Arc;

use mighost_core::{SessionOptions, Sink, SinkError, StepSink, TransactionMode};
use mighost_postgres::connect::SessionWatch;
use mighost_postgres::{LiveSink, read_state};

use super::run::{Heard, insert};
use super::server::{Database, entry, running, settings, step};

#[tokio::test]
async fn what_is_rolled_back_is_undone_and_what_is_released_is_kept() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    sink.execute("create table t (a int)", &[]).await.unwrap();
    let outer = sink.savepoint_open().await.unwrap();
    sink.execute("insert into t values (1)", &[]).await.unwrap();
    let inner = sink.savepoint_open().await.unwrap();
    sink.execute("insert into t values (2)", &[]).await.unwrap();
    sink.savepoint_close(inner, false).await.unwrap();
    sink.execute("insert into t values (3)", &[]).await.unwrap();
    sink.savepoint_close(outer, true).await.unwrap();
    sink.end_step(&insert("r1"), &entry("r1")).await.unwrap();
    sink.end_run().await.unwrap();
    assert_eq!(database.column("select a from crmp.t order by a").await, ["1", "3"]);
}

#[tokio::test]
async fn savepoints_are_closed_in_the_order_of_their_nesting() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    let outer = sink.savepoint_open().await.unwrap();
    sink.savepoint_open().await.unwrap();
    let error = sink.savepoint_close(outer, true).await.unwrap_err();
    insta::assert_snapshot!(error, @"a savepoint was closed while a later one was open: close the later one first");
    sink.abort_step().await.unwrap();
    sink.end_run().await.unwrap();
}

#[tokio::test]
async fn a_failure_is_reported_before_a_savepoint_is_rolled_back() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    let savepoint = sink.savepoint_open().await.unwrap();
    sink.execute("insert into nowhere values (1)", &[]).await.unwrap();
    let error = sink.savepoint_close(savepoint, false).await.unwrap_err();
    let SinkError::Statement(failure) = error else {
        panic!("{error}");
    };
    assert_eq!(failure.statement, "insert into nowhere values (1)");
    sink.abort_step().await.unwrap();
    sink.end_run().await.unwrap();
}

#[tokio::test]
async fn what_is_left_open_is_rolled_back_with_a_warning() {
    for transaction in [TransactionMode::PerMigration, TransactionMode::All] {
        let database = Database::create().await;
        let heard = Arc::new(Heard::default());
        let client = database.client().await;
        let state = read_state(&client, "crmp", "mighost_version").await.unwrap();
        let settings = SessionOptions {
            transaction,
            ..settings()
        };
        let mut sink = LiveSink::new(
            client,
            SessionWatch::default(),
            settings,
            state,
            Arc::<Heard>::clone(&heard),
        );
        sink.begin_run().await.unwrap();
        sink.begin_step(&step("r1")).await.unwrap();
        sink.execute("create table t (a int)", &[]).await.unwrap();
        for value in ["1", "2"] {
            sink.savepoint_open().await.unwrap();
            let statement = format!("insert into t values ({value})");
            sink.execute(&statement, &[]).await.unwrap();
        }
        sink.end_step(&insert("r1"), &entry("r1")).await.unwrap();
        sink.end_run().await.unwrap();
        let heard = heard.0.lock().unwrap().join("\n");
        assert_eq!(
            heard,
            "r1 ended with 2 open savepoints: its work since the first was rolled back"
        );
        assert_eq!(database.column("select count(*) from crmp.t").await, ["0"]);
        assert_eq!(
            database.column("select version_num from crmp.mighost_version").await,
            ["r1"]
        );
    }
}

#[tokio::test]
async fn a_savepoint_ends_with_its_transaction() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    let savepoint = sink.savepoint_open().await.unwrap();
    sink.suspend_transaction().await.unwrap();
    let outside = sink.savepoint_open().await.unwrap_err();
    sink.resume_transaction().await.unwrap();
    let ended = sink.savepoint_close(savepoint, true).await.unwrap_err();
    insta::assert_snapshot!(outside, @"a savepoint works only inside the transaction; call resume-transaction first");
    insta::assert_snapshot!(ended, @"the savepoint ended with its transaction, which was committed by suspend-transaction");
    sink.abort_step().await.unwrap();
    sink.end_run().await.unwrap();
}

/// What was committed is not done again, and savepoints of the first attempt do not confuse the second.
#[tokio::test]
async fn an_interrupted_run_resumes_behind_its_savepoints() {
    async fn migrate(sink: &mut LiveSink) -> Result<(), SinkError> {
        sink.execute("create table t (a int)", &[]).await?;
        let undone = sink.savepoint_open().await?;
        sink.execute("insert into t values (1)", &[]).await?;
        sink.savepoint_close(undone, false).await?;
        let kept = sink.savepoint_open().await?;
        sink.execute("insert into t values (2)", &[]).await?;
        sink.savepoint_close(kept, true).await?;
        sink.suspend_transaction().await?;
        sink.execute("insert into t select 3 where exists (select from crmp.ready)", &[])
            .await?;
        sink.resume_transaction().await?;
        let undone = sink.savepoint_open().await?;
        sink.execute("insert into t values (4)", &[]).await?;
        sink.savepoint_close(undone, false).await
    }
    let database = Database::create().await;
    let mut sink = running(&database).await;
    migrate(&mut sink).await.unwrap_err();
    sink.abort_step().await.unwrap();
    sink.end_run().await.unwrap();
    database.column("create table crmp.ready ()").await;
    database.column("insert into crmp.ready default values").await;
    let mut sink = running(&database).await;
    migrate(&mut sink).await.unwrap();
    sink.end_step(&insert("r1"), &entry("r1")).await.unwrap();
    sink.end_run().await.unwrap();
    assert_eq!(database.column("select a from crmp.t order by a").await, ["2", "3"]);
}
