//! A project in a temporary folder, the real `mighost` run on it, and a server that ends with the test.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::hostile;
use mighost_core::{EmbeddedSettings, Silent};
use mighost_postgres::connect::{Environment, Host};
use mighost_postgres::embedded::{TemporaryServer, TemporaryServerOptions};
use tempfile::TempDir;

/// The port that private servers have in their own socket folders.
const PORT: u16 = 5432;

/// The program under test: cargo puts it beside the folder of the tests' own programs.
pub fn mighost() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().unwrap().parent().unwrap().join("mighost");
    assert!(
        path.is_file(),
        "{} is missing: `cargo build -p mighost-cli` first, or test the whole workspace",
        path.display()
    );
    path
}

/// The folder of this repository.
pub fn repository() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// `psql` of the system.
pub fn psql() -> PathBuf {
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    debian
        .map(|version| version.path().join("bin/psql"))
        .find(|path| path.is_file())
        .unwrap_or_else(|| "psql".into())
}

/// The variable that names the socket folder of a server for all tests of a run; `./x test` starts one.
pub const SHARED: &str = "MIGHOST_TEST_SERVER";

/// A server for tests; each project on it has a database of its own.
pub struct Server {
    /// None if another process owns it.
    _own: Option<TemporaryServer>,
    sockets: PathBuf,
    port: u16,
    /// How the names of databases begin.
    prefix: String,
    next: AtomicU32,
}

impl Server {
    /// The server of the test run or, without one, of this process, where it ends with the last test that holds it. For tests that change
    /// nothing outside of their database: roles and settings of the server are everybody's, and take an [`own`](Self::own) one.
    pub fn shared() -> Arc<Self> {
        static SERVER: Mutex<Weak<Server>> = Mutex::new(Weak::new());
        let mut shared = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = shared.upgrade() {
            return server;
        }
        let server = Arc::new(match std::env::var_os(SHARED) {
            Some(sockets) => Self {
                _own: None,
                sockets: sockets.into(),
                port: PORT,
                prefix: format!("test_{}_", std::process::id()),
                next: AtomicU32::new(1),
            },
            None => Self::with_settings(&[]),
        });
        *shared = Arc::downgrade(&server);
        server
    }

    /// A server that no other test uses.
    pub fn own() -> Arc<Self> {
        Arc::new(Self::with_settings(&[]))
    }

    /// A server of one's own with settings such as `listen_addresses=127.0.0.1`.
    pub fn with_settings(settings: &[&str]) -> Self {
        let embedded = EmbeddedSettings {
            bin_dir: None,
            version: None,
            fetch: false,
            data_dir: std::env::temp_dir().join("none"),
        };
        let options = TemporaryServerOptions {
            major: None,
            server_settings: settings.iter().map(|setting| (*setting).to_owned()).collect(),
        };
        let server = TemporaryServer::start(&embedded, &options, &Environment::of_process(), &Silent).unwrap();
        let host = server.target().hosts.first().unwrap();
        let (Host::Socket(sockets), PORT) = (&host.host, host.port) else {
            panic!("the server listens elsewhere: {host}");
        };
        Self {
            sockets: sockets.clone(),
            port: host.port,
            prefix: "test".to_owned(),
            next: AtomicU32::new(1),
            _own: Some(server),
        }
    }

    /// The folder of the server's socket.
    pub fn sockets(&self) -> PathBuf {
        self.sockets.clone()
    }

