//! `mighost init`: a new project.

pub mod import_alembic;

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use mighost_config::FILE_NAME;
use mighost_core::{Blame, Diagnostic, ExitKind};

const CONFIG: &str = include_str!("init/mighost.toml");
const FOLDERS: [&str; 2] = ["migrations", "plugins"];

/// Lines of git's files. `.mighost/` has the embedded server's data and built artifacts. Scripts have the same line ends on every machine,
/// because they reach the database as they are.
const GIT: [(&str, &str); 2] = [(".gitignore", ".mighost/"), (".gitattributes", "*.sql text eol=lf")];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitRequest {
    /// The project's folder, absolute; created if it is missing.
    pub directory: PathBuf,
}

/// The result.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Created {
    pub config: PathBuf,
    /// All new or changed files, including the configuration.
    pub paths: Vec<PathBuf>,
}

/// The reason why no project was created.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    #[error("{path} already exists and was not changed", path = path.display())]
    Exists { path: PathBuf },
    #[error("cannot create {path}: {source}", path = path.display())]
    Create { path: PathBuf, source: io::Error },
}

impl From<&InitError> for Diagnostic {
    fn from(error: &InitError) -> Self {
        let diagnostic = Self::new(Blame::Operator, ExitKind::Config, error.to_string());
        match error {
            InitError::Exists { .. } => diagnostic.hint("name another folder: mighost init DIR"),
            InitError::Create { .. } => diagnostic,
        }
    }
}

/// Writes `mighost.toml`, the folders and lines of git's files. Nothing that exists is overwritten.
///
/// # Errors
/// If there is a `mighost.toml` already, or something cannot be written.
pub fn init(request: &InitRequest) -> Result<Created, InitError> {
    let root = &request.directory;
    let config = root.join(FILE_NAME);
    // Even a dangling symbolic link is not replaced.
    if fs::symlink_metadata(&config).is_ok() {
        return Err(InitError::Exists { path: config });
    }
    let mut paths = Vec::new();
    for folder in [root.clone()].into_iter().chain(FOLDERS.map(|name| root.join(name))) {
        if !folder.is_dir() {
            fs::create_dir_all(&folder).map_err(fail(&folder))?;
            paths.push(folder);
        }
    }
    paths.extend(write_for_git(root)?);
    // Written last: if it exists, the rest does too.
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&config)
        .map_err(fail(&config))?;
    file.write_all(CONFIG.as_bytes()).map_err(fail(&config))?;
    paths.push(config.clone());
    Ok(Created { config, paths })
}

/// Adds the lines to git's files; returns the files that this changed.
pub(super) fn write_for_git(root: &Path) -> Result<Vec<PathBuf>, InitError> {
    let mut changed = Vec::new();
    for (name, line) in GIT {
        let path = root.join(name);
        if add_line(&path, line).map_err(fail(&path))? {
            changed.push(path);
        }
    }
    Ok(changed)
}

fn fail(path: &Path) -> impl FnOnce(io::Error) -> InitError {
    let path = path.to_owned();
    move |source| InitError::Create { path, source }
}

/// Adds `line` to the file unless it contains it. True if the file was changed.
fn add_line(path: &Path, line: &str) -> io::Result<bool> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    if text
        .split(|byte| *byte == b'\n')
        .any(|found| found.trim_ascii() == line.as_bytes())
    {
        return Ok(false);
    }
    let separator = if text.is_empty() || text.ends_with(b"\n") {
        ""
    } else {
        "\n"
    };
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(format!("{separator}{line}\n").as_bytes())?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mighost_config::{Environment, LoadRequest, load};
    use mighost_core::DatabaseUrl;

    fn request(directory: &Path) -> InitRequest {
        InitRequest {
            directory: directory.to_owned(),
        }
    }

    #[test]
    fn a_new_project_loads() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("new");
        let created = init(&request(&root)).unwrap();
        assert_eq!(created.paths.len(), 6);
        let settings = load(&LoadRequest {
            directory: &root.join("migrations"),
            config: None,
            extra: &[],
            environment: &Environment::new(),
        })
        .unwrap();
        assert_eq!((settings.label.as_str(), settings.url), ("dev", DatabaseUrl::Embedded));
        assert!(settings.migrations[0].is_dir() && settings.plugins[0].is_dir());
        assert_eq!(fs::read_to_string(root.join(".gitignore")).unwrap(), ".mighost/\n");
    }

    #[test]
    fn what_exists_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::write(root.join(".gitignore"), "target").unwrap();
        init(&request(root)).unwrap();
        assert_eq!(
            fs::read_to_string(root.join(".gitignore")).unwrap(),
            "target\n.mighost/\n"
        );

        fs::write(root.join(FILE_NAME), "mine").unwrap();
        assert!(matches!(init(&request(root)), Err(InitError::Exists { .. })));
        assert_eq!(fs::read_to_string(root.join(FILE_NAME)).unwrap(), "mine");

        fs::remove_file(root.join(FILE_NAME)).unwrap();
        assert_eq!(init(&request(root)).unwrap().paths, [root.join(FILE_NAME)]);
        assert_eq!(
            fs::read_to_string(root.join(".gitignore")).unwrap(),
            "target\n.mighost/\n"
        );
    }

    #[test]
    fn every_setting_of_the_file_is_known() {
        // The commented-out settings are meant to be used, so they must be valid too.
        let all: String = CONFIG
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(setting) if setting.contains(" = ") || setting.starts_with('[') => format!("{setting}\n"),
                _ => format!("{line}\n"),
            })
            .collect();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE_NAME), &all).unwrap();
        let environment = Environment::from([("PGPASSWORD".to_owned(), "secret".to_owned())]);
        for label in ["db=dev", "db=production"] {
            let settings = load(&LoadRequest {
                directory: folder.path(),
                config: None,
                extra: &[label.to_owned()],
                environment: &environment,
            })
            .unwrap();
            assert!(!settings.args.is_empty() && settings.lock_timeout.is_some());
        }
    }
}
