//! `mighost init --from alembic.ini`: turns an Alembic project into a mighost project.

mod error;
mod ini;
mod places;
mod project;
mod python;
mod revisions;
mod script;
mod source;
mod stage;
mod text;
mod url;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

pub use error::TakeOverError;
pub use python::Python;
pub(crate) use text::is_not_taken_over;

use self::places::{folders, migrations};
use self::project::AlembicProject;
use self::python::Answer;
use self::revisions::{answered, declared};
use self::stage::Stage;
use crate::revision::folder_template_from_alembic;
use crate::{CommandError, Project};
use mighost_config::{FILE_NAME, LoadRequest, load_project};
use mighost_core::{Event, Level, Reporter};
use mighost_graph::{Graph, Node};

const PLUGINS: &str = "plugins";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakeOverRequest {
    /// The new project's folder, absolute; created if it is missing.
    pub directory: PathBuf,
    /// `alembic.ini`, or a `pyproject.toml` with `[tool.alembic]`; absolute.
    pub from: PathBuf,
    /// Alembic's `-n`: the section with the settings.
    pub section: Option<String>,
    pub python: Python,
    /// Write nothing.
    pub dry_run: bool,
}

/// The imported project, or the one that would be imported.
#[derive(Clone, Debug, serde::Serialize)]
pub struct TakenOver {
    /// The new `mighost.toml`.
    pub config: PathBuf,
    pub dry_run: bool,
    /// The version of the Alembic that was used; `None` if there was none.
    pub alembic: Option<String>,
    pub version_table: String,
    /// The labels of databases.
    pub databases: Vec<String>,
    /// The folders of migrations, below the project's folder.
    pub folders: Vec<Folder>,
    pub revisions: Vec<Revision>,
    /// The number of revisions with all of their code.
    pub converted: usize,
    /// The number of revisions with a script that fails until its author writes it.
    pub not_taken_over: usize,
    /// Remarks on what to check.
    pub notes: Vec<String>,
}

/// A version location.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Folder {
    pub alembic: PathBuf,
    pub ours: String,
}

/// An imported revision.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Revision {
    pub revision: String,
    pub down_revisions: Vec<String>,
    pub depends_on: Vec<String>,
    pub branch_labels: Vec<String>,
    pub message: String,
    /// RFC 3339. Alembic's dates without a time zone are assumed to be UTC.
    pub date: Option<String>,
    /// Alembic's file, relative to the folder of alembic.ini if it is below it.
    pub file: String,
    /// Its folder, below the project's.
    pub folder: String,
    /// Whether it runs without a transaction.
    pub alone: bool,
    /// The reason why Alembic cannot downgrade it, either. It then has no `downgrade.sql`.
    pub one_way: Option<String>,
    pub upgrade: Side,
    pub downgrade: Side,
}

/// A revision's code in one direction.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Side {
    #[serde(skip)]
    text: String,
    /// The reason why the code is not taken over; `None` if it is, even if it does nothing.
    pub not_taken_over: Option<String>,
}