    /// A URL for `database`, as superuser.
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgresql://postgres@/{database}?host={}&port={}",
            self.sockets.display(),
            self.port
        )
    }

    /// A new, empty database.
    pub fn database(&self) -> String {
        let name = format!("{}{}", self.prefix, self.next.fetch_add(1, Ordering::Relaxed));
        if std::env::var_os(hostile::VARIABLE).is_none() {
            self.sql("postgres", &format!("CREATE DATABASE {name}"));
            return name;
        }
        self.make_hostile_template();
        self.sql(
            "postgres",
            &format!("CREATE DATABASE {name} TEMPLATE {}", hostile::TEMPLATE),
        );
        for (setting, value) in hostile::SETTINGS {
            self.sql("postgres", &format!("ALTER DATABASE {name} SET {setting} = {value}"));
        }
        name
    }

    /// Makes the template of hostile databases, once.
    fn make_hostile_template(&self) {
        let template = hostile::TEMPLATE;
        let lock = std::fs::File::create(std::env::temp_dir().join("mighost-hostile.lock")).unwrap();
        lock.lock().unwrap();
        let exists = format!("SELECT 1 FROM pg_database WHERE datname = '{template}'");
        if self.sql("postgres", &exists).is_empty() {
            self.sql("postgres", "CREATE DATABASE hostile_work");
            self.sql("hostile_work", &hostile::traps(hostile::MIGHOST_SESSION));
            self.sql("postgres", &format!("ALTER DATABASE hostile_work RENAME TO {template}"));
        }
    }

    /// Runs `sql` by psql; rows come as lines, columns parted by `|`.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        self.psql(database, &["-c", sql])
    }

    /// Runs psql with these arguments; it must succeed.
    pub fn psql(&self, database: &str, arguments: &[&str]) -> String {
        let output = self.psql_command(database, arguments).output().unwrap();
        assert!(
            output.status.success(),
            "psql {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    fn psql_command(&self, database: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(psql());
        // Tests read what they know, whatever the defaults of a hostile database are.
        let settings = hostile::SETTINGS.map(|(setting, _)| match setting {
            "DateStyle" => "-c DateStyle=ISO,MDY".to_owned(),
            "IntervalStyle" => "-c IntervalStyle=postgres".to_owned(),
            "bytea_output" => "-c bytea_output=hex".to_owned(),
            "extra_float_digits" => "-c extra_float_digits=1".to_owned(),
            "quote_all_identifiers" | "transform_null_equals" => format!("-c {setting}=off"),
            _ => format!("-c {setting}=on"),
        });
        command
            .env("PGOPTIONS", settings.join(" "))
            .args([
                "-X",
                "-A",
                "-t",
                "-q",
                "-v",
                "ON_ERROR_STOP=1",
                "-d",
                &self.url(database),
            ])
            .args(arguments);
        command
    }

    /// The catalog as text: what one sees of relations, columns, indexes, constraints and functions outside of the system's schemas, but
    /// for mighost's own tables. Two databases of equal text have equal schemas.
    pub fn catalog(&self, database: &str) -> String {
        self.sql(database, &hostile::unhindered(CATALOG))
    }
}

