//! `requirements.txt`, and the files that it names.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::error::BuildError;

pub(super) const REQUIREMENTS: &str = "requirements.txt";

/// The input that determines which packages are installed.
#[derive(Default)]
pub(super) struct Requirements {
    /// The files, with their contents.
    pub files: Vec<(PathBuf, Vec<u8>)>,
    /// Whether they name any package.
    pub any: bool,
}

/// Reads it and the files that `-r` and `-c` name; empty if it does not exist.
///
/// # Errors
/// If one of them cannot be read or is not below `folder`: only files in the folder are sources, and others could change unnoticed.
pub(super) fn read(folder: &Path) -> Result<Requirements, BuildError> {
    let mut requirements = Requirements::default();
    if !folder.join(REQUIREMENTS).is_file() {
        return Ok(requirements);
    }
    let mut seen = BTreeSet::new();
    let mut pending = vec![PathBuf::from(REQUIREMENTS)];
    while let Some(name) = pending.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        let path = folder.join(&name);
        let bytes = fs::read(&path).map_err(BuildError::read(&path))?;
        for line in String::from_utf8_lossy(&bytes).lines() {
            let line = line.split(" #").next().unwrap_or_default().trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = |what: &str| BuildError::Source {
                path: path.clone(),
                text: format!("{line} refers to {what}: a guest's sources must be in its folder"),
            };
            if let Some(named) = file_of(line) {
                if named.contains("://") {
                    return Err(wrong("a file on another machine"));
                }
                // As in pip, relative to the file that names it.
                let beside = name.parent().unwrap_or(Path::new("")).join(named);
                pending.push(below(&beside).ok_or_else(|| wrong("a file outside the folder"))?);
                continue;
            }
            requirements.any |= !line.starts_with('-') || is_editable(line);
            let local = line.starts_with(['.', '/']) || line.contains("file:") || is_editable(line);
            if local {
                // A wheel beside the code is a source file; the result of building a folder of sources is unknown.
                let wheel = below(Path::new(line)).filter(|path| folder.join(path).is_file());
                let wheel = wheel.ok_or_else(|| wrong("a package that is not a wheel in the folder"))?;
                let path = folder.join(&wheel);
                let content = fs::read(&path).map_err(BuildError::read(&path))?;
                requirements.files.push((wheel, content));
            }
        }
        requirements.files.push((name, bytes));
    }
    Ok(requirements)
}

/// The file that a line includes, as requirements or as constraints.
fn file_of(line: &str) -> Option<&str> {
    for option in ["--requirement", "--constraint", "-r", "-c"] {
        if let Some(rest) = line.strip_prefix(option) {
            let long = option.starts_with("--");
            let rest = match (long, rest.strip_prefix('=')) {
                (true, Some(rest)) => rest,
                (true, None) if !rest.starts_with([' ', '\t']) => continue,
                _ => rest,
            };
            return Some(rest.trim().trim_matches(['"', '\'']));
        }
    }
    None
}

fn is_editable(line: &str) -> bool {
    line.starts_with("-e ") || line.starts_with("--editable")
}

/// A path without `.` and `..`; `None` if it leads outside.
fn below(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::Normal(name) => plain.push(name),
            Component::ParentDir if plain.pop() => {}
            _ => return None,
        }
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(requirements: &Requirements) -> Vec<&str> {
        let mut names: Vec<&str> = requirements
            .files
            .iter()
            .filter_map(|(name, _)| name.to_str())
            .collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn files_that_are_named_count() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        assert!(!read(folder.path()).unwrap().any);
        write(
            REQUIREMENTS,
            "# nothing\n-r more/base.txt # of all\n--constraint=pins.txt\n",
        );
        write("more/base.txt", "-r ../requirements.txt\n");
        write("pins.txt", "a==1\n");
        let found = read(folder.path()).unwrap();
        assert_eq!(names(&found), ["more/base.txt", "pins.txt", REQUIREMENTS]);
        write("a-1.whl", "");
        write("more/base.txt", "./a-1.whl\n--index-url x\n");
        let found = read(folder.path()).unwrap();
        assert!(found.any && names(&found).contains(&"a-1.whl"));
        for (line, why) in [
            ("-r ../all.txt", "a file outside the folder"),
            ("-r https://example.org/all.txt", "another machine"),
            ("-e ./package", "not a wheel in the folder"),
            ("./more", "not a wheel in the folder"),
            ("a @ file:///a", "not a wheel in the folder"),
        ] {
            write(REQUIREMENTS, line);
            let refused = read(folder.path()).err().unwrap().to_string();
            assert!(refused.contains(why) && refused.contains(line), "{refused}");
        }
    }
}
