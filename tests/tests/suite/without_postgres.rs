//! Guests on a database that is not PostgreSQL: a sink without `postgres`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mighost_artifact::{Artifact, ArtifactInfo};
use mighost_core::{
    Column, DatabaseError, Diagnostic, Direction, ExitKind, Limits, Row, Rows, Silent, Sink, SinkError, Value,
};
use mighost_runtime::{GuestContext, GuestKind, GuestStep, NoHostServices, Runtime, RuntimeError, call_migration};
use mighost_tests::guests::Code;

/// Takes statements, and has nothing else.
struct Other(Vec<String>);

fn nothing<T>() -> Result<T, SinkError> {
    Err(SinkError::Misuse("this database has nothing".to_owned()))
}

#[async_trait]
impl Sink for Other {
    fn set_operation(&mut self, _: Option<Arc<str>>) {}

    async fn execute(&mut self, statement: &str, _: &[Value]) -> Result<(), SinkError> {
        self.0.push(statement.to_owned());
        Ok(())
    }

    async fn execute_script(&mut self, _: &str) -> Result<(), SinkError> {
        nothing()
    }

    async fn execute_counted(&mut self, _: &str, _: &[Value]) -> Result<u64, SinkError> {
        nothing()
    }

    async fn query(&mut self, _: &str, _: &[Value]) -> Result<Rows, SinkError> {
        nothing()
    }

    async fn try_query(&mut self, _: &str, _: &[Value]) -> Result<Result<Rows, DatabaseError>, SinkError> {
        nothing()
    }

    async fn suspend_transaction(&mut self) -> Result<(), SinkError> {
        nothing()
    }

    async fn resume_transaction(&mut self) -> Result<(), SinkError> {
        nothing()
    }

    fn in_transaction(&self) -> bool {
        true
    }

    async fn savepoint_open(&mut self) -> Result<u32, SinkError> {
        nothing()
    }

    async fn savepoint_close(&mut self, _: u32, _: bool) -> Result<(), SinkError> {
        nothing()
    }

    async fn cursor_open(&mut self, _: &str, _: &[Value], _: u32) -> Result<u32, SinkError> {
        nothing()
    }

    async fn cursor_columns(&mut self, _: u32) -> Result<Vec<Column>, SinkError> {
        nothing()
    }

    async fn cursor_next(&mut self, _: u32) -> Result<Vec<Row>, SinkError> {
        nothing()
    }

    async fn cursor_close(&mut self, _: u32) -> Result<(), SinkError> {
        nothing()
    }

    async fn set_search_path(&mut self, _: &[String]) -> Result<(), SinkError> {
        nothing()
    }

    async fn set_lock_timeout(&mut self, _: u32) -> Result<(), SinkError> {
        nothing()
    }

    async fn set_statement_timeout(&mut self, _: u32) -> Result<(), SinkError> {
        nothing()
    }
}

/// Runs the upgrade of a migration that sends a statement and, if it `calls`, sets a role.
fn upgrade(calls: bool) -> (Result<(), RuntimeError>, Vec<String>) {
    let code = Code::new()
        .import(
            "mighost:host/postgres@0.1.0",
            "set-role",
            "$set_role",
            "(param i32 i32)",
        )
        .execute("create table t (a integer)")
        .then(&format!("(if (i32.const {}) (then", i32::from(calls)))
        .text("boss")
        .then("(call $set_role)))");
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("a1.wasm");
    std::fs::write(&path, code.migration("a1", &[])).unwrap();
    let info = ArtifactInfo::read(path.clone(), &std::fs::read(&path).unwrap()).unwrap();
    assert!(
        info.imports
            .iter()
            .any(|import| import == "mighost:host/postgres@0.1.0")
    );
    let artifact = Artifact::load(Arc::new(info)).unwrap();
    let threads = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    threads.block_on(async {
        let runtime = Runtime::new().unwrap();
        let guest = runtime
            .load(
                &artifact,
                GuestKind::Migration("a1".to_owned()),
                &Silent,
                &mut |_| unreachable!(),
            )
            .unwrap();
        let context = GuestContext {
            schema: "public".to_owned(),
            superuser_role: None,
            args: Default::default(),
            offline: false,
            server_version: None,
            limits: Limits {
                guest_time: Duration::from_secs(10),
                memory: 64 << 20,
            },
        };
        let sink = Arc::new(tokio::sync::Mutex::new(Other(Vec::new())));
        let step = GuestStep::new(
            "a1".to_owned(),
            Direction::Upgrade,
            Arc::new(context),
            Arc::new(Silent),
            Arc::new(NoHostServices),
            Some(sink.clone()),
        );
        let ran = call_migration(&guest, &step).await;
        let sent = std::mem::take(&mut sink.lock().await.0);
        (ran, sent)
    })
}

#[test]
fn a_guest_that_imports_postgres_without_calling_it_runs() {
    let (ran, sent) = upgrade(false);
    ran.unwrap();
    assert_eq!(sent, ["create table t (a integer)"]);
}

#[test]
fn a_call_to_postgres_ends_the_run_and_says_why() {
    let (ran, sent) = upgrade(true);
    let diagnostic = Diagnostic::from(&ran.unwrap_err());
    assert_eq!(diagnostic.exit, ExitKind::Guest);
    insta::assert_snapshot!(diagnostic.what, @"postgres.set-role cannot be used: this database is not PostgreSQL");
    assert_eq!(sent.len(), 1);
}
