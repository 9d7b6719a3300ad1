//! Errors in a configuration.

use std::path::PathBuf;

use super::Place;
use super::locate::{CONFIG_VARIABLE, FILE_NAME};
use mighost_core::{Blame, Diagnostic, ExitKind, nearest};

/// The reason why the settings of a run are unknown. No variant contains a URL, so none can show a password.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("no {FILE_NAME} in {from} or in any folder above it", from = from.display())]
    NotFound { from: PathBuf },
    #[error("{path} belongs to another user, so it is not used for folders below it", path = path.display())]
    Foreign { path: PathBuf },
    #[error("cannot read the configuration {path}: {source}", path = path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("the configuration {path} is larger than {limit} bytes", path = path.display())]
    TooLarge { path: PathBuf, limit: u64 },
    #[error("the configuration {path} is not UTF-8 text", path = path.display())]
    NotText { path: PathBuf },
    #[error("{place}: invalid TOML: {message}")]
    Syntax { place: Box<Place>, message: String },
    #[error("{place}: {section} has no setting {key:?}")]
    UnknownKey {
        place: Box<Place>,
        /// As written in the file, e.g. `[project]`.
        section: String,
        key: String,
        /// The hint, usually the nearest existing setting.
        advice: String,
    },
    #[error("{place}: {key} is {found}, but should be {expected}")]
    WrongType {
        place: Box<Place>,
        key: String,
        expected: &'static str,
        found: &'static str,
    },
    /// A value of the right type that cannot be used.
    #[error("{place}: {key}: {reason}")]
    Value {
        place: Box<Place>,
        key: String,
        reason: String,
    },
    #[error("{variable} in the environment: {reason}")]
    Environment { variable: String, reason: String },
    #[error("{place}: the url of database {label} uses ${{{variable}}}, which is not set in the environment")]
    Unset {
        place: Box<Place>,
        label: String,
        variable: String,
    },
    #[error("no database is labelled {label:?}")]
    UnknownLabel { label: String, known: Vec<String> },
    #[error("{count} databases are configured, but none was chosen", count = known.len())]
    NoLabel { known: Vec<String> },
    #[error("{file} configures no database", file = file.display())]
    NoDatabase { file: PathBuf },
    #[error("{place}: database {label} has no url")]
    NoUrl { place: Box<Place>, label: String },
    #[error("{first:?} and {second:?} are the same folder, {folder}", folder = folder.display())]
    SameFolder {
        first: String,
        second: String,
        folder: PathBuf,
    },
    #[error("-x {argument}: {reason}")]
    Argument { argument: String, reason: String },
}

impl ConfigError {
    /// The place in the file, if the error has one.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::Syntax { place, .. }
            | Self::UnknownKey { place, .. }
            | Self::WrongType { place, .. }
            | Self::Value { place, .. }
            | Self::Unset { place, .. }
            | Self::NoUrl { place, .. } => Some(place),
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotFound { .. } => format!(
                "run `mighost init` to create one here, or name another with -c FILE or the environment variable \
                 {CONFIG_VARIABLE}"
            ),
            Self::Foreign { path } => format!("if it is the right one, pass it explicitly: -c {}", path.display()),
            Self::UnknownKey { advice, .. } => advice.clone(),
            Self::Unset { variable, .. } => format!("set it: export {variable}=..."),
            Self::UnknownLabel { label, known } => match nearest(label, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean -x db={near}? Available: {}", known.join(", ")),
                None if known.is_empty() => "none is configured; add a table [databases.LABEL] with a url".to_owned(),
                None => format!("available: {}", known.join(", ")),
            },
            Self::NoLabel { known } => format!(
                "choose one with -x db=LABEL, or set default = \"LABEL\" under [project]; available: {}",
                known.join(", ")
            ),
            Self::NoDatabase { .. } => "add one:\n[databases.dev]\nurl = \"embedded\"".to_owned(),
            Self::NoUrl { .. } => "write url = \"embedded\" or url = \"postgresql://user@host/database\"".to_owned(),
            Self::SameFolder { .. } => "list each folder once".to_owned(),
            _ => return None,
        })
    }
}

impl From<&ConfigError> for Diagnostic {
    fn from(error: &ConfigError) -> Self {
        let (what, location) = match error.place() {
            // The place is shown on lines of its own.
            Some(place) => {
                let whole = error.to_string();
                let what = whole.strip_prefix(&format!("{place}: ")).unwrap_or(&whole).to_owned();
                (what, place.excerpt())
            }
            None => (error.to_string(), Vec::new()),
        };
        Self {
            location,
            hints: error.hint().into_iter().collect(),
            ..Self::new(Blame::Operator, ExitKind::Config, what)
        }
    }
}
