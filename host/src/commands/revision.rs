//! `mighost revision`: the sources of a new revision.

mod template;

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::{CommandError, Project, open};
use crate::report::{Blame, Diagnostic, ExitKind, Reporter};
use crate::revision as graph;

/// The longest slug, in characters.
const MAX_SLUG_CHARS: usize = 40;

/// The longest revision id, in bytes. Alembic's version table holds 32, and mighost takes over such tables.
const MAX_ID_BYTES: usize = 32;

/// Names the folder of mighost-sdk, for projects outside a clone of mighost.
const SDK_VARIABLE: &str = "MIGHOST_SDK";

/// What the migration is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Template {
    /// `upgrade.sql` and `downgrade.sql`.
    #[default]
    Sql,
    /// A crate that uses mighost-sdk.
    Rust,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RevisionRequest {
    pub message: String,
    pub template: Template,
    /// The id; a random one where none is given.
    pub rev_id: Option<String>,
    /// What to build on, as the user wrote it; `head` where nothing is given. Several make a merge point.
    pub heads: Vec<String>,
    /// Allow a parent that is not a head.
    pub splice: bool,
    pub branch_labels: Vec<String>,
    pub depends_on: Vec<String>,
    /// The folder of migrations to write to, of those that the project has; the first where none is given.
    pub version_path: Option<PathBuf>,
}

/// A revision whose place in the graph is settled.
#[derive(Clone, Debug)]
pub struct NewRevision<'a> {
    pub revision: &'a str,
    pub message: &'a str,
    pub down_revisions: &'a [String],
    pub depends_on: &'a [String],
    pub branch_labels: &'a [String],
    pub date: Timestamp,
    pub template: Template,
    /// The folder of mighost-sdk, for migrations in Rust; where none is given, it is looked for above the project.
    pub sdk: Option<&'a Path>,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Written {
    pub revision: String,
    pub folder: PathBuf,
    pub files: Vec<PathBuf>,
}

/// Why there are no new sources.
#[derive(Debug, thiserror::Error)]
pub enum RevisionError {
    #[error("{id:?} cannot be a revision id: {reason}")]
    Id { id: String, reason: String },
    #[error("{wanted} is not one of the project's folders of migrations", wanted = wanted.display())]
    Location { wanted: PathBuf, known: Vec<PathBuf> },
    #[error("the project has no folder of migrations")]
    NoLocation,
    #[error("{folder} exists already, and is left as it is", folder = folder.display())]
    Exists { folder: PathBuf },
    #[error("cannot write {path}: {source}", path = path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("the system gives no random numbers: {0}")]
    Random(String),
    #[error("{SDK_VARIABLE} names {folder}, where there is no Cargo.toml", folder = folder.display())]
    Sdk { folder: PathBuf },
}

impl From<&RevisionError> for Diagnostic {
    fn from(error: &RevisionError) -> Self {
        let (blame, exit) = match error {
            RevisionError::Id { .. } | RevisionError::Location { .. } => (Blame::Operator, ExitKind::Usage),
            RevisionError::NoLocation | RevisionError::Sdk { .. } => (Blame::Operator, ExitKind::Config),
            RevisionError::Exists { .. } => (Blame::Operator, ExitKind::History),
            RevisionError::Write { .. } => (Blame::Operator, ExitKind::Internal),
            RevisionError::Random(_) => (Blame::Host, ExitKind::Internal),
        };
        let diagnostic = Self::new(blame, exit, error.to_string());
        match error {
            RevisionError::Id { .. } => diagnostic.hint("without --rev-id a random one is chosen"),
            RevisionError::Location { known, .. } => {
                let known: Vec<String> = known.iter().map(|path| path.display().to_string()).collect();
                diagnostic.hint(format!(
                    "there are: {}; `migrations` in mighost.toml adds one",
                    known.join(", ")
                ))
            }
            RevisionError::Sdk { .. } => diagnostic.hint("it is the folder plugin-sdk of a clone of mighost"),
            RevisionError::NoLocation => diagnostic.hint("name one in mighost.toml: migrations = [\"migrations\"]"),
            _ => diagnostic,
        }
    }
}

/// Where a new revision goes: the folder that is `wanted`, which must be one of the project's `locations`, else the first of
/// them. A revision elsewhere would never be found again.
///
/// # Errors
/// When the folder is none of them, or there are none.
pub fn choose_location(locations: &[PathBuf], wanted: Option<&Path>) -> Result<PathBuf, RevisionError> {
    let Some(wanted) = wanted else {
        return locations.first().cloned().ok_or(RevisionError::NoLocation);
    };
    // Folders that are not there yet are compared as they are written.
    let same = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let target = same(wanted);
    let found = locations.iter().find(|location| same(location) == target);
    found.cloned().ok_or_else(|| RevisionError::Location {
        wanted: wanted.to_owned(),
        known: locations.to_vec(),
    })
}

