//! Resolves settings from layers.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::file::{ConfigFile, Database};
use super::layer::{self, Layer};
use super::load::{Environment, absolute};
use super::{ConfigError, ProjectSettings, RevisionSettings, Settings, TestSettings, ToolchainSettings};
use mighost_core::{DatabaseUrl, EmbeddedSettings, Limits, Secret};

const ENV_PREFIX: &str = "MIGHOST";
const DEFAULT_SCHEMA: &str = "public";
const DEFAULT_VERSION_TABLE: &str = "mighost_version";
const DEFAULT_LOCK_WAIT: Duration = Duration::from_secs(60);
const DEFAULT_GUEST_TIME: Duration = Duration::from_secs(10);
const DEFAULT_MEMORY: usize = 256 * 1024 * 1024;

/// The layers of one run.
pub(super) struct Resolver<'f> {
    root: PathBuf,
    label: Option<&'f str>,
    /// The database's layer, then the project's.
    layers: [&'f Layer; 2],
    environment: &'f Environment,
    args: BTreeMap<String, String>,
    revision: &'f RevisionSettings,
    test: &'f TestSettings,
    toolchains: &'f ToolchainSettings,
}

impl<'f> Resolver<'f> {
    /// `args` are those of the command line.
    pub fn new(
        file: &'f ConfigFile,
        chosen: Option<(&'f str, &'f Database)>,
        environment: &'f Environment,
        args: BTreeMap<String, String>,
    ) -> Result<Self, ConfigError> {
        let root = match file.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        // Symbolic links are resolved once, so that a folder has one name.
        let root = std::fs::canonicalize(&root).map_err(|source| ConfigError::Read {
            path: root.clone(),
            source,
        })?;
        Ok(Self {
            root,
            label: chosen.map(|(label, _)| label),
            layers: [
                chosen.map_or(&file.project, |(_, database)| &database.layer),
                &file.project,
            ],
            environment,
            args,
            revision: &file.revision,
            test: &file.test,
            toolchains: &file.toolchains,
        })
    }

    pub fn settings(self, label: &str, url: DatabaseUrl) -> Result<Settings, ConfigError> {
        let on_version_apply = self.pick(|layer| layer.on_version_apply.clone()).unwrap_or_default();
        let embedded = self.embedded(label);
        let project = self.project_settings()?;
        Ok(Settings {
            root: project.root,
            label: label.to_owned(),
            url,
            migrations: project.migrations,
            plugins: project.plugins,
            version_table_schema: project.version_table_schema,
            schema: project.schema,
            search_path: project.search_path,
            superuser_role: project.superuser_role,
            version_table: project.version_table,
            transaction: project.transaction,
            lock_timeout: project.lock_timeout,
            statement_timeout: project.statement_timeout,
            lock_wait: project.lock_wait,
            on_version_apply,
            args: project.args,
            limits: project.limits,
            embedded,
            toolchains: project.toolchains,
        })
    }

    pub fn project_settings(self) -> Result<ProjectSettings, ConfigError> {
        let (migrations, plugins) = self.locations()?;
        let schema = match self.variable("SCHEMA_NAME")? {
            Some(schema) => schema,
            None => self
                .pick(|layer| layer.schema.clone())
                .unwrap_or_else(|| DEFAULT_SCHEMA.to_owned()),
        };
        let superuser_role = match self.variable("SU_ROLE_NAME")? {
            Some(role) => Some(role),
            None => self.pick(|layer| layer.superuser_role.clone()),
        };
        let search_path = self.pick(|layer| layer.search_path.clone());
        let version_table = self.pick(|layer| layer.version_table.clone());
        let version_table_schema = self.pick(|layer| layer.version_table_schema.clone());
        let off_where_zero = |duration: Option<Duration>| duration.filter(|duration| !duration.is_zero());
        let lock_timeout = off_where_zero(self.pick(|layer| layer.lock_timeout));
        let statement_timeout = off_where_zero(self.pick(|layer| layer.statement_timeout));
        let lock_wait = self.pick(|layer| layer.lock_wait).unwrap_or(DEFAULT_LOCK_WAIT);
        let transaction = self.pick(|layer| layer.transaction).unwrap_or_default();
        let limits = Limits {
            guest_time: self.pick(|layer| layer.guest_time).unwrap_or(DEFAULT_GUEST_TIME),
            memory: self.pick(|layer| layer.memory).unwrap_or(DEFAULT_MEMORY),
        };
        let embedded = self.embedded(self.label.unwrap_or("test"));
        let [database, project] = self.layers;
        let mut args = project.args.clone();
        args.extend(database.args.clone());
        args.extend(self.args);
        let toolchains = self.toolchains.clone().with_environment(&self.root, self.environment);
        Ok(ProjectSettings {
            root: self.root,
            label: self.label.map(str::to_owned),
            migrations,
            plugins,
            version_table_schema: version_table_schema.unwrap_or_else(|| schema.clone()),
            schema,
            search_path: search_path.unwrap_or_else(|| vec![DEFAULT_SCHEMA.to_owned()]),
            superuser_role,
            version_table: version_table.unwrap_or_else(|| DEFAULT_VERSION_TABLE.to_owned()),
            transaction,
            lock_timeout,
            statement_timeout,
            lock_wait,
            args,
            limits,
            embedded,
            revision: self.revision.clone(),
            test: self.test.clone(),
            toolchains,
        })
    }

