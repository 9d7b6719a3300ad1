//! Creates the data of a cluster and starts a server on them.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::account::Account;
use super::error::{EmbeddedError, io};
use super::process;
use super::programs::Programs;

/// The port in the socket's name; each server has a folder of its own.
pub(super) const PORT: u16 = 5432;

/// The superuser of each cluster.
pub(super) const SUPERUSER: &str = "postgres";

const INITDB_LIMIT: Duration = Duration::from_secs(120);

/// The maximum duration of a start, including recovery after a crash.
const START_LIMIT: Duration = Duration::from_secs(120);

/// The maximum duration for which the processes of a killed server may keep its shared memory.
const LEFTOVERS_LIMIT: Duration = Duration::from_secs(10);

/// The maximum length of the log in an error, in bytes.
const TAIL: u64 = 4096;

/// Settings of both kinds of server. `DROP SCHEMA CASCADE` of 1,000 tables needs more locks than the default.
const COMMON: [&str; 5] = [
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "max_locks_per_transaction=1024",
    "shared_buffers=32MB",
    "logging_collector=off",
];

/// Settings of a server whose data are not needed after a crash.
const THROW_AWAY: [&str; 10] = [
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "autovacuum=off",
    "jit=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "timezone=UTC",
    "log_timezone=UTC",
    // Containers have little space in /dev/shm.
    "dynamic_shared_memory_type=mmap",
];

/// The folders of a cluster.
#[derive(Clone, Debug)]
pub(super) struct Cluster {
    pub data: PathBuf,
    pub sockets: PathBuf,
    pub log: PathBuf,
    pub account: Option<Account>,
    pub throw_away: bool,
}

impl Cluster {
    /// Creates a folder that belongs to the server's user and is closed to others.
    pub(super) fn make_folder(&self, folder: &Path) -> Result<(), EmbeddedError> {
        use std::os::unix::fs::DirBuilderExt as _;
        std::fs::DirBuilder::new()
            .mode(0o700)
            .create(folder)
            .map_err(io("making", folder))?;
        match &self.account {
            Some(account) => std::os::unix::fs::chown(folder, Some(account.uid), Some(account.gid))
                .map_err(io("changing the owner of", folder)),
            None => Ok(()),
        }
    }

    /// The major version of the data; `None` if there are no data yet.
    pub(super) fn major(&self) -> Result<Option<u32>, EmbeddedError> {
        let path = self.data.join("PG_VERSION");
        match small_file(&path) {
            None if !self.data.exists() => Ok(None),
            None => Err(EmbeddedError::Folder {
                path: self.data.clone(),
                reason: "has no PG_VERSION, so it contains no PostgreSQL data; move it away".into(),
            }),
            Some(text) => text.trim().parse().map(Some).map_err(|_| EmbeddedError::Folder {
                path: self.data.clone(),
                reason: format!(
                    "has data of PostgreSQL `{}`, which mighost does not support",
                    text.trim()
                ),
            }),
        }
    }

