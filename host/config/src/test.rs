//! `[test]`: settings of `mighost test`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::ConfigError;
use super::load::absolute;
use super::toml_table::Section;
use super::units::parse_duration;

const KEYS: [&str; 6] = ["heads", "irreversible", "loses-rows", "setup", "seeds", "timeout"];

/// The default for the maximum duration of a case, or of a step of a history.
const TIMEOUT: Duration = Duration::from_secs(300);

/// Settings of tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestSettings {
    /// The expected heads of the history, each by its id or by a branch label; `None` if one head is expected, whichever it is.
    pub heads: Vec<String>,
    /// Revisions without a way back, by id.
    pub irreversible: Vec<String>,
    /// Revisions that drop rows which their downgrade cannot restore, by id.
    pub loses_rows: Vec<String>,
    /// Scripts for every new database, run before its first revision: roles, extensions.
    pub setup: Vec<PathBuf>,
    /// A folder of seeds, `REVISION.sql`, each loaded after that revision.
    pub seeds: Option<PathBuf>,
    /// The maximum duration of one case, or of an upgrade or downgrade of one revision of a history.
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
                true => Err(field.bad("the time must be more than zero")),
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
