//! Values on their way to the server and back.

use mighost_core::{PostgresSink, Sink, SinkError, StepSink, Value};
use mighost_postgres::LiveSink;

use super::server::{Database, entry, running, settings, step};

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

/// What drivers build `cursor.description` of.
#[tokio::test]
async fn columns_have_names_and_types() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    sink.execute("create type mood as enum ('sad')", &[]).await.unwrap();
    let query = "select 1 as a, '2'::numeric(5, 2) as a, array['x'] as c, 'sad'::mood as d";
    let rows = sink.query(query, &[]).await.unwrap();
    let described: Vec<(&str, &str)> = rows
        .columns
        .iter()
        .map(|column| (column.name.as_str(), column.type_name.as_str()))
        .collect();
    assert_eq!(
        described,
        [("a", "int4"), ("a", "numeric"), ("c", "_text"), ("d", "mood")]
    );
    assert_eq!(rows.columns[0].type_oid, 23);
    assert_eq!(rows.affected, 1);
    let cursor = sink.cursor_open(query, &[], 10).await.unwrap();
    assert_eq!(sink.cursor_columns(cursor).await.unwrap(), rows.columns);
    let tried = sink.try_query(query, &[]).await.unwrap().unwrap();
    assert_eq!(tried.columns, rows.columns);
}

#[tokio::test]
async fn results_count_the_rows_that_they_changed() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    sink.execute("create table t (a int)", &[]).await.unwrap();
    let params = [Value::Integer(3)];
    sink.execute("insert into t select generate_series(1, $1::int)", &params)
        .await
        .unwrap();
    let changed = sink
        .query("update t set a = a + 1 where a > $1 returning a", &[Value::Integer(1)])
        .await
        .unwrap();
    assert_eq!((changed.affected, changed.rows.len()), (2, 2));
    let tried = sink
        .try_query("delete from t where a = $1", &[Value::Integer(1)])
        .await
        .unwrap()
        .unwrap();
    assert_eq!((tried.affected, tried.rows.len()), (1, 0));
    let created = sink.try_query("create table u (a int)", &[]).await.unwrap().unwrap();
    assert_eq!((created.affected, created.columns.len()), (0, 0));
}

/// An error says what it is about, so that a driver can tell an integrity error from another.
#[tokio::test]
async fn errors_have_all_fields_of_the_server() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    sink.execute(
        "create table t (a int constraint positive check (a > 0), b int not null)",
        &[],
    )
    .await
    .unwrap();
    let refused = async |sink: &mut LiveSink, statement: &str, params: &[Value]| {
        sink.try_query(statement, params).await.unwrap().unwrap_err()
    };
    let error = refused(&mut sink, "insert into t values ($1, 1)", &[Value::Integer(0)]).await;
    let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!((error.severity.as_str(), error.sqlstate.as_str()), ("ERROR", "23514"));
    assert_eq!(
        error.fields,
        [
            field("schema", "crmp"),
            field("table", "t"),
            field("constraint", "positive")
        ]
    );
    let error = refused(&mut sink, "insert into t values (1, null)", &[]).await;
    assert_eq!(
        error.fields,
        [field("schema", "crmp"), field("table", "t"), field("column", "b")]
    );
    let block = "do $$ begin raise exception 'no' using errcode = 'P0042', column = 'c'; end $$";
    let error = refused(&mut sink, block, &[]).await;
    assert_eq!(
        (error.sqlstate.as_str(), error.fields),
        ("P0042", vec![field("column", "c")])
    );
    assert!(
        error
            .context
            .unwrap()
            .starts_with("PL/pgSQL function inline_code_block line 1")
    );
    // The transaction goes on, and nothing of what failed is left behind.
    let left = sink.query("select count(*) from t", &[]).await.unwrap();
    assert_eq!(left.rows, [[Value::Integer(0)]]);
    let prepared = sink.query(
        "select count(*) from pg_prepared_statements where from_sql and name like 'mighost_query%'",
        &[],
    );
    assert_eq!(prepared.await.unwrap().rows, [[Value::Integer(0)]]);
}

/// A failure of what was sent earlier is not taken for that of the statement that is tried.
#[tokio::test]
async fn what_is_tried_fails_only_by_itself() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    sink.execute("insert into nowhere values ($1)", &[Value::Integer(1)])
        .await
        .unwrap();
    let error = sink.try_query("select 1", &[]).await.unwrap_err();
    let SinkError::Statement(failure) = &error else {
        panic!("{error}");
    };
    assert_eq!(failure.statement, "insert into nowhere values ($1)");
}

