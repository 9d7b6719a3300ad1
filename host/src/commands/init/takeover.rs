//! `mighost init --from alembic.ini`: a project of Alembic's becomes one of mighost's.

mod error;
mod ini;
mod project;
mod python;
mod script;
mod source;
mod stage;
mod text;
mod url;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

pub use error::TakeOverError;
pub use python::Python;

use self::project::AlembicProject;
use self::python::Answer;
use self::stage::Stage;
use crate::commands::revision::folder_template_from_alembic;
use crate::commands::{CommandError, Project};
use crate::config::{FILE_NAME, LoadRequest, load_project};
use crate::report::{Event, Level, Reporter};
use crate::revision::{Graph, Node};

/// The folder of migrations, or of several such folders.
const MIGRATIONS: &str = "migrations";
const PLUGINS: &str = "plugins";

/// The largest file of a revision that is read, in bytes.
const MAX_SOURCE: u64 = 16 * 1024 * 1024;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakeOverRequest {
    /// The new project's folder, absolute; created when missing.
    pub directory: PathBuf,
    /// `alembic.ini`, or a `pyproject.toml` with `[tool.alembic]`; absolute.
    pub from: PathBuf,
    /// Alembic's `-n`: the section with the settings.
    pub section: Option<String>,
    pub python: Python,
    /// Write nothing.
    pub dry_run: bool,
}

/// What was taken over, or would be.
#[derive(Clone, Debug, serde::Serialize)]
pub struct TakenOver {
    /// The new `mighost.toml`.
    pub config: PathBuf,
    pub dry_run: bool,
    /// The version of the Alembic that was asked; none where none could be.
    pub alembic: Option<String>,
    pub version_table: String,
    /// The labels of databases.
    pub databases: Vec<String>,
    /// The folders of migrations, below the project's folder.
    pub folders: Vec<Folder>,
    pub revisions: Vec<Revision>,
    /// How many have both their scripts.
    pub converted: usize,
    /// How many have a script that is empty because its code could not be had.
    pub empty: usize,
    /// What to look at.
    pub notes: Vec<String>,
}

/// A version location.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Folder {
    pub alembic: PathBuf,
    pub ours: String,
}

/// A revision that was taken over.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Revision {
    pub revision: String,
    pub down_revisions: Vec<String>,
    pub depends_on: Vec<String>,
    pub branch_labels: Vec<String>,
    pub message: String,
    /// RFC 3339. Alembic's dates without a zone are taken for UTC.
    pub date: Option<String>,
    /// Alembic's file, below the folder of alembic.ini where it lies there.
    pub file: String,
    /// Its folder, below the project's.
    pub folder: String,
    /// It runs without a transaction around it.
    pub alone: bool,
    pub upgrade: Side,
    pub downgrade: Side,
}

/// A revision's code in one direction.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Side {
    #[serde(skip)]
    text: String,
    /// Why there is no code; none where there is, even if it does nothing.
    pub why_empty: Option<String>,
    /// What may not be as it was.
    pub notes: Vec<String>,
}

