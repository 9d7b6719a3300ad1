//! Source folders: `migration.toml` or `plugin.toml` with the code beside it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::custom_build::CommandBuild;
use crate::driver::{Driver, driver};
use crate::error::BuildError;
use crate::fingerprint::{FileStamps, TESTS};
use mighost_artifact::{ArtifactError, InterfaceName, RevisionMetadata};
use mighost_core::{Digest, TransactionMode};
use mighost_graph::check_id;

/// The maximum size of a `migration.toml` or `plugin.toml`.
const MAX_MANIFEST: u64 = 1 << 20;

/// Folders in a source folder with a special meaning.
const FOLDERS: [&str; 4] = ["assets", "node_modules", "target", TESTS];

/// A migration's folder.
#[derive(Clone, Debug)]
pub struct MigrationSource {
    pub folder: PathBuf,
    pub driver: Driver,
    /// Only for the driver `command`.
    pub command: Option<CommandBuild>,
    pub revisions: Vec<RevisionMetadata>,
    /// Interfaces of plugins that it imports. Rust guests name them in their code.
    pub uses: Vec<InterfaceName>,
}

/// A plugin's folder.
#[derive(Clone, Debug)]
pub struct PluginSource {
    pub folder: PathBuf,
    pub driver: Driver,
    /// Only for the driver `command`.
    pub command: Option<CommandBuild>,
    pub name: String,
    pub version: String,
    pub description: String,
    pub kinds: Vec<String>,
    /// The hooks that it exports.
    pub hooks: Vec<Hook>,
    /// Interfaces of other plugins that it imports. Rust guests name them in their code.
    pub uses: Vec<InterfaceName>,
    /// Whether it is not a plugin but a test, which has a world of its own and is otherwise built and stored like a plugin.
    pub test: bool,
}

/// A hook, as named in `plugin.toml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hook {
    OnVersionApply,
}

/// `migration.toml`: one revision at the top, or several under `[[revisions]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct MigrationManifest {
    build: Option<Driver>,
    command: Option<Vec<String>>,
    output: Option<String>,
    revision: Option<String>,
    #[serde(default)]
    down_revisions: Vec<String>,
    #[serde(default)]
    depends_on: Vec<String>,
    #[serde(default)]
    branch_labels: Vec<String>,
    #[serde(default)]
    message: String,
    date: Option<String>,
    transaction: Option<TransactionMode>,
    #[serde(default)]
    capabilities: Vec<String>,
    #[serde(default)]
    uses: Vec<InterfaceName>,
    #[serde(default)]
    revisions: Vec<RevisionManifest>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RevisionManifest {
    revision: String,
    #[serde(default)]
    down_revisions: Vec<String>,
    #[serde(default)]
    depends_on: Vec<String>,
    #[serde(default)]
    branch_labels: Vec<String>,
    #[serde(default)]
    message: String,
    date: Option<String>,
    transaction: Option<TransactionMode>,
    #[serde(default)]
    capabilities: Vec<String>,
}

