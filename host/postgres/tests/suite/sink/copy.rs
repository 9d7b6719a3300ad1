//! COPY of data that guests do not hold, and the settings of `session` and `postgres`.

use mighost_core::{PostgresSink, RowChange, Sink, SinkError, StepSink, Value};
use mighost_postgres::LiveSink;

use super::server::{Database, entry, running, step};

fn options(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn columns() -> [String; 2] {
    ["a".to_owned(), "b".to_owned()]
}

#[tokio::test]
async fn data_is_copied_in_the_format_of_its_options() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    sink.execute("create table t (a int, b text)", &[]).await.unwrap();
    let text = "1\tone\n2\t\\N\n";
    assert_eq!(sink.copy_data("t", &columns(), &[], text.as_bytes()).await.unwrap(), 2);
    let csv = options(&[("format", "csv"), ("header", "true"), ("null", "-")]);
    let data = format!("a;b\n{}", "3,\"it's, \"\"so\"\"\"\n4,-\n".repeat(20_000)).replace("a;b", "a,b");
    assert_eq!(
        sink.copy_data("t", &columns(), &csv, data.as_bytes()).await.unwrap(),
        40_000
    );
    let found = sink
        .query("select count(*), count(distinct b), max(b) from t where a > 2", &[])
        .await
        .unwrap();
    let longest = Value::Text("it's, \"so\"".to_owned());
    assert_eq!(found.rows, [[Value::Integer(40_000), Value::Integer(1), longest]]);
}

#[tokio::test]
async fn data_that_does_not_fit_is_the_servers_error() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    sink.execute("create table t (a int, b text)", &[]).await.unwrap();
    let error = sink.copy_data("t", &columns(), &[], b"x\ty\n").await.unwrap_err();
    let SinkError::Statement(failure) = error else {
        panic!("{error}")
    };
    assert_eq!(failure.error.sqlstate, "22P02");
    assert_eq!(failure.statement, "COPY \"t\" (\"a\", \"b\") FROM STDIN");
}

#[tokio::test]
async fn an_option_can_name_columns() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    sink.execute("create table t (a int, \"B b\" text, c text)", &[])
        .await
        .unwrap();
    let forced = options(&[("format", "csv"), ("FORCE_NULL", "B b"), ("force_null", "c")]);
    assert_eq!(sink.copy_data("t", &[], &forced, b"1,\"\",\"\"\n").await.unwrap(), 1);
    let kept = options(&[("format", "csv"), ("force_not_null", "c")]);
    assert_eq!(sink.copy_data("t", &[], &kept, b"2,,\n").await.unwrap(), 1);
    let found = sink
        .query("select \"B b\" is null, c is null from t order by a", &[])
        .await
        .unwrap();
    let bools = |row: [bool; 2]| row.map(Value::Boolean).to_vec();
    assert_eq!(found.rows, [bools([true, true]), bools([true, false])]);
}

#[tokio::test]
async fn a_table_can_have_any_name() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    sink.execute(
        "create schema \"s.t\"; create table \"s.t\".\"say \"\"x\"\"\" (a int); create table \"Plain name\" (a int)",
        &[],
    )
    .await
    .unwrap();
    for table in [
        "\"s.t\".\"say \"\"x\"\"\"",
        "\"s.t\".say \"x\"",
        "Plain name",
        "\"Plain name\"",
    ] {
        assert_eq!(sink.copy_data(table, &[], &[], b"1\n").await.unwrap(), 1, "{table}");
    }
}

#[tokio::test]
async fn what_is_no_table_is_refused() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    for table in ["", ".", "a.", ".a", "a.b.c", "\"a", "\"a\"b", "\"\""] {
        let error = sink.copy_data(table, &[], &[], b"").await.unwrap_err();
        let expected = format!("COPY needs a table as `table` or `schema.table`, not {table:?}");
        assert_eq!(error.to_string(), expected);
    }
}

#[tokio::test]
async fn an_option_cannot_carry_sql() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    sink.execute("create table t (a int, b text)", &[]).await.unwrap();
    let hostile = options(&[("format csv) where (true", "")]);
    let error = sink.copy_data("t", &columns(), &hostile, b"").await.unwrap_err();
    assert_eq!(error.to_string(), "COPY has no option \"format csv) where (true\"");
    let hostile = options(&[("null", "'); drop table t; --")]);
    assert_eq!(sink.copy_data("t", &columns(), &hostile, b"1\tx\n").await.unwrap(), 1);
}

