//! A temporary server that exists as long as its owner, in memory if there is room: for tests and for the shadow database.

use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use rustix::process::Signal;

use super::account::{self, Account};
use super::cluster::{Cluster, PORT, SUPERUSER};
use super::error::{EmbeddedError, io};
use super::lock::FolderLock;
use super::open_to_all;
use super::process;
use super::programs::{self, Programs, Wanted};
use crate::connect::{ConnectTarget, Environment};
use mighost_core::{EmbeddedSettings, Reporter};

/// The prefix of the folder names of temporary servers, followed by a number.
const PREFIX: &str = "mighost-throw-away-";

/// Memory that must be free for the data, in bytes.
const ROOM: u64 = 256 * 1024 * 1024;

/// The age at which a folder without an owner is removed: the owner of a newer one may be about to lock it.
const STALE: Duration = Duration::from_secs(10);

/// Requirements on a temporary server.
#[derive(Clone, Debug, Default)]
pub struct TemporaryServerOptions {
    /// The required major version; `None` for the one in the settings, or any.
    pub major: Option<u32>,
    /// Settings that override those of mighost, each as `name=value`.
    pub server_settings: Vec<String>,
}

/// A private server whose data disappear with this value, or with the process.
pub struct TemporaryServer {
    target: ConnectTarget,
    version: String,
    /// Closed to stop the server.
    stop: Option<mpsc::Sender<()>>,
    keeper: Option<JoinHandle<()>>,
}

impl TemporaryServer {
    /// Starts a server. Takes about half a second; blocks.
    ///
    /// # Errors
    ///
    /// If there are no programs of that version, or the server does not start.
    pub fn start(
        settings: &EmbeddedSettings,
        options: &TemporaryServerOptions,
        environment: &Environment,
        reporter: &dyn Reporter,
    ) -> Result<Self, EmbeddedError> {
        let account = account::server_account().map_err(EmbeddedError::Account)?;
        let wanted = options
            .major
            .map_or(Wanted::Preferred(settings.version), Wanted::Required);
        let programs = programs::find(settings, environment, account.as_ref(), wanted, reporter)?;
        let base = base_folder(environment, account.as_ref());
        sweep(&base, account.as_ref());
        let folder = new_folder(&base)?;
        let lock = FolderLock::take(&folder)?;
        let cluster = Cluster {
            data: folder.join("data"),
            sockets: folder.join("s"),
            log: folder.join("log"),
            account,
            throw_away: true,
        };
        let target = ConnectTarget::on_socket(cluster.sockets.clone(), PORT, SUPERUSER, "postgres");
        let version = programs.version.clone();

        // The signal for the parent's death is sent when the thread that started the server ends, so a thread is kept for it.
        let (stop, stopped) = mpsc::channel::<()>();
        let (report, started) = mpsc::channel();
        let server_settings = options.server_settings.clone();
        let keeper = std::thread::spawn(move || {
            let outcome = launch(&cluster, &programs, &server_settings);
            let child = match outcome {
                Ok(child) => {
                    let _ = report.send(Ok(()));
                    Some(child)
                }
                Err(error) => {
                    let _ = report.send(Err(error));
                    None
                }
            };
            if let Some(mut child) = child {
                // Returns an error when the other side is dropped, which is the signal to stop.
                let _ = stopped.recv();
                process::signal(child.id(), Signal::QUIT);
                let _ = child.wait();
            }
            let _ = std::fs::remove_dir_all(&folder);
            drop(lock);
        });
        let server = Self {
            target,
            version,
            stop: Some(stop),
            keeper: Some(keeper),
        };
        match started.recv() {
            Ok(Ok(())) => Ok(server),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(EmbeddedError::Program {
                program: "postgres".into(),
                output: "its thread ended".into(),
            }),
        }
    }

    /// The superuser's connection target, for the database `postgres`.
    pub fn target(&self) -> &ConnectTarget {
        &self.target
    }

    /// PostgreSQL's version, e.g. `15.18`.
    pub fn version(&self) -> &str {
        &self.version
    }
}