    fn pick<T>(&self, setting: impl Fn(&Layer) -> Option<T>) -> Option<T> {
        self.layers.iter().find_map(|layer| setting(layer))
    }

    /// The value of `PREFIX_suffix`, otherwise that of `MIGHOST_suffix`. An empty variable counts as unset.
    fn variable(&self, suffix: &str) -> Result<Option<String>, ConfigError> {
        let own = self.pick(|layer| layer.env_prefix.clone());
        for prefix in own.iter().map(String::as_str).chain([ENV_PREFIX]) {
            let variable = format!("{prefix}_{suffix}");
            if let Some(value) = self.environment.get(&variable).filter(|value| !value.is_empty()) {
                return layer::name(value)
                    .map(Some)
                    .map_err(|reason| ConfigError::Environment { variable, reason });
            }
        }
        Ok(None)
    }

    fn embedded(&self, label: &str) -> EmbeddedSettings {
        let data_dir = match self.layers[0].data_dir.as_ref().or(self.layers[1].data_dir.as_ref()) {
            Some(path) => absolute(&self.root, path),
            // Each label has data of its own: two labels are two databases.
            None => self.root.join(".mighost").join("postgres").join(label),
        };
        EmbeddedSettings {
            bin_dir: self.pick(|layer| layer.bin_dir.as_ref().map(|path| absolute(&self.root, path))),
            version: self.pick(|layer| layer.postgres_version),
            fetch: self.pick(|layer| layer.fetch).unwrap_or(false),
            data_dir,
        }
    }

    /// The folders of migrations and of plugins, absolute. A folder that is named twice would be the same history read twice.
    fn locations(&self) -> Result<(Vec<PathBuf>, Vec<PathBuf>), ConfigError> {
        let or_default = |names: Option<Vec<String>>, default: &str| names.unwrap_or_else(|| vec![default.to_owned()]);
        let migrations = or_default(self.pick(|layer| layer.migrations.clone()), "migrations");
        let plugins = or_default(self.pick(|layer| layer.plugins.clone()), "plugins");
        let mut seen: BTreeMap<PathBuf, &str> = BTreeMap::new();
        for name in migrations.iter().chain(&plugins) {
            let path = absolute(&self.root, name);
            // A folder that does not exist yet cannot be a symbolic link to another.
            let folder = std::fs::canonicalize(&path).unwrap_or(path);
            if let Some(first) = seen.insert(folder.clone(), name) {
                return Err(ConfigError::SameFolder {
                    first: first.to_owned(),
                    second: name.clone(),
                    folder,
                });
            }
        }
        let paths = |names: &[String]| names.iter().map(|name| absolute(&self.root, name)).collect();
        Ok((paths(&migrations), paths(&plugins)))
    }
}

/// The URL of `database`, with `${VARIABLE}` replaced from the environment unchanged: a variable with a password that has special
/// characters contains it percent-encoded, as required in a URL.
pub(super) fn url(label: &str, database: &Database, environment: &Environment) -> Result<DatabaseUrl, ConfigError> {
    let Some(url) = &database.url else {
        return Err(ConfigError::NoUrl {
            place: database.place.clone(),
            label: label.to_owned(),
        });
    };
    let bad = |reason: &str| ConfigError::Value {
        place: url.place.clone(),
        key: "url".to_owned(),
        reason: reason.to_owned(),
    };
    let mut filled = String::with_capacity(url.text.len());
    let mut rest = url.text.as_str();
    while let Some((before, after)) = rest.split_once("${") {
        let (variable, after) = after.split_once('}').ok_or_else(|| bad("a `${` has no closing `}`"))?;
        let plain = variable.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if variable.is_empty() || !plain {
            return Err(bad(
                "between `${` and `}` must be the name of a variable: letters, digits and `_`",
            ));
        }
        let value = environment.get(variable).ok_or_else(|| ConfigError::Unset {
            place: url.place.clone(),
            label: label.to_owned(),
            variable: variable.to_owned(),
        })?;
        filled.push_str(before);
        filled.push_str(value);
        rest = after;
    }
    filled.push_str(rest);
    match filled.trim() {
        "" => Err(bad("it is empty")),
        "embedded" => Ok(DatabaseUrl::Embedded),
        filled => Ok(DatabaseUrl::Url(Secret::new(filled))),
    }
}
