//! COPY of data that guests do not hold, and the settings of `session` and `postgres`.

use mighost_core::{PostgresSink, RowChange, Sink, SinkError, StepSink, Value};

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