const CATALOG: &str = "
WITH schemas AS (SELECT oid, nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema')
SELECT line FROM (
  SELECT 'schema ' || nspname FROM schemas WHERE nspname <> 'public'
  UNION ALL SELECT format('relation %s.%s %s', nspname, relname, relkind) FROM pg_class JOIN schemas s ON s.oid = relnamespace
    WHERE relname NOT LIKE 'mighost\\_%'
  UNION ALL SELECT format('column %s.%s.%s %s%s default %s', nspname, relname, attname, format_type(atttypid, atttypmod),
      CASE WHEN attnotnull THEN ' not null' ELSE '' END, coalesce(pg_get_expr(adbin, adrelid), 'none'))
    FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid JOIN schemas s ON s.oid = relnamespace
    LEFT JOIN pg_attrdef d ON d.adrelid = attrelid AND d.adnum = attnum
    WHERE attnum > 0 AND NOT attisdropped AND relname NOT LIKE 'mighost\\_%'
  UNION ALL SELECT format('constraint %s on %s: %s', conname, conrelid::regclass, pg_get_constraintdef(o.oid))
    FROM pg_constraint o JOIN schemas s ON s.oid = connamespace
    WHERE conname NOT LIKE 'mighost\\_%' AND pg_get_constraintdef(o.oid) <> 'CHECK ((VALUE IS NULL))'
  UNION ALL SELECT pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class c ON c.oid = indexrelid
    JOIN schemas s ON s.oid = relnamespace WHERE relname NOT LIKE 'mighost\\_%'
  UNION ALL SELECT pg_get_functiondef(p.oid) FROM pg_proc p JOIN schemas s ON s.oid = pronamespace
    WHERE prokind <> 'a' AND prosrc !~ 'public.trap|somebody else'
) lines (line) ORDER BY line COLLATE \"C\"";

/// How a run of mighost ended.
#[derive(Debug)]
pub struct Outcome {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    /// Texts that differ from run to run, with what stands for them in [`shown`](Self::shown).
    places: Vec<(String, &'static str)>,
}

impl Outcome {
    /// The exit code and stderr, with paths and times replaced: what snapshots are taken of. What is done once on a machine is left out: it
    /// depends on what ran before.
    pub fn shown(&self) -> String {
        let once = |line: &str| {
            ["compiling ", "compiled ", "installing "]
                .iter()
                .any(|word| line.starts_with(word))
                || line.contains("is already being installed; waiting for it")
        };
        let lines = self.stderr.split_inclusive('\n').filter(|line| !once(line));
        format!("exit {}\n{}", self.code, self.steady(&lines.collect::<String>()))
    }

    /// stdout, with paths and times replaced.
    pub fn data(&self) -> String {
        self.steady(&self.stdout)
    }

    /// # Panics
    /// The run failed; the text shows why.
    pub fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{}{}", self.stdout, self.stderr);
        self
    }

    fn steady(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (place, name) in &self.places {
            text = text.replace(place, name);
        }
        durations(&text)
    }
}

/// `text` with `T` for each number before ` ms` or ` s`, but for limits and the like that come in whole seconds.
fn durations(text: &str) -> String {
    let mut steady = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, number) = rest.split_at(start);
        let length = number
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(number.len());
        let (number, behind) = number.split_at(length);
        steady.push_str(before);
        let ends = |unit: &str| {
            behind
                .strip_prefix(unit)
                .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()))
        };
        let elapsed = ends(" ms") || (number.contains('.') && ends(" s"));
        steady.push_str(if elapsed { "T" } else { number });
        rest = match elapsed {
            true => &behind[if ends(" ms") { 3 } else { 2 }..],
            false => behind,
        };
    }
    steady + rest
}

/// A project in a folder that goes away with the test.
pub struct Project {
    folder: TempDir,
    /// Of the child's environment, over the test's own.
    environment: BTreeMap<String, String>,
    server: Option<(Arc<Server>, String)>,
}

/// A database on the run's server would stay until the end of the run.
impl Drop for Project {
    fn drop(&mut self) {
        if let Some((server, database)) = self.server.take().filter(|(server, _)| server._own.is_none()) {
            // A test that failed has said why; its database disturbs nothing.
            let drop = format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)");
            let _ = server.psql_command("postgres", &["-c", &drop]).output();
        }
    }
}

impl Default for Project {
    fn default() -> Self {
        Self::new()
    }
}

impl Project {
    /// An empty folder: not even a `mighost.toml`.
    pub fn new() -> Self {
        Self {
            folder: tempfile::Builder::new().prefix("mighost-test-").tempdir().unwrap(),
            environment: BTreeMap::new(),
            server: None,
        }
    }

    /// A project whose database, labelled `test`, is a new one on the shared server.
    pub fn on_server() -> Self {
        Self::on(&Server::shared(), "")
    }

    /// A project on a new database of `server`. `settings` are lines of `[project]` and tables behind it.
    pub fn on(server: &Arc<Server>, settings: &str) -> Self {
        let mut project = Self::new();
        let database = server.database();
        let url = server.url(&database);
        project.config(&format!("[databases.test]\nurl = \"{url}\"\n\n[project]\n{settings}"));
        project.server = Some((server.clone(), database));
        project
    }

