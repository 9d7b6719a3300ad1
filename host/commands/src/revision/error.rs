//! Errors when writing new sources.

use std::io;
use std::path::{Path, PathBuf};

use super::jinja::TemplateError;
use mighost_core::{Blame, Diagnostic, ExitKind};

/// The environment variable with the folder of mighost-sdk, for projects outside a clone of mighost.
pub(super) const SDK_VARIABLE: &str = "MIGHOST_SDK";

#[derive(Debug, thiserror::Error)]
pub enum NewRevisionError {
    #[error("{id:?} cannot be a revision id: {reason}")]
    Id { id: String, reason: String },
    #[error("{wanted} is not one of the project's migrations folders", wanted = wanted.display())]
    Location { wanted: PathBuf, known: Vec<PathBuf> },
    #[error("the project has no migrations folder")]
    NoLocation,
    #[error("{folder} already exists and was not changed", folder = folder.display())]
    Exists { folder: PathBuf },
    #[error("cannot read {path}: {source}", path = path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot write {path}: {source}", path = path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("the system gives no random numbers: {0}")]
    Random(String),
    #[error("{SDK_VARIABLE} is set to {folder}, which has no Cargo.toml", folder = folder.display())]
    Sdk { folder: PathBuf },
    #[error("there is no template {name:?}")]
    UnknownTemplate { name: String, known: Vec<String> },
    #[error("there is no template {name:?} for plugins")]
    UnknownPluginTemplate { name: String, known: Vec<&'static str> },
    #[error("{name:?} cannot be a plugin's name{}", if *reserved { ": it is a reserved word in WIT or in a language" } else { "" })]
    PluginName { name: String, reserved: bool },
    #[error("{wanted} is not one of the project's plugins folders", wanted = wanted.display())]
    PluginLocation { wanted: PathBuf, known: Vec<PathBuf> },
    #[error("the project has no plugins folder")]
    NoPluginLocation,
    /// A defect of one of mighost's own templates.
    #[error("the new plugin cannot be read: {reason}")]
    Plugin { reason: String },
    #[error("invalid template: {0}")]
    Template(#[from] TemplateError),
    /// The output of a template is not the requested migration.
    #[error("the template {template:?} does not produce a migration: {reason}")]
    Migration { template: String, reason: String },
    #[error("the hook {name} failed{}: {reason}", file.as_ref().map(|file| format!(" for {file}")).unwrap_or_default())]
    Hook {
        name: String,
        file: Option<String>,
        reason: String,
        /// The end of its output.
        output: String,
        /// The new folder, which is kept.
        folder: PathBuf,
    },
    #[error("--autogenerate is not supported: mighost does not compare a database with a model")]
    Autogenerate,
    #[error("--sql has no meaning for mighost revision: it only writes files and never needs a database")]
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
            NewRevisionError::Id { .. } => diagnostic.hint("omit --rev-id to have id-template choose one"),
            NewRevisionError::Location { known, .. } => {
                let known: Vec<String> = known.iter().map(|path| path.display().to_string()).collect();
                diagnostic.hint(format!(
                    "available: {}; add one with `migrations` in mighost.toml",
                    known.join(", ")
                ))
            }
            NewRevisionError::PluginLocation { known, .. } => {
                let known: Vec<String> = known.iter().map(|path| path.display().to_string()).collect();
                diagnostic.hint(format!(
                    "available: {}; add one with `plugins` in mighost.toml",
                    known.join(", ")
                ))
            }
            NewRevisionError::NoPluginLocation => diagnostic.hint("name one in mighost.toml: plugins = [\"plugins\"]"),
            NewRevisionError::PluginName { reserved: true, .. } => {
                diagnostic.hint("choose another, e.g. two words joined by a hyphen: open-stations")
            }
            NewRevisionError::PluginName { .. } => diagnostic.hint(
                "use lower-case letters and digits, with hyphens between words, e.g. open-stations, or \
                 acme:open-stations with a namespace",
            ),
            NewRevisionError::UnknownPluginTemplate { known, .. } => {
                diagnostic.hint(format!("available: {}", known.join(", ")))
            }
            NewRevisionError::Sdk { .. } => diagnostic.hint("set it to the folder plugin-sdk of a clone of mighost"),
            NewRevisionError::NoLocation => diagnostic.hint("name one in mighost.toml: migrations = [\"migrations\"]"),
            NewRevisionError::UnknownTemplate { known, .. } => diagnostic.hint(format!(
                "available: {}; `mighost list-templates` describes them",
                known.join(", ")
            )),
            NewRevisionError::Template(_) => diagnostic.hint("docs/migrations.md lists what templates can use"),
            NewRevisionError::Hook { output, folder, .. } => {
                let mut diagnostic = diagnostic;
                diagnostic.location.extend(output.lines().map(str::to_owned));
                diagnostic
                    .outcome
                    .push(format!("{} was written and is kept", folder.display()));
                diagnostic.hint("correct its command in [[revision.hooks]] of mighost.toml")
            }
            NewRevisionError::Autogenerate => {
                diagnostic.hint("omit it to create the revision's files, and write them by hand")
            }
            NewRevisionError::Sql => {
                diagnostic.hint("use `mighost upgrade --sql` to write the script of existing migrations")
            }
            _ => diagnostic,
        }
    }
}