#[tokio::test]
async fn the_rows_of_a_cursor_are_copied_in_batches() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    sink.execute("create table t (a int, b text); create table u (like t)", &[])
        .await
        .unwrap();
    sink.execute(
        "insert into t select n, case when n % 2 = 0 then 'x' || chr(9) || n end from generate_series(1, 2500) n",
        &[],
    )
    .await
    .unwrap();
    let cursor = sink
        .cursor_open(
            "select a, b from t where a > $1 order by a",
            &[Value::Integer(100)],
            1000,
        )
        .await
        .unwrap();
    assert_eq!(sink.copy_cursor("u", &columns(), cursor).await.unwrap(), 2400);
    assert_eq!(sink.copy_cursor("u", &columns(), cursor).await.unwrap(), 0);
    let found = sink
        .query("select count(*) from (table t except table u) missing", &[])
        .await
        .unwrap();
    assert_eq!(found.rows, [[Value::Integer(100)]]);
}

/// The journal keeps the number of rows: batches of any size can be copied before the transaction is left.
#[tokio::test]
async fn an_interrupted_run_resumes_behind_a_copied_cursor() {
    async fn migrate(sink: &mut LiveSink) -> Result<u64, SinkError> {
        sink.execute("create table u (a int, b text)", &[]).await?;
        let query = "select n, repeat('x', 100000) from generate_series(1, 30) n";
        let cursor = sink.cursor_open(query, &[], 20).await?;
        let copied = sink.copy_cursor("u", &columns(), cursor).await?;
        sink.suspend_transaction().await?;
        sink.execute("insert into u select 31 where exists (select from crmp.ready)", &[])
            .await?;
        sink.resume_transaction().await?;
        Ok(copied)
    }
    let database = Database::create().await;
    let mut sink = running(&database).await;
    migrate(&mut sink).await.unwrap_err();
    sink.abort_step().await.unwrap();
    sink.end_run().await.unwrap();
    database.column("create table crmp.ready ()").await;
    database.column("insert into crmp.ready default values").await;
    let mut sink = running(&database).await;
    assert_eq!(migrate(&mut sink).await.unwrap(), 30);
    let change = RowChange::Insert("r1".to_owned());
    sink.end_step(&[change], &entry("r1")).await.unwrap();
    sink.end_run().await.unwrap();
    assert_eq!(database.column("select count(*) from crmp.u").await, ["31"]);
}

#[tokio::test]
async fn rows_of_a_cursor_that_do_not_fit_are_the_servers_error() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    sink.execute("create table u (a int check (a < 5), b text)", &[])
        .await
        .unwrap();
    let query = "select n, repeat('x', 100000) from generate_series(1, 30) n";
    let cursor = sink.cursor_open(query, &[], 20).await.unwrap();
    let error = sink.copy_cursor("u", &columns(), cursor).await.unwrap_err();
    let SinkError::Statement(failure) = error else {
        panic!("{error}")
    };
    assert_eq!(failure.error.sqlstate, "23514");
}

#[tokio::test]
async fn settings_of_session_and_postgres_end_with_the_step() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    sink.execute("create role \"it's\"; create schema \"A b\"", &[])
        .await
        .unwrap();
    sink.set_role("it's").await.unwrap();
    sink.set_search_path(&["A b".to_owned(), "public".to_owned()])
        .await
        .unwrap();
    sink.set_lock_timeout(1234).await.unwrap();
    sink.set_statement_timeout(60_000).await.unwrap();
    let ask = "select current_user::text, current_setting('search_path'), current_setting('lock_timeout'), \
               current_setting('statement_timeout')";
    let found = sink.query(ask, &[]).await.unwrap();
    let texts = |row: [&str; 4]| row.map(|text| Value::Text(text.to_owned())).to_vec();
    assert_eq!(found.rows, [texts(["it's", "\"A b\", public", "1234ms", "1min"])]);
    sink.reset_role().await.unwrap();
    sink.execute("drop role \"it's\"", &[]).await.unwrap();
    let change = RowChange::Insert("r1".to_owned());
    sink.end_step(&[change], &entry("r1")).await.unwrap();
    sink.begin_step(&step("r2")).await.unwrap();
    let found = sink.query(ask, &[]).await.unwrap();
    assert_eq!(found.rows, [texts(["postgres", "crmp, public", "0", "0"])]);
}
