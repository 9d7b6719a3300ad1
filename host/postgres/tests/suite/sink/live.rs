use mighost_core::{RowChange, RunError, SessionOptions, Sink, SinkError, StepSink, TransactionMode, Value};
use mighost_postgres::read_state;

use super::server::{Database, entry, major, running, settings, step};

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

#[tokio::test]
async fn a_step_from_begin_to_end() {
    let database = Database::create().await;
    let mut sink = database.sink(settings()).await;
    sink.begin_run().await.unwrap();
    sink.begin_step(&step("r1")).await.unwrap();
    sink.execute("create table t (a int); insert into t values (1), (2); -- end", &[])
        .await
        .unwrap();
    let rows = sink
        .query("select a, a::text || $1 from t order by a", &[text("x")])
        .await
        .unwrap();
    assert_eq!(rows.rows[1], [Value::Integer(2), text("2x")]);
    assert_eq!(
        sink.execute_counted("delete from t where a = $1", &[Value::Integer(1)])
            .await
            .unwrap(),
        1
    );
    sink.end_step(&[RowChange::Insert("r1".to_owned())], &entry("r1"))
        .await
        .unwrap();
    sink.end_run().await.unwrap();
    assert_eq!(database.column("select a from crmp.t").await, ["2"]);
    let state = read_state(&database.client().await, "crmp", "mighost_version")
        .await
        .unwrap();
    assert_eq!(state.heads, ["r1"]);
    assert!(state.applied.contains_key("r1"));
    assert_eq!(
        database
            .column("select duration > '0' and duration < '1 min' and started < now() from crmp.mighost_version_ledger")
            .await,
        ["t"]
    );
}

#[tokio::test]
async fn the_first_failure_is_reported() {
    let database = Database::create().await;
    let mut sink = database.sink(settings()).await;
    sink.begin_run().await.unwrap();
    sink.begin_step(&step("r1")).await.unwrap();
    sink.execute("create table t (a int)", &[]).await.unwrap();
    sink.set_operation(Some("a:b/c@1#d".into()));
    sink.execute("insert  into tt values (1)", &[]).await.unwrap();
    sink.set_operation(None);
    sink.execute("select 1", &[]).await.unwrap();
    let error = sink
        .end_step(&[RowChange::Insert("r1".to_owned())], &entry("r1"))
        .await
        .unwrap_err();
    let RunError::Sink(SinkError::Statement(failure)) = error else {
        panic!("{error}");
    };
    assert_eq!(failure.statement, "insert  into tt values (1)");
    assert_eq!(failure.error.sqlstate, "42P01");
    assert_eq!(failure.error.position, Some(14));
    assert_eq!(failure.operation.as_deref(), Some("a:b/c@1#d"));
    sink.abort_step().await.unwrap();
    sink.end_run().await.unwrap();
    assert_eq!(database.column("select to_regclass('crmp.t')").await, ["NULL"]);
    assert_eq!(
        database.column("select count(*) from crmp.mighost_version").await,
        ["0"]
    );
}

/// Rows that a policy hides would look like an empty version table, and the run would start at the base.
#[tokio::test]
async fn row_security_cannot_hide_applied_revisions() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    let change = RowChange::Insert("r1".to_owned());
    sink.end_step(&[change], &entry("r1")).await.unwrap();
    sink.end_run().await.unwrap();
    database
        .column(
            "create role hidden; grant usage, create on schema crmp to hidden; \
             grant all on all tables in schema crmp to hidden; \
             alter table crmp.mighost_version enable row level security",
        )
        .await;
    let client = database.client().await;
    client.batch_execute("set session authorization hidden").await.unwrap();
    let error = read_state(&client, "crmp", "mighost_version").await.unwrap_err();
    assert!(error.to_string().contains("row-level security policy"), "{error}");
}

#[tokio::test]
async fn a_guest_has_row_security_and_a_server_that_notices_its_end() {
    for transaction in [TransactionMode::PerMigration, TransactionMode::All] {
        let database = Database::create().await;
        let mut sink = database
            .sink(SessionOptions {
                transaction,
                ..settings()
            })
            .await;
        sink.begin_run().await.unwrap();
        for (id, change) in [
            ("r1", RowChange::Insert("r1".to_owned())),
            (
                "r2",
                RowChange::Update {
                    from: "r1".to_owned(),
                    to: "r2".to_owned(),
                },
            ),
        ] {
            sink.begin_step(&step(id)).await.unwrap();
            let ask =
                "select current_setting('row_security'), current_setting('client_connection_check_interval', true)";
            let found = sink.query(ask, &[]).await.unwrap();
            let interval = if major() < 14 { Value::Null } else { text("10s") };
            assert_eq!(found.rows, [[text("on"), interval]], "{id}");
            sink.end_step(&[change], &entry(id)).await.unwrap();
        }
        sink.end_run().await.unwrap();
    }
}

#[tokio::test]
async fn what_would_release_the_lock_is_refused() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    let error = sink.execute("select 1; discard /* */ all", &[]).await.unwrap_err();
    assert!(
        error.to_string().starts_with("DISCARD ALL would release the lock"),
        "{error}"
    );
    sink.execute("discard plans; discard sequences; discard temp", &[])
        .await
        .unwrap();
}
