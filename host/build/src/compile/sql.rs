//! The driver `sql`: the scripts are the assets of a component that the host carries.

use std::path::Path;

use crate::error::BuildError;
use crate::manifest::MigrationSource;
use mighost_artifact::Assets;

/// The scripts of each revision, byte for byte. A folder with one revision has them beside its `migration.toml`; with several,
/// in a folder of the revision's name each. `downgrade.sql` may be missing: the downgrade then fails and says so.
pub(super) fn scripts(source: &MigrationSource) -> Result<Assets, BuildError> {
    let mut assets = Assets::new();
    let several = source.revisions.len() > 1;
    for revision in &source.revisions {
        for script in ["upgrade.sql", "downgrade.sql"] {
            let name = if several {
                format!("{}/{script}", revision.revision)
            } else {
                script.to_owned()
            };
            let path = source.folder.join(&name);
            if script == "downgrade.sql" && !path.exists() {
                continue;
            }
            assets.insert(name, read_script(&path)?);
        }
    }
    Ok(assets)
}

/// A script must be UTF-8, since statements are text to every guest and to PostgreSQL's protocol as mighost speaks it.
fn read_script(path: &Path) -> Result<Vec<u8>, BuildError> {
    let bytes = std::fs::read(path).map_err(BuildError::read(path))?;
    if let Err(error) = std::str::from_utf8(&bytes) {
        let line = bytes[..error.valid_up_to()]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            + 1;
        return Err(BuildError::Source {
            path: path.to_owned(),
            text: format!("line {line} is not UTF-8"),
        });
    }
    Ok(bytes)
}