/// Takes the project over. Alembic's files are left as they are. Where the run is interrupted there is no project.
///
/// # Errors
/// Alembic's configuration or revisions cannot be read, or make no graph; there is a project already.
pub fn run(project: &Project, request: &TakeOverRequest, reporter: &dyn Reporter) -> Result<TakenOver, CommandError> {
    let alembic = AlembicProject::read(&request.from, request.section.as_deref())?;
    let mut notes = alembic.notes.clone();
    let stage = match request.dry_run {
        true => None,
        // First of all: it may be refused.
        false => Some(Stage::start(&request.directory, &[FILE_NAME, MIGRATIONS])?),
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
    let folders = folders(locations);
    let revisions = match &answer {
        Some(answer) => answered(answer, &alembic, &folders, &mut notes),
        None => declared(&alembic, &folders, &mut notes)?,
    };
    check(&revisions)?;
    let (version_table, schema) = version_table(&answer, &alembic, &mut notes);
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
        // Before anything is in its place.
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
            write(
                "downgrade.sql",
                &text::script(revision, &revision.downgrade, "downgrade"),
            )?;
        }
    }
    if let Some(stage) = stage {
        let plugins = request.directory.join(PLUGINS);
        fs::create_dir_all(&plugins).map_err(stage::fail(&plugins))?;
        super::ignore_state(&request.directory)?;
        stage.finish(&[MIGRATIONS])?;
    }
    let empty = revisions
        .iter()
        .filter(|revision| revision.sides().any(|side| side.why_empty.is_some()))
        .count();
    Ok(TakenOver {
        config: request.directory.join(FILE_NAME),
        dry_run: request.dry_run,
        alembic: answer.map(|answer| answer.alembic),
        version_table,
        databases: alembic.labels.iter().map(|label| label.name.clone()).collect(),
        folders,
        converted: revisions.len() - empty,
        empty,
        revisions,
        notes,
    })
}

impl Revision {
    fn sides(&self) -> impl Iterator<Item = &Side> {
        [&self.upgrade, &self.downgrade].into_iter()
    }
}

/// The arguments `-x` for env.py: those of the command line, else the first label, which many an env.py insists on.
fn extra(project: &Project, alembic: &AlembicProject) -> Vec<String> {
    let named = project.extra.iter().any(|argument| argument.starts_with("db="));
    let first = alembic.labels.iter().find(|label| label.section != alembic.section);
    let first = first.filter(|_| !named).map(|label| format!("db={}", label.section));
    project.extra.iter().cloned().chain(first).collect()
}

/// A folder for each version location: the only one is `migrations` itself, several are below it, named after their own.
fn folders(locations: &[PathBuf]) -> Vec<Folder> {
    if let [only] = locations {
        let ours = MIGRATIONS.to_owned();
        return vec![Folder {
            alembic: only.clone(),
            ours,
        }];
    }
    let mut taken = BTreeSet::new();
    let mut folders = Vec::new();
    for location in locations {
        let mut parts = location
            .components()
            .rev()
            .map(|part| part.as_os_str().to_string_lossy());
        let name = parts.find(|part| part != "versions").unwrap_or_default();
        let ours = unique(&format!("{MIGRATIONS}/{}", plain(&name)), &mut taken);
        folders.push(Folder {
            alembic: location.clone(),
            ours,
        });
    }
    folders
}

/// `name` without what a folder's name had better not have.
fn plain(name: &str) -> String {
    let name: String = name
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') {
                c
            } else {
                '_'
            }
        })
        .take(120)
        .collect();
    match name.trim_start_matches('.') {
        // These are passed over where sources are looked for.
        "" | "target" | "node_modules" => format!("_{name}"),
        name => name.to_owned(),
    }
}

fn unique(name: &str, taken: &mut BTreeSet<String>) -> String {
    let mut number = 1;
    let mut candidate = name.to_owned();
    while !taken.insert(candidate.clone()) {
        number += 1;
        candidate = format!("{name}_{number}");
    }
    candidate
}

/// Gives each file its folder: of the location that it lies in, named as the file is.
struct Places<'a> {
    root: &'a Path,
    folders: &'a [Folder],
    taken: BTreeSet<String>,
}

impl Places<'_> {
    fn place(&mut self, file: &Path) -> (String, String) {
        let parents = self.folders.iter().filter(|folder| file.starts_with(&folder.alembic));
        let nearest = parents
            .max_by_key(|folder| folder.alembic.components().count())
            .or(self.folders.first());
        let parent = nearest.map_or(MIGRATIONS, |folder| folder.ours.as_str());
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        let folder = unique(&format!("{parent}/{}", plain(&stem)), &mut self.taken);
        let shown = file.strip_prefix(self.root).unwrap_or(file);
        (shown.to_string_lossy().into_owned(), folder)
    }
}

