//! Guests that hide PostgreSQL's own types behind temporary ones.

use mighost_core::{RowChange, Sink, StepSink};

use super::server::{Database, entry, settings, step};

/// Otherwise the tables that mighost makes would lose their columns with the session.
#[tokio::test]
async fn tables_of_mighost_do_not_use_a_guests_types() {
    let database = Database::create().await;
    let mut sink = database.sink(settings()).await;
    sink.begin_run().await.unwrap();
    sink.begin_step(&step("r1")).await.unwrap();
    let types = ["text", "int8", "jsonb", "timestamptz", "interval", "name"];
    for name in types {
        let statement = format!("create domain pg_temp.{name} as pg_catalog.{name}");
        sink.execute(&statement, &[]).await.unwrap();
    }
    sink.execute("set search_path = pg_temp, pg_catalog, crmp", &[])
        .await
        .unwrap();
    sink.suspend_transaction().await.unwrap();
    sink.execute("create table crmp.t ()", &[]).await.unwrap();
    sink.resume_transaction().await.unwrap();
    sink.end_step(&[RowChange::Insert("r1".to_owned())], &entry("r1"))
        .await
        .unwrap();
    sink.end_run().await.unwrap();
    drop(sink);
    let columns = database
        .column(
            "select distinct t.typnamespace::regnamespace from pg_attribute a join pg_type t on t.oid = atttypid \
             where attrelid in (select oid from pg_class where relname like 'mighost_version%') and attnum > 0 \
             and not attisdropped",
        )
        .await;
    assert_eq!(columns, ["pg_catalog"]);
}
