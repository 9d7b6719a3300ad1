//! The embedded server: PostgreSQL's own programs on private data, reached through a Unix socket.
//!
//! The functions here block for at most half a second, unless the programs have to be downloaded. Call them from `spawn_blocking` where
//! that matters.

pub(crate) mod account;
mod cluster;
mod error;
mod fetch;
mod lock;
mod process;
mod programs;
mod temporary;

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::Signal;

pub use error::EmbeddedError;
pub use programs::Programs;
pub use temporary::{TemporaryServer, TemporaryServerOptions};

use crate::connect::{ConnectTarget, Environment};
use cluster::{Cluster, PORT, Postmaster, SUPERUSER};
use error::io;
use lock::FolderLock;
use mighost_core::{Digest, EmbeddedSettings, Event, Level, Reporter};
use programs::Wanted;

/// The database of the embedded server for migrations; `postgres` remains free for maintenance.
pub const DATABASE: &str = "dev";

/// The maximum duration of a fast stop before an immediate one follows.
const STOP_LIMIT: Duration = Duration::from_secs(20);

/// The size of the log, in bytes, above which the next start begins a new one.
const MAX_LOG: u64 = 16 * 1024 * 1024;

/// A running server.
#[derive(Clone, Debug)]
pub struct Server {
    pub target: ConnectTarget,
    /// A URL for `psql`.
    pub url: String,
    /// The process id of its main process.
    pub pid: u32,
    /// Whether this call started it.
    pub started: bool,
}

/// The state of the embedded server.
#[derive(Clone, Debug)]
pub struct Status {
    /// `None` if it does not run.
    pub server: Option<Server>,
    /// The major version of the data; `None` if there are no data yet.
    pub major: Option<u32>,
    pub data: PathBuf,
    pub log: PathBuf,
}

/// Starts the server unless it runs, with new data if there are none. It keeps running when mighost ends.
///
/// # Errors
///
/// If there are no programs, the data are of another major version, or the server does not start.
pub fn start(
    settings: &EmbeddedSettings,
    environment: &Environment,
    reporter: &dyn Reporter,
) -> Result<Server, EmbeddedError> {
    let place = Place::of(settings, environment)?;
    if let Some(postmaster) = place.cluster.running().filter(|postmaster| postmaster.ready) {
        return Ok(place.server(postmaster, false));
    }
    place.make()?;
    let _lock = FolderLock::take(&place.folder)?;
    // Another process may have started it in the meantime, or it is about to stop.
    let end = Instant::now() + STOP_LIMIT;
    while let Some(postmaster) = place.cluster.running() {
        if postmaster.ready {
            return Ok(place.server(postmaster, false));
        }
        if Instant::now() > end {
            return Err(EmbeddedError::Stop {
                pid: postmaster.pid,
                seconds: STOP_LIMIT.as_secs(),
            });
        }
        std::thread::sleep(Duration::from_millis(5));
    }

    let cluster = &place.cluster;
    let major = cluster.major()?;
    if let (Some(data), Some(configured)) = (major, settings.version)
        && data != configured
    {
        let found = format!("`version = {configured}` is set in `[embedded]`");
        return Err(EmbeddedError::OtherMajor {
            path: cluster.data.clone(),
            data,
            found,
        });
    }
    let wanted = major.map_or(Wanted::Preferred(settings.version), Wanted::Required);
    let programs = programs::find(settings, environment, cluster.account.as_ref(), wanted, reporter);
    let programs = programs.map_err(|error| match (major, error) {
        (Some(data), EmbeddedError::NoSuchMajor { found, .. }) => EmbeddedError::OtherMajor {
            path: cluster.data.clone(),
            data,
            found,
        },
        (_, error) => error,
    })?;
    let text = format!(
        "starting the embedded PostgreSQL {} from {}",
        programs.version,
        programs.bin_dir.display()
    );
    reporter.report(Event::Note {
        level: Level::Info,
        text,
    });
    if major.is_none() {
        if let Some(account) = cluster.account.as_ref().filter(|_| place.elsewhere) {
            let text = format!(
                "the embedded server's data is in {}, because the user `{}` cannot access {}",
                place.folder.display(),
                account.name,
                settings.data_dir.display()
            );
            reporter.report(Event::Note {
                level: Level::Info,
                text,
            });
        }
        cluster.create(&programs, Some(DATABASE))?;
    }
    place.make_sockets()?;
    if std::fs::metadata(&cluster.log).is_ok_and(|log| log.len() > MAX_LOG) {
        std::fs::remove_file(&cluster.log).map_err(io("removing", &cluster.log))?;
    }
    // A process group of its own, so that Ctrl-C in this terminal does not reach it.
    let mut child = cluster.start(&programs, |command| {
        command.process_group(0);
    })?;
    if major.is_none() {
        cluster.sync(&programs);
    }
    let postmaster = Postmaster {
        pid: child.id(),
        ready: true,
    };
    // Waits for its end as long as this process lives: otherwise its process id would still appear alive.
    std::thread::spawn(move || child.wait());
    let server = place.server(postmaster, true);
    let file = place.folder.join("url");
    std::fs::write(&file, format!("{}\n", server.url)).map_err(io("writing", &file))?;
    Ok(server)
}

