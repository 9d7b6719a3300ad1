//! `mighost edit`: opens the sources of a revision in an editor.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use super::history::place;
use super::{CommandError, Project, context};
use mighost_build::MigrationSource;
use mighost_config::Environment;
use mighost_core::{Blame, Diagnostic, ExitKind, Reporter};

/// The variables with the editor, the first that is set counts; Alembic uses the reverse order.
const EDITOR_VARIABLES: [&str; 2] = ["VISUAL", "EDITOR"];
const DEFAULT_EDITOR: &str = "vi";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditRequest {
    /// As given by the user; `current` needs a connection.
    pub revision: String,
}

/// The reason why nothing was edited.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    #[error("revision {revision} has no sources in this project: it comes as the artifact {path}", path = path.display())]
    NoSources { revision: String, path: PathBuf },
    #[error("{target} is not a revision, so there is nothing to edit")]
    Nothing { target: String },
    #[error("the editor {editor:?} cannot be run: {source}")]
    Start { editor: String, source: std::io::Error },
    #[error("the editor {editor:?} ended with {status}")]
    Failed {
        editor: String,
        status: std::process::ExitStatus,
    },
}

impl From<&EditError> for Diagnostic {
    fn from(error: &EditError) -> Self {
        let exit = match error {
            EditError::NoSources { .. } => ExitKind::Artifact,
            EditError::Nothing { .. } => ExitKind::History,
            EditError::Start { .. } | EditError::Failed { .. } => ExitKind::Usage,
        };
        let diagnostic = Self::new(Blame::Operator, exit, error.to_string());
        match error {
            EditError::NoSources { path, .. } => diagnostic
                .hint(format!("run `mighost inspect {}` to see its contents", path.display()))
                .hint("edit the sources where it was built, or make the change in a new revision"),
            EditError::Start { .. } | EditError::Failed { .. } => {
                diagnostic.hint("set the environment variable VISUAL or EDITOR to the editor")
            }
            EditError::Nothing { .. } => diagnostic,
        }
    }
}

/// The files to open, of all revisions that the target names.
///
/// # Errors
/// If the configuration, artifacts, graph or target are invalid; if there is no connection for `current`, or a revision has no sources.
pub async fn files(
    project: &Project,
    request: &EditRequest,
    reporter: &Arc<dyn Reporter>,
) -> Result<Vec<PathBuf>, CommandError> {
    let settings = project.project_settings()?;
    let history = context::project_history(&settings, &**reporter)?;
    let target = request.revision.as_str();
    let rows;
    let revisions = if target == "current" {
        rows = place(project, reporter, false).await?.rows;
        history.graph.current(&rows)?
    } else {
        history.graph.show(target)?
    };
    let mut files = Vec::new();
    for revision in revisions {
        let Some(place) = history.loaded.place(revision) else {
            continue;
        };
        if !place.is_dir() {
            return Err(EditError::NoSources {
                revision: revision.to_owned(),
                path: place.to_owned(),
            }
            .into());
        }
        files.extend(sources(place, revision)?);
    }
    match files.is_empty() {
        true => Err(EditError::Nothing {
            target: target.to_owned(),
        }
        .into()),
        false => Ok(files),
    }
}

/// The code of a revision; its manifest if there is none.
fn sources(folder: &Path, revision: &str) -> Result<Vec<PathBuf>, CommandError> {
    let source = MigrationSource::read(folder)?;
    let names = source.driver.migration_files();
    // If there are several revisions in a folder, each has a folder for its scripts.
    let own = match source.revisions.as_slice() {
        [_] => folder.to_owned(),
        _ => folder.join(revision),
    };
    let there = |folder: &Path| -> Vec<PathBuf> {
        let paths = names.iter().map(|name| folder.join(name));
        paths.filter(|path| path.is_file()).collect()
    };
    let found = match there(&own) {
        found if found.is_empty() => there(folder),
        found => found,
    };
    Ok(match found.is_empty() {
        true => vec![folder.join(MigrationSource::MANIFEST)],
        false => found,
    })
}

/// Opens `files` in the user's editor and waits until it ends.
///
/// # Errors
/// If the editor does not exist or fails.
pub fn open_editor(environment: &Environment, directory: &Path, files: &[PathBuf]) -> Result<(), EditError> {
    let mut named = EDITOR_VARIABLES.iter().filter_map(|name| environment.get(*name));
    let editor = named.find(|editor| !editor.trim().is_empty());
    let editor = editor.map_or(DEFAULT_EDITOR, String::as_str);
    // As in git: the variable may contain arguments, e.g. `code --wait`.
    let status = Command::new("sh")
        .arg("-c")
        .arg(format!("{editor} \"$@\""))
        .arg(editor)
        .args(files)
        .current_dir(directory)
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(EditError::Failed {
            editor: editor.to_owned(),
            status,
        }),
        Err(source) => Err(EditError::Start {
            editor: editor.to_owned(),
            source,
        }),
    }
}