/// Imports the project. Alembic's files are not changed. An interrupted import leaves no project.
///
/// # Errors
/// If Alembic's configuration or revisions cannot be read or do not form a graph, or there is a project already.
pub fn run(project: &Project, request: &TakeOverRequest, reporter: &dyn Reporter) -> Result<TakenOver, CommandError> {
    let alembic = AlembicProject::read(&request.from, request.section.as_deref())?;
    let mut notes = alembic.notes.clone();
    let migrations = migrations(&request.directory);
    if migrations != "migrations" {
        notes.push(format!(
            "`migrations` is Alembic's own folder and is not changed; mighost uses `{migrations}`"
        ));
    }
    let stage = match request.dry_run {
        true => {
            stage::check_free(&request.directory, &[FILE_NAME, migrations])?;
            None
        }
        // Checked first, because it may be refused.
        false => Some(Stage::start(&request.directory, &[FILE_NAME, migrations])?),
    };
    let extra = extra(project, &alembic);
    let answer = python::ask(
        &request.python,
        &request.from,
        &alembic.section,
        &extra,
        &project.environment,
        reporter,
        &mut notes,
    )?;
    let locations = answer.as_ref().map_or(&alembic.locations, |answer| &answer.locations);
    let folders = folders(migrations, locations);
    let revisions = match &answer {
        Some(answer) => answered(answer, &alembic, &folders, &mut notes),
        None => declared(&alembic, &folders, &mut notes)?,
    };
    if revisions.is_empty() {
        return Err(CommandError::TakeOver(TakeOverError::NoRevisions {
            path: request.from.clone(),
            locations: locations.clone(),
        }));
    }
    check(&revisions)?;
    let (version_table, schema) = version_table(&answer, &alembic, &mut notes);
    connection_settings(&answer, &alembic, &mut notes);
    let settings = settings(&alembic, &mut notes);
    if let Some(stage) = &stage {
        let facts = text::Facts {
            file: &request.from.file_name().unwrap_or_default().to_string_lossy(),
            project: &alembic,
            folders: &folders,
            schema: schema.as_deref(),
            version_table: &version_table,
            revision: &settings,
        };
        stage.write(FILE_NAME, &text::configuration(&facts), stage::mode_of(&request.from))?;
        // Before anything is moved to its place.
        load_project(&LoadRequest {
            directory: &request.directory,
            config: Some(&stage.path(FILE_NAME)),
            extra: &[],
            environment: &project.environment,
        })?;
        let text = format!("writing {} revisions", revisions.len());
        reporter.report(Event::Note {
            level: Level::Info,
            text,
        });
        for folder in &folders {
            fs::create_dir_all(stage.path(&folder.ours)).map_err(stage::fail(&stage.path(&folder.ours)))?;
        }
        for revision in &revisions {
            let write = |name: &str, text: &str| stage.write(&format!("{}/{name}", revision.folder), text, 0o644);
            write("migration.toml", &text::manifest(revision))?;
            write("upgrade.sql", &text::script(revision, &revision.upgrade, "upgrade"))?;
            if revision.one_way.is_none() {
                write(
                    "downgrade.sql",
                    &text::script(revision, &revision.downgrade, "downgrade"),
                )?;
            }
        }
    }
    if let Some(stage) = stage {
        let plugins = request.directory.join(PLUGINS);
        fs::create_dir_all(&plugins).map_err(stage::fail(&plugins))?;
        super::write_for_git(&request.directory)?;
        stage.finish(&[migrations])?;
    }
    let not_taken_over = revisions
        .iter()
        .filter(|revision| revision.sides().any(|side| side.not_taken_over.is_some()))
        .count();
    Ok(TakenOver {
        config: request.directory.join(FILE_NAME),
        dry_run: request.dry_run,
        alembic: answer.map(|answer| answer.alembic),
        version_table,
        databases: alembic.labels.iter().map(|label| label.name.clone()).collect(),
        folders,
        converted: revisions.len() - not_taken_over,
        not_taken_over,
        revisions,
        notes,
    })
}

impl Revision {
    fn sides(&self) -> impl Iterator<Item = &Side> {
        [&self.upgrade, &self.downgrade].into_iter()
    }
}

/// The arguments `-x` for env.py: those of the command line, otherwise the first label, which many env.py files require.
fn extra(project: &Project, alembic: &AlembicProject) -> Vec<String> {
    let named = project.extra.iter().any(|argument| argument.starts_with("db="));
    let first = alembic.labels.iter().find(|label| label.section != alembic.section);
    let first = first.filter(|_| !named).map(|label| format!("db={}", label.section));
    project.extra.iter().cloned().chain(first).collect()
}

