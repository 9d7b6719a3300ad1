use mighost_core::{RowChange, RunError, Sink, SinkError, StepSink, Value};
use mighost_postgres::read_state;

use super::server::{Database, entry, settings, step};

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
