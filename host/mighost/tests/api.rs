//! The library as an application uses it.
#![expect(clippy::unwrap_used, reason = "what a test prepares must work")]

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use mighost::{Blame, Error, Event, ExitKind, Project, RevisionRequest, TestServer, TransactionMode};

const CONFIG: &str = "[databases.app]\nurl = \"${APP_URL}\"\n";

/// Two revisions in SQL, the second one with what is given.
fn write(folder: &Path, second: &str) {
    fs::write(folder.join("mighost.toml"), CONFIG).unwrap();
    for (revision, down, up, back) in [
        ("r1", "", "create table a (id int);", "drop table a;"),
        ("r2", "\"r1\"", second, "drop table b;"),
    ] {
        let migration = folder.join("migrations").join(revision);
        fs::create_dir_all(&migration).unwrap();
        let manifest =
            format!("revision = \"{revision}\"\ndown-revisions = [{down}]\nmessage = \"about {revision}\"\n");
        fs::write(migration.join("migration.toml"), manifest).unwrap();
        fs::write(migration.join("upgrade.sql"), up).unwrap();
        fs::write(migration.join("downgrade.sql"), back).unwrap();
    }
}

#[test]
fn what_the_commands_do() {
    let server = TestServer::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "create table b (id int);");
    let steps = Arc::new(Mutex::new(Vec::new()));
    let heard = steps.clone();
    let project = Project::open(folder.path()).unwrap().variable("APP_URL", &server.url());
    let project = project.on_event(move |event| {
        if let Event::StepStarted { revision, .. } = event {
            heard.lock().unwrap().push(revision);
        }
    });
    assert_eq!(project.build().unwrap().built, 2);
    let database = project.default_database();
    assert!(database.current().unwrap().revisions.is_empty());
    assert_eq!(database.check_heads().unwrap_err().kind(), ExitKind::Check);
    let report = database.clone().dry_run().upgrade("head").unwrap();
    assert!(report.dry_run && database.current().unwrap().revisions.is_empty());
    let report = database
        .clone()
        .transaction(TransactionMode::All)
        .upgrade("head")
        .unwrap();
    assert_eq!(
        (report.steps.len(), report.heads.as_slice()),
        (2, &["r2".to_owned()][..])
    );
    assert_eq!(*steps.lock().unwrap(), ["r1", "r2", "r1", "r2"]);
    database.check_heads().unwrap();
    assert_eq!(database.downgrade("-1").unwrap().heads, ["r1"]);
    assert_eq!(database.stamp(&["r2"], true).unwrap().heads, ["r2"]);
    let script = database.script("r1", "r2", false).unwrap();
    assert!(
        script.contains("create table b") && !script.contains("create table a"),
        "{script}"
    );
    assert!(database.script("r2", "r1", true).unwrap().contains("drop table b"));
    let written = project
        .revision(&RevisionRequest {
            message: "more".into(),
            rev_id: Some("r3".into()),
            ..RevisionRequest::default()
        })
        .unwrap();
    assert_eq!(written.revision, "r3");
    assert_eq!(project.heads().unwrap()[0].revision, "r3");
    assert_eq!(project.history(Some("current:")).unwrap().len(), 2);
    assert_eq!(project.show("r2").unwrap()[0].message, "about r2");
    assert!(project.branches().unwrap().is_empty());
}

#[test]
fn what_was_built_is_carried() {
    let server = TestServer::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "create table b (id int);");
    let built = Project::open(folder.path().join("mighost.toml"))
        .unwrap()
        .build()
        .unwrap();
    let artifacts: Vec<Vec<u8>> = built
        .artifacts
        .iter()
        .map(|artifact| fs::read(&artifact.path).unwrap())
        .collect();
    let files = [
        ("mighost.toml", CONFIG.as_bytes()),
        ("migrations/one.wasm", &artifacts[0]),
        ("migrations/two.wasm", &artifacts[1]),
    ];
    let database = Project::embedded(&files)
        .unwrap()
        .variable("APP_URL", &server.url())
        .database("app");
    assert_eq!(database.upgrade("head").unwrap().heads, ["r2"]);
    for bad in ["../mighost.toml", "/tmp/x", ""] {
        assert!(Project::embedded(&[(bad, b"")]).is_err(), "{bad}");
    }
}

/// Plain calls inside of a runtime, async ones outside of tokio's.
#[test]
fn any_executor_or_none() {
    let server = TestServer::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "create table b (id int);");
    let database = Project::open(folder.path())
        .unwrap()
        .variable("APP_URL", &server.url())
        .database("app");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        database.upgrade("+1").unwrap();
        assert_eq!(database.upgrade_async("head").await.unwrap().heads, ["r2"]);
    });
    // A future that is polled by hand, without any runtime.
    let waker = std::task::Waker::noop();
    let mut context = std::task::Context::from_waker(waker);
    let mut current = std::pin::pin!(database.current_async());
    let report = loop {
        match current.as_mut().poll(&mut context) {
            std::task::Poll::Ready(report) => break report,
            std::task::Poll::Pending => std::thread::sleep(std::time::Duration::from_millis(1)),
        }
    };
    assert!(report.unwrap().at_heads);
}

#[test]
fn failures_say_what_they_are() {
    let kind = |error: Error| (error.kind(), error.blame());
    let nowhere = tempfile::tempdir().unwrap();
    assert_eq!(
        kind(Project::open(nowhere.path()).unwrap_err()),
        (ExitKind::Config, Blame::Operator)
    );
    let server = TestServer::start().unwrap();
    write(nowhere.path(), "create table b (id int); create table b (id int);");
    let project = Project::open(nowhere.path()).unwrap();
    assert_eq!(
        project.database("other").current().unwrap_err().kind(),
        ExitKind::Config
    );
    let lost = project
        .clone()
        .variable("APP_URL", "postgresql://me@/x?host=/nonexistent");
    assert_eq!(lost.database("app").current().unwrap_err().kind(), ExitKind::Connection);
    let database = project.variable("APP_URL", &server.url()).database("app");
    assert_eq!(database.upgrade("nothing").unwrap_err().kind(), ExitKind::History);
    let error = database.upgrade("head").unwrap_err();
    let diagnostic = error.diagnostic();
    assert_eq!(kind(error), (ExitKind::Database, Blame::Guest));
    assert!(
        diagnostic.outcome.iter().any(|line| line == "done: r1"),
        "{diagnostic:?}"
    );
}
