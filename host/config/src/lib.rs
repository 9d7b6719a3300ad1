//! `mighost.toml`, labels, the environment and `-x`, resolved once into typed [`Settings`].
//!
//! If a setting is given in several places, the first of these applies: `-x` on the command line, the environment, the database's own
//! table (`[databases.LABEL]`), the project's tables, mighost's default. The environment is passed as a map, so nothing here reads that
//! of the process.

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

use mighost_core::{DatabaseUrl, EmbeddedSettings, Limits, RunSettings, TransactionMode};

/// The settings of the project and the selected database for a command.
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
    /// The schemas after `schema` on the search path of migrations.
    pub search_path: Vec<String>,
    pub superuser_role: Option<String>,
    pub version_table: String,
    /// The schema of that table, the ledger and the journal; `schema` by default.
    pub version_table_schema: String,
    pub transaction: TransactionMode,
    /// PostgreSQL's `lock_timeout` for the statements of migrations.
    pub lock_timeout: Option<Duration>,
    /// PostgreSQL's `statement_timeout` for the statements of migrations.
    pub statement_timeout: Option<Duration>,
    /// The time to wait for another run on the same database.
    pub lock_wait: Duration,
    /// The plugins whose hooks run for each step, in this order.
    pub on_version_apply: Vec<String>,
    /// `-x key=value`, which overrides `args` of the label and the project.
    pub args: BTreeMap<String, String>,
    pub limits: Limits,
    pub embedded: EmbeddedSettings,
    pub toolchains: ToolchainSettings,
}

/// The settings of the project for commands that need no database: `history`, `heads`, `build`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectSettings {
    /// The folder of `mighost.toml`; other paths here are absolute.
    pub root: PathBuf,
    /// The label whose overrides apply; `None` if no label was given and the file does not select one.
    pub label: Option<String>,
    pub migrations: Vec<PathBuf>,
    pub plugins: Vec<PathBuf>,
    pub schema: String,
    /// The schemas after `schema` on the search path of migrations.
    pub search_path: Vec<String>,
    pub superuser_role: Option<String>,
    pub version_table: String,
    /// The schema of that table, the ledger and the journal; `schema` by default.
    pub version_table_schema: String,
    pub transaction: TransactionMode,
    /// PostgreSQL's `lock_timeout` for the statements of migrations.
    pub lock_timeout: Option<Duration>,
    /// PostgreSQL's `statement_timeout` for the statements of migrations.
    pub statement_timeout: Option<Duration>,
    /// The time to wait for another run on the same database.
    pub lock_wait: Duration,
    pub args: BTreeMap<String, String>,
    pub limits: Limits,
    /// The settings for the programs of servers; the data do not belong to any database.
    pub embedded: EmbeddedSettings,
    /// The settings for new revisions.
    pub revision: RevisionSettings,
    pub test: TestSettings,
    pub toolchains: ToolchainSettings,
}

/// The settings of a run, from settings that include all of them.
macro_rules! run_settings {
    ($settings:expr) => {
        RunSettings {
            schema: $settings.schema.clone(),
            search_path: $settings.search_path.clone(),
            version_table_schema: $settings.version_table_schema.clone(),
            version_table: $settings.version_table.clone(),
            superuser_role: $settings.superuser_role.clone(),
            transaction: $settings.transaction,
            lock_timeout: $settings.lock_timeout,
            statement_timeout: $settings.statement_timeout,
            lock_wait: $settings.lock_wait,
            args: $settings.args.clone(),
            limits: $settings.limits.clone(),
        }
    };
}

impl Settings {
    /// The settings of a run of this project.
    pub fn run(&self) -> RunSettings {
        run_settings!(self)
    }
}

impl ProjectSettings {
    /// The settings of a run of this project on any database.
    pub fn run(&self) -> RunSettings {
        run_settings!(self)
    }
}