/// Revisions that do not form a graph are refused before anything is written.
fn check(revisions: &[Revision]) -> Result<(), CommandError> {
    let nodes = revisions.iter().map(|revision| Node {
        revision: revision.revision.clone(),
        down_revisions: revision.down_revisions.clone(),
        depends_on: revision.depends_on.clone(),
        branch_labels: revision.branch_labels.clone(),
    });
    let Err(error) = Graph::new(nodes) else {
        return Ok(());
    };
    let files: BTreeMap<&str, &str> = revisions
        .iter()
        .map(|revision| (revision.revision.as_str(), revision.file.as_str()))
        .collect();
    let places = error
        .declared_by()
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), files.get(name)?.into())));
    Err(CommandError::NoGraph {
        places: places.collect(),
        error: Box::new(error),
    })
}

/// The version table's name and schema: what env.py configures, where it was run; else what it seems to say.
fn version_table(
    answer: &Option<Answer>,
    alembic: &AlembicProject,
    notes: &mut Vec<String>,
) -> (String, Option<String>) {
    const DEFAULT: &str = "alembic_version";
    let known = answer
        .as_ref()
        .and_then(|answer| Some((answer.version_table.clone()?, answer.version_table_schema.clone())));
    let (name, schema) = match known {
        Some(known) => known,
        None => {
            let environment = environment_file(answer, alembic);
            if environment.contains("version_table") {
                notes.push(
                    "env.py sets the version table or its schema: compare `version-table` and `version-table-schema` in mighost.toml with it".into(),
                );
            }
            let named = source::argument(&environment, "version_table");
            (
                named.unwrap_or_else(|| DEFAULT.into()),
                source::argument(&environment, "version_table_schema"),
            )
        }
    };
    (name, schema)
}

/// The text of env.py, as far as it can be read.
fn environment_file(answer: &Option<Answer>, alembic: &AlembicProject) -> String {
    let location = answer
        .as_ref()
        .map_or(&alembic.script_location, |answer| &answer.script_location);
    fs::read_to_string(location.join("env.py")).unwrap_or_default()
}

/// Notes on what env.py may set for its connections. A run without a database does not show it.
fn connection_settings(answer: &Option<Answer>, alembic: &AlembicProject, notes: &mut Vec<String>) {
    let environment = environment_file(answer, alembic);
    for word in ["search_path", "schema_translate_map"] {
        if environment.contains(word) {
            notes.push(format!(
                "env.py mentions `{word}`: compare `schema` in mighost.toml with it"
            ));
        }
    }
}

/// The settings for new revisions, as lines of `[revision]`. Settings without a counterpart are reported.
fn settings(alembic: &AlembicProject, notes: &mut Vec<String>) -> String {
    let mut lines = String::new();
    if let Some(template) = &alembic.file_template {
        match folder_template_from_alembic(&project::unmarked(template)) {
            Ok(ours) => lines.push_str(&text::setting("folder-template", &ours)),
            Err(reason) => notes.push(format!("`file_template` is not carried over: {reason}")),
        }
    }
    if let Some(zone) = &alembic.timezone {
        match jiff::tz::TimeZoneDatabase::bundled().get(zone) {
            Ok(_) => lines.push_str(&text::setting("timezone", zone)),
            Err(_) => notes.push("`timezone` is not carried over: mighost does not know this time zone".into()),
        }
    }
    if let Some(length) = &alembic.truncate_slug_length {
        match length.trim().parse::<u8>() {
            Ok(length @ 1..=150) => lines.push_str(&format!("truncate-slug-length = {length}\n")),
            _ => notes.push("`truncate_slug_length` is not carried over: it must be from 1 to 150".into()),
        }
    }
    for label in &alembic.labels {
        if label.password {
            notes.push(format!(
                "the password of `{}` is in mighost.toml, as it was in Alembic's file; ~/.pgpass is a better place for it",
                label.name
            ));
        }
        for variable in &label.variables {
            notes.push(format!(
                "the url of `{}` uses the environment variable {variable}, whose value env.py provided",
                label.name
            ));
        }
    }
    lines
}

#[cfg(test)]
mod tests;