/// The revisions as Alembic has them, with what it wrote for each.
fn answered(answer: &Answer, alembic: &AlembicProject, folders: &[Folder], notes: &mut Vec<String>) -> Vec<Revision> {
    let refusal = if let Some(error) = &answer.environment_error {
        notes.push(format!("env.py did not run offline, so scripts are empty: {error}"));
        Some(format!("env.py did not run offline: {error}"))
    } else if answer.runs > 1 {
        notes.push(
            "env.py runs the migrations more than once, so that there is no one script for each: scripts are empty"
                .into(),
        );
        Some("env.py runs the migrations more than once".to_owned())
    } else if answer.runs == 0 {
        notes.push("env.py did not run the migrations offline, so scripts are empty".into());
        Some("env.py did not run the migrations offline".to_owned())
    } else if let Some(dialect) = answer.dialect.as_ref().filter(|dialect| *dialect != "postgresql") {
        notes.push(format!("env.py wrote for {dialect}, not for PostgreSQL, so scripts are empty; -x db=LABEL may choose another database"));
        Some(format!("env.py wrote for {dialect}"))
    } else {
        None
    };
    let mut places = Places {
        root: &alembic.folder,
        folders,
        taken: BTreeSet::new(),
    };
    let mut revisions = Vec::new();
    for found in &answer.revisions {
        let (file, folder) = places.place(&found.file);
        let mut alone = false;
        let mut side = |direction: &str| {
            let rendered = answer
                .rendered
                .get(&found.revision)
                .and_then(|sides| sides.get(direction));
            let why = match (&refusal, rendered) {
                (Some(why), _) => Err(why.clone()),
                (None, None) => Err("Alembic did not run it".to_owned()),
                (None, Some(rendered)) => match &rendered.error {
                    Some(error) => Err(format!("it does not run without a database: {error}")),
                    None => script::convert(&rendered.sql).map(|script| (script, rendered)),
                },
            };
            match why {
                Ok((script, rendered)) => {
                    alone |= script.alone || rendered.autocommit;
                    let asks = "it sends a query; what it would have done with the answer is not here";
                    Side {
                        text: script.text,
                        why_empty: None,
                        notes: rendered.asks.then(|| asks.to_owned()).into_iter().collect(),
                    }
                }
                Err(why) => Side {
                    why_empty: Some(why),
                    ..Side::default()
                },
            }
        };
        let (upgrade, downgrade) = (side("upgrade"), side("downgrade"));
        revisions.push(Revision {
            revision: found.revision.clone(),
            down_revisions: found.down_revisions.clone(),
            depends_on: found.depends_on.clone(),
            branch_labels: found.branch_labels.clone(),
            message: message(&found.doc),
            date: date(&found.doc),
            file,
            folder,
            alone,
            upgrade,
            downgrade,
        });
    }
    revisions
}

/// The revisions as their files declare them.
fn declared(
    alembic: &AlembicProject,
    folders: &[Folder],
    notes: &mut Vec<String>,
) -> Result<Vec<Revision>, TakeOverError> {
    let mut places = Places {
        root: &alembic.folder,
        folders,
        taken: BTreeSet::new(),
    };
    let mut revisions = Vec::new();
    for folder in folders {
        if !folder.alembic.is_dir() {
            notes.push(format!("there is no folder {}", folder.alembic.display()));
        }
        for path in files(&folder.alembic, alembic.recursive)? {
            let read = |source| TakeOverError::Read {
                path: path.clone(),
                source,
            };
            if fs::metadata(&path).map_err(read)?.len() > MAX_SOURCE {
                let reason = format!("it has more than {MAX_SOURCE} bytes");
                return Err(TakeOverError::Source { path, reason });
            }
            let bytes = fs::read(&path).map_err(read)?;
            let declared = source::read(&String::from_utf8_lossy(&bytes));
            let declared = declared.map_err(|reason| TakeOverError::Source {
                path: path.clone(),
                reason,
            })?;
            let Some(revision) = declared.revision else {
                notes.push(format!("{} declares no revision, and is left out", path.display()));
                continue;
            };
            let (file, folder) = places.place(&path);
            let side = || Side {
                why_empty: Some("Alembic was not asked".to_owned()),
                ..Side::default()
            };
            revisions.push(Revision {
                revision,
                down_revisions: declared.down_revisions,
                depends_on: declared.depends_on,
                branch_labels: declared.branch_labels,
                message: message(&declared.doc),
                date: date(&declared.doc),
                file,
                folder,
                alone: false,
                upgrade: side(),
                downgrade: side(),
            });
        }
    }
    Ok(revisions)
}