    /// A project without a server: its URL leads nowhere, so nothing can reach one by mistake.
    pub fn offline() -> Self {
        let project = Self::new();
        project.config("[databases.test]\nurl = \"postgresql://nobody@/none?host=/nonexistent\"\n");
        project
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes `mighost.toml`.
    pub fn config(&self, text: &str) {
        self.write("mighost.toml", text);
    }

    /// Writes a file below the project, its folders included.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Copies a folder of the repository, files and folders in it, to the same or another place in the project.
    pub fn copy(&self, from: &str, to: &str) {
        let source = repository().join(from);
        for entry in fs::read_dir(&source).unwrap_or_else(|error| panic!("{}: {error}", source.display())) {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            match entry.file_type().unwrap().is_dir() {
                true => self.copy(&format!("{from}/{name}"), &format!("{to}/{name}")),
                false => self.write(&format!("{to}/{name}"), fs::read(entry.path()).unwrap()),
            }
        }
    }

    /// Writes a migration in SQL that stands on `down`.
    pub fn sql_migration(&self, revision: &str, down: &[&str], upgrade: &str, downgrade: &str) {
        self.sql_migration_with(revision, down, "", upgrade, downgrade);
    }

    /// As [`sql_migration`](Self::sql_migration), with further lines of `migration.toml`.
    pub fn sql_migration_with(&self, revision: &str, down: &[&str], manifest: &str, upgrade: &str, downgrade: &str) {
        let folder = format!(
            "migrations/{revision}_{}",
            revision.replace(|c: char| !c.is_alphanumeric(), "_")
        );
        self.write(
            &format!("{folder}/migration.toml"),
            format!("revision = {revision:?}\ndown-revisions = {down:?}\nmessage = \"about {revision}\"\n{manifest}"),
        );
        self.write(&format!("{folder}/upgrade.sql"), upgrade);
        self.write(&format!("{folder}/downgrade.sql"), downgrade);
    }

    /// Sets a variable in the environment of the runs to come.
    pub fn set(&mut self, variable: &str, value: &str) {
        self.environment.insert(variable.to_owned(), value.to_owned());
    }

    /// A command that is not yet run: mighost in the project's folder, without settings of the user's.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(mighost());
        command.current_dir(self.path()).args(arguments).stdin(Stdio::null());
        for (variable, _) in std::env::vars() {
            // How guests are built is a matter of the machine.
            let setting = variable.starts_with("MIGHOST_")
                && !["MIGHOST_WASM_STD", "MIGHOST_TOOLCHAINS"].contains(&variable.as_str());
            if setting || variable.starts_with("PG") {
                command.env_remove(variable);
            }
        }
        if std::env::var_os("MIGHOST_TOOLCHAINS").is_none() {
            command.env("MIGHOST_TOOLCHAINS", repository().join(".mighost/toolchains"));
        }
        command
            .env_remove("CLICOLOR_FORCE")
            .env("NO_COLOR", "1")
            .envs(&self.environment);
        command
    }

    /// Runs mighost to its end.
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        let output = self.command(arguments).output().unwrap();
        let mut places = vec![(self.path().display().to_string(), "PROJECT")];
        if let Some((server, database)) = &self.server {
            places.push((server.url(database), "URL"));
            places.push((server.sockets().display().to_string(), "SOCKETS"));
        }
        Outcome {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            places,
        }
    }

    fn server(&self) -> (&Server, &str) {
        let (server, database) = self.server.as_ref().expect("a project on a server");
        (server, database)
    }

    /// The name of the project's database.
    pub fn database(&self) -> &str {
        self.server().1
    }

    /// Runs SQL on the project's database, by psql.
    pub fn sql(&self, sql: &str) -> String {
        let (server, database) = self.server();
        server.sql(database, sql)
    }

    /// See [`Server::catalog`].
    pub fn catalog(&self) -> String {
        let (server, database) = self.server();
        server.catalog(database)
    }

    /// The rows of the version table in the schema `public`; `none` where there is no such table.
    pub fn heads(&self) -> String {
        if self.sql("SELECT to_regclass('public.mighost_version') IS NULL") == "t" {
            return "none".to_owned();
        }
        self.sql(
            "SELECT coalesce(string_agg(version_num, ' ' ORDER BY version_num), 'base') FROM public.mighost_version",
        )
    }
}
