//! A private PostgreSQL for these tests: data in memory where possible, a unix socket, no durability.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::Duration;

use mighost_core::{Direction, LedgerEntry, SessionOptions, Silent, StepContext, StepSink, TransactionMode};
use mighost_postgres::connect::{self, ConnectTarget, Environment, SessionWatch};
use mighost_postgres::{LiveSink, read_state};
use tokio_postgres::{Client, NoTls};

/// The server; ended with the last test that uses it.
pub struct Server {
    pid: u32,
    /// Started the server and waits for its end: the server is told when this thread dies.
    keeper: Option<std::thread::JoinHandle<()>>,
    folder: tempfile::TempDir,
    pub bin: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGINT is a fast shutdown.
        let _ = Command::new("kill").args(["-INT", &self.pid.to_string()]).status();
        if let Some(keeper) = self.keeper.take() {
            let _ = keeper.join();
        }
    }
}

fn bin_dir() -> PathBuf {
    if let Ok(dir) = std::env::var("MIGHOST_PG_BIN") {
        return dir.into();
    }
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .expect("PostgreSQL is installed, or MIGHOST_PG_BIN names its programs")
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    found.sort();
    found.pop().expect("a version of PostgreSQL")
}

/// The major version of the servers of these tests. Older ones lack some of what the tests use.
pub fn major() -> u32 {
    static MAJOR: OnceLock<u32> = OnceLock::new();
    *MAJOR.get_or_init(|| {
        let output = Command::new(bin_dir().join("postgres"))
            .arg("--version")
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let number = text
            .split_whitespace()
            .nth(2)
            .and_then(|version| version.split('.').next());
        number
            .and_then(|number| number.parse().ok())
            .expect("a version of PostgreSQL")
    })
}

/// A command of the server's, as a user that the server accepts.
fn command(program: &Path) -> Command {
    if rustix::process::getuid().is_root() {
        let mut command = Command::new("setpriv");
        command.args([
            "--reuid=postgres",
            "--regid=postgres",
            "--clear-groups",
            "--pdeathsig=INT",
        ]);
        command.arg(program);
        command
    } else {
        Command::new(program)
    }
}

impl Server {
    fn start() -> Self {
        let bin = bin_dir();
        let parent = if Path::new("/dev/shm").is_dir() {
            "/dev/shm"
        } else {
            "/tmp"
        };
        let folder = tempfile::Builder::new()
            .prefix("mighost-sink")
            .tempdir_in(parent)
            .unwrap();
        if rustix::process::getuid().is_root() {
            let owned = Command::new("chown")
                .arg("postgres")
                .arg(folder.path())
                .status()
                .unwrap();
            assert!(owned.success());
        }
        let data = folder.path().join("data");
        let made = command(&bin.join("initdb"))
            .args([
                "--no-sync",
                "--auth=trust",
                "--username=postgres",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "-D",
            ])
            .arg(&data)
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(made.success());
        let mut postgres = command(&bin.join("postgres"));
        postgres
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(folder.path())
            .args(["-h", ""])
            .args([
                "-c",
                "fsync=off",
                "-c",
                "synchronous_commit=off",
                "-c",
                "full_page_writes=off",
            ])
            .args([
                "-c",
                "max_connections=200",
                "-c",
                "autovacuum=off",
                "-c",
                "logging_collector=off",
            ])
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(folder.path().join("log")).unwrap());
        let (tell, told) = std::sync::mpsc::channel();
        let keeper = std::thread::spawn(move || {
            let mut child = postgres.spawn().unwrap();
            tell.send(child.id()).unwrap();
            let _ = child.wait();
        });
        Self {
            pid: told.recv().unwrap(),
            keeper: Some(keeper),
            folder,
            bin,
        }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// The server that the running tests share. Statics are not dropped, so each test holds a share, and the last one ends it.
fn server() -> Arc<Server> {
    static SERVER: Mutex<Weak<Server>> = Mutex::new(Weak::new());
    let mut shared = SERVER.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    shared.upgrade().unwrap_or_else(|| {
        let server = Arc::new(Server::start());
        *shared = Arc::downgrade(&server);
        server
    })
}

/// A fresh database of the test's own.
pub struct Database {
    pub name: String,
    pub server: Arc<Server>,
}

impl Database {
    pub async fn create() -> Self {
        Self::with("").await
    }

