//! What the tests of robustness share: catalogs to compare, runs that are watched while they go on, a pooler.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::hostile;
use crate::project::{Project, Server};

/// All that the catalog says of a database, a line for each thing, mighost's own tables left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint(BTreeSet<String>);

impl Fingerprint {
    pub fn of(server: &Server, database: &str) -> Self {
        let text = server.sql(database, &hostile::unhindered(include_str!("fingerprint.sql")));
        Self(text.lines().map(str::to_owned).collect())
    }

    /// How `later` differs: lines that it lacks behind `-`, lines that it has more behind `+`. Empty where it does not.
    pub fn difference(&self, later: &Self) -> String {
        let gone = self.0.difference(&later.0).map(|line| format!("- {line}\n"));
        gone.chain(later.0.difference(&self.0).map(|line| format!("+ {line}\n")))
            .collect()
    }

    /// # Panics
    /// The two differ; the text shows how.
    pub fn assert_same(&self, later: &Self, when: &str) {
        let difference = self.difference(later);
        assert!(difference.is_empty(), "{when}:\n{difference}");
    }

    /// Whether some line holds `text`.
    pub fn holds(&self, text: &str) -> bool {
        self.0.iter().any(|line| line.contains(text))
    }
}

/// A run that goes on while the test looks at it.
pub struct Running {
    child: Child,
    lines: Receiver<String>,
    stderr: String,
    pub started: Instant,
}

/// How a watched run ended.
#[derive(Debug)]
pub struct Ended {
    /// None where a signal ended it.
    pub code: Option<i32>,
    pub stderr: String,
}

/// How long a test waits for what must come at once or soon.
const PATIENCE: Duration = Duration::from_secs(60);

impl Running {
    pub fn start(project: &Project, arguments: &[&str]) -> Self {
        Self::of(project.command(arguments))
    }

    pub fn of(mut command: Command) -> Self {
        let started = Instant::now();
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines() {
                let Ok(line) = line else { break };
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Self {
            child,
            lines,
            stderr: String::new(),
            started,
        }
    }

    /// Waits for a line of stderr that holds `text`; false where the run ends without one.
    pub fn saw(&mut self, text: &str) -> bool {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.stderr.push_str(&line);
                    self.stderr.push('\n');
                    if line.contains(text) {
                        return true;
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return false,
                Err(RecvTimeoutError::Timeout) => panic!("no line with {text}:\n{}", self.stderr),
            }
        }
    }

    /// Sends a signal, e.g. `KILL`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .stderr(Stdio::null())
            .status();
        assert!(status.is_ok());
    }

    /// Waits for the end.
    pub fn end(mut self) -> Ended {
        let end = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > end {
                let _ = self.child.kill();
                panic!("the run does not end:\n{}", self.stderr);
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            self.stderr.push_str(&line);
            self.stderr.push('\n');
        }
        Ended {
            code: status.code(),
            stderr: std::mem::take(&mut self.stderr),
        }
    }
}

/// Waits until `sql` answers `wanted`.
///
/// # Panics
/// It does not within a minute.
pub fn wait_for(server: &Server, database: &str, sql: &str, wanted: &str) {
    let end = Instant::now() + PATIENCE;
    loop {
        let found = server.sql(database, sql);
        if found == wanted {
            return;
        }
        assert!(Instant::now() < end, "{sql} says {found}, not {wanted}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A session of another user's that does something until it is dropped.
pub struct Session(Child);

impl Session {
    /// Runs `sql` in a transaction that stays open. `sign` is a query that answers `t` once it is where it should be.
    pub fn holding(server: &Server, database: &str, sql: &str, sign: &str) -> Self {
        let child = Command::new(crate::project::psql())
            .args(["-X", "-q", "-d", &server.url(database), "-c"])
            .arg(format!("BEGIN; {sql}; SELECT pg_sleep(600)"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_for(server, database, sign, "t");
        Self(child)
    }

    /// Ends the session on the server.
    pub fn end(self) {}
}

impl Drop for Session {
    fn drop(&mut self) {
        // psql asks the server to cancel when it is interrupted, and its end closes the session.
        let _ = Command::new("kill").args(["-INT", &self.0.id().to_string()]).status();
        let _ = self.0.wait();
    }
}

/// PgBouncer in transaction mode before a server.
pub struct Pooler {
    child: Child,
    folder: TempDir,
    size: u32,
}

/// Its port; only the name of its socket holds it.
const POOLER_PORT: u16 = 6432;

impl Pooler {
    /// Starts one whose pools have `size` sessions of the server. None where PgBouncer is not installed, which is said, and which
    /// no CI may pass over.
    ///
    /// # Panics
    /// It is missing in CI, or does not start.
    pub fn start(server: &Server, size: u32) -> Option<Self> {
        let program = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"]
            .into_iter()
            .find(|path| Path::new(path).exists());
        let Some(program) = program else {
            let text = "PgBouncer is not installed, so what it breaks was NOT TESTED (apt-get install pgbouncer)";
            assert!(std::env::var_os("CI").is_none_or(|ci| ci.is_empty()), "{text}");
            eprintln!("\n*** {text} ***\n");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("mighost-pooler").tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        let place = folder.path().display();
        std::fs::write(folder.path().join("users"), "\"postgres\" \"\"\n").unwrap();
        let settings = format!(
            "[databases]\n* = host={} port=5432\n[pgbouncer]\nlisten_addr =\nlisten_port = {POOLER_PORT}\n\
             unix_socket_dir = {place}\nauth_type = trust\nauth_file = {place}/users\npool_mode = transaction\n\
             default_pool_size = {size}\nmax_client_conn = 50\nserver_round_robin = 1\nlogfile = {place}/log\n",
            server.sockets().display()
        );
        std::fs::write(folder.path().join("ini"), settings).unwrap();
        let mut command = Command::new(program);
        command.arg("-q");
        // It refuses to run as root.
        if std::fs::metadata("/proc/self").is_ok_and(|myself| myself.uid() == 0) {
            command.args(["-u", "postgres"]);
        }
        let child = command
            .arg(folder.path().join("ini"))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let pooler = Self { child, folder, size };
        let end = Instant::now() + PATIENCE;
        while pooler.try_sql("postgres", "SELECT 1").is_none() {
            let log = std::fs::read_to_string(pooler.folder.path().join("log"));
            assert!(Instant::now() < end, "PgBouncer does not answer: {log:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(pooler)
    }

    /// Opens all sessions of the pool of `database`, which then take turns.
    pub fn open_all(&self, database: &str) {
        std::thread::scope(|scope| {
            for _ in 0..self.size {
                scope.spawn(|| self.sql(database, "SELECT pg_sleep(0.5)"));
            }
        });
    }

    /// A URL for `database` by way of the pooler.
    pub fn url(&self, database: &str) -> String {
        let folder = self.folder.path().display();
        format!("postgresql://postgres@/{database}?host={folder}&port={POOLER_PORT}")
    }

    fn try_sql(&self, database: &str, sql: &str) -> Option<String> {
        let output = Command::new(crate::project::psql())
            .args([
                "-X",
                "-A",
                "-t",
                "-q",
                "-v",
                "ON_ERROR_STOP=1",
                "-d",
                &self.url(database),
                "-c",
                sql,
            ])
            .output()
            .unwrap();
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    }

    /// Runs `sql` as another client of the pooler's.
    ///
    /// # Panics
    /// It fails.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let found = self.try_sql(database, sql);
        found.unwrap_or_else(|| panic!("{sql} fails behind the pooler"))
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