#[tokio::test]
async fn results_have_the_types_of_the_contract() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    sink.execute(
        "create type mood as enum ('sad', 'glad'); create domain pos as int check (value > 0)",
        &[],
    )
    .await
    .unwrap();
    sink.execute("create type pair as (a int, b text)", &[]).await.unwrap();
    for (expression, value) in [
        ("true", Value::Boolean(true)),
        ("1::smallint", Value::Integer(1)),
        ("-9223372036854775808", Value::Integer(i64::MIN)),
        ("5::oid", Value::Integer(5)),
        ("0.1::real", Value::Real(0.1)),
        ("'-infinity'::float8", Value::Real(f64::NEG_INFINITY)),
        ("'\\x00ff'::bytea", Value::Bytes(vec![0, 255])),
        ("null::int", Value::Null),
        ("1.50::numeric", text("1.50")),
        ("'{1,2,NULL}'::int[]", text("{1,2,NULL}")),
        ("'2026-01-31'::date", text("2026-01-31")),
        ("'a'::char(3)", text("a  ")),
        ("'glad'::mood", text("glad")),
        ("7::pos", Value::Integer(7)),
        ("row(1, 'x y')::pair", text("(1,\"x y\")")),
        ("'{\"a\": 1}'::jsonb", text("{\"a\": 1}")),
        ("int4range(1, 5)", text("[1,5)")),
        ("'ü\\x'", text("ü\\x")),
        ("'pg_class'::regclass", text("pg_class")),
        ("array['sad']::mood[]", text("{sad}")),
    ] {
        let rows = sink.query(&format!("select {expression} as v"), &[]).await.unwrap();
        assert_eq!(rows.columns[0].name, "v");
        assert_eq!(rows.rows, [[value]], "{expression}");
    }
    sink.execute("set bytea_output = escape", &[]).await.unwrap();
    let rows = sink.query("select '\\x0041ff5c'::bytea", &[]).await.unwrap();
    assert_eq!(rows.rows, [[Value::Bytes(vec![0, 0x41, 255, b'\\'])]]);
}

#[tokio::test]
async fn parameters_take_the_type_of_their_place() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    sink.execute(
        "create table t (n numeric, d date, b bytea, j jsonb, a int[], f float8, s text, o boolean, z text)",
        &[],
    )
    .await
    .unwrap();
    let params = [
        Value::Integer(5),
        text("2026-01-31"),
        Value::Bytes(vec![0, b'\'', b'\\']),
        text("{\"a\": [1]}"),
        text("{1,2}"),
        Value::Real(1e-300),
        text("it's \\ $1 :x\r\n"),
        Value::Boolean(false),
        Value::Null,
    ];
    let insert = "insert into t values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    assert_eq!(sink.execute_counted(insert, &params).await.unwrap(), 1);
    let rows = sink.query(&format!("{insert} returning *"), &params).await.unwrap();
    let expected = [
        text("5"),
        text("2026-01-31"),
        Value::Bytes(vec![0, b'\'', b'\\']),
        text("{\"a\": [1]}"),
        text("{1,2}"),
        Value::Real(1e-300),
        text("it's \\ $1 :x\r\n"),
        Value::Boolean(false),
        Value::Null,
    ];
    assert_eq!(rows.rows, std::slice::from_ref(&expected));
    // Both ways of sending gave the same.
    let rows = sink.query("select distinct * from t", &[]).await.unwrap();
    assert_eq!(rows.rows, [expected]);
}

#[tokio::test]
async fn queries_that_cannot_be_prepared_by_sql() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    let rows = sink.query("show search_path", &[]).await.unwrap();
    assert_eq!(rows.rows, [[text("crmp, public")]]);
    let rows = sink.query("explain (costs off) select 1", &[]).await.unwrap();
    assert_eq!(rows.rows, [[text("Result")]]);
    let rows = sink.query("(values (1), (2)) order by 1", &[]).await.unwrap();
    assert_eq!(rows.rows.len(), 2);
    let rows = sink.query("table pg_am", &[]).await.unwrap();
    assert!(rows.rows.len() > 2);
}

