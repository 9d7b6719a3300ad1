//! Artifacts and keys to make releases of.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use mighost_artifact::{
    ArtifactInfo, Assets, Metadata, PluginMetadata, RevisionMetadata, RevisionsMetadata, assemble, sql_component,
};
use mighost_core::Digest;
use mighost_release::{Draft, Release, ReleaseError, open};
use mighost_trust::namespace;
use mighost_trust::sign::sign;

pub struct Shop {
    folder: tempfile::TempDir,
}

pub fn revision(id: &str, parents: &[&str], labels: &[&str]) -> RevisionMetadata {
    let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    RevisionMetadata {
        revision: id.into(),
        down_revisions: list(parents),
        depends_on: Vec::new(),
        branch_labels: list(labels),
        message: format!("message of {id}"),
        date: None,
        transaction: None,
        capabilities: Vec::new(),
        source_digest: None,
    }
}

impl Shop {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn artifact(&self, name: &str, component: &[u8], metadata: &Metadata, script: &str) -> ArtifactInfo {
        let path = self.path(&format!("{name}.wasm"));
        let mut assets = Assets::new();
        assets.insert("upgrade.sql".into(), script.as_bytes().to_vec());
        let bytes = assemble(&path, component, metadata, &assets).unwrap();
        fs::write(&path, &bytes).unwrap();
        ArtifactInfo::read(path, &bytes).unwrap()
    }

    /// A migration in SQL. All of them share a component.
    pub fn migration(&self, id: &str, parents: &[&str], script: &str) -> ArtifactInfo {
        self.migrations(id, vec![revision(id, parents, &[])], script)
    }

    pub fn migrations(&self, name: &str, revisions: Vec<RevisionMetadata>, script: &str) -> ArtifactInfo {
        let metadata = Metadata::Revisions(RevisionsMetadata::new(None, revisions));
        self.artifact(name, sql_component().unwrap(), &metadata, script)
    }

    pub fn plugin(&self, name: &str, script: &str) -> ArtifactInfo {
        let metadata = PluginMetadata::new(None, name.into(), "1.0.0".into(), String::new(), Vec::new());
        self.artifact(
            &format!("plugin-{name}"),
            b"\0asm\x0d\0\x01\0",
            &Metadata::Plugin(metadata),
            script,
        )
    }

    /// Two migrations and a plugin.
    pub fn artifacts(&self) -> Vec<ArtifactInfo> {
        vec![
            self.migration("a1", &[], "SELECT 1"),
            self.migration("b2", &["a1"], "SELECT 2"),
            self.plugin("roles", "a file"),
        ]
    }

    /// A key that is made once.
    pub fn key(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        if !path.exists() {
            let made = std::process::Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(&path)
                .status()
                .expect("ssh-keygen is needed: install openssh-client");
            assert!(made.success());
        }
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        path
    }

    pub fn signature(&self, name: &str, namespace: &'static str, message: &[u8]) -> Vec<u8> {
        let signed = sign(&self.key(name), namespace, message, &|| None).unwrap();
        signed.armor.into_bytes()
    }

    /// A release signed by `vendor`.
    pub fn release(&self, name: &str, serial: u64, artifacts: &[ArtifactInfo]) -> PathBuf {
        let path = self.path(name);
        let draft = Draft::new(&path, "climate", "1.0", serial, artifacts.iter()).unwrap();
        let signatures = self.signature("vendor", namespace::RELEASE, draft.manifest());
        draft.write(&mut File::create(&path).unwrap(), &signatures).unwrap();
        path
    }

    /// Opens, verifies, reads and unpacks, as a run does.
    pub fn run(&self, path: &Path) -> Result<Release, ReleaseError> {
        let found = open(path)?;
        let signers = found.signers()?;
        let mut release = found.read()?;
        // A change that hides the signatures also changes the list of files.
        assert!(!signers.is_empty(), "it is signed");
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("new");
        release.artifacts(&folder)?;
        release.unpack(&folder)?;
        Ok(release)
    }

    /// The refusal, without paths, keys and digests.
    pub fn refused(&self, path: &Path) -> String {
        let Err(error) = self.run(path) else {
            panic!("it is refused");
        };
        self.shown(&error)
    }

    pub fn shown(&self, error: &ReleaseError) -> String {
        let text = error
            .to_string()
            .replace(&format!("{}/", self.folder.path().display()), "");
        let mut shown = String::new();
        let mut word = String::new();
        for c in text.chars().chain(std::iter::once('\n')) {
            if c.is_ascii_alphanumeric() || "+/:".contains(c) {
                word.push(c);
                continue;
            }
            let digest = word
                .rsplit('/')
                .next()
                .is_some_and(|last| Digest::parse(last).is_some());
            match (digest, word.starts_with("SHA256:")) {
                (true, _) => shown.push_str("DIGEST"),
                (_, true) => shown.push_str("KEY"),
                _ => shown.push_str(&word),
            }
            word.clear();
            shown.push(c);
        }
        shown.trim_end().to_owned()
    }
}