/// Stops the server and ends its sessions; returns false if it did not run.
///
/// # Errors
///
/// If it does not stop.
pub fn stop(settings: &EmbeddedSettings, environment: &Environment) -> Result<bool, EmbeddedError> {
    let place = Place::of(settings, environment)?;
    if place.cluster.running().is_none() {
        return Ok(false);
    }
    let _lock = FolderLock::take(&place.folder)?;
    // SIGINT is PostgreSQL's fast stop, SIGQUIT its immediate one, after which it recovers as after a crash.
    for signal in [Signal::INT, Signal::QUIT] {
        let Some(postmaster) = place.cluster.running() else {
            return Ok(true);
        };
        process::signal(postmaster.pid, signal);
        let end = Instant::now() + STOP_LIMIT;
        while place.cluster.running().is_some() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    match place.cluster.running() {
        None => Ok(true),
        Some(postmaster) => Err(EmbeddedError::Stop {
            pid: postmaster.pid,
            seconds: 2 * STOP_LIMIT.as_secs(),
        }),
    }
}

/// Stops the server and removes its data.
///
/// # Errors
///
/// If it does not stop, or the data cannot be removed.
pub fn destroy(settings: &EmbeddedSettings, environment: &Environment) -> Result<(), EmbeddedError> {
    stop(settings, environment)?;
    let place = Place::of(settings, environment)?;
    let data = &place.cluster.data;
    match std::fs::remove_dir_all(data) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(io("removing", data)(error)),
        _ => Ok(()),
    }
}

/// Returns whether the server runs, and which data exist. Changes nothing.
///
/// # Errors
///
/// If the data folder contains something else.
pub fn status(settings: &EmbeddedSettings, environment: &Environment) -> Result<Status, EmbeddedError> {
    let place = Place::of(settings, environment)?;
    let running = place.cluster.running().filter(|postmaster| postmaster.ready);
    Ok(Status {
        server: running.map(|postmaster| place.server(postmaster, false)),
        major: place.cluster.major()?,
        data: place.cluster.data.clone(),
        log: place.cluster.log.clone(),
    })
}

/// The server's programs, without downloading any.
///
/// # Errors
/// If none are found, or the configured folder has none.
pub fn look_for_programs(settings: &EmbeddedSettings, environment: &Environment) -> Result<Programs, EmbeddedError> {
    let quiet = EmbeddedSettings {
        fetch: false,
        ..settings.clone()
    };
    let account = account::server_account().ok().flatten();
    let wanted = Wanted::Preferred(settings.version);
    programs::find(&quiet, environment, account.as_ref(), wanted, &mighost_core::Silent)
}

/// The path of `psql`: beside the server's programs, otherwise on PATH. Downloads nothing.
pub fn psql_program(settings: &EmbeddedSettings, environment: &Environment) -> Option<PathBuf> {
    let beside = look_for_programs(settings, environment).ok();
    let folders = beside
        .map(|programs| programs.bin_dir)
        .into_iter()
        .chain(programs::path_folders(environment));
    folders
        .map(|folder| folder.join("psql"))
        .find(|program| program.is_file())
}

