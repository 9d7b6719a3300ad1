//! The revisions of a project, as reported by Alembic or as declared in their files.

use std::fs;
use std::path::{Path, PathBuf};

use super::places::Places;
use super::project::AlembicProject;
use super::python::Answer;
use super::{Folder, Revision, Side, TakeOverError, script, source};

/// The maximum size of a revision's file, in bytes.
const MAX_SOURCE: u64 = 16 * 1024 * 1024;

/// The revisions as reported by Alembic, with its output for each.
pub(super) fn answered(
    answer: &Answer,
    alembic: &AlembicProject,
    folders: &[Folder],
    notes: &mut Vec<String>,
) -> Vec<Revision> {
    let refusal = if let Some(error) = &answer.environment_error {
        Some(format!("env.py did not run offline: {error}"))
    } else if answer.runs > 1 {
        Some("env.py runs the migrations more than once, so there is no single script".to_owned())
    } else if answer.runs == 0 {
        Some("env.py did not run the migrations offline".to_owned())
    } else {
        let dialect = answer.dialect.as_ref().filter(|dialect| *dialect != "postgresql");
        dialect.map(|dialect| {
            format!("env.py wrote for {dialect}, not for PostgreSQL; -x db=LABEL may choose another database")
        })
    };
    if !answer.statements.is_empty() {
        notes.push(format!(
            "env.py sends statements of its own, which are not taken over: {}",
            answer.statements.join("; ")
        ));
    }
    if answer.callbacks {
        notes.push(
            "`on_version_apply` in env.py is not taken over; a plugin with a hook replaces it (docs/plugins.md)".into(),
        );
    }
    let mut places = Places::new(&alembic.folder, folders);
    let mut revisions = Vec::new();
    for found in &answer.revisions {
        let (file, folder) = places.place(&found.file);
        let (mut alone, mut one_way): (bool, Option<String>) = (false, None);
        let mut side = |direction: &str| {
            let rendered = answer
                .rendered
                .get(&found.revision)
                .and_then(|sides| sides.get(direction));
            let why = match (&refusal, rendered) {
                (Some(why), _) => Err(why.clone()),
                (None, None) => Err("Alembic did not run it".to_owned()),
                (None, Some(rendered)) => match &rendered.why {
                    Some(why) => Err(why.clone()),
                    None => script::convert(&rendered.sql).map(|script| (script, rendered)),
                },
            };
            match why {
                Ok((_, rendered)) if rendered.one_way.is_some() => {
                    one_way.clone_from(&rendered.one_way);
                    Side::default()
                }
                Ok((script, rendered)) => {
                    alone |= script.alone || rendered.autocommit;
                    Side {
                        text: script.text,
                        not_taken_over: None,
                    }
                }
                Err(why) => Side {
                    text: String::new(),
                    not_taken_over: Some(why),
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
            one_way,
            upgrade,
            downgrade,
        });
    }
    revisions
}

/// The revisions as declared in their files.
pub(super) fn declared(
    alembic: &AlembicProject,
    folders: &[Folder],
    notes: &mut Vec<String>,
) -> Result<Vec<Revision>, TakeOverError> {
    let mut places = Places::new(&alembic.folder, folders);
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
                text: String::new(),
                not_taken_over: Some("Alembic was not run".to_owned()),
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
                one_way: None,
                upgrade: side(),
                downgrade: side(),
            });
        }
    }
    Ok(revisions)
}

/// The files that Alembic treats as revisions, in its order.
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
            // Not through links, which may form a cycle.
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
