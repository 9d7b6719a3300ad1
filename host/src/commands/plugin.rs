//! `mighost plugin new`: the sources of a new plugin, with a test and a README.

use std::fs;
use std::path::PathBuf;

use minijinja::value::Value;

use super::revision::error::RevisionError;
use super::revision::{jinja, rust, sdk_folder, write_files};
use super::{CommandError, Project};
use crate::artifact::{Driver, PluginSource};

/// The namespace of a plugin's package, where its name has none before a colon.
const NAMESPACE: &str = "local";
/// Longer names make no good folders.
const MAX_NAME: usize = 64;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPluginRequest {
    /// E.g. `stations`, or `acme:stations` with the namespace of its package.
    pub name: String,
    /// The language: the name of a build driver.
    pub template: String,
    /// Whether it teaches a kind of object, of its own name, in place of an operation.
    pub object_type: bool,
    /// The folder of plugins to write to, of those that the project has; the first where none is given.
    pub folder: Option<PathBuf>,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct NewPlugin {
    pub name: String,
    pub folder: PathBuf,
    pub files: Vec<PathBuf>,
}

macro_rules! template {
    ($path:literal) => {
        include_str!(concat!("plugin/templates/", $path, ".jinja"))
    };
}

/// A language's files, the one with the code first.
struct Template {
    driver: Driver,
    files: &'static [(&'static str, &'static str)],
}

const TEMPLATES: [Template; 8] = [
    Template {
        driver: Driver::Rust,
        files: &[
            ("src/lib.rs", template!("rust/src/lib.rs")),
            ("Cargo.toml", template!("rust/Cargo.toml")),
        ],
    },
    Template {
        driver: Driver::C,
        files: &[("plugin.c", template!("c/plugin.c"))],
    },
    Template {
        driver: Driver::Cpp,
        files: &[("plugin.cpp", template!("cpp/plugin.cpp"))],
    },
    Template {
        driver: Driver::Zig,
        files: &[("plugin.zig", template!("zig/plugin.zig"))],
    },
    Template {
        driver: Driver::Go,
        files: &[("plugin.go", template!("go/plugin.go"))],
    },
    Template {
        driver: Driver::Javascript,
        files: &[("plugin.js", template!("javascript/plugin.js"))],
    },
    Template {
        driver: Driver::Typescript,
        files: &[("plugin.ts", template!("typescript/plugin.ts"))],
    },
    Template {
        driver: Driver::Python,
        files: &[("plugin.py", template!("python/plugin.py"))],
    },
];

/// Writes the folder of a new plugin into the project's folder of plugins.
///
/// # Errors
/// Configuration; a name that cannot be a plugin's, or a template that there is none of; a folder that exists, or cannot be written. A
/// folder that is only half written is removed again.
pub fn run(project: &Project, request: &NewPluginRequest) -> Result<NewPlugin, CommandError> {
    let settings = project.project_settings()?;
    let (namespace, name) = names(&request.name)?;
    let template = TEMPLATES
        .iter()
        .find(|template| template.driver.name() == request.template)
        .ok_or_else(|| RevisionError::UnknownPluginTemplate {
            name: request.template.clone(),
            known: TEMPLATES.iter().map(|template| template.driver.name()).collect(),
        })?;
    let location =
        super::revision::choose_location(&settings.plugins, request.folder.as_deref()).map_err(of_plugins)?;
    let folder = location.join(name);
    if folder.exists() {
        return Err(RevisionError::Exists { folder }.into());
    }
    let sdk = sdk_folder(project)?;
    let mut variables = rust::variables(&location, name, sdk.as_deref());
    let text = |text: &str| Value::from(text);
    let snake = |name: &str| name.replace('-', "_");
    let description = match request.object_type {
        true => format!("The kind {name}: a view that carries its kind as its comment"),
        false => "Says what tables are for".to_owned(),
    };
    let file = template.files.first().map_or("", |(file, _)| file);
    variables.extend([
        ("crate_name".to_owned(), Value::from(format!("plugin-{name}"))),
        ("name".to_owned(), text(name)),
        ("snake".to_owned(), Value::from(snake(name))),
        ("plain".to_owned(), Value::from(name.replace('-', ""))),
        ("namespace_snake".to_owned(), Value::from(snake(namespace))),
        ("package".to_owned(), Value::from(format!("{namespace}:{name}"))),
        ("description".to_owned(), Value::from(description)),
        ("build".to_owned(), text(template.driver.name())),
        ("language".to_owned(), text(template.driver.language())),
        ("file".to_owned(), text(file)),
        ("kind".to_owned(), Value::from(request.object_type)),
    ]);
    let test = format!("tests/{name}.toml");
    let mut sources = vec![
        ("plugin.toml", template!("plugin.toml")),
        ("README.md", template!("README.md")),
        (test.as_str(), template!("test.toml")),
    ];
    if !request.object_type {
        sources.push(("wit/world.wit", template!("world.wit")));
    }
    sources.extend(template.files);
    let mut files = Vec::new();
    for (path, source) in sources {
        let content = jinja::render(path, source, &variables).map_err(RevisionError::from)?;
        files.push((path.to_owned(), content.into_bytes()));
    }
    fs::create_dir_all(&folder).map_err(RevisionError::write(&folder))?;
    let written = write_files(&folder, &files).and_then(|files| match PluginSource::read(&folder) {
        Ok(_) => Ok(files),
        Err(error) => Err(RevisionError::Plugin {
            reason: error.to_string(),
        }),
    });
    match written {
        Ok(files) => Ok(NewPlugin {
            name: name.to_owned(),
            folder,
            files,
        }),
        Err(error) => {
            // Made above, so nothing of the user's is in it.
            let _ = fs::remove_dir_all(&folder);
            Err(error.into())
        }
    }
}

/// The namespace and the name, each as WIT has names: words of small letters and digits, with a minus between them.
fn names(name: &str) -> Result<(&str, &str), RevisionError> {
    let (namespace, plain) = name.split_once(':').unwrap_or((NAMESPACE, name));
    let word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    let good = |name: &str| name.len() <= MAX_NAME && name.split('-').all(word);
    match (good(namespace) && good(plain), RESERVED.contains(&plain)) {
        (true, false) => Ok((namespace, plain)),
        (_, reserved) => Err(RevisionError::PluginName {
            name: name.chars().take(2 * MAX_NAME).collect(),
            reserved,
        }),
    }
}

/// Words that some language or WIT itself keeps for itself.
const RESERVED: [&str; 36] = [
    "as",
    "bool",
    "case",
    "char",
    "class",
    "const",
    "constructor",
    "default",
    "do",
    "double",
    "else",
    "enum",
    "export",
    "flags",
    "float",
    "for",
    "func",
    "go",
    "if",
    "import",
    "include",
    "int",
    "interface",
    "list",
    "main",
    "mighost",
    "option",
    "package",
    "record",
    "resource",
    "result",
    "static",
    "string",
    "type",
    "use",
    "world",
];

fn of_plugins(error: RevisionError) -> RevisionError {
    match error {
        RevisionError::NoLocation => RevisionError::NoPluginLocation,
        RevisionError::Location { wanted, known } => RevisionError::PluginLocation { wanted, known },
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_wit() {
        assert_eq!(names("stations").unwrap(), ("local", "stations"));
        assert_eq!(names("acme:open-stations2").unwrap(), ("acme", "open-stations2"));
        for wrong in [
            "",
            "Stations",
            "2nd",
            "a--b",
            "a_b",
            "a/b",
            ":a",
            "a:",
            "a:b:c",
            "interface",
            "mighost",
            "-a",
            "a-",
        ] {
            assert!(names(wrong).is_err(), "{wrong}");
        }
        assert!(names(&"a".repeat(65)).is_err());
    }
}
