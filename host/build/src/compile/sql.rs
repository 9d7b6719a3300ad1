//! The driver `sql`: the scripts become assets of a component that is part of the host.

use std::path::Path;

use crate::error::BuildError;
use crate::manifest::MigrationSource;
use mighost_artifact::Assets;

/// The scripts of each revision, byte for byte. In a folder with one revision they are beside its `migration.toml`; with several, each
/// revision has a folder of its name. `downgrade.sql` may be missing: the downgrade then fails with an explanation.
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

/// A script must be UTF-8, because guests and mighost's connection to PostgreSQL treat statements as text.
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
