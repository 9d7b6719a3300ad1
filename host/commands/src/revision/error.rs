//! Why there are no new sources.

use std::io;
use std::path::{Path, PathBuf};

use super::jinja::TemplateError;
use mighost_core::{Blame, Diagnostic, ExitKind};

/// Names the folder of mighost-sdk, for projects outside a clone of mighost.
pub(super) const SDK_VARIABLE: &str = "MIGHOST_SDK";

#[derive(Debug, thiserror::Error)]
pub enum NewRevisionError {
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

impl NewRevisionError {
    pub(crate) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Read { path, source }
    }

    pub(crate) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Write { path, source }
    }
}

impl From<&NewRevisionError> for Diagnostic {
    fn from(error: &NewRevisionError) -> Self {
        let (blame, exit) = match error {
            NewRevisionError::Id { .. }
            | NewRevisionError::Location { .. }
            | NewRevisionError::UnknownTemplate { .. }
            | NewRevisionError::UnknownPluginTemplate { .. }
            | NewRevisionError::PluginName { .. }
            | NewRevisionError::PluginLocation { .. }
            | NewRevisionError::Autogenerate
            | NewRevisionError::Sql => (Blame::Operator, ExitKind::Usage),
            NewRevisionError::NoLocation
            | NewRevisionError::NoPluginLocation
            | NewRevisionError::Sdk { .. }
            | NewRevisionError::Template(_)
            | NewRevisionError::Migration { .. }
            | NewRevisionError::Hook { .. } => (Blame::Operator, ExitKind::Config),
            NewRevisionError::Exists { .. } => (Blame::Operator, ExitKind::History),
            NewRevisionError::Read { .. } | NewRevisionError::Write { .. } => (Blame::Operator, ExitKind::Internal),
            NewRevisionError::Random(_) | NewRevisionError::Plugin { .. } => (Blame::Host, ExitKind::Internal),
        };
        let diagnostic = Self::new(blame, exit, error.to_string());
        match error {
            NewRevisionError::Id { .. } => diagnostic.hint("without --rev-id id-template chooses one"),
            NewRevisionError::Location { known, .. } => {
                let known: Vec<String> = known.iter().map(|path| path.display().to_string()).collect();
                diagnostic.hint(format!(
                    "there are: {}; `migrations` in mighost.toml adds one",
                    known.join(", ")
                ))
            }
            NewRevisionError::PluginLocation { known, .. } => {
                let known: Vec<String> = known.iter().map(|path| path.display().to_string()).collect();
                diagnostic.hint(format!("there are: {}; `plugins` in mighost.toml adds one", known.join(", ")))
            }
            NewRevisionError::NoPluginLocation => diagnostic.hint("name one in mighost.toml: plugins = [\"plugins\"]"),
            NewRevisionError::PluginName { reserved: true, .. } => {
                diagnostic.hint("take another, e.g. two words with a minus between them: open-stations")
            }
            NewRevisionError::PluginName { .. } => diagnostic.hint(
                "small letters and digits, words with a minus between them, e.g. open-stations, or acme:open-stations with a namespace",
            ),
            NewRevisionError::UnknownPluginTemplate { known, .. } => {
                diagnostic.hint(format!("there are: {}", known.join(", ")))
            }
            NewRevisionError::Sdk { .. } => diagnostic.hint("it is the folder plugin-sdk of a clone of mighost"),
            NewRevisionError::NoLocation => diagnostic.hint("name one in mighost.toml: migrations = [\"migrations\"]"),
            NewRevisionError::UnknownTemplate { known, .. } => diagnostic.hint(format!(
                "there are: {}; `mighost list-templates` tells more",
                known.join(", ")
            )),
            NewRevisionError::Template(_) => diagnostic.hint("docs/migrations.md lists what templates can use"),
            NewRevisionError::Hook { output, folder, .. } => {
                let mut diagnostic = diagnostic;
                diagnostic.location.extend(output.lines().map(str::to_owned));
                diagnostic
                    .outcome
                    .push(format!("{} is written, and stays", folder.display()));
                diagnostic.hint("[[revision.hooks]] in mighost.toml has the command")
            }
            NewRevisionError::Autogenerate => {
                diagnostic.hint("without it the revision's files are written, to be filled by hand")
            }
            NewRevisionError::Sql => {
                diagnostic.hint("`mighost upgrade --sql` writes the script of migrations that are there")
            }
            _ => diagnostic,
        }
    }
}
