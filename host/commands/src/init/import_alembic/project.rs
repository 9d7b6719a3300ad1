//! The settings of a project in `alembic.ini`, and in `pyproject.toml` beside it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::TakeOverError;
use super::ini::{CLOSE, Ini, OPEN};
use super::url::{NoUrl, convert};

/// The maximum size of a configuration, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// Alembic's own section, unless `-n` selects another.
const SECTION: &str = "alembic";

const PYPROJECT: &str = "pyproject.toml";

/// All settings that are used.
pub(super) struct AlembicProject {
    /// The base of relative paths.
    pub folder: PathBuf,
    pub section: String,
    pub script_location: PathBuf,
    pub locations: Vec<PathBuf>,
    pub recursive: bool,
    pub file_template: Option<String>,
    pub timezone: Option<String>,
    pub truncate_slug_length: Option<String>,
    pub labels: Vec<Label>,
    pub notes: Vec<String>,
}

/// A database: a section with `sqlalchemy.url`.
pub(super) struct Label {
    pub name: String,
    pub section: String,
    pub url: String,
    pub password: bool,
    /// The environment variables that its URL needs.
    pub variables: Vec<String>,
}

impl AlembicProject {
    /// Reads the file. `section` is that of `-n`.
    pub fn read(path: &Path, section: Option<&str>) -> Result<Self, TakeOverError> {
        let folder = path.parent().unwrap_or(Path::new("/")).to_owned();
        let here = folder.to_string_lossy().into_owned();
        let bad = |reason: String| TakeOverError::Ini {
            path: path.to_owned(),
            reason,
        };
        let pyproject = path.file_name().is_some_and(|name| name == PYPROJECT);
        let mut ini = if pyproject {
            Ini::parse("", &here)
        } else {
            Ini::parse(&text_of(path)?, &here)
        }
        .map_err(bad)?;
        let beside = folder.join(PYPROJECT);
        if beside.is_file() {
            let settings = tool_alembic(&text_of(&beside)?).map_err(bad)?;
            if pyproject && settings.is_empty() {
                return Err(bad("it has no [tool.alembic]".into()));
            }
            ini.fill(section.unwrap_or(SECTION), settings);
        }
        let section = choose(&ini, section, path)?;
        let get = |name: &str| ini.get(&section, name).map_err(bad);
        let mut notes = Vec::new();
        let script_location = match get("script_location")? {
            Some(location) => folder_of(&folder, &location),
            // Flask-Migrate has its alembic.ini in the folder that this would name.
            None if folder.join("env.py").is_file() => folder.clone(),
            None => {
                return Err(TakeOverError::NoScriptLocation {
                    path: path.to_owned(),
                    section,
                });
            }
        };
        let separator = match get("path_separator")? {
            Some(name) => Some(name),
            None => get("version_path_separator")?,
        };
        let locations = match get("version_locations")?.filter(|text| !text.trim().is_empty()) {
            None => vec![script_location.join("versions")],
            Some(text) => split(&text, separator.as_deref())
                .map_err(bad)?
                .iter()
                .map(|location| folder_of(&folder, location))
                .collect(),
        };
        let truthy = |value: Option<String>| value.is_some_and(|value| value.trim().eq_ignore_ascii_case("true"));
        let recursive = truthy(get("recursive_version_locations")?);
        if truthy(get("sourceless")?) {
            notes.push(
                "`sourceless` is not carried over: revisions that are only .pyc files remain visible to Alembic \
                 only"
                    .into(),
            );
        }
        if get("databases")?.is_some() {
            notes.push(
                "`databases` is from the multidb template: each database becomes a label; a revision here has \
                        one script for all"
                    .into(),
            );
        }
        if ini.sections().any(|name| name == "post_write_hooks") && ini.says("post_write_hooks", "hooks") {
            notes.push(
                "the hooks in [post_write_hooks] are for Python files and are not carried over; configure hooks for \
                 new files in [[revision.hooks]]"
                    .into(),
            );
        }
        let labels = labels(&ini, &section, &mut notes).map_err(bad)?;
        Ok(Self {
            script_location,
            locations,
            recursive,
            file_template: get("file_template")?,
            timezone: get("timezone")?.filter(|zone| !zone.is_empty()),
            truncate_slug_length: get("truncate_slug_length")?,
            labels,
            notes,
            folder,
            section,
        })
    }
}

fn text_of(path: &Path) -> Result<String, TakeOverError> {
    let read = |source| TakeOverError::Read {
        path: path.to_owned(),
        source,
    };
    let size = std::fs::metadata(path).map_err(read)?.len();
    if size > MAX_BYTES {
        let reason = format!("it has {size} bytes; the limit is {MAX_BYTES}");
        return Err(TakeOverError::Ini {
            path: path.to_owned(),
            reason,
        });
    }
    std::fs::read_to_string(path).map_err(read)
}

