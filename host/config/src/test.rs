//! `[test]`: what `mighost test` must know of the project.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::ConfigError;
use super::load::absolute;
use super::toml_table::Section;
use super::units::parse_duration;

const KEYS: [&str; 6] = ["heads", "irreversible", "loses-rows", "setup", "seeds", "timeout"];

/// How long a case, or a step of a history, may take where the file does not say it.
const TIMEOUT: Duration = Duration::from_secs(300);

/// How tests are run.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// How long one case may take, or one revision of a history to go up or down.
    pub timeout: Duration,
}

impl Default for TestSettings {
    fn default() -> Self {
        Self {
            heads: Vec::new(),
            irreversible: Vec::new(),
            loses_rows: Vec::new(),
            setup: Vec::new(),
            seeds: None,
            timeout: TIMEOUT,
        }
    }
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
        let timeout = section.read("timeout", |field| {
            let timeout = field.parsed(parse_duration)?;
            match timeout.is_zero() {
                true => Err(field.bad("a test needs some time")),
                false => Ok(timeout),
            }
        })?;
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
            timeout: timeout.unwrap_or(TIMEOUT),
        })
    }
}