    /// One that is created with these options.
    pub async fn with(options: &str) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let name = format!("t{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let server = server();
        let admin = raw(&server, "postgres").await;
        admin
            .batch_execute(&format!("CREATE DATABASE {name} {options}"))
            .await
            .unwrap();
        Self { name, server }
    }

    pub async fn client(&self) -> Client {
        raw(&self.server, &self.name).await
    }

    pub async fn sink(&self, settings: SessionOptions) -> LiveSink {
        let client = self.client().await;
        let state = read_state(&client, &settings.schema, &settings.version_table)
            .await
            .unwrap();
        LiveSink::new(client, SessionWatch::default(), settings, state, Arc::new(Silent))
    }

    /// A sink on a connection whose client encoding is watched.
    pub async fn watched(&self, settings: SessionOptions) -> LiveSink {
        let text = format!(
            "host={} user=postgres dbname={}",
            self.server.folder().display(),
            self.name
        );
        let target = ConnectTarget::parse(&text, &Environment::default()).unwrap();
        let connection = connect::connect(&target, Arc::new(Silent)).await.unwrap();
        let state = read_state(&connection.client, &settings.schema, &settings.version_table)
            .await
            .unwrap();
        LiveSink::new(connection.client, connection.watch, settings, state, Arc::new(Silent))
    }

    /// The first column of a query's rows, as text.
    pub async fn column(&self, query: &str) -> Vec<String> {
        let client = self.client().await;
        client
            .simple_query(query)
            .await
            .unwrap()
            .iter()
            .filter_map(|message| match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or("NULL").to_owned()),
                _ => None,
            })
            .collect()
    }
}

async fn raw(server: &Server, database: &str) -> Client {
    let config = format!("host={} user=postgres dbname={database}", server.folder().display());
    for _ in 0..500 {
        if let Ok((client, connection)) = tokio_postgres::connect(&config, NoTls).await {
            tokio::spawn(connection);
            return client;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!(
        "the server does not answer; its log is in {}",
        server.folder().display()
    );
}

pub fn settings() -> SessionOptions {
    SessionOptions {
        schema: "crmp".to_owned(),
        search_path: vec!["public".to_owned()],
        version_schema: "crmp".to_owned(),
        version_table: "mighost_version".to_owned(),
        superuser_role: None,
        transaction: TransactionMode::PerMigration,
        dry_run: false,
        pooler: false,
        lock_wait: Duration::from_secs(5),
        args: [("who".to_owned(), "it's me".to_owned())].into(),
    }
}

pub fn step(revision: &str) -> StepContext {
    StepContext {
        revision: revision.to_owned(),
        direction: Direction::Upgrade,
        message: "a message".to_owned(),
        transaction: TransactionMode::PerMigration,
        lock_timeout: None,
        statement_timeout: None,
    }
}

pub fn entry(revision: &str) -> LedgerEntry {
    LedgerEntry {
        revision: revision.to_owned(),
        direction: Direction::Upgrade,
        artifact: None,
        source: None,
        signer: None,
        duration: Duration::from_millis(1500),
        os_user: "someone@somewhere".to_owned(),
        host_version: "0.1.0".to_owned(),
    }
}

/// A sink in the middle of its first step, `r1`.
pub async fn running(database: &Database) -> LiveSink {
    let mut sink = database.sink(settings()).await;
    sink.begin_run().await.unwrap();
    sink.begin_step(&step("r1")).await.unwrap();
    sink
}
