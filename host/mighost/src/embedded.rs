//! Project files that are embedded in an application.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Component, Path, PathBuf};

use super::Error;
use mighost_commands::CommandError;

/// A private folder that is removed at the end.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub fn write(files: &[(&str, &[u8])]) -> Result<Self, Error> {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).map_err(|error| CommandError::Write {
            path: std::env::temp_dir(),
            source: io::Error::other(error.to_string()),
        })?;
        let random: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let path = std::env::temp_dir().join(format!("mighost-project-{random}"));
        let fail = |path: &Path, source| CommandError::Write {
            path: path.to_owned(),
            source,
        };
        // Other users could put migrations into a folder to which they can write.
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(|error| fail(&path, error))?;
        let folder = Self(path);
        for (name, content) in files {
            let inside = Path::new(name)
                .components()
                .all(|part| matches!(part, Component::Normal(_)));
            let file = folder.0.join(name);
            if !inside || name.is_empty() {
                let source = io::Error::other("the path leads out of the project");
                return Err(fail(Path::new(name), source).into());
            }
            if let Some(parent) = file.parent() {
                fs::create_dir_all(parent).map_err(|error| fail(parent, error))?;
            }
            fs::write(&file, content).map_err(|error| fail(&file, error))?;
        }
        Ok(folder)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Remaining files are in the folder for temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}