impl From<RevisionManifest> for RevisionMetadata {
    fn from(manifest: RevisionManifest) -> Self {
        Self {
            revision: manifest.revision,
            down_revisions: manifest.down_revisions,
            depends_on: manifest.depends_on,
            branch_labels: manifest.branch_labels,
            message: manifest.message,
            date: manifest.date,
            transaction: manifest.transaction,
            capabilities: manifest.capabilities,
            source_digest: None,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct PluginManifest {
    build: Option<Driver>,
    command: Option<Vec<String>>,
    output: Option<String>,
    name: String,
    version: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    kinds: Vec<String>,
    #[serde(default)]
    hooks: Vec<Hook>,
    #[serde(default)]
    uses: Vec<InterfaceName>,
}

/// `test.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct TestManifest {
    build: Option<Driver>,
    command: Option<Vec<String>>,
    output: Option<String>,
    #[serde(default)]
    description: String,
    #[serde(default)]
    uses: Vec<InterfaceName>,
}

impl MigrationSource {
    /// The name of the manifest.
    pub const MANIFEST: &'static str = "migration.toml";

    /// Reads `folder/migration.toml`.
    ///
    /// # Errors
    /// If the file cannot be read, is not valid, or names no code.
    pub fn read(folder: &Path) -> Result<Self, BuildError> {
        let path = folder.join(Self::MANIFEST);
        let mut manifest: MigrationManifest = read_manifest(&path)?;
        let mut revisions: Vec<RevisionMetadata> = Vec::new();
        let listed = std::mem::take(&mut manifest.revisions);
        match manifest.revision {
            Some(revision) if listed.is_empty() => revisions.push(RevisionMetadata {
                revision,
                down_revisions: manifest.down_revisions,
                depends_on: manifest.depends_on,
                branch_labels: manifest.branch_labels,
                message: manifest.message,
                date: manifest.date,
                transaction: manifest.transaction,
                capabilities: manifest.capabilities,
                source_digest: None,
            }),
            None if !listed.is_empty() => revisions.extend(listed.into_iter().map(RevisionMetadata::from)),
            Some(_) => {
                let text =
                    "it has both `revision` and [[revisions]]; use `revision` for one revision and [[revisions]] for \
                     several"
                        .into();
                return Err(BuildError::Source { path, text });
            }
            None => {
                return Err(BuildError::Source {
                    path,
                    text: "`revision` is missing".into(),
                });
            }
        }
        // Ids become parts of paths.
        for revision in &revisions {
            check_id(&revision.revision).map_err(|error| BuildError::Source {
                path: path.clone(),
                text: error.to_string(),
            })?;
        }
        // If there are several revisions, each has its scripts in a folder of its name.
        let taken = |revision: &&RevisionMetadata| FOLDERS.contains(&revision.revision.as_str());
        if let ([_, _, ..], Some(revision)) = (revisions.as_slice(), revisions.iter().find(taken)) {
            let text = format!(
                "a revision in [[revisions]] cannot be called {}: that folder name is reserved",
                revision.revision
            );
            return Err(BuildError::Source { path, text });
        }
        let command = CommandBuild::read(&path, manifest.build, manifest.command, manifest.output)?;
        let driver = driver(folder, manifest.build, Some(&revisions))?;
        Ok(Self {
            folder: folder.to_owned(),
            driver,
            command,
            revisions,
            uses: manifest.uses,
        })
    }
}

impl PluginSource {
    /// The name of the manifest.
    pub const MANIFEST: &'static str = "plugin.toml";

    /// Reads `folder/plugin.toml`.
    ///
    /// # Errors
    /// If the file cannot be read, is not valid, or names no code.
    pub fn read(folder: &Path) -> Result<Self, BuildError> {
        let path = folder.join(Self::MANIFEST);
        let manifest: PluginManifest = read_manifest(&path)?;
        let command = CommandBuild::read(&path, manifest.build, manifest.command, manifest.output)?;
        let driver = driver(folder, manifest.build, None)?;
        Ok(Self {
            folder: folder.to_owned(),
            driver,
            command,
            name: manifest.name,
            version: manifest.version,
            description: manifest.description,
            kinds: manifest.kinds,
            hooks: manifest.hooks,
            uses: manifest.uses,
            test: false,
        })
    }

    /// The name of the manifest.
    pub const TEST_MANIFEST: &'static str = mighost_artifact::TEST_MANIFEST;

    /// Reads `folder/test.toml`. A test is named after the guest that it tests and its own folder, e.g. `roles/setting`.
    ///
    /// # Errors
    /// If the file cannot be read, is not valid, or names no code.
    pub fn read_test(folder: &Path) -> Result<Self, BuildError> {
        let path = folder.join(Self::TEST_MANIFEST);
        let manifest: TestManifest = read_manifest(&path)?;
        let command = CommandBuild::read(&path, manifest.build, manifest.command, manifest.output)?;
        let driver = driver(folder, manifest.build, None)?;
        let part = |path: Option<&Path>| {
            let name = path.and_then(Path::file_name).unwrap_or_default();
            name.to_string_lossy().into_owned()
        };
        let subject = folder.parent().and_then(Path::parent);
        Ok(Self {
            folder: folder.to_owned(),
            driver,
            command,
            name: format!("{}/{}", part(subject), part(Some(folder))),
            version: "0.0.0".into(),
            description: manifest.description,
            kinds: Vec::new(),
            hooks: Vec::new(),
            uses: manifest.uses,
            test: true,
        })
    }
}

fn read_manifest<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, BuildError> {
    let size = fs::metadata(path).map_err(BuildError::read(path))?.len();
    if size > MAX_MANIFEST {
        let error = ArtifactError::TooLarge {
            path: path.to_owned(),
            size,
            limit: MAX_MANIFEST,
        };
        return Err(error.into());
    }
    let text = fs::read_to_string(path).map_err(BuildError::read(path))?;
    // The error message has line and column and shows the line.
    toml::from_str(&text).map_err(|error| BuildError::Source {
        path: path.to_owned(),
        text: error.to_string(),
    })
}

/// The digest of the names and contents of the files, without `Cargo.lock`, which may change without a change of the migration. Line ends of
/// text outside of `assets/` count as LF: a checkout with CRLF is the same migration. Of `migration.toml`, what decides what runs counts;
/// see [`what_runs`].
///
/// # Errors
/// If a file cannot be read.
pub fn source_digest(folder: &Path, files: &FileStamps) -> Result<Digest, BuildError> {
    let mut parts = Vec::new();
    for path in files.keys().filter(|path| !path.ends_with("Cargo.lock")) {
        let full = folder.join(path);
        parts.push(path.to_string_lossy().replace('\\', "/").into_bytes());
        let content = fs::read(&full).map_err(BuildError::read(&full))?;
        if path == Path::new(MigrationSource::MANIFEST) {
            parts.push(what_runs(&full, &content, None)?);
            continue;
        }
        parts.push(match path.starts_with("assets") || content.contains(&0) {
            true => content,
            false => with_line_feeds(&content),
        });
    }
    Ok(Digest::of_parts(parts.iter().map(Vec::as_slice)))
}

/// The digest of one of several revisions in a folder: of its own files, and of what `migration.toml` says of it.
///
/// # Errors
/// If a file cannot be read.
pub fn source_digest_of(folder: &Path, files: &FileStamps, revision: &str) -> Result<Digest, BuildError> {
    let own = files.iter().filter(|(path, _)| path.starts_with(revision));
    let own: FileStamps = own.map(|(path, stamp)| (path.clone(), *stamp)).collect();
    let manifest = folder.join(MigrationSource::MANIFEST);
    let content = fs::read(&manifest).map_err(BuildError::read(&manifest))?;
    let settings = what_runs(&manifest, &content, Some(revision))?;
    let scripts = source_digest(folder, &own)?.to_string();
    Ok(Digest::of_parts([settings.as_slice(), scripts.as_bytes()]))
}

/// The settings in a `migration.toml` that decide what runs, and when, in an order of their own: neither texts for people nor labels, and
/// no comments. With `revision`, those of one of its [[revisions]].
fn what_runs(path: &Path, manifest: &[u8], revision: Option<&str>) -> Result<Vec<u8>, BuildError> {
    const FOR_PEOPLE: [&str; 3] = ["message", "date", "branch-labels"];
    type Settings = BTreeMap<String, toml::Value>;
    let failed = |text: String| BuildError::Source {
        path: path.to_owned(),
        text,
    };
    let counts =
        |name: &str, value: &toml::Value| !FOR_PEOPLE.contains(&name) && !value.as_array().is_some_and(Vec::is_empty);
    let text = String::from_utf8_lossy(manifest);
    let mut settings: Settings = toml::from_str(&text).map_err(|error| failed(error.to_string()))?;
    let revisions = settings.remove("revisions");
    settings.retain(|name, value| counts(name, value));
    let revisions: Vec<Settings> = revisions
        .iter()
        .filter_map(toml::Value::as_array)
        .flatten()
        .filter_map(toml::Value::as_table)
        .filter(|table| revision.is_none_or(|only| table.get("revision").and_then(toml::Value::as_str) == Some(only)))
        .map(|table| table.iter().filter(|(name, value)| counts(name, value)))
        .map(|table| table.map(|(name, value)| (name.clone(), value.clone())).collect())
        .collect();
    serde_json::to_vec(&(settings, revisions)).map_err(|error| failed(error.to_string()))
}

fn with_line_feeds(text: &[u8]) -> Vec<u8> {
    let mut normal = Vec::with_capacity(text.len());
    for (index, byte) in text.iter().enumerate() {
        if *byte != b'\r' || text.get(index + 1) != Some(&b'\n') {
            normal.push(*byte);
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::SourceStamps;

    fn digest(files: &[(&str, &[u8])]) -> Digest {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let stamps = SourceStamps::read(folder.path(), MigrationSource::MANIFEST)
            .unwrap()
            .unwrap();
        source_digest(folder.path(), &stamps.files).unwrap()
    }

    /// What git and editors do to a checkout is no change of an applied revision.
    #[test]
    fn line_ends_and_backups_do_not_change_a_migration() {
        let manifest: (&str, &[u8]) = ("migration.toml", b"revision = 'a'\n");
        let same = digest(&[
            manifest,
            ("upgrade.sql", b"select 1;\nselect 2;\n"),
            ("assets/a", b"1\r\n"),
        ]);
        for others in [
            &[("upgrade.sql", b"select 1;\r\nselect 2;\r\n".as_slice())][..],
            &[("upgrade.sql", b"select 1;\nselect 2;\n"), ("upgrade.sql~", b"")],
            &[("upgrade.sql", b"select 1;\nselect 2;\n"), ("#upgrade.sql#", b"")],
            &[("upgrade.sql", b"select 1;\nselect 2;\n"), ("upgrade.sql.orig", b"")],
        ] {
            let files: Vec<_> = [manifest, ("assets/a", b"1\r\n")]
                .into_iter()
                .chain(others.iter().copied())
                .collect();
            assert_eq!(digest(&files), same, "{others:?}");
        }
        for others in [
            &[
                ("upgrade.sql", b"select 1;\rselect 2;\n".as_slice()),
                ("assets/a", b"1\r\n"),
            ][..],
            &[("upgrade.sql", b"select 1;\nselect 2;\n"), ("assets/a", b"1\n")],
            &[
                ("upgrade.sql", b"select 1;\nselect 2;\n"),
                ("assets/a", b"1\r\n"),
                ("assets/a~", b""),
            ],
        ] {
            let files: Vec<_> = [manifest].into_iter().chain(others.iter().copied()).collect();
            assert_ne!(digest(&files), same, "{others:?}");
        }
    }

    #[test]
    fn texts_for_people_do_not_change_a_migration() {
        let of = |manifest: &str| digest(&[("migration.toml", manifest.as_bytes()), ("upgrade.sql", b"select 1")]);
        let same = of("revision = 'b'\ndown-revisions = ['a']\nmessage = 'mesage'\n");
        for manifest in [
            "revision = 'b'\ndown-revisions = ['a']\nmessage = 'message'\n",
            "# a comment\ndown-revisions = [\n  'a',\n]\nrevision = \"b\"\n",
            "revision = 'b'\ndown-revisions = ['a']\ndate = '2026-12-01T00:00:00Z'\nbranch-labels = ['x']\ndepends-on = []\n",
        ] {
            assert_eq!(of(manifest), same, "{manifest}");
        }
        for manifest in [
            "revision = 'b'\n",
            "revision = 'b'\ndown-revisions = ['c']\n",
            "revision = 'b'\ndown-revisions = ['a']\ntransaction = 'none'\n",
            "revision = 'b'\ndown-revisions = ['a']\ndepends-on = ['d']\n",
            "revision = 'b'\ndown-revisions = ['a']\nuses = ['mighost:roles/roles@0.1.0']\n",
        ] {
            assert_ne!(of(manifest), same, "{manifest}");
        }
    }

    #[test]
    fn one_of_several_revisions_changes_alone() {
        let of = |message: &str, parent: &str, script: &str| {
            let manifest = format!(
                "[[revisions]]\nrevision = 'a'\nmessage = '{message}'\n\n[[revisions]]\nrevision = 'b'\ndown-revisions = ['{parent}']\n"
            );
            let folder = tempfile::tempdir().unwrap();
            for (name, content) in [
                ("migration.toml", manifest.as_str()),
                ("a/upgrade.sql", script),
                ("b/upgrade.sql", ""),
            ] {
                let path = folder.path().join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, content).unwrap();
            }
            let stamps = SourceStamps::read(folder.path(), MigrationSource::MANIFEST)
                .unwrap()
                .unwrap();
            ["a", "b"].map(|revision| source_digest_of(folder.path(), &stamps.files, revision).unwrap())
        };
        let [a, b] = of("x", "a", "select 1");
        assert_eq!(of("y", "a", "select 1"), [a, b]);
        let [same, other] = of("x", "z", "select 1");
        assert!(same == a && other != b);
        let [other, same] = of("x", "a", "select 2");
        assert!(other != a && same == b);
    }
}
