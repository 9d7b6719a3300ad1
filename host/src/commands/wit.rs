//! `mighost wit`: the contract between host and guests, for those who write guests in any language.

use std::fs;
use std::path::{Path, PathBuf};

use super::CommandError;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitRequest {
    /// The folder to write the files to; none to print them as one.
    pub output: Option<PathBuf>,
}

/// The files of the package `mighost:host`; the first documents the package.
pub use crate::artifact::WIT as FILES;

/// All files as one: the package is declared once, by the first.
pub fn as_one_file() -> String {
    let mut text = String::new();
    for (index, (_, file)) in FILES.iter().enumerate() {
        let lines = file.lines().filter(|line| index == 0 || !line.starts_with("package "));
        for line in lines {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// Writes the files into `folder`, which is created when missing, and returns their paths. Files of these names are
/// replaced: they are a copy of what the host carries.
///
/// # Errors
/// When a file cannot be written.
pub fn write_files(folder: &Path) -> Result<Vec<PathBuf>, CommandError> {
    let fail = |path: &Path| {
        let path = path.to_owned();
        move |source| CommandError::Write { path, source }
    };
    fs::create_dir_all(folder).map_err(fail(folder))?;
    let write = |(name, text): &(&str, &str)| {
        let path = folder.join(name);
        fs::write(&path, text).map_err(fail(&path))?;
        Ok(path)
    };
    FILES.iter().map(write).collect()
}

#[cfg(test)]
mod tests {
    use wit_parser::Resolve;

    use super::*;

    #[test]
    fn one_file_is_the_whole_package() {
        let mut resolve = Resolve::default();
        let package = resolve.push_str("host.wit", &as_one_file()).unwrap();
        let package = &resolve.packages[package];
        assert_eq!(package.name.to_string(), "mighost:host@0.1.0");
        assert_eq!((package.interfaces.len(), package.worlds.len()), (9, 5));
    }

    #[test]
    fn every_file_of_the_folder_is_carried() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit");
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
        assert_eq!(write_files(&folder).unwrap().len(), FILES.len());
        write_files(&folder).unwrap();
        Resolve::default().push_dir(&folder).unwrap();
    }
}