    /// Creates the data, with a database `database` if that is not the superuser's own. Incomplete data never have the final name.
    pub(super) fn create(&self, programs: &Programs, database: Option<&str>) -> Result<(), EmbeddedError> {
        let unfinished = self.data.with_extension("unfinished");
        if unfinished.exists() {
            std::fs::remove_dir_all(&unfinished).map_err(io("removing", &unfinished))?;
        }
        self.make_folder(&unfinished)?;
        let mut initdb = programs.command("initdb", self.account.as_ref());
        initdb
            .args(["--username", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--pgdata"])
            .arg(&unfinished);
        // Waiting for the disk would take seconds; see `sync`.
        initdb.arg("--no-sync");
        if programs.major >= 17 {
            initdb.args(["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]);
        } else if cfg!(target_os = "macos") {
            initdb.arg("--locale=C");
        } else {
            initdb.arg("--locale=C.UTF-8");
        }
        let failed = |program: &str| {
            let program = programs.bin_dir.join(program).display().to_string();
            move |output| EmbeddedError::Program { program, output }
        };
        process::run(&mut initdb, INITDB_LIMIT).map_err(failed("initdb"))?;
        if let Some(database) = database {
            let mut single = programs.command("postgres", self.account.as_ref());
            single.args(["--single", "-F", "-D"]).arg(&unfinished).arg("postgres");
            single_user(
                &mut single,
                &format!("CREATE DATABASE {};\n", mighost_core::quote_identifier(database)),
            )
            .map_err(failed("postgres"))?;
        }
        std::fs::rename(&unfinished, &self.data).map_err(io("naming", &self.data))
    }

    /// Writes new data to the disk in a background process: it only protects data that are seconds old from a failure of the machine.
    pub(super) fn sync(&self, programs: &Programs) {
        let mut initdb = programs.command("initdb", self.account.as_ref());
        initdb.args(["--sync-only", "--pgdata"]).arg(&self.data);
        initdb.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        if let Ok(mut child) = initdb.spawn() {
            std::thread::spawn(move || child.wait());
        }
    }

    /// Starts a server and waits until it takes connections.
    ///
    /// `prepare` may change the command.
    pub(super) fn start(&self, programs: &Programs, prepare: impl Fn(&mut Command)) -> Result<Child, EmbeddedError> {
        let begin = Instant::now();
        loop {
            match self.start_once(programs, &prepare) {
                // The processes of a killed server notice its death one by one.
                Err(EmbeddedError::Start { tail, .. })
                    if tail.contains("shared memory block") && begin.elapsed() < LEFTOVERS_LIMIT =>
                {
                    std::thread::sleep(Duration::from_millis(50));
                }
                other => return other,
            }
        }
    }

    fn start_once(&self, programs: &Programs, prepare: &impl Fn(&mut Command)) -> Result<Child, EmbeddedError> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(&self.log)
            .map_err(io("opening", &self.log))?;
        let before = log.metadata().map_err(io("reading", &self.log))?.len();
        let errors = log.try_clone().map_err(io("opening", &self.log))?;
        let mut command = programs.command("postgres", self.account.as_ref());
        command.arg("-D").arg(&self.data).arg("-p").arg(PORT.to_string());
        // Quoted, because the value is a list.
        let sockets = self.sockets.display().to_string().replace('"', "\"\"");
        command.arg("-c").arg(format!("unix_socket_directories=\"{sockets}\""));
        for setting in COMMON.iter().chain(if self.throw_away { &THROW_AWAY[..] } else { &[] }) {
            command.args(["-c", setting]);
        }
        command.stdout(Stdio::from(log)).stderr(Stdio::from(errors));
        prepare(&mut command);
        let failed = |reason: String| EmbeddedError::Start {
            reason,
            log: self.log.clone(),
            tail: tail(&self.log, before),
        };
        let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
        let end = Instant::now() + START_LIMIT;
        loop {
            if let Some(status) = child.try_wait().map_err(|error| failed(error.to_string()))? {
                return Err(failed(format!("it ended with {status}")));
            }
            if self
                .postmaster()
                .is_some_and(|postmaster| postmaster.pid == child.id() && postmaster.ready)
            {
                return Ok(child);
            }
            if Instant::now() > end {
                process::signal(child.id(), rustix::process::Signal::QUIT);
                let _ = child.wait();
                return Err(failed(format!("it was not ready after {} s", START_LIMIT.as_secs())));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// The contents of `postmaster.pid`, whether or not that process is alive.
    pub(super) fn postmaster(&self) -> Option<Postmaster> {
        let text = small_file(&self.data.join("postmaster.pid"))?;
        let mut lines = text.lines();
        let pid = lines.next()?.trim().parse().ok()?;
        // The eighth line is the state for which pg_ctl waits.
        Some(Postmaster {
            pid,
            ready: lines.nth(6).is_some_and(|state| state.trim() == "ready"),
        })
    }

    /// The running server on these data.
    pub(super) fn running(&self) -> Option<Postmaster> {
        self.postmaster()
            .filter(|postmaster| process::is_server(postmaster.pid, &self.data, self.account.as_ref()))
    }
}

/// A server's main process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Postmaster {
    pub pid: u32,
    pub ready: bool,
}

/// The text of a small regular file. The folder is the server's, and its superuser may put anything there.
fn small_file(path: &Path) -> Option<String> {
    if !std::fs::symlink_metadata(path).ok()?.is_file() {
        return None;
    }
    let mut text = String::new();
    File::open(path).ok()?.take(4096).read_to_string(&mut text).ok()?;
    Some(text)
}

/// The text appended to the log since its size was `from` bytes.
fn tail(log: &Path, from: u64) -> String {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(from.max(length.saturating_sub(TAIL))))?;
        let mut bytes = Vec::new();
        file.take(TAIL).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    match read() {
        Ok(bytes) => String::from_utf8_lossy(&bytes).trim_end().to_owned(),
        Err(error) => format!("(it cannot be read: {error})"),
    }
}

/// Runs one statement in single-user mode. Its exit status is always success, so errors are read from its output.
fn single_user(command: &mut Command, sql: &str) -> Result<(), String> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(sql.as_bytes()).map_err(|error| error.to_string())?;
    }
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if !output.status.success() || text.contains("ERROR:") || text.contains("FATAL:") {
        return Err(text);
    }
    Ok(())
}