impl Drop for TemporaryServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(keeper) = self.keeper.take() {
            let _ = keeper.join();
        }
    }
}

fn launch(cluster: &Cluster, programs: &Programs, settings: &[String]) -> Result<std::process::Child, EmbeddedError> {
    cluster.make_folder(&cluster.sockets)?;
    cluster.create(programs, None)?;
    cluster.start(programs, |command| {
        // Of several with the same name, the last one applies.
        for setting in settings {
            command.arg("-c").arg(setting);
        }
        die_with_parent(command);
    })
}

/// Makes the system end the server immediately when this process ends in any way.
#[cfg(target_os = "linux")]
fn die_with_parent(command: &mut std::process::Command) {
    use std::os::unix::process::CommandExt as _;
    let parent = rustix::process::getpid();
    let hook = move || {
        rustix::process::set_parent_process_death_signal(Some(Signal::QUIT))?;
        // The parent may have died before the previous line.
        if rustix::process::getppid() != Some(parent) {
            return Err(std::io::Error::from_raw_os_error(
                rustix::io::Errno::SRCH.raw_os_error(),
            ));
        }
        Ok(())
    };
    // SAFETY: between fork and exec only async-signal-safe calls are allowed. The hook makes two system calls and uses neither memory
    // allocation nor locks. There is no safe way to set the signal in the child.
    unsafe {
        command.pre_exec(hook);
    }
}

/// Other systems have no such signal; the next start removes the remains.
#[cfg(not(target_os = "linux"))]
fn die_with_parent(_command: &mut std::process::Command) {}

/// A folder in memory with enough room, otherwise the temporary folder.
fn base_folder(environment: &Environment, account: Option<&Account>) -> PathBuf {
    let runtime = environment.variable("XDG_RUNTIME_DIR").map(PathBuf::from);
    let temporary = std::env::temp_dir();
    let room = |folder: &PathBuf| {
        let reachable = account.is_none() || programs::is_open_to_all(folder);
        let free = rustix::fs::statvfs(folder).map_or(0, |fs| fs.f_bavail.saturating_mul(fs.f_frsize));
        // The path of a socket has at most 107 bytes.
        reachable && free >= ROOM && folder.as_os_str().len() < 50
    };
    [Some(PathBuf::from("/dev/shm")), runtime, Some(temporary)]
        .into_iter()
        .flatten()
        .find(room)
        .unwrap_or_else(|| PathBuf::from("/tmp"))
}

fn new_folder(base: &Path) -> Result<PathBuf, EmbeddedError> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = base.join(format!("{PREFIX}{}-{number}", std::process::id()));
        match std::fs::DirBuilder::new().mode(0o755).create(&folder) {
            Ok(()) => {
                open_to_all(&folder)?;
                return Ok(folder);
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(io("making", &folder)(error)),
        }
    }
}

/// Removes the remains of killed runs: folders of this user whose lock is free.
fn sweep(base: &Path, account: Option<&Account>) {
    let owner = rustix::process::geteuid().as_raw();
    for entry in std::fs::read_dir(base).into_iter().flatten().flatten() {
        let folder = entry.path();
        let Ok(metadata) = std::fs::symlink_metadata(&folder) else {
            continue;
        };
        let age = metadata
            .modified()
            .ok()
            .and_then(|time| SystemTime::now().duration_since(time).ok());
        if !entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes())
            || !metadata.is_dir()
            || metadata.uid() != owner
            || age.is_none_or(|age| age < STALE)
        {
            continue;
        }
        if let Ok(Some(_lock)) = FolderLock::try_take(&folder) {
            let cluster = Cluster {
                data: folder.join("data"),
                sockets: folder.join("s"),
                log: folder.join("log"),
                account: account.cloned(),
                throw_away: true,
            };
            if let Some(postmaster) = cluster.running() {
                process::signal(postmaster.pid, Signal::QUIT);
            }
            let _ = std::fs::remove_dir_all(&folder);
        }
    }
}
