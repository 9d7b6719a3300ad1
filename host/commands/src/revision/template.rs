//! Templates of revisions: sets of files, those of mighost and those of the project.

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::NewRevisionError;
use super::jinja::{self, MAX_SOURCE, TemplateError, Variables};
use mighost_build::Driver;

/// The description of a template; it is not written.
const MANIFEST: &str = "template.toml";
/// Files with this extension are rendered, others copied.
const EXTENSION: &str = ".jinja";
const MIGRATION: &str = "migration.toml";
/// The number of files in a folder above which a mistake is assumed.
const MAX_FILES: usize = 200;
const MAX_TEMPLATES: usize = 1000;

/// A file that is part of every template, unless it has its own.
const MIGRATION_TOML: (&str, &str) = ("migration.toml.jinja", include_str!("templates/migration.toml.jinja"));

struct BuiltIn {
    name: &'static str,
    description: &'static str,
    files: &'static [(&'static str, &'static str)],
}

/// Templates in the binary, each named after its build driver.
const BUILT_IN: [BuiltIn; 9] = [
    BuiltIn {
        name: "sql",
        description: "upgrade.sql and downgrade.sql",
        files: &[
            ("upgrade.sql.jinja", include_str!("templates/sql/upgrade.sql.jinja")),
            ("downgrade.sql.jinja", include_str!("templates/sql/downgrade.sql.jinja")),
        ],
    },
    BuiltIn {
        name: "rust",
        description: "a crate that uses mighost-sdk",
        files: &[
            ("Cargo.toml.jinja", include_str!("templates/rust/Cargo.toml.jinja")),
            ("src/lib.rs.jinja", include_str!("templates/rust/src/lib.rs.jinja")),
            TEST,
            README,
        ],
    },
    BuiltIn {
        name: "c",
        description: "a C file, compiled with zig",
        files: &[
            ("migration.c.jinja", include_str!("templates/c/migration.c.jinja")),
            TEST,
            README,
        ],
    },
    BuiltIn {
        name: "cpp",
        description: "a C++ file, compiled with zig",
        files: &[
            ("migration.cpp.jinja", include_str!("templates/cpp/migration.cpp.jinja")),
            TEST,
            README,
        ],
    },
    BuiltIn {
        name: "zig",
        description: "a Zig file",
        files: &[
            ("migration.zig.jinja", include_str!("templates/zig/migration.zig.jinja")),
            TEST,
            README,
        ],
    },
    BuiltIn {
        name: "go",
        description: "a Go package",
        files: &[
            ("migration.go.jinja", include_str!("templates/go/migration.go.jinja")),
            TEST,
            README,
        ],
    },
    BuiltIn {
        name: "javascript",
        description: "a JavaScript module",
        files: &[
            (
                "migration.js.jinja",
                include_str!("templates/javascript/migration.js.jinja"),
            ),
            TEST,
            README,
        ],
    },
    BuiltIn {
        name: "typescript",
        description: "a TypeScript module, type-checked",
        files: &[
            (
                "migration.ts.jinja",
                include_str!("templates/typescript/migration.ts.jinja"),
            ),
            TEST,
            README,
        ],
    },
    BuiltIn {
        name: "python",
        description: "a Python module",
        files: &[
            (
                "migration.py.jinja",
                include_str!("templates/python/migration.py.jinja"),
            ),
            TEST,
            README,
        ],
    },
];

/// Files in the templates of all languages.
const TEST: (&str, &str) = (
    "tests/migration.toml.jinja",
    include_str!("templates/language/test.toml.jinja"),
);
const README: (&str, &str) = ("README.md.jinja", include_str!("templates/language/README.md.jinja"));

