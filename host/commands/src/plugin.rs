//! `mighost plugin new`: the sources of a new plugin, with a test and a README.

use std::fs;
use std::path::PathBuf;

use minijinja::value::Value;

use super::revision::error::NewRevisionError;
use super::revision::{jinja, rust, sdk_folder, write_files};
use super::{CommandError, Project};
use mighost_build::{Driver, PluginSource};

/// The namespace of a plugin's package, if its name has none before a colon.
const NAMESPACE: &str = "local";
/// Longer names are unsuitable for folders.
const MAX_NAME: usize = 64;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPluginRequest {
    /// E.g. `stations`, or `acme:stations` with the namespace of its package.
    pub name: String,
    /// The language: the name of a build driver.
    pub template: String,
    /// Whether it provides a kind of object, of its own name, instead of an operation.
    pub kind: bool,
    /// The folder of plugins to write to, one of the project's; the first by default.
    pub folder: Option<PathBuf>,
}

/// The result.
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

/// The files for a language, the one with the code first.
struct Template {
    driver: Driver,
    files: &'static [(&'static str, &'static str)],
    /// A migration that uses the plugin, for the README.
    usage: &'static str,
}

const TEMPLATES: [Template; 8] = [
    Template {
        driver: Driver::Rust,
        files: &[
            ("src/lib.rs", template!("rust/src/lib.rs")),
            ("Cargo.toml", template!("rust/Cargo.toml")),
        ],
        usage: template!("rust/use"),
    },
    Template {
        driver: Driver::C,
        files: &[("plugin.c", template!("c/plugin.c"))],
        usage: template!("c/use"),
    },
    Template {
        driver: Driver::Cpp,
        files: &[("plugin.cpp", template!("cpp/plugin.cpp"))],
        usage: template!("cpp/use"),
    },
    Template {
        driver: Driver::Zig,
        files: &[("plugin.zig", template!("zig/plugin.zig"))],
        usage: template!("zig/use"),
    },
    Template {
        driver: Driver::Go,
        files: &[("plugin.go", template!("go/plugin.go"))],
        usage: template!("go/use"),
    },
    Template {
        driver: Driver::Javascript,
        files: &[("plugin.js", template!("javascript/plugin.js"))],
        usage: template!("javascript/use"),
    },
    Template {
        driver: Driver::Typescript,
        files: &[("plugin.ts", template!("typescript/plugin.ts"))],
        usage: template!("typescript/use"),
    },
    Template {
        driver: Driver::Python,
        files: &[("plugin.py", template!("python/plugin.py"))],
        usage: template!("python/use"),
    },
];