#[tokio::test]
async fn failures_of_queries_point_into_the_guests_statement() {
    let database = Database::create().await;
    for (statement, params, sqlstate, position) in [
        ("select nothing from pg_am", vec![], "42703", Some(8)),
        ("select 1/$1", vec![Value::Integer(0)], "22012", None),
        ("select $1::int", vec![text("x")], "22P02", None),
        ("selct 1", vec![], "42601", Some(1)),
    ] {
        let mut sink = running(&database).await;
        let error = sink.query(statement, &params).await.unwrap_err();
        let SinkError::Statement(failure) = error else {
            panic!("{statement}: {error}");
        };
        assert_eq!(failure.statement, statement);
        assert_eq!(
            (failure.error.sqlstate.as_str(), failure.error.position),
            (sqlstate, position),
            "{statement}"
        );
        sink.abort_step().await.unwrap();
        // Nothing is left behind that would be in the way of the next query.
        sink.begin_step(&super::server::step("again")).await.unwrap();
        assert_eq!(
            sink.query(
                "select count(*) from pg_prepared_statements where name like 'mighost%'",
                &[]
            )
            .await
            .unwrap()
            .rows[0][0],
            Value::Integer(0)
        );
        sink.abort_step().await.unwrap();
        sink.end_run().await.unwrap();
    }
}

#[tokio::test]
async fn the_number_of_parameters_must_fit() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    let error = sink.query("select 1", &[Value::Integer(0)]).await.unwrap_err();
    assert!(matches!(error, SinkError::Misuse(_)), "{error}");
}

#[tokio::test]
async fn a_result_beyond_the_limit_ends_the_run() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    let error = sink
        .query("select repeat('x', 1000000) from generate_series(1, 80)", &[])
        .await
        .unwrap_err();
    assert!(matches!(error, SinkError::ResultTooLarge { .. }));
    sink.abort_step().await.unwrap();
    sink.end_run().await.unwrap();
}

#[tokio::test]
async fn copy_takes_odd_characters() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    sink.execute(
        "create schema \"o.dd\"; create table \"T t\" (a text, b bytea, \"c \"\"d\" float8)",
        &[],
    )
    .await
    .unwrap();
    let columns = ["a".to_owned(), "b".to_owned(), "c \"d".to_owned()];
    let copy = sink.copy_open("crmp.T t", &columns).await.unwrap();
    let rows = [
        vec![text("a\tb\nc\rd\\e"), Value::Bytes(vec![0, 92, 255]), Value::Real(0.1)],
        vec![text("\\N"), Value::Null, Value::Null],
        vec![text("\\."), Value::Bytes(Vec::new()), Value::Real(f64::NAN)],
        vec![text(""), Value::Null, Value::Integer(3)],
        vec![Value::Null, Value::Null, Value::Null],
        vec![text("ü\u{8}\u{b}\u{c}"), Value::Null, Value::Null],
    ];
    sink.copy_write(copy, &rows[..2]).await.unwrap();
    let error = sink.execute("select 1", &[]).await.unwrap_err();
    assert!(matches!(error, SinkError::Misuse(_)), "{error}");
    sink.copy_write(copy, &rows[2..]).await.unwrap();
    assert_eq!(sink.copy_finish(copy).await.unwrap(), 6);
    let found = sink.query("select a, b from \"T t\"", &[]).await.unwrap();
    for (sent, found) in rows.iter().zip(&found.rows) {
        assert_eq!(sent[..2], found[..]);
    }
    let found = sink
        .query("select string_agg(\"c \"\"d\"::text, ',') from \"T t\"", &[])
        .await
        .unwrap();
    assert_eq!(found.rows, [[text("0.1,NaN,3")]]);
}

#[tokio::test]
async fn a_copy_that_fails_or_is_dropped_ends_the_run() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    sink.execute("create table t (a int)", &[]).await.unwrap();
    let copy = sink.copy_open("t", &["a".to_owned()]).await.unwrap();
    let many: Vec<Vec<Value>> = (0..100_000).map(|_| vec![text("not a number")]).collect();
    let error = match sink.copy_write(copy, &many).await {
        Ok(()) => sink.copy_finish(copy).await.unwrap_err(),
        Err(error) => error,
    };
    let SinkError::Statement(failure) = error else {
        panic!("{error}");
    };
    assert_eq!(failure.error.sqlstate, "22P02");
    sink.abort_step().await.unwrap();
    sink.begin_step(&super::server::step("again")).await.unwrap();
    sink.execute("create table t (a int)", &[]).await.unwrap();
    let copy = sink.copy_open("t", &["a".to_owned()]).await.unwrap();
    sink.copy_write(copy, &[vec![Value::Integer(1)]]).await.unwrap();
    sink.copy_abandon(copy).await.unwrap();
    assert!(sink.execute("select 1", &[]).await.is_err());
    sink.abort_step().await.unwrap();
    sink.end_run().await.unwrap();
    assert_eq!(database.column("select to_regclass('crmp.t')").await, ["NULL"]);
}