/// The source of a new revision's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pub name: String,
    pub description: String,
    /// The build driver, written into `migration.toml`; by default the files determine it.
    pub build: Option<String>,
    /// The project's folder of it; `None` if it is only mighost's own.
    pub folder: Option<PathBuf>,
    files: Vec<TemplateFile>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct TemplateFile {
    /// Relative to the revision's folder, without the extension.
    path: String,
    /// Its name in errors.
    shown: String,
    content: Cow<'static, [u8]>,
    filled_in: bool,
}

/// `template.toml`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Manifest {
    description: Option<String>,
    build: Option<String>,
}

/// All templates: mighost's own, each with the overrides of the project's template of the same name, followed by the project's others by
/// name. `folder` is the project's folder of templates, which may be missing.
///
/// # Errors
/// If a folder or file cannot be read, or a `template.toml` is invalid.
pub fn all(folder: &Path) -> Result<Vec<Template>, NewRevisionError> {
    let mut templates: Vec<Template> = BUILT_IN.iter().map(Template::built_in).collect();
    for (name, place) in folders(folder)? {
        match templates.iter_mut().find(|template| template.name == name) {
            Some(template) => template.overlay(&place)?,
            None => {
                let mut template = Template::bare(&name);
                template.overlay(&place)?;
                templates.push(template);
            }
        }
    }
    Ok(templates)
}

/// The template `name`.
///
/// # Errors
/// As for [`all`], or if the name is unknown.
pub fn find(folder: &Path, name: &str) -> Result<Template, NewRevisionError> {
    let mut templates = all(folder)?;
    match templates.iter().position(|template| template.name == name) {
        Some(number) => Ok(templates.swap_remove(number)),
        None => Err(NewRevisionError::UnknownTemplate {
            name: name.to_owned(),
            known: templates.into_iter().map(|template| template.name).collect(),
        }),
    }
}

impl Template {
    /// A template with only a `migration.toml`.
    fn bare(name: &str) -> Self {
        let (path, source) = MIGRATION_TOML;
        Self {
            name: name.to_owned(),
            description: String::new(),
            build: None,
            folder: None,
            files: vec![TemplateFile::built_in("", path, source)],
        }
    }

    fn built_in(built_in: &BuiltIn) -> Self {
        let mut template = Self::bare(built_in.name);
        template.description = built_in.description.to_owned();
        template.build = Some(built_in.name.to_owned());
        let files = built_in.files.iter();
        template
            .files
            .extend(files.map(|(path, source)| TemplateFile::built_in(built_in.name, path, source)));
        template
    }

    /// The build driver that it names.
    pub(super) fn driver(&self) -> Option<Driver> {
        let mut drivers = Driver::ALL.into_iter();
        drivers.find(|driver| Some(driver.name()) == self.build.as_deref())
    }

    /// The files that it writes, relative to the revision's folder.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| file.path.as_str())
    }

    /// Adds the project's files, which replace existing ones.
    fn overlay(&mut self, folder: &Path) -> Result<(), NewRevisionError> {
        self.folder = Some(folder.to_owned());
        for (path, place) in files_below(folder)? {
            let content = read(&place)?;
            if path == MANIFEST {
                let manifest = manifest(&place, &content)?;
                self.description = manifest.description.unwrap_or(std::mem::take(&mut self.description));
                self.build = manifest.build.or(self.build.take());
                continue;
            }
            let file = TemplateFile::new(&path, place.display().to_string(), Cow::Owned(content));
            match self.files.iter_mut().find(|other| other.path == file.path) {
                Some(other) => *other = file,
                None => self.files.push(file),
            }
        }
        Ok(())
    }

    /// Each file's path and content.
    ///
    /// # Errors
    /// If a template is invalid; the error has its name and line.
    pub(super) fn render(&self, variables: &Variables) -> Result<Vec<(String, Vec<u8>)>, NewRevisionError> {
        let render = |file: &TemplateFile| -> Result<_, NewRevisionError> {
            let TemplateFile {
                path,
                shown,
                content,
                filled_in,
            } = file;
            if !filled_in {
                return Ok((path.clone(), content.to_vec()));
            }
            let source = std::str::from_utf8(content).map_err(|_| TemplateError {
                template: shown.clone(),
                line: None,
                reason: "it is not UTF-8".to_owned(),
            })?;
            Ok((path.clone(), jinja::render(shown, source, variables)?.into_bytes()))
        };
        self.files.iter().map(render).collect()
    }
}

