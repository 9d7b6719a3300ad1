//! One layer of settings: those of the project's tables, or those of a database's table.

use std::collections::BTreeMap;
use std::time::Duration;

use super::toml_table::{Field, Section};
use super::units::{parse_duration, parse_size, shown};
use super::{ConfigError, TransactionMode};
use mighost_core::MAX_NAME_BYTES;

/// The settings of `[project]` that any `[databases.LABEL]` may override.
const KEYS: [&str; 13] = [
    "migrations",
    "plugins",
    "schema",
    "search-path",
    "superuser-role",
    "env-prefix",
    "version-table",
    "version-table-schema",
    "transaction",
    "lock-timeout",
    "statement-timeout",
    "lock-wait",
    "on-version-apply",
];

/// Settings that are tables of their own: `[args]` for the project, `[databases.LABEL.args]` for a database.
pub(super) const TABLES: [&str; 3] = ["args", "limits", "embedded"];

const LIMITS_KEYS: [&str; 2] = ["guest-time", "memory"];
const EMBEDDED_KEYS: [&str; 4] = ["bin-dir", "version", "fetch", "data-dir"];

/// The allowed range for the memory of one guest: a 32-bit WebAssembly memory has at most 4 GiB, and less than 1 MiB is not enough to run
/// anything.
const MEMORY: std::ops::RangeInclusive<usize> = (1 << 20)..=(4 << 30);

/// Given settings, in their final form except for relative paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Layer {
    pub migrations: Option<Vec<String>>,
    pub plugins: Option<Vec<String>>,
    pub schema: Option<String>,
    pub search_path: Option<Vec<String>>,
    pub superuser_role: Option<String>,
    pub env_prefix: Option<String>,
    pub version_table: Option<String>,
    pub version_table_schema: Option<String>,
    pub transaction: Option<TransactionMode>,
    pub lock_timeout: Option<Duration>,
    pub statement_timeout: Option<Duration>,
    pub lock_wait: Option<Duration>,
    pub on_version_apply: Option<Vec<String>>,
    pub args: BTreeMap<String, String>,
    pub guest_time: Option<Duration>,
    pub memory: Option<usize>,
    pub bin_dir: Option<String>,
    pub postgres_version: Option<u32>,
    pub fetch: Option<bool>,
    pub data_dir: Option<String>,
}

impl Layer {
    /// Reads the settings of `section`, which may have the keys `more` as well.
    pub fn read_settings(&mut self, section: &Section<'_, '_>, more: &[&str]) -> Result<(), ConfigError> {
        let known: Vec<&str> = KEYS.iter().chain(more).copied().collect();
        section.check_keys(&known, |key| match key {
            "url" => Some("a url belongs in [databases.LABEL]".to_owned()),
            "default" => Some("default belongs in [project]".to_owned()),
            key if TABLES.contains(&key) => Some(format!("it belongs at the top level: [{key}]")),
            _ => None,
        })?;
        self.migrations = section.read("migrations", locations)?;
        self.plugins = section.read("plugins", locations)?;
        self.schema = section.read("schema", |field| field.parsed(name))?;
        self.search_path = section.read("search-path", names)?;
        self.superuser_role = section.read("superuser-role", |field| field.parsed(name))?;
        self.env_prefix = section.read("env-prefix", |field| field.parsed(env_prefix))?;
        self.version_table = section.read("version-table", |field| field.parsed(name))?;
        self.version_table_schema = section.read("version-table-schema", |field| field.parsed(name))?;
        self.transaction = section.read("transaction", |field| field.parsed(transaction))?;
        self.lock_timeout = section.read("lock-timeout", |field| field.parsed(parse_duration))?;
        self.statement_timeout = section.read("statement-timeout", |field| field.parsed(parse_duration))?;
        self.lock_wait = section.read("lock-wait", |field| field.parsed(parse_duration))?;
        self.on_version_apply = section.read("on-version-apply", Field::texts)?;
        Ok(())
    }