#[tokio::test]
async fn cursors_fetch_in_batches() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    sink.execute("create table t as select g as a from generate_series(1, 7) g", &[])
        .await
        .unwrap();
    let cursor = sink
        .cursor_open("select a, a::numeric / 2 from t where a > $1", &[Value::Integer(1)], 4)
        .await
        .unwrap();
    let other = sink.cursor_open("select 1 from t", &[], 100).await.unwrap();
    let first = sink.cursor_next(cursor).await.unwrap();
    assert_eq!(first.len(), 4);
    assert_eq!(first[0], [Value::Integer(2), text("1.00000000000000000000")]);
    sink.execute("insert into t values (100)", &[]).await.unwrap();
    assert_eq!(sink.cursor_next(other).await.unwrap().len(), 7);
    assert_eq!(sink.cursor_next(cursor).await.unwrap().len(), 2);
    assert_eq!(sink.cursor_next(cursor).await.unwrap().len(), 0);
    assert_eq!(sink.cursor_next(cursor).await.unwrap().len(), 0);
    sink.cursor_close(cursor).await.unwrap();
    assert!(sink.cursor_next(cursor).await.is_err());
    let Err(SinkError::Statement(failure)) = sink.cursor_open("select x from t", &[], 4).await else {
        panic!("no failure");
    };
    assert_eq!(
        (failure.error.sqlstate.as_str(), failure.error.position),
        ("42703", Some(8))
    );
}

/// The server would send the rest for ever.
#[tokio::test]
async fn a_result_without_an_end_is_cancelled() {
    let endless = "select generate_series(1, 9000000000000000000)";
    let database = Database::create().await;
    let mut sink = database.watched(settings()).await;
    sink.begin_run().await.unwrap();
    sink.begin_step(&step("r1")).await.unwrap();
    let error = sink.query(endless, &[]).await.unwrap_err();
    assert!(matches!(error, SinkError::ResultTooLarge { .. }), "{error}");
    sink.abort_step().await.unwrap();
    sink.begin_step(&step("r1")).await.unwrap();
    let error = sink
        .try_query(&format!("with s as ({endless}) table s"), &[])
        .await
        .unwrap_err();
    assert!(matches!(error, SinkError::ResultTooLarge { .. }), "{error}");
    sink.abort_step().await.unwrap();
    sink.begin_step(&step("r1")).await.unwrap();
    let wide = "select repeat('x', 1000000) from generate_series(1, 1000)";
    let cursor = sink.cursor_open(wide, &[], 100).await.unwrap();
    let error = sink.cursor_next(cursor).await.unwrap_err();
    assert!(matches!(error, SinkError::ResultTooLarge { .. }), "{error}");
    sink.abort_step().await.unwrap();
    // The session is as good as before.
    sink.begin_step(&step("r1")).await.unwrap();
    sink.execute("create table t (a int)", &[]).await.unwrap();
    sink.execute("select generate_series(1, 3000000)", &[]).await.unwrap();
    sink.end_step(&[mighost_core::RowChange::Insert("r1".to_owned())], &entry("r1"))
        .await
        .unwrap();
    sink.end_run().await.unwrap();
    assert_eq!(
        database.column("select version_num from crmp.mighost_version").await,
        ["r1"]
    );
}

#[tokio::test]
async fn a_tried_statement_cannot_release_its_own_savepoint() {
    let database = Database::create().await;
    let mut sink = running(&database).await;
    for statement in ["release savepoint mighost_try", "rollback to savepoint mighost_try"] {
        let tried = sink.try_query(statement, &[]).await.unwrap().unwrap_err();
        assert_eq!(tried.sqlstate, "3B001", "{statement}");
    }
    sink.query("select 1", &[]).await.unwrap();
}
