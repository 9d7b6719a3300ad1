//! Finds PostgreSQL's programs.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::account::Account;
use super::error::EmbeddedError;
use super::{fetch, process};
use crate::connect::Environment;
use mighost_core::{EmbeddedSettings, Event, Level, Reporter};

/// The maximum duration of `postgres --version`.
const VERSION_LIMIT: Duration = Duration::from_secs(20);

/// A folder with `postgres` and `initdb` of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Programs {
    pub bin_dir: PathBuf,
    /// The major version, e.g. 15.
    pub major: u32,
    /// The full version, e.g. `15.18`.
    pub version: String,
    /// The folders of shared libraries of unpacked packages.
    pub(super) library_dir: Option<PathBuf>,
}

impl Programs {
    pub(super) fn command(&self, program: &str, account: Option<&Account>) -> std::process::Command {
        let mut command = process::command(&self.bin_dir.join(program), account);
        if let Some(folder) = &self.library_dir {
            command.env("LD_LIBRARY_PATH", folder);
        }
        command
    }
}

/// Requirements on the programs.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wanted {
    /// Any version, preferably this major one.
    Preferred(Option<u32>),
    /// Only this major version, because the data need it.
    Required(u32),
}

/// Finds the programs in this order: MIGHOST_PG_BIN and the settings, `pg_config` and PATH, the folders of system packages, the cache.
/// Otherwise downloads them. A preferred major version is downloaded if only others exist; if that fails, one of the others is used.
///
/// # Errors
///
/// If none are found and none may or can be downloaded, the configured folder has none, or none have the required major version.
pub(super) fn find(
    settings: &EmbeddedSettings,
    environment: &Environment,
    account: Option<&Account>,
    wanted: Wanted,
    reporter: &dyn Reporter,
) -> Result<Programs, EmbeddedError> {
    let explicit = match environment.variable("MIGHOST_PG_BIN") {
        Some(folder) => Some(("MIGHOST_PG_BIN", PathBuf::from(folder))),
        None => settings
            .bin_dir
            .clone()
            .map(|folder| ("`bin-dir` in `[embedded]`", folder)),
    };
    let mut other_major = None;
    if let Some((origin, path)) = explicit {
        let programs = probe(&path, account).map_err(|reason| EmbeddedError::BadPrograms { origin, path, reason })?;
        return match wanted {
            Wanted::Required(major) if programs.major != major => Err(no_such_major(major, &programs)),
            _ => Ok(programs),
        };
    }
    let caches = fetch::cache_folders(environment, account);
    let preferred = match wanted {
        Wanted::Preferred(major) => major,
        Wanted::Required(major) => Some(major),
    };
    let mut tried = Vec::new();
    let places = on_path(environment).into_iter().chain(system_folders(preferred));
    for folder in places.chain(caches.iter().flat_map(|cache| fetch::cached(cache))) {
        match probe(&folder, account) {
            Ok(programs) if preferred.is_none_or(|major| major == programs.major) => return Ok(programs),
            Ok(programs) => other_major = other_major.or(Some(programs)),
            Err(reason) => tried.push(format!("{}: {reason}", folder.display())),
        }
    }
    let allowed = settings.fetch && environment.variable("MIGHOST_PG_FETCH") != Some("never");
    // If another major version exists, only the preferred one is worth downloading.
    let major = match wanted {
        Wanted::Required(major) => Some(major),
        Wanted::Preferred(major) => major.filter(|_| other_major.is_some()),
    };
    let fetched = match caches.first() {
        Some(cache) if allowed => fetch::fetch(cache, account, tried, major, reporter),
        _ => {
            tried.push("fetching them is forbidden (`fetch = false` or MIGHOST_PG_FETCH=never)".into());
            Err(fetch::no_programs(tried))
        }
    };
    match (fetched, wanted, other_major) {
        (Ok(programs), ..) => Ok(programs),
        (Err(_), Wanted::Preferred(major), Some(programs)) => {
            let major = major.map(|major| major.to_string()).unwrap_or_default();
            let text = format!(
                "PostgreSQL {major} is configured for the embedded server, but there is only {} in {}",
                programs.version,
                programs.bin_dir.display()
            );
            reporter.report(Event::Note {
                level: Level::Warn,
                text,
            });
            Ok(programs)
        }
        (Err(_), Wanted::Required(major), Some(programs)) => Err(no_such_major(major, &programs)),
        (Err(error), _, None) => Err(error),
    }
}

