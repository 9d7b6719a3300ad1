//! `[test]`: what `mighost test` must know of the project.

use std::path::{Path, PathBuf};

use super::ConfigError;
use super::load::absolute;
use super::toml_table::Section;

const KEYS: [&str; 5] = ["heads", "irreversible", "loses-rows", "setup", "seeds"];

/// How tests are run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TestSettings {
    /// The heads that the history is to have, each by its id or by a branch label; none where it is to have one, whichever.
    pub heads: Vec<String>,
    /// Revisions that have no way back, by id.
    pub irreversible: Vec<String>,
    /// Revisions that drop rows which no downgrade brings back, by id.
    pub loses_rows: Vec<String>,
    /// Scripts for every new database, before its first revision: roles, extensions.
    pub setup: Vec<PathBuf>,
    /// A folder of seeds, `REVISION.sql`, put in after that revision.
    pub seeds: Option<PathBuf>,
}

impl TestSettings {
    /// Reads the table; `root` is the project's folder.
    pub(super) fn read(section: &Section<'_, '_>, root: &Path) -> Result<Self, ConfigError> {
        section.check_keys(&KEYS, |_| None)?;
        let list = |key| section.read(key, |field| field.texts()).map(Option::unwrap_or_default);
        let setup = section.read("setup", |field| match field.text() {
            Ok(one) => Ok(vec![one.to_owned()]),
            Err(_) => field.texts(),
        })?;
        let seeds = section.read("seeds", |field| field.text().map(|path| absolute(root, path)))?;
        Ok(Self {
            heads: list("heads")?,
            irreversible: list("irreversible")?,
            loses_rows: list("loses-rows")?,
            setup: setup
                .unwrap_or_default()
                .iter()
                .map(|path| absolute(root, path))
                .collect(),
            seeds,
        })
    }
}
