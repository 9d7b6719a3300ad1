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
pub use load::{Environment, LoadRequest, load, load_project};
pub use locate::{CONFIG_VARIABLE, FILE_NAME};
pub use place::Place;
pub use revision::{RevisionSettings, WriteHook};
pub use test::TestSettings;
pub use toolchains::{TOOLCHAINS_VARIABLE, ToolchainSettings};
pub use units::parse_duration;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use mighost_core::{DatabaseUrl, EmbeddedSettings, Limits, TransactionMode};

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
