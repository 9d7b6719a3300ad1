//! Waits until a file of the project changes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::{CommandError, Project};
use mighost_testkit::Stop;

/// The interval at which the files are checked.
const PERIOD: Duration = Duration::from_millis(300);

/// The previous state of the project's files.
pub struct Watch {
    places: Vec<PathBuf>,
    files: BTreeMap<PathBuf, (u64, Option<SystemTime>)>,
}

impl Watch {
    /// Reads the current state of the files.
    ///
    /// # Errors
    /// If the configuration is invalid.
    pub fn begin(project: &Project) -> Result<Self, CommandError> {
        let settings = project.project_settings()?;
        let mut places = settings.migrations;
        places.extend(settings.plugins);
        places.push(settings.root.join(mighost_config::FILE_NAME));
        let files = stamps(&places);
        Ok(Self { places, files })
    }

    /// Blocks until a file is created, removed or changed, and returns it; `None` if `stop` was requested before.
    pub fn wait(&mut self, stop: &Stop) -> Option<PathBuf> {
        loop {
            std::thread::sleep(PERIOD);
            if stop.is_stopped() {
                return None;
            }
            let now = stamps(&self.places);
            let differs =
                |(path, stamp): &(&PathBuf, &(u64, Option<SystemTime>))| self.files.get(*path) != Some(*stamp);
            let changed = now.iter().find(differs).map(|(path, _)| path.clone());
            let gone = || self.files.keys().find(|path| !now.contains_key(*path)).cloned();
            if let Some(path) = changed.or_else(gone) {
                // An editor may write several files, or one in parts.
                std::thread::sleep(PERIOD);
                self.files = stamps(&self.places);
                return Some(path);
            }
        }
    }
}

fn stamps(places: &[PathBuf]) -> BTreeMap<PathBuf, (u64, Option<SystemTime>)> {
    let mut files = BTreeMap::new();
    for place in places {
        collect(place, &mut files);
    }
    files
}

/// The output of builds is ignored, because a build would count as a change.
fn collect(path: &Path, files: &mut BTreeMap<PathBuf, (u64, Option<SystemTime>)>) {
    let Ok(metadata) = std::fs::metadata(path) else { return };
    if !metadata.is_dir() {
        files.insert(path.to_owned(), (metadata.len(), metadata.modified().ok()));
        return;
    }
    for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let hidden = name.as_encoded_bytes().starts_with(b".");
        let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
        if !hidden && !is_link && name != "target" && name != "node_modules" && name != "Cargo.lock" {
            collect(&entry.path(), files);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_noticed_and_what_builds_write_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let places = [folder.path().to_owned()];
        std::fs::create_dir(folder.path().join("target")).unwrap();
        std::fs::write(folder.path().join("a"), "1").unwrap();
        let before = stamps(&places);
        std::fs::write(folder.path().join("target/b"), "1").unwrap();
        assert_eq!(stamps(&places), before);
        std::fs::write(folder.path().join("a"), "12").unwrap();
        assert_ne!(stamps(&places), before);
    }
}