/// The strings and lists of `[tool.alembic]`; a list becomes several lines.
fn tool_alembic(text: &str) -> Result<BTreeMap<String, String>, String> {
    let table: toml::Table = text
        .parse()
        .map_err(|error: toml::de::Error| error.message().to_owned())?;
    let found = table
        .get("tool")
        .and_then(|tool| tool.get("alembic"))
        .and_then(toml::Value::as_table);
    let mut settings = BTreeMap::new();
    for (name, value) in found.into_iter().flatten() {
        let value = match value {
            toml::Value::Array(list) => {
                if name == "version_locations" {
                    settings.insert("path_separator".to_owned(), "newline".to_owned());
                }
                list.iter()
                    .filter_map(toml::Value::as_str)
                    .collect::<Vec<_>>()
                    .join("\n")
            }
            toml::Value::String(text) => text.clone(),
            toml::Value::Boolean(_) | toml::Value::Integer(_) => value.to_string(),
            _ => continue,
        };
        settings.insert(name.clone(), value);
    }
    Ok(settings)
}

/// The given section; otherwise Alembic's own; otherwise the only location on which others agree.
fn choose(ini: &Ini, named: Option<&str>, path: &Path) -> Result<String, TakeOverError> {
    let known = || {
        ini.sections()
            .filter(|name| ini.says(name, "script_location"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    if let Some(named) = named {
        return match ini.has_section(named) {
            true => Ok(named.to_owned()),
            false => Err(TakeOverError::NoSection {
                path: path.to_owned(),
                section: named.to_owned(),
                known: known(),
            }),
        };
    }
    if ini.says(SECTION, "script_location") {
        return Ok(SECTION.to_owned());
    }
    let known = known();
    let mut places: Vec<_> = known
        .iter()
        .map(|name| ini.get(name, "script_location").unwrap_or_default())
        .collect();
    places.sort();
    places.dedup();
    match (known.first(), places.len()) {
        (Some(first), 1) => Ok(first.clone()),
        (Some(_), _) => Err(TakeOverError::SeveralSections {
            path: path.to_owned(),
            known,
        }),
        (None, _) => Ok(SECTION.to_owned()),
    }
}

/// `package:folder` is below the package, which is looked up beside the file.
fn folder_of(root: &Path, location: &str) -> PathBuf {
    let location = location.trim();
    match location.split_once(':') {
        Some((package, below)) if !location.starts_with('/') => root.join(package.replace('.', "/")).join(below),
        _ => root.join(location.trim_end_matches('/')),
    }
}

fn split(text: &str, separator: Option<&str>) -> Result<Vec<String>, String> {
    let parts: Vec<&str> = match separator.map(str::trim) {
        // As in Alembic before the setting existed.
        None => text.split([',', ' ']).collect(),
        Some("space") => text.split(' ').collect(),
        Some("newline") => text.split('\n').collect(),
        Some("os" | ":") => text.split(':').collect(),
        Some(";") => text.split(';').collect(),
        Some(other) => return Err(format!("{other:?} is not a `path_separator` of Alembic")),
    };
    Ok(parts
        .into_iter()
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect())
}

fn labels(ini: &Ini, chosen: &str, notes: &mut Vec<String>) -> Result<Vec<Label>, String> {
    let mut labels: Vec<Label> = Vec::new();
    let mut sections: Vec<&str> = ini.sections().filter(|name| ini.says(name, "sqlalchemy.url")).collect();
    if sections.is_empty() {
        sections.push(chosen);
    }
    for section in sections {
        let text = ini.get(section, "sqlalchemy.url")?.unwrap_or_default();
        let mut name: String = section
            .chars()
            .map(|c| {
                if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') {
                    c
                } else {
                    '-'
                }
            })
            .collect();
        name = name.trim_start_matches('.').chars().take(60).collect();
        if labels.iter().any(|label| label.name == name) || name.is_empty() {
            name = format!("{name}-{}", labels.len() + 1);
        }
        if name != section {
            notes.push(format!("the label of [{section}] is `{name}`"));
        }
        let mut label = Label {
            name,
            section: section.to_owned(),
            url: String::new(),
            password: false,
            variables: Vec::new(),
        };
        match convert(&text) {
            Ok(converted) => {
                for parameter in &converted.dropped {
                    notes.push(format!(
                        "`{parameter}` in the url of [{section}] is for a Python driver and is left out"
                    ));
                }
                label.url = converted.url;
                label.password = converted.password;
                label.variables = converted.variables;
            }
            Err(NoUrl::Placeholder) => {
                let variable = match section == SECTION {
                    true => "DATABASE_URL".to_owned(),
                    false => format!(
                        "{}_DATABASE_URL",
                        label
                            .name
                            .to_uppercase()
                            .replace(|c: char| !c.is_ascii_alphanumeric(), "_")
                    ),
                };
                notes.push(format!(
                    "[{section}] has no url, so env.py gets it from elsewhere: the label `{}` uses the environment \
                     variable {variable}",
                    label.name
                ));
                label.url = format!("${{{variable}}}");
            }
            Err(NoUrl::Other(kind)) => {
                notes.push(format!(
                    "[{section}] is a database of {kind}; mighost supports PostgreSQL only, so it is left out"
                ));
                continue;
            }
            Err(NoUrl::Broken) => {
                notes.push(format!(
                    "the url of [{section}] is not a valid SQLAlchemy url and is left out"
                ));
                continue;
            }
        }
        labels.push(label);
    }
    Ok(labels)
}

/// A text of the file without the marks for missing values.
pub(super) fn unmarked(text: &str) -> String {
    text.replace(OPEN, "%(").replace(CLOSE, ")s")
}