/// The folders of one project's server.
struct Place {
    /// The folder of the operator, with the data, the log, the lock and the URL.
    folder: PathBuf,
    /// Whether that is not the configured folder, because the server's user cannot reach that one.
    elsewhere: bool,
    cluster: Cluster,
}

impl Place {
    fn of(settings: &EmbeddedSettings, environment: &Environment) -> Result<Self, EmbeddedError> {
        let account = account::server_account().map_err(EmbeddedError::Account)?;
        let named = canonical(&settings.data_dir);
        let hash: String = Digest::of(named.as_os_str().as_encoded_bytes())
            .to_string()
            .chars()
            .take(16)
            .collect();
        let elsewhere = account.is_some() && !programs::is_open_to_all(&named);
        let folder = if elsewhere {
            Path::new("/var/lib/mighost/servers").join(&hash)
        } else {
            named
        };
        let runtime = environment
            .variable("XDG_RUNTIME_DIR")
            .map(PathBuf::from)
            .filter(|runtime| {
                runtime.is_absolute() && runtime.is_dir() && runtime.as_os_str().len() < 60 && account.is_none()
            });
        let sockets = runtime
            .unwrap_or_else(|| PathBuf::from("/tmp"))
            .join(format!("mighost-{hash}"));
        let cluster = Cluster {
            data: folder.join("data"),
            log: folder.join("log"),
            sockets,
            account,
            throw_away: false,
        };
        Ok(Self {
            folder,
            elsewhere,
            cluster,
        })
    }

    /// Creates the folder. The server's user must be able to read it, and only mighost's user may write to it.
    fn make(&self) -> Result<(), EmbeddedError> {
        let missing: Vec<&Path> = self.folder.ancestors().take_while(|folder| !folder.exists()).collect();
        std::fs::create_dir_all(&self.folder).map_err(io("making", &self.folder))?;
        if self.cluster.account.is_some() {
            missing.into_iter().try_for_each(open_to_all)?;
        }
        Ok(())
    }

    /// Creates the socket's folder, in a folder to which all users may write.
    fn make_sockets(&self) -> Result<(), EmbeddedError> {
        let path = &self.cluster.sockets;
        let Ok(metadata) = std::fs::symlink_metadata(path) else {
            return self.cluster.make_folder(path);
        };
        let owner = match &self.cluster.account {
            Some(account) => account.uid,
            None => rustix::process::geteuid().as_raw(),
        };
        if metadata.is_dir() && metadata.uid() == owner && metadata.mode() & 0o022 == 0 {
            return Ok(());
        }
        Err(EmbeddedError::Folder {
            path: path.clone(),
            reason: "should belong to the embedded server, but belongs to another user; remove it".into(),
        })
    }

    fn server(&self, postmaster: Postmaster, started: bool) -> Server {
        let target = ConnectTarget::on_socket(self.cluster.sockets.clone(), PORT, SUPERUSER, DATABASE);
        Server {
            url: target.display_url(),
            target,
            pid: postmaster.pid,
            started,
        }
    }
}

/// One name for a folder, whatever links lead to it and whether or not it exists yet.
fn canonical(folder: &Path) -> PathBuf {
    let known = folder
        .ancestors()
        .find_map(|part| Some((part, part.canonicalize().ok()?)));
    match known {
        Some((part, real)) => match folder.strip_prefix(part) {
            // Joining an empty rest would add a slash.
            Ok(rest) if !rest.as_os_str().is_empty() => real.join(rest),
            _ => real,
        },
        None => folder.to_owned(),
    }
}

/// Lets all users read a folder that mighost created, whatever its umask is.
fn open_to_all(folder: &Path) -> Result<(), EmbeddedError> {
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).map_err(io("opening", folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_name_before_and_after_it_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().canonicalize().unwrap().join("real");
        std::fs::create_dir(&real).unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let data = link.join("a/b");
        assert_eq!(canonical(&data), real.join("a/b"));
        std::fs::create_dir_all(&data).unwrap();
        assert_eq!(canonical(&data), real.join("a/b"));
        assert_eq!(canonical(&link), real);
    }
}
