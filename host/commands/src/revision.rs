//! `mighost revision`: the sources of a new revision.

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

/// Alembic's version table, whose column holds no more than this many characters.
const ALEMBIC_TABLE: (&str, usize) = ("alembic_version", 32);

/// What history says where `-m` said nothing; Alembic's words.
const NO_MESSAGE: &str = "empty message";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RevisionRequest {
    /// May be empty.
    pub message: String,
    /// The template's name; the project's default where none is given.
    pub template: Option<String>,
    /// The id; one by the project's template where none is given.
    pub rev_id: Option<String>,
    /// What to build on, as the user wrote it; `head` where nothing is given. Several make a merge point.
    pub heads: Vec<String>,
    /// Allow a parent that is not a head.
    pub splice: bool,
    pub branch_labels: Vec<String>,
    pub depends_on: Vec<String>,
    /// The folder of migrations to write to, of those that the project has; the first where none is given.
    pub version_path: Option<PathBuf>,
    /// Alembic's options of which mighost can only say that they are not there.
    pub autogenerate: bool,
    pub sql: bool,
}

/// A revision whose place in the graph is settled.
#[derive(Clone, Debug)]
pub struct NewRevision<'a> {
    pub revision: &'a str,
    pub message: &'a str,
    pub down_revisions: &'a [String],
    pub depends_on: &'a [String],
    pub branch_labels: &'a [String],
    /// In the time zone of the names.
    pub date: &'a Zoned,
    pub template: &'a Template,
    /// Arguments of `-x` and `[args]`, which templates find in `args`.
    pub args: &'a BTreeMap<String, String>,
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

/// Where a new revision goes: the folder that is `wanted`, which must be one of the project's `locations`, else the first of
/// them. A revision elsewhere would never be found again.
///
/// # Errors
/// When the folder is none of them, or there are none.
pub fn choose_location(locations: &[PathBuf], wanted: Option<&Path>) -> Result<PathBuf, NewRevisionError> {
    let Some(wanted) = wanted else {
        return locations.first().cloned().ok_or(NewRevisionError::NoLocation);
    };
    // Folders that are not there yet are compared as they are written.
    let same = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let target = same(wanted);
    let found = locations.iter().find(|location| same(location) == target);
    found.cloned().ok_or_else(|| NewRevisionError::Location {
        wanted: wanted.to_owned(),
        known: locations.to_vec(),
    })
}

impl NewRevision<'_> {
    /// What its templates can use.
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

/// Writes the folder of `new` into `location`, a folder of migrations, which is created when missing, and runs the project's
/// hooks on it in `root`.
///
/// # Errors
/// When a template is not right, the folder exists, something cannot be written, or what was written is not the migration;
/// a folder that is only half written is removed again. A hook that fails leaves it.
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
            // Made above, so nothing of the user's is in it. The first error is the one to tell.
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

/// Reads back what a template wrote: a migration of another id or on other parents would be in the wrong place of history.
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
/// Configuration, artifacts or graph; an id or folder that is taken; a parent that is not a head without `splice`; templates
/// and hooks.
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
    let sdk = sdk_folder(project)?;
    let new = NewRevision {
        revision: &revision,
        message: &request.message,
        down_revisions: &parents.down_revisions,
        depends_on: &parents.depends_on,
        branch_labels: &request.branch_labels,
        date: &date,
        template: &template,
        args: &settings.args,
        sdk: sdk.as_deref(),
    };
    Ok(write_sources(
        &settings.root,
        &location,
        &new,
        &settings.revision,
        reporter,
    )?)
}

/// Refuses an id that the version table cannot hold, before a migration of that id runs.
fn check_length(settings: &ProjectSettings, id: &str) -> Result<(), NewRevisionError> {
    let (table, longest) = ALEMBIC_TABLE;
    let length = id.chars().count();
    if settings.version_table == table && length > longest {
        return Err(NewRevisionError::Id {
            id: id.chars().take(longest * 2).collect(),
            reason: format!("it has {length} characters, and {longest} fit into Alembic's version table"),
        });
    }
    Ok(())
}

/// The folder that the environment names; relative to the working folder.
pub(super) fn sdk_folder(project: &Project) -> Result<Option<PathBuf>, NewRevisionError> {
    let Some(named) = project.environment.get(SDK_VARIABLE).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let folder = project.directory.join(named);
    match folder.join("Cargo.toml").is_file() {
        true => Ok(Some(folder)),
        false => Err(NewRevisionError::Sdk { folder }),
    }
}

#[cfg(test)]
mod tests;
