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
    if let Some(format) = dump_format(&bytes) {
        return Err(BuildError::Source {
            path: path.to_owned(),
            text: format!(
                "this is a dump in pg_dump's {format} format, not a script; convert it with `pg_restore -f SCRIPT DUMP`"
            ),
        });
    }
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

/// The format of a dump that only pg_restore can read. The archive of the tar format begins with its table of contents.
fn dump_format(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(b"PGDMP") {
        Some("custom")
    } else if bytes.starts_with(b"toc.dat\0") {
        Some("tar")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dump_that_is_no_script_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("upgrade.sql");
        for (bytes, format) in [(b"PGDMP\x01\x0e\0".as_slice(), "custom"), (b"toc.dat\0\0", "tar")] {
            std::fs::write(&path, bytes).unwrap();
            let error = read_script(&path).unwrap_err().to_string();
            assert!(error.contains(&format!("pg_dump's {format} format")), "{error}");
        }
        std::fs::write(&path, "-- PGDMP").unwrap();
        assert_eq!(read_script(&path).unwrap(), b"-- PGDMP");
    }
}