    /// Reads the tables below `parent`: `args`, `limits`, `embedded`.
    pub fn read_tables(&mut self, parent: &Section<'_, '_>) -> Result<(), ConfigError> {
        if let Some(args) = parent.section("args")? {
            for field in args.fields() {
                if field.key() == "db" {
                    return Err(field.bad(
                        "-x db selects the database and is not passed to migrations; choose another \
                                          name",
                    ));
                }
                let value = field.scalar()?;
                if value.contains('\0') || field.key().contains('\0') {
                    return Err(field.bad("PostgreSQL does not accept the character NUL"));
                }
                self.args.insert(field.key().to_owned(), value);
            }
        }
        if let Some(limits) = parent.section("limits")? {
            limits.check_keys(&LIMITS_KEYS, |_| None)?;
            self.guest_time = limits.read("guest-time", |field| {
                let time = field.parsed(parse_duration)?;
                if time.is_zero() {
                    return Err(field.bad("the time must be more than zero; the limit cannot be switched off"));
                }
                Ok(time)
            })?;
            self.memory = limits.read("memory", |field| {
                let memory = field.parsed(parse_size)?;
                if !MEMORY.contains(&memory) {
                    return Err(field.bad("the memory must be between 1MiB and 4GiB"));
                }
                Ok(memory)
            })?;
        }
        if let Some(embedded) = parent.section("embedded")? {
            embedded.check_keys(&EMBEDDED_KEYS, |_| None)?;
            self.bin_dir = embedded.read("bin-dir", |field| field.parsed(path))?;
            self.postgres_version = embedded.read("version", |field| match field.integer()? {
                0..10 => Err(field.bad("it must be a major version of PostgreSQL such as 15, and at least 10")),
                version => Ok(version),
            })?;
            self.fetch = embedded.read("fetch", Field::boolean)?;
            self.data_dir = embedded.read("data-dir", |field| field.parsed(path))?;
        }
        Ok(())
    }
}

/// Checks a name for PostgreSQL. The server would truncate a longer one and so use another name.
pub(super) fn name(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("the name is empty".to_owned());
    }
    if text == "$user" {
        return Err(
            "`$user` means a role's own schema only in PostgreSQL's search_path; write the schema's name".to_owned(),
        );
    }
    if text.len() > MAX_NAME_BYTES {
        return Err(format!(
            "{} has {} bytes; names in PostgreSQL have at most {MAX_NAME_BYTES}",
            shown(text),
            text.len()
        ));
    }
    if text.chars().any(char::is_control) {
        return Err(format!("{} contains a control character", shown(text)));
    }
    Ok(text.to_owned())
}

fn names(field: &Field<'_, '_>) -> Result<Vec<String>, ConfigError> {
    let texts = field.texts()?;
    for text in &texts {
        name(text).map_err(|reason| field.bad(reason))?;
    }
    Ok(texts)
}

fn locations(field: &Field<'_, '_>) -> Result<Vec<String>, ConfigError> {
    let texts = field.texts()?;
    for text in &texts {
        path(text).map_err(|reason| field.bad(reason))?;
    }
    Ok(texts)
}

fn path(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("the path is empty".to_owned());
    }
    if text.contains('\0') {
        return Err("a path cannot contain the character NUL".to_owned());
    }
    Ok(text.to_owned())
}

/// `PYCDS` stands for the variables `PYCDS_SCHEMA_NAME` and `PYCDS_SU_ROLE_NAME`.
fn env_prefix(text: &str) -> Result<String, String> {
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if text.is_empty() || text.len() > 64 || !plain {
        return Err(format!(
            "{} is not a valid prefix for environment variables, such as PYCDS",
            shown(text)
        ));
    }
    Ok(text.strip_suffix('_').unwrap_or(text).to_owned())
}

fn transaction(text: &str) -> Result<TransactionMode, String> {
    match text {
        "per-migration" => Ok(TransactionMode::PerMigration),
        "all" => Ok(TransactionMode::All),
        "none" => Ok(TransactionMode::None),
        _ => Err(format!("{} is not one of per-migration, all, none", shown(text))),
    }
}
