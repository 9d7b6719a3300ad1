//! Loads settings from the file, the environment and the command line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::file::{ConfigFile, Database};
use super::locate::{CONFIG_VARIABLE, locate};
use super::resolve::{Resolver, url};
use super::units::shown;
use super::{ConfigError, ProjectSettings, Settings};

/// Environment variables that are text.
pub type Environment = BTreeMap<String, String>;

/// The argument of `-x` that selects the database.
const LABEL_ARGUMENT: &str = "db";

/// The sources of the configuration.
#[derive(Clone, Debug)]
pub struct LoadRequest<'a> {
    /// The working folder, absolute.
    pub directory: &'a Path,
    /// `-c FILE`, relative to `directory`.
    pub config: Option<&'a Path>,
    /// Each `-x`, as written: `key=value` or `key`.
    pub extra: &'a [String],
    pub environment: &'a Environment,
}

/// The settings for one database.
///
/// # Errors
/// See [`ConfigError`]. The whole file is checked, including the tables of other databases.
pub fn load(request: &LoadRequest<'_>) -> Result<Settings, ConfigError> {
    let (file, extra) = read(request)?;
    let Some((label, database)) = choose(&file, extra.label.as_deref())? else {
        return Err(match file.databases.is_empty() {
            true => ConfigError::NoDatabase { file: file.path },
            false => ConfigError::NoLabel { known: file.labels() },
        });
    };
    let url = url(label, database, request.environment)?;
    Resolver::new(&file, Some((label, database)), request.environment, extra.args)?.settings(label, url)
}

/// The settings of the project, for commands that need no database. If a label is given or selected by the file, its overrides apply; its
/// URL is not examined.
///
/// # Errors
/// As for [`load`], except those about the URL and a missing selection.
pub fn load_project(request: &LoadRequest<'_>) -> Result<ProjectSettings, ConfigError> {
    let (file, extra) = read(request)?;
    let chosen = choose(&file, extra.label.as_deref())?;
    Resolver::new(&file, chosen, request.environment, extra.args)?.project_settings()
}

fn read(request: &LoadRequest<'_>) -> Result<(ConfigFile, Extra), ConfigError> {
    let extra = Extra::parse(request.extra)?;
    let variable = request
        .environment
        .get(CONFIG_VARIABLE)
        .filter(|value| !value.is_empty());
    let named = request.config.or(variable.map(Path::new));
    let path = locate(request.directory, named)?;
    Ok((ConfigFile::read(&path)?, extra))
}

/// The given database, otherwise the default, otherwise the only one.
fn choose<'f>(file: &'f ConfigFile, named: Option<&str>) -> Result<Option<(&'f str, &'f Database)>, ConfigError> {
    let label = match (named.or(file.default.as_deref()), file.databases.len()) {
        (Some(label), _) => label,
        (None, 1) => {
            return Ok(file
                .databases
                .iter()
                .next()
                .map(|(label, database)| (label.as_str(), database)));
        }
        (None, _) => return Ok(None),
    };
    match file.databases.get_key_value(label) {
        Some((label, database)) => Ok(Some((label, database))),
        None => Err(ConfigError::UnknownLabel {
            label: label.to_owned(),
            known: file.labels(),
        }),
    }
}

/// The `-x` arguments.
#[derive(Debug, Default)]
struct Extra {
    label: Option<String>,
    args: BTreeMap<String, String>,
}

impl Extra {
    /// Reads them in order. Of two with the same key the last one applies, but there can be only one database.
    fn parse(arguments: &[String]) -> Result<Self, ConfigError> {
        let mut extra = Self::default();
        for argument in arguments {
            let fail = |reason: &str| ConfigError::Argument {
                argument: argument
                    .split('=')
                    .next()
                    .unwrap_or_default()
                    .chars()
                    .take(64)
                    .collect(),
                reason: reason.to_owned(),
            };
            let (key, value) = argument.split_once('=').unwrap_or((argument, ""));
            if key.is_empty() {
                return Err(fail("there is no name before the `=`; write -x name=value"));
            }
            if argument.contains('\0') {
                return Err(fail("PostgreSQL does not accept the character NUL"));
            }
            if key != LABEL_ARGUMENT {
                extra.args.insert(key.to_owned(), value.to_owned());
                continue;
            }
            if value.is_empty() {
                return Err(fail("no label is given; write -x db=LABEL"));
            }
            if value.contains("://") || value.contains('@') {
                // Not shown: it may contain a password.
                return Err(fail(
                    "this looks like a url; use the label of a [databases.LABEL] that has this url",
                ));
            }
            if let Some(other) = extra.label.replace(value.to_owned())
                && other != value
            {
                return Err(fail(&format!(
                    "two databases are named, {} and {}; a command uses only one",
                    shown(&other),
                    shown(value)
                )));
            }
        }
        Ok(extra)
    }
}

/// `path` below `root`, without `.` parts. `..` is kept: below a symbolic link it has another meaning than the text suggests.
pub(super) fn absolute(root: &Path, path: &str) -> PathBuf {
    root.join(path)
        .components()
        .filter(|part| !matches!(part, std::path::Component::CurDir))
        .collect()
}