/// The files that Alembic takes for revisions, in its order.
fn files(folder: &Path, recursive: bool) -> Result<Vec<PathBuf>, TakeOverError> {
    let mut found = Vec::new();
    let mut pending = vec![folder.to_owned()];
    while let Some(folder) = pending.pop() {
        let read = |source| TakeOverError::Read {
            path: folder.clone(),
            source,
        };
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            entries => entries.map_err(read)?,
        };
        for entry in entries {
            let entry = entry.map_err(read)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = entry.path();
            // Not through links, which may lead back.
            if recursive && name != "__pycache__" && entry.file_type().map_err(read)?.is_dir() {
                pending.push(path);
            } else if name.ends_with(".py")
                && !name.starts_with(".#")
                && !name.starts_with("__init__")
                && path.is_file()
            {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The first paragraph of a docstring.
fn message(doc: &str) -> String {
    let lines = doc.lines().map(str::trim).take_while(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" ")
}

/// The line `Create Date: 2020-01-31 12:00:00.123456+01:00` of a docstring; the zone may be missing.
fn date(doc: &str) -> Option<String> {
    let text = doc
        .lines()
        .find_map(|line| line.trim().strip_prefix("Create Date:"))?
        .trim();
    let with_zone: Option<jiff::Timestamp> = text.parse().ok();
    let without = || {
        text.parse::<jiff::civil::DateTime>()
            .ok()?
            .to_zoned(jiff::tz::TimeZone::UTC)
            .ok()
    };
    let timestamp = with_zone.or_else(|| without().map(|zoned| zoned.timestamp()))?;
    Some(timestamp.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// Revisions that make no graph are refused before anything is written.
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
    let location = answer
        .as_ref()
        .map_or(&alembic.script_location, |answer| &answer.script_location);
    let (name, schema) = match known {
        Some(known) => known,
        None => {
            let environment = fs::read_to_string(location.join("env.py")).unwrap_or_default();
            if environment.contains("version_table") {
                notes.push(
                    "env.py sets the version table or its schema: compare `version-table` and `schema` in mighost.toml with it".into(),
                );
            }
            let named = source::argument(&environment, "version_table");
            (
                named.unwrap_or_else(|| DEFAULT.into()),
                source::argument(&environment, "version_table_schema"),
            )
        }
    };
    if let Some(schema) = &schema {
        notes.push(format!(
            "the version table is in the schema {schema}, so `schema` is {schema}: plain names in migrations mean it before public"
        ));
    }
    (name, schema)
}

/// How new revisions are written, as lines of `[revision]`. What has no place there is told.
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
            Err(_) => notes.push("`timezone` is not carried over: it is no time zone that mighost knows".into()),
        }
    }
    if let Some(length) = &alembic.truncate_slug_length {
        match length.trim().parse::<u8>() {
            Ok(length @ 1..=150) => lines.push_str(&format!("truncate-slug-length = {length}\n")),
            _ => notes.push("`truncate_slug_length` is not carried over: it may be from 1 to 150".into()),
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
                "the url of `{}` takes the variable {variable} of the environment, which env.py gave",
                label.name
            ));
        }
    }
    lines
}

#[cfg(test)]
mod tests;
