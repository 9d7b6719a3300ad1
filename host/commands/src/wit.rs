//! `mighost wit`: the interfaces between host and guests, for authors of guests in any language.

mod json;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::{CommandError, Project, context};

use mighost_config::ConfigError;
use mighost_core::{Event, Level, Reporter};

pub use json::described;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitRequest {
    /// The folder to write the files to; `None` to print them as one.
    pub output: Option<PathBuf>,
}

/// The files of the package `mighost:host`; the first documents the package.
pub use mighost_artifact::WIT as FILES;

/// The packages of plugins: WIT by the package's name with its version.
pub type Packages = BTreeMap<String, String>;

/// The interfaces that the project's plugins export, decoded from their components. Empty outside a project.
///
/// # Errors
/// If the configuration, an artifact or a source is invalid.
pub fn of_plugins(project: &Project, reporter: &dyn Reporter) -> Result<Packages, CommandError> {
    let settings = match project.project_settings() {
        Ok(settings) => settings,
        Err(ConfigError::NotFound { .. }) => return Ok(Packages::new()),
        Err(error) => return Err(error.into()),
    };
    let history = context::project_history(&settings, reporter)?;
    let (described, built): (Vec<_>, Vec<_>) = history
        .loaded
        .plugins
        .iter()
        .partition(|plugin| plugin.artifact.is_described());
    for plugin in described {
        reporter.report(Event::Note {
            level: Level::Warn,
            text: format!(
                "the plugin {} is not up to date, so its interfaces are left out; run `mighost build`",
                plugin.metadata.name
            ),
        });
    }
    Ok(mighost_build::interfaces_of_plugins(built)?)
}

/// All files as one: the package is declared once, in the first. Those of plugins are nested in it.
pub fn as_one_file(plugins: &Packages) -> String {
    let mut text = String::new();
    for (index, (_, file)) in FILES.iter().enumerate() {
        let lines = file.lines().filter(|line| index == 0 || !line.starts_with("package "));
        for line in lines {
            text.push_str(line);
            text.push('\n');
        }
    }
    for (package, interfaces) in plugins {
        text.push_str(&format!("\npackage {package} {{\n"));
        for line in interfaces.lines().filter(|line| !line.starts_with("package ")) {
            let line = format!("    {line}");
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text.push_str("}\n");
    }
    text
}

/// Writes the files into `folder`, which is created if missing, and returns their paths. Packages of plugins go into `deps` below it, so
/// that any tool can read the folder. Files of these names are replaced: they are copies of those in the host.
///
/// # Errors
/// If a file cannot be written.
pub fn write_files(folder: &Path, plugins: &Packages) -> Result<Vec<PathBuf>, CommandError> {
    let fail = |path: &Path| {
        let path = path.to_owned();
        move |source| CommandError::Write { path, source }
    };
    fs::create_dir_all(folder).map_err(fail(folder))?;
    let write = |(name, text): &(&str, &str)| -> Result<PathBuf, CommandError> {
        let path = folder.join(name);
        fs::write(&path, text).map_err(fail(&path))?;
        Ok(path)
    };
    let mut paths: Vec<PathBuf> = FILES.iter().map(write).collect::<Result<_, _>>()?;
    for (package, text) in plugins {
        let folder = folder.join("deps").join(package.replace([':', '@'], "-"));
        fs::create_dir_all(&folder).map_err(fail(&folder))?;
        let path = folder.join("package.wit");
        fs::write(&path, text).map_err(fail(&path))?;
        paths.push(path);
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use wit_parser::Resolve;

    use super::*;

    #[test]
    fn one_file_is_the_whole_package() {
        let mut resolve = Resolve::default();
        let package = resolve.push_str("host.wit", &as_one_file(&Packages::new())).unwrap();
        let package = &resolve.packages[package];
        assert_eq!(package.name.to_string(), "mighost:host@0.1.0");
        assert_eq!((package.interfaces.len(), package.worlds.len()), (14, 6));
    }

    #[test]
    fn every_file_of_the_folder_is_carried() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        let mut carried: Vec<_> = FILES.iter().map(|(name, _)| *name).collect();
        carried.sort_unstable();
        assert_eq!(names, carried);
    }

    #[test]
    fn written_files_parse() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("deps/host");
        assert_eq!(write_files(&folder, &Packages::new()).unwrap().len(), FILES.len());
        write_files(&folder, &Packages::new()).unwrap();
        Resolve::default().push_dir(&folder).unwrap();
    }
}
