//! `mighost revision`: writes the sources of a new revision.

pub(super) mod error;
pub(super) mod jinja;
mod names;
pub(super) mod rust;
pub mod template;
mod write_hooks;

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jiff::{Timestamp, Zoned};
use minijinja::value::Value;

use super::{CommandError, Project, context};
use error::SDK_VARIABLE;
use jinja::Variables;
use mighost_build::{Driver, MigrationSource};
use mighost_config::{ProjectSettings, RevisionSettings};
use mighost_core::Reporter;
use mighost_graph as graph;
use template::Template;

pub use error::NewRevisionError;
pub use jinja::TemplateError;
pub use names::{folder_template_from_alembic, random_id, slug};

/// Alembic's version table, and the maximum length of an id in it, in characters.
const ALEMBIC_TABLE: (&str, usize) = ("alembic_version", 32);

/// The message if `-m` is missing; Alembic's words.
const NO_MESSAGE: &str = "empty message";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RevisionRequest {
    /// May be empty.
    pub message: String,
    /// The name of the template; the project's default if there is none.
    pub template: Option<String>,
    /// The id; by default one from the project's template.
    pub rev_id: Option<String>,
    /// The down revisions, as given by the user; `head` by default. Several make a merge point.
    pub heads: Vec<String>,
    /// Allow a parent that is not a head.
    pub splice: bool,
    pub branch_labels: Vec<String>,
    pub depends_on: Vec<String>,
    /// The folder of migrations to write to, one of the project's; the first by default.
    pub version_path: Option<PathBuf>,
    /// Alembic's options that mighost does not support; the error says so.
    pub autogenerate: bool,
    pub sql: bool,
}

/// A revision with its place in the graph.
#[derive(Clone, Debug)]
pub struct NewRevision<'a> {
    pub revision: &'a str,
    pub message: &'a str,
    pub down_revisions: &'a [String],
    pub depends_on: &'a [String],
    pub branch_labels: &'a [String],
    /// The time, in the time zone for names.
    pub date: &'a Zoned,
    pub template: &'a Template,
    /// Arguments of `-x` and `[args]`, for templates in `args`.
    pub args: &'a BTreeMap<String, String>,
    /// Where migrations in Rust find mighost-sdk.
    pub sdk: &'a rust::Sdk,
}

/// The result.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Written {
    pub revision: String,
    pub folder: PathBuf,
    pub files: Vec<PathBuf>,
}

/// The folder for a new revision: `wanted`, which must be one of the project's `locations`, otherwise the first of them. A revision
/// elsewhere would never be found.
///
/// # Errors
/// If the folder is not one of them, or there are no locations.
pub fn choose_location(locations: &[PathBuf], wanted: Option<&Path>) -> Result<PathBuf, NewRevisionError> {
    let Some(wanted) = wanted else {
        return locations.first().cloned().ok_or(NewRevisionError::NoLocation);
    };
    // Folders that do not exist yet are compared as written.
    let same = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let target = same(wanted);
    let found = locations.iter().find(|location| same(location) == target);
    found.cloned().ok_or_else(|| NewRevisionError::Location {
        wanted: wanted.to_owned(),
        known: locations.to_vec(),
    })
}

impl NewRevision<'_> {
    /// The variables for its templates.
    fn variables(&self, location: &Path, slug_length: usize) -> Variables {
        let list = |texts: &[String]| texts.iter().map(|text| Value::from(text.as_str())).collect::<Value>();
        let driver = self.template.driver();
        let code = driver.and_then(|driver| driver.migration_files().first());
        let mut variables = names::date_variables(self.date);
        variables.extend(rust::variables(location, self.revision, self.sdk));
        variables.extend(message_variables(self.message, slug_length, self.args));
        variables.extend([
            ("rev".to_owned(), Value::from(self.revision)),
            ("down_revisions".to_owned(), list(self.down_revisions)),
            ("depends_on".to_owned(), list(self.depends_on)),
            ("branch_labels".to_owned(), list(self.branch_labels)),
            ("template".to_owned(), Value::from(self.template.name.as_str())),
            ("build".to_owned(), Value::from(self.template.build.clone())),
            ("language".to_owned(), Value::from(driver.map_or("", Driver::language))),
            ("code".to_owned(), Value::from(code.copied().unwrap_or_default())),
        ]);
        variables
    }
}

fn message_variables(message: &str, slug_length: usize, args: &BTreeMap<String, String>) -> Variables {
    let shown = if message.is_empty() { NO_MESSAGE } else { message };
    let args: Variables = args
        .iter()
        .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
        .collect();
    Variables::from([
        ("message".to_owned(), Value::from(shown)),
        ("slug".to_owned(), Value::from(slug(message, slug_length))),
        ("args".to_owned(), Value::from(args)),
    ])
}

/// Writes the folder of `new` into `location`, a folder of migrations, which is created if missing, and runs the project's hooks on it in
/// `root`.
///
/// # Errors
/// If a template is invalid, the folder exists, something cannot be written, or the result is not the requested migration; an incomplete
/// folder is removed. A hook that fails does not remove it.
pub fn write_sources(
    root: &Path,
    location: &Path,
    new: &NewRevision<'_>,
    settings: &RevisionSettings,
    reporter: &dyn Reporter,
) -> Result<Written, NewRevisionError> {
    let variables = new.variables(location, settings.slug_length);
    let folder = location.join(names::folder(&settings.folder_template, &variables)?);
    let files = new.template.render(&variables)?;
    fs::create_dir_all(location).map_err(NewRevisionError::write(location))?;
    match fs::create_dir(&folder) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(NewRevisionError::Exists { folder }),
        Err(error) => return Err(NewRevisionError::write(&folder)(error)),
    }
    let written = write_files(&folder, &files).and_then(|files| {
        check_migration(&folder, new)?;
        Ok(files)
    });
    let files = match written {
        Ok(files) => files,
        Err(error) => {
            // Created above, so it contains no files of the user. The first error is the one to report.
            let _ = fs::remove_dir_all(&folder);
            return Err(error);
        }
    };
    let written = Written {
        revision: new.revision.to_owned(),
        folder,
        files,
    };
    write_hooks::run(root, &settings.hooks, &written, &variables, reporter)?;
    Ok(written)
}