fn no_such_major(major: u32, found: &Programs) -> EmbeddedError {
    let found = format!(
        "the programs in {} are version {}",
        found.bin_dir.display(),
        found.version
    );
    EmbeddedError::NoSuchMajor { major, found }
}

/// Checks the programs in a folder, or returns the problem.
pub(super) fn probe(folder: &Path, account: Option<&Account>) -> Result<Programs, String> {
    for name in ["postgres", "initdb"] {
        if !folder.join(name).is_file() {
            return Err(format!("it has no `{name}`"));
        }
    }
    let bin_dir = folder.canonicalize().map_err(|error| error.to_string())?;
    if let Some(account) = account
        && !is_open_to_all(&bin_dir)
    {
        return Err(format!("the user `{}` cannot access it", account.name));
    }
    let mut programs = Programs {
        library_dir: fetch::library_dir(&bin_dir),
        bin_dir,
        major: 0,
        version: String::new(),
    };
    let text = process::run(programs.command("postgres", account).arg("--version"), VERSION_LIMIT)?;
    // `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`; a beta is `19beta1`.
    let version = text.split_whitespace().nth(2).unwrap_or_default();
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    programs.major = digits
        .parse()
        .map_err(|_| format!("`postgres --version` says `{text}`"))?;
    programs.version = version.into();
    Ok(programs)
}

/// Whether all users can read `path` and each folder above it.
pub(super) fn is_open_to_all(path: &Path) -> bool {
    path.ancestors().all(|folder| match std::fs::metadata(folder) {
        Ok(metadata) => metadata.mode() & 0o001 != 0,
        // Folders that do not exist yet are created by mighost.
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    })
}

fn on_path(environment: &Environment) -> Vec<PathBuf> {
    let folders = path_folders(environment);
    let has = |name: &'static str| move |folder: &PathBuf| folder.join(name).is_file();
    let mut found = Vec::new();
    if let Some(folder) = folders.iter().find(|folder| has("pg_config")(folder)) {
        let answer = process::run(
            process::command(&folder.join("pg_config"), None).arg("--bindir"),
            VERSION_LIMIT,
        );
        // Client packages have a pg_config without a server.
        found.extend(answer.ok().map(PathBuf::from).filter(has("postgres")));
    }
    found.extend(folders.into_iter().filter(has("postgres")));
    found
}

pub(super) fn path_folders(environment: &Environment) -> Vec<PathBuf> {
    let path = environment.variable("PATH").unwrap_or_default();
    std::env::split_paths(path)
        .filter(|folder| folder.is_absolute())
        .collect()
}

/// The folders of the packages of Debian, Red Hat and Homebrew: the preferred major version first, then the newest.
fn system_folders(preferred: Option<u32>) -> Vec<PathBuf> {
    const PLACES: [(&str, &str); 5] = [
        ("/usr/lib/postgresql", ""),
        ("/usr", "pgsql-"),
        ("/opt/homebrew/opt", "postgresql@"),
        ("/usr/local/opt", "postgresql@"),
        ("/Applications/Postgres.app/Contents/Versions", ""),
    ];
    let mut found: Vec<(bool, u32, PathBuf)> = Vec::new();
    for (folder, prefix) in PLACES {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let major = name
                .to_str()
                .and_then(|name| name.strip_prefix(prefix))
                .and_then(|major| major.parse().ok());
            if let Some(major) = major
                && entry.path().join("bin/postgres").is_file()
            {
                found.push((preferred == Some(major), major, entry.path().join("bin")));
            }
        }
    }
    found.sort_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, _, folder)| folder).collect()
}
