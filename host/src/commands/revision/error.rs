//! Why there are no new sources.

use std::io;
use std::path::{Path, PathBuf};

use super::jinja::TemplateError;
use crate::report::{Blame, Diagnostic, ExitKind};

/// Names the folder of mighost-sdk, for projects outside a clone of mighost.
pub(super) const SDK_VARIABLE: &str = "MIGHOST_SDK";

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
    #[error("cannot read {path}: {source}", path = path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot write {path}: {source}", path = path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("the system gives no random numbers: {0}")]
    Random(String),
    #[error("{SDK_VARIABLE} names {folder}, where there is no Cargo.toml", folder = folder.display())]
    Sdk { folder: PathBuf },
    #[error("there is no template {name:?}")]
    UnknownTemplate { name: String, known: Vec<String> },
    #[error("there is no template {name:?} for plugins")]
    UnknownPluginTemplate { name: String, known: Vec<&'static str> },
    #[error("{name:?} cannot be a plugin's name{}", if *reserved { ": it means something else in WIT or in a language" } else { "" })]
    PluginName { name: String, reserved: bool },
    #[error("{wanted} is not one of the project's folders of plugins", wanted = wanted.display())]
    PluginLocation { wanted: PathBuf, known: Vec<PathBuf> },
    #[error("the project has no folder of plugins")]
    NoPluginLocation,
    /// A defect of a template that mighost carries.
    #[error("the new plugin cannot be read: {reason}")]
    Plugin { reason: String },
    #[error("a template is not right: {0}")]
    Template(#[from] TemplateError),
    /// What a template wrote is not the migration that was asked for.
    #[error("the template {template:?} writes no migration: {reason}")]
    Migration { template: String, reason: String },
    #[error("the hook {name} failed{}: {reason}", file.as_ref().map(|file| format!(" for {file}")).unwrap_or_default())]
    Hook {
        name: String,
        file: Option<String>,
        reason: String,
        /// What it wrote, the end of it.
        output: String,
        /// The new folder, which stays.
        folder: PathBuf,
    },
    #[error("--autogenerate is not there yet: mighost does not compare a database with a model so far")]
    Autogenerate,
    #[error("--sql means nothing to mighost revision: it never needs a database, and writes files only")]
    Sql,
}

impl RevisionError {
    pub(in crate::commands) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Read { path, source }
    }

    pub(in crate::commands) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Write { path, source }
    }
}

impl From<&RevisionError> for Diagnostic {
    fn from(error: &RevisionError) -> Self {
        let (blame, exit) = match error {
            RevisionError::Id { .. }
            | RevisionError::Location { .. }
            | RevisionError::UnknownTemplate { .. }
            | RevisionError::UnknownPluginTemplate { .. }
            | RevisionError::PluginName { .. }
            | RevisionError::PluginLocation { .. }
            | RevisionError::Autogenerate
            | RevisionError::Sql => (Blame::Operator, ExitKind::Usage),
            RevisionError::NoLocation
            | RevisionError::NoPluginLocation
            | RevisionError::Sdk { .. }
            | RevisionError::Template(_)
            | RevisionError::Migration { .. }
            | RevisionError::Hook { .. } => (Blame::Operator, ExitKind::Config),
            RevisionError::Exists { .. } => (Blame::Operator, ExitKind::History),
            RevisionError::Read { .. } | RevisionError::Write { .. } => (Blame::Operator, ExitKind::Internal),
            RevisionError::Random(_) | RevisionError::Plugin { .. } => (Blame::Host, ExitKind::Internal),
        };
        let diagnostic = Self::new(blame, exit, error.to_string());
        match error {
            RevisionError::Id { .. } => diagnostic.hint("without --rev-id id-template chooses one"),
            RevisionError::Location { known, .. } => {
                let known: Vec<String> = known.iter().map(|path| path.display().to_string()).collect();
                diagnostic.hint(format!(
                    "there are: {}; `migrations` in mighost.toml adds one",
                    known.join(", ")
                ))
            }
            RevisionError::PluginLocation { known, .. } => {
                let known: Vec<String> = known.iter().map(|path| path.display().to_string()).collect();
                diagnostic.hint(format!("there are: {}; `plugins` in mighost.toml adds one", known.join(", ")))
            }
            RevisionError::NoPluginLocation => diagnostic.hint("name one in mighost.toml: plugins = [\"plugins\"]"),
            RevisionError::PluginName { reserved: true, .. } => {
                diagnostic.hint("take another, e.g. two words with a minus between them: open-stations")
            }
            RevisionError::PluginName { .. } => diagnostic.hint(
                "small letters and digits, words with a minus between them, e.g. open-stations, or acme:open-stations with a namespace",
            ),
            RevisionError::UnknownPluginTemplate { known, .. } => {
                diagnostic.hint(format!("there are: {}", known.join(", ")))
            }
            RevisionError::Sdk { .. } => diagnostic.hint("it is the folder plugin-sdk of a clone of mighost"),
            RevisionError::NoLocation => diagnostic.hint("name one in mighost.toml: migrations = [\"migrations\"]"),
            RevisionError::UnknownTemplate { known, .. } => diagnostic.hint(format!(
                "there are: {}; `mighost list-templates` tells more",
                known.join(", ")
            )),
            RevisionError::Template(_) => diagnostic.hint("docs/migrations.md lists what templates can use"),
            RevisionError::Hook { output, folder, .. } => {
                let mut diagnostic = diagnostic;
                diagnostic.location.extend(output.lines().map(str::to_owned));
                diagnostic
                    .outcome
                    .push(format!("{} is written, and stays", folder.display()));
                diagnostic.hint("[[revision.hooks]] in mighost.toml has the command")
            }
            RevisionError::Autogenerate => {
                diagnostic.hint("without it the revision's files are written, to be filled by hand")
            }
            RevisionError::Sql => {
                diagnostic.hint("`mighost upgrade --sql` writes the script of migrations that are there")
            }
            _ => diagnostic,
        }
    }
}