/// Writes the folder of a new plugin into the project's folder of plugins.
///
/// # Errors
/// If the configuration is invalid, the name cannot be that of a plugin, there is no such template, or the folder exists or cannot be
/// written. An incomplete folder is removed.
pub fn run(project: &Project, request: &NewPluginRequest) -> Result<NewPlugin, CommandError> {
    let settings = project.project_settings()?;
    let (namespace, name) = names(&request.name)?;
    let template = TEMPLATES
        .iter()
        .find(|template| template.driver.name() == request.template)
        .ok_or_else(|| NewRevisionError::UnknownPluginTemplate {
            name: request.template.clone(),
            known: TEMPLATES.iter().map(|template| template.driver.name()).collect(),
        })?;
    let location =
        super::revision::choose_location(&settings.plugins, request.folder.as_deref()).map_err(of_plugins)?;
    let folder = location.join(name);
    if folder.exists() {
        return Err(NewRevisionError::Exists { folder }.into());
    }
    let sdk = sdk_folder(project, &settings.root)?;
    let mut variables = rust::variables(&location, name, &sdk);
    let text = |text: &str| Value::from(text);
    let snake = |name: &str| name.replace('-', "_");
    let description = match request.kind {
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
        ("kind".to_owned(), Value::from(request.kind)),
    ]);
    let example = jinja::render("usage", template.usage, &variables).map_err(NewRevisionError::from)?;
    let migration = template.driver.migration_files().first().copied().unwrap_or_default();
    variables.extend([
        ("example".to_owned(), Value::from(example)),
        ("migration".to_owned(), text(migration)),
    ]);
    let test = format!("tests/{name}.toml");
    let mut sources = vec![
        ("plugin.toml", template!("plugin.toml")),
        ("README.md", template!("README.md")),
        (test.as_str(), template!("test.toml")),
    ];
    if !request.kind {
        sources.push(("wit/world.wit", template!("world.wit")));
    }
    sources.extend(template.files);
    let mut files = Vec::new();
    for (path, source) in sources {
        let content = jinja::render(path, source, &variables).map_err(NewRevisionError::from)?;
        files.push((path.to_owned(), content.into_bytes()));
    }
    fs::create_dir_all(&folder).map_err(NewRevisionError::write(&folder))?;
    let written = write_files(&folder, &files).and_then(|files| match PluginSource::read(&folder) {
        Ok(_) => Ok(files),
        Err(error) => Err(NewRevisionError::Plugin {
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
            // Created above, so it contains no files of the user.
            let _ = fs::remove_dir_all(&folder);
            Err(error.into())
        }
    }
}

/// The namespace and the name, both valid in WIT: words of lower-case letters and digits, separated by hyphens.
fn names(name: &str) -> Result<(&str, &str), NewRevisionError> {
    let (namespace, plain) = name.split_once(':').unwrap_or((NAMESPACE, name));
    let word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    let good = |name: &str| name.len() <= MAX_NAME && name.split('-').all(word);
    // A Go package is named without the hyphen.
    let joined = plain.replace('-', "");
    let among = |words: &str, name: &str| words.split(' ').any(|word| word == name);
    let keyword = |name: &&str| RESERVED.iter().any(|words| among(words, name));
    let reserved = [namespace, plain, joined.as_str()].iter().any(keyword)
        || among(OWN, &joined)
        || namespace == "wasi"
        || (namespace, plain) == ("mighost", "host");
    match good(namespace) && good(plain) && !reserved {
        true => Ok((namespace, plain)),
        false => Err(NewRevisionError::PluginName {
            name: name.chars().take(2 * MAX_NAME).collect(),
            reserved,
        }),
    }
}

/// Names of mighost's own packages and modules.
const OWN: &str = "alloc assets context core database exports log mighost objects std";

/// Reserved words of WIT and of the languages in which the name becomes an identifier: Rust, Go, Python.
const RESERVED: [&str; 4] = [
    "as async bool borrow char constructor enum export f32 f64 flags from func future import include interface list map option own package \
     record resource result s16 s32 s64 s8 static stream string tuple type u16 u32 u64 u8 use variant with world",
    "abstract await become box break const continue crate do dyn else extern false final fn for gen if impl in let loop macro match mod move \
     mut override priv pub ref return self struct super trait true try typeof unsafe unsized virtual where while yield",
    "case chan default defer fallthrough go goto init main range select switch var",
    "and assert class def del elif except finally global is lambda nonlocal not or pass raise",
];

fn of_plugins(error: NewRevisionError) -> NewRevisionError {
    match error {
        NewRevisionError::NoLocation => NewRevisionError::NoPluginLocation,
        NewRevisionError::Location { wanted, known } => NewRevisionError::PluginLocation { wanted, known },
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
        assert_eq!(names("acme:mod-tables").unwrap(), ("acme", "mod-tables"));
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
            "map",
            "mod",
            "def",
            "async:stations",
            "wasi:clocks",
            "mighost:host",
            "mighost",
            "-a",
            "a-",
        ] {
            assert!(names(wrong).is_err(), "{wrong}");
        }
        assert!(names(&"a".repeat(65)).is_err());
    }
}