pub(super) fn write_files(folder: &Path, files: &[(String, Vec<u8>)]) -> Result<Vec<PathBuf>, NewRevisionError> {
    let mut paths = Vec::new();
    for (name, content) in files {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(NewRevisionError::write(parent))?;
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(NewRevisionError::write(&path))?;
        file.write_all(content).map_err(NewRevisionError::write(&path))?;
        paths.push(path);
    }
    Ok(paths)
}

/// Reads back the output of a template: a migration with another id or other parents would be in the wrong place of the history.
fn check_migration(folder: &Path, new: &NewRevision<'_>) -> Result<(), NewRevisionError> {
    let wrong = |reason: String| NewRevisionError::Migration {
        template: new.template.name.clone(),
        reason,
    };
    let source = MigrationSource::read(folder).map_err(|error| wrong(error.to_string().trim_end().to_owned()))?;
    let [found] = source.revisions.as_slice() else {
        return Err(wrong(format!("it declares {} revisions", source.revisions.len())));
    };
    let differs = |what: &str, found: &dyn std::fmt::Debug, wanted: &dyn std::fmt::Debug| {
        Err(wrong(format!(
            "its migration.toml has {what} {found:?} instead of {wanted:?}"
        )))
    };
    if found.revision != new.revision {
        return differs("revision", &found.revision, &new.revision);
    }
    if found.down_revisions != new.down_revisions {
        return differs("down-revisions", &found.down_revisions, &new.down_revisions);
    }
    if found.depends_on != new.depends_on {
        return differs("depends-on", &found.depends_on, &new.depends_on);
    }
    if found.branch_labels != new.branch_labels {
        return differs("branch-labels", &found.branch_labels, &new.branch_labels);
    }
    Ok(())
}

fn as_strs(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

/// Finds the place of the new revision in the graph and writes its sources.
///
/// # Errors
/// If the configuration, artifacts or graph are invalid, an id or folder exists already, a parent is not a head without `splice`, or
/// templates or hooks fail.
pub fn run(project: &Project, request: &RevisionRequest, reporter: &dyn Reporter) -> Result<Written, CommandError> {
    if request.autogenerate {
        return Err(NewRevisionError::Autogenerate.into());
    }
    if request.sql {
        return Err(NewRevisionError::Sql.into());
    }
    let settings = project.project_settings()?;
    let history = context::project_history(&settings, reporter)?;
    let date = Timestamp::now().to_zoned(settings.revision.timezone.clone());
    let revision = match &request.rev_id {
        Some(id) => id.clone(),
        None => {
            let mut variables = names::date_variables(&date);
            variables.extend(message_variables(
                &request.message,
                settings.revision.slug_length,
                &settings.args,
            ));
            variables.insert("random".to_owned(), Value::from(random_id()?));
            variables.insert("count".to_owned(), Value::from(history.loaded.revisions().count()));
            names::id(&settings.revision.id_template, &variables)?
        }
    };
    check_length(&settings, &revision)?;
    let parents = history.graph.parents(&graph::NewRevision {
        revision: &revision,
        heads: &as_strs(&request.heads),
        splice: request.splice,
        depends_on: &as_strs(&request.depends_on),
        branch_labels: &as_strs(&request.branch_labels),
    })?;
    let location = choose_location(&settings.migrations, request.version_path.as_deref())?;
    let template = request.template.as_ref().unwrap_or(&settings.revision.template);
    let template = template::find(&settings.revision.templates, template)?;
    let sdk = sdk_folder(project, &settings.root)?;
    let new = NewRevision {
        revision: &revision,
        message: &request.message,
        down_revisions: &parents.down_revisions,
        depends_on: &parents.depends_on,
        branch_labels: &request.branch_labels,
        date: &date,
        template: &template,
        args: &settings.args,
        sdk: &sdk,
    };
    Ok(write_sources(
        &settings.root,
        &location,
        &new,
        &settings.revision,
        reporter,
    )?)
}

/// Refuses an id that does not fit into the version table, before its migration runs.
fn check_length(settings: &ProjectSettings, id: &str) -> Result<(), NewRevisionError> {
    let (table, longest) = ALEMBIC_TABLE;
    let length = id.chars().count();
    if settings.version_table == table && length > longest {
        return Err(NewRevisionError::Id {
            id: id.chars().take(longest * 2).collect(),
            reason: format!("it has {length} characters, but Alembic's version table allows {longest}"),
        });
    }
    Ok(())
}

/// The folder in the environment variable, relative to the working folder; otherwise the SDK that the program carries.
pub(super) fn sdk_folder(project: &Project, root: &Path) -> Result<rust::Sdk, NewRevisionError> {
    let Some(named) = project.environment.get(SDK_VARIABLE).filter(|value| !value.is_empty()) else {
        return Ok(rust::Sdk::Carried { root: root.to_owned() });
    };
    let folder = project.directory.join(named);
    match folder.join("Cargo.toml").is_file() {
        true => Ok(rust::Sdk::Named(folder)),
        false => Err(NewRevisionError::Sdk { folder }),
    }
}

#[cfg(test)]
mod tests;