impl TemplateFile {
    fn new(path: &str, shown: String, content: Cow<'static, [u8]>) -> Self {
        let target = path.strip_suffix(EXTENSION);
        Self {
            path: target.unwrap_or(path).to_owned(),
            shown,
            content,
            filled_in: target.is_some(),
        }
    }

    fn built_in(template: &str, path: &str, source: &'static str) -> Self {
        let shown = format!("mighost's own {template}/{path}");
        Self::new(path, shown, Cow::Borrowed(source.as_bytes()))
    }
}

fn manifest(path: &Path, content: &[u8]) -> Result<Manifest, NewRevisionError> {
    let wrong = |reason: String| TemplateError {
        template: path.display().to_string(),
        line: None,
        reason,
    };
    let text = std::str::from_utf8(content).map_err(|_| wrong("it is not UTF-8".to_owned()))?;
    // The error message has line and column and shows the line.
    Ok(toml::from_str(text).map_err(|error| wrong(error.to_string().trim_end().to_owned()))?)
}

/// The folders in `folder`, by name; empty if it does not exist.
fn folders(folder: &Path) -> Result<Vec<(String, PathBuf)>, NewRevisionError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(NewRevisionError::read(folder)(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(NewRevisionError::read(folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if let Some(name) = name.filter(|name| !name.starts_with('.'))
            && path.is_dir()
        {
            found.push((name.to_owned(), path));
        }
        if found.len() > MAX_TEMPLATES {
            return Err(too_many(folder, MAX_TEMPLATES, "templates"));
        }
    }
    found.sort();
    Ok(found)
}

/// All files below `folder`, by their path with `/` between its parts. Links to folders are not followed.
fn files_below(folder: &Path) -> Result<Vec<(String, PathBuf)>, NewRevisionError> {
    let mut found = Vec::new();
    let mut pending = vec![(String::new(), folder.to_owned())];
    while let Some((below, directory)) = pending.pop() {
        for entry in fs::read_dir(&directory).map_err(NewRevisionError::read(&directory))? {
            let entry = entry.map_err(NewRevisionError::read(&directory))?;
            let path = entry.path();
            let Some(name) = entry.file_name().to_str().map(|name| format!("{below}{name}")) else {
                continue;
            };
            let kind = entry.file_type().map_err(NewRevisionError::read(&path))?;
            if kind.is_dir() {
                pending.push((format!("{name}/"), path));
            } else if path.is_file() {
                found.push((name, path));
            }
            if found.len() + pending.len() > MAX_FILES {
                return Err(too_many(folder, MAX_FILES, "files"));
            }
        }
    }
    // A migration's manifest is the first file to be read, so it is the first to be written.
    found.sort_by_key(|(name, _)| (!name.starts_with(MIGRATION), name.clone()));
    Ok(found)
}

fn read(path: &Path) -> Result<Vec<u8>, NewRevisionError> {
    let size = fs::metadata(path).map_err(NewRevisionError::read(path))?.len();
    if size > MAX_SOURCE as u64 {
        return Err(TemplateError {
            template: path.display().to_string(),
            line: None,
            reason: format!("it has more than {MAX_SOURCE} bytes"),
        }
        .into());
    }
    fs::read(path).map_err(NewRevisionError::read(path))
}

fn too_many(folder: &Path, limit: usize, what: &str) -> NewRevisionError {
    TemplateError {
        template: folder.display().to_string(),
        line: None,
        reason: format!("it contains more than {limit} {what}"),
    }
    .into()
}
