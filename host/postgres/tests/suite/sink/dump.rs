//! Scripts as pg_dump writes them, live and by psql.

use mighost_core::{Sink, StepSink};

use super::offline::{offline, psql};
use super::server::{Database, entry, major, settings, step};

const DUMP: &str = r#"--
-- PostgreSQL database dump
--

\restrict a1B2c3

SET statement_timeout = 0;
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);

CREATE TABLE crmp.spans (begin date, note text);

CREATE FUNCTION crmp.begins() RETURNS SETOF date
    LANGUAGE sql
    BODY;

COPY crmp.spans (begin, note) FROM stdin;
2026-12-01	it's; $$ /* :'who' \\. "
2026-12-02	\N
\.

CREATE INDEX spans_begin ON crmp.spans USING btree (begin);

\unrestrict a1B2c3
"#;

/// The dump, with a body in the form of the server's version.
fn dump() -> String {
    let body = match major() {
        ..14 => "AS 'SELECT begin FROM crmp.spans ORDER BY begin'",
        _ => {
            "BEGIN ATOMIC\n SELECT spans.begin\n    FROM crmp.spans;\n SELECT begin FROM crmp.spans ORDER BY begin;\nEND"
        }
    };
    DUMP.replace("BODY", body)
}

const CHECK: &str =
    "select concat(count(*), ' ', min(note), ' ', (select min(b) from crmp.begins() b)) from crmp.spans";

#[tokio::test]
async fn a_dump_with_data_is_a_script() {
    let database = Database::create().await;
    database.column("create schema crmp").await;
    let mut sink = database.sink(settings()).await;
    sink.begin_run().await.unwrap();
    sink.begin_step(&step("r1")).await.unwrap();
    sink.execute_script(&dump()).await.unwrap();
    let change = mighost_core::RowChange::Insert("r1".to_owned());
    sink.end_step(&[change], &entry("r1")).await.unwrap();
    sink.end_run().await.unwrap();
    let expected = [r#"2 it's; $$ /* :'who' \. " 2026-12-01"#];
    assert_eq!(database.column(CHECK).await, expected);
}

#[tokio::test]
async fn psql_reads_a_dump_in_a_script_of_mighost() {
    let database = Database::create().await;
    database.column("create schema crmp").await;
    let (mut sink, script) = offline(settings());
    sink.begin_run().await.unwrap();
    sink.begin_step(&step("r1")).await.unwrap();
    sink.execute_script(&dump()).await.unwrap();
    let change = mighost_core::RowChange::Insert("r1".to_owned());
    sink.end_step(&[change], &entry("r1")).await.unwrap();
    sink.end_run().await.unwrap();
    let output = psql(&database, &script.text());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(
        database.column(CHECK).await,
        [r#"2 it's; $$ /* :'who' \. " 2026-12-01"#]
    );
    assert_eq!(
        database.column("select version_num from crmp.mighost_version").await,
        ["r1"]
    );
}