/// Twelve hexadecimal digits at random.
///
/// # Errors
/// When the system has no random numbers.
pub fn random_id() -> Result<String, RevisionError> {
    let mut bytes = [0; 6];
    getrandom::fill(&mut bytes).map_err(|error| RevisionError::Random(error.to_string()))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Checks an id that the user chose. Ids are parts of folder names and of targets (`id+2`, `label@head`, `a:b`).
///
/// # Errors
/// When the id is empty, too long, or has other characters than letters, digits, `_` and `.`, or is a word that targets use.
pub fn check_id(id: &str) -> Result<(), RevisionError> {
    let reason = if id.is_empty() {
        "it is empty".to_owned()
    } else if id.len() > MAX_ID_BYTES {
        format!(
            "it has {} bytes, and {MAX_ID_BYTES} fit into the version table",
            id.len()
        )
    } else if !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.') || id.starts_with('.') {
        "it may have the letters a to z, digits, `_` and, but for its beginning, `.`".to_owned()
    } else if ["head", "heads", "base", "current"].contains(&id) {
        "the word means something else as a target".to_owned()
    } else {
        return Ok(());
    };
    Err(RevisionError::Id {
        id: id.chars().take(MAX_ID_BYTES * 2).collect(),
        reason,
    })
}

/// `message` as part of a folder's name: lower case, words joined by `_`, whole words where they fit.
pub fn slug(message: &str) -> String {
    let lower = message.to_lowercase();
    let words = lower
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    let mut slug = String::new();
    for word in words {
        if slug.is_empty() {
            slug = word.chars().take(MAX_SLUG_CHARS).collect();
        } else if slug.len() + 1 + word.len() <= MAX_SLUG_CHARS {
            slug.push('_');
            slug.push_str(word);
        } else {
            break;
        }
    }
    match slug.is_empty() {
        true => "migration".to_owned(),
        false => slug,
    }
}

/// Writes the folder of `new` into `location`, a folder of migrations, which is created when missing.
///
/// # Errors
/// When the id cannot be one, the folder exists, or something cannot be written; a folder that is only half written is
/// removed again.
pub fn write_sources(location: &Path, new: &NewRevision<'_>) -> Result<Written, RevisionError> {
    check_id(new.revision)?;
    let folder = location.join(format!("{}_{}", new.revision, slug(new.message)));
    fs::create_dir_all(location).map_err(fail(location))?;
    match fs::create_dir(&folder) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(RevisionError::Exists { folder }),
        Err(error) => return Err(fail(&folder)(error)),
    }
    match write_files(location, &folder, new) {
        Ok(files) => Ok(Written {
            revision: new.revision.to_owned(),
            folder,
            files,
        }),
        Err(error) => {
            // Made above, so nothing of the user's is in it. The first error is the one to tell.
            let _ = fs::remove_dir_all(&folder);
            Err(error)
        }
    }
}

fn write_files(location: &Path, folder: &Path, new: &NewRevision<'_>) -> Result<Vec<PathBuf>, RevisionError> {
    let mut paths = Vec::new();
    for (name, text) in template::files(location, new) {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(fail(parent))?;
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(fail(&path))?;
        file.write_all(text.as_bytes()).map_err(fail(&path))?;
        paths.push(path);
    }
    Ok(paths)
}

fn fail(path: &Path) -> impl FnOnce(io::Error) -> RevisionError {
    let path = path.to_owned();
    move |source| RevisionError::Write { path, source }
}

fn as_strs(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

/// Finds the place of the new revision in the graph and writes its sources.
///
/// # Errors
/// Configuration, artifacts or graph; an id or folder that is taken; a parent that is not a head without `splice`.
pub fn run(project: &Project, request: &RevisionRequest, reporter: &dyn Reporter) -> Result<Written, CommandError> {
    let settings = project.project_settings()?;
    let history = open::project_history(&settings, reporter)?;
    let revision = match &request.rev_id {
        Some(id) => id.clone(),
        None => random_id()?,
    };
    let parents = history.graph.parents(&graph::NewRevision {
        revision: &revision,
        heads: &as_strs(&request.heads),
        splice: request.splice,
        depends_on: &as_strs(&request.depends_on),
        branch_labels: &as_strs(&request.branch_labels),
    })?;
    let location = choose_location(&settings.migrations, request.version_path.as_deref())?;
    let sdk = sdk_folder(project)?;
    let new = NewRevision {
        revision: &revision,
        message: &request.message,
        down_revisions: &parents.down_revisions,
        depends_on: &parents.depends_on,
        branch_labels: &request.branch_labels,
        date: Timestamp::now(),
        template: request.template,
        sdk: sdk.as_deref(),
    };
    Ok(write_sources(&location, &new)?)
}

/// The folder that the environment names; relative to the working folder.
fn sdk_folder(project: &Project) -> Result<Option<PathBuf>, RevisionError> {
    let Some(named) = project.environment.get(SDK_VARIABLE).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let folder = project.directory.join(named);
    match folder.join("Cargo.toml").is_file() {
        true => Ok(Some(folder)),
        false => Err(RevisionError::Sdk { folder }),
    }
}

#[cfg(test)]
mod tests;
