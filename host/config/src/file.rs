//! The contents of `mighost.toml`, without the environment and the command line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::de::DeTable;

use super::layer::{Layer, TABLES};
use super::toml_table::{Field, Section, Source};
use super::units::shown;
use super::{ConfigError, Place, RevisionSettings, TestSettings, ToolchainSettings, locate};

/// The maximum length of a label.
const MAX_LABEL_BYTES: usize = 63;

/// A whole configuration file.
#[derive(Debug)]
pub(super) struct ConfigFile {
    pub path: PathBuf,
    pub project: Layer,
    /// `default` of `[project]`, which names one of `databases`.
    pub default: Option<String>,
    pub databases: BTreeMap<String, Database>,
    /// `[revision]`, its paths absolute.
    pub revision: RevisionSettings,
    /// `[test]`, its paths absolute.
    pub test: TestSettings,
    /// `[toolchains]`, its paths absolute.
    pub toolchains: ToolchainSettings,
}

/// One `[databases.LABEL]`.
#[derive(Debug)]
pub(super) struct Database {
    pub url: Option<Url>,
    pub layer: Layer,
    /// The place of the table.
    pub place: Box<Place>,
}

/// A URL as written. Not `Debug`: it may contain a password.
pub(super) struct Url {
    pub text: String,
    pub place: Box<Place>,
}

impl std::fmt::Debug for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl ConfigFile {
    /// Reads and checks the whole file, so that an error in the table of one database is found when another is used.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        Self::parse(path, &locate::read(path)?)
    }

    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let source = Source { file: path, text };
        let table = DeTable::parse(text).map_err(|error| ConfigError::Syntax {
            place: source.place(error.span().unwrap_or(0..0)),
            // The parser adds what it would have taken for the value of a bare word, which is misleading.
            message: error
                .message()
                .trim()
                .replace('\n', ", ")
                .replace(", expected literal string", ""),
        })?;
        let root = Section::root(source, &table);
        let known: Vec<&str> = ["project", "databases", "revision", "test", "toolchains"]
            .into_iter()
            .chain(TABLES)
            .collect();
        root.check_keys(&known, |key| {
            (key == "database").then(|| "did you mean [databases.LABEL]?".to_owned())
        })?;

        let mut project = Layer::default();
        let mut default = None;
        if let Some(section) = root.section("project")? {
            project.read_settings(&section, &["default"])?;
            default = section.field("default");
        }
        project.read_tables(&root)?;

        let mut databases = BTreeMap::new();
        if let Some(section) = root.section("databases")? {
            for field in section.fields() {
                check_label(&field)?;
                databases.insert(field.key().to_owned(), read_database(&field)?);
            }
        }
        let default = default.map(|field| default_label(&field, &databases)).transpose()?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let revision = match root.section("revision")? {
            Some(section) => RevisionSettings::read(&section, folder)?,
            None => RevisionSettings::defaults(folder),
        };
        let test = root.section("test")?;
        let test = test.map(|section| TestSettings::read(&section, folder)).transpose()?;
        let toolchains = match root.section("toolchains")? {
            Some(section) => ToolchainSettings::read(&section, folder)?,
            None => ToolchainSettings::defaults(folder),
        };
        Ok(Self {
            path: path.to_owned(),
            project,
            default,
            databases,
            revision,
            test: test.unwrap_or_default(),
            toolchains,
        })
    }

    /// All labels, sorted.
    pub fn labels(&self) -> Vec<String> {
        self.databases.keys().cloned().collect()
    }
}

fn read_database(field: &Field<'_, '_>) -> Result<Database, ConfigError> {
    let section = field.section("databases")?;
    let mut layer = Layer::default();
    let more: Vec<&str> = ["url"].into_iter().chain(TABLES).collect();
    layer.read_settings(&section, &more)?;
    layer.read_tables(&section)?;
    let url = section.read("url", |field| {
        Ok(Url {
            text: field.text()?.to_owned(),
            place: field.place(),
        })
    })?;
    Ok(Database {
        url,
        layer,
        place: section.source.place(section.span.clone()),
    })
}

/// Labels become parts of file names (the embedded server's data) and of messages, so they are plain.
fn check_label(field: &Field<'_, '_>) -> Result<(), ConfigError> {
    let label = field.key();
    let plain = label
        .chars()
        .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if label.is_empty() || label.len() > MAX_LABEL_BYTES || !plain || label.starts_with('.') {
        return Err(field.bad(format!(
            "a label consists of letters, digits, `-`, `_` and `.`, and has at most {MAX_LABEL_BYTES} bytes"
        )));
    }
    Ok(())
}

fn default_label(field: &Field<'_, '_>, databases: &BTreeMap<String, Database>) -> Result<String, ConfigError> {
    let label = field.text()?;
    if databases.contains_key(label) {
        return Ok(label.to_owned());
    }
    let known: Vec<&str> = databases.keys().map(String::as_str).collect();
    Err(field.bad(format!(
        "no database is labelled {}; available: {}",
        shown(label),
        known.join(", ")
    )))
}
