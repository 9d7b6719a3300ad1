//! The cache of machine code on disk, by digest of the code, engine version and settings.
//!
//! Machine code must be trusted to be loaded. It is therefore loaded only from one folder, which only the user may write to, and only with
//! a checksum, so that a damaged disk does not crash the process. The checksum is keyed by a secret outside of the folder: a file that was
//! copied from another user's cache is not loaded either. It is in a file of its own, so that wasmtime can map the code into memory: reading
//! and copying the 37 MB of a Python guest takes longer than to hash them. Artifacts never contain machine code.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use wasmtime::Engine;
use wasmtime::component::Component;

use mighost_core::Digest;

/// How the names of checksums end.
const CHECKSUM: &str = "checksum";

/// The folder of compiled components.
pub(super) struct CompileCache {
    folder: PathBuf,
    /// The key of the checksums.
    key: [u8; blake3::KEY_LEN],
    /// Identifies wasmtime's version and settings: machine code of another one cannot be loaded.
    engine: u64,
}

impl CompileCache {
    /// The user's cache folder, `$XDG_CACHE_HOME/mighost/compiled`, with the key in `$XDG_STATE_HOME/mighost`; `None` if one of them
    /// cannot be made private.
    pub fn open(engine: &Engine) -> Option<Self> {
        let folder = user_folder("XDG_CACHE_HOME", ".cache")?.join("compiled");
        let state = user_folder("XDG_STATE_HOME", ".local/state")?;
        Self::open_in(engine, folder, &state)
    }

    fn open_in(engine: &Engine, folder: PathBuf, state: &Path) -> Option<Self> {
        make_private(&folder).ok()?;
        make_private(state).ok()?;
        let key = key(&state.join("compile-cache.key")).ok()?;
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Some(Self {
            folder,
            key,
            engine: hasher.finish(),
        })
    }

    fn path(&self, code: &Digest) -> PathBuf {
        self.folder.join(format!("{code}-{:016x}.cwasm", self.engine))
    }

    /// Whether [`load`](Self::load) would find something.
    pub fn has(&self, code: &Digest) -> bool {
        self.path(code).is_file()
    }

    /// Waits until no other process compiles the same code, and makes others wait until the file is dropped. `None` if the lock is not
    /// available, which only costs time.
    pub fn lock(&self, code: &Digest) -> Option<fs::File> {
        let path = self.folder.join(format!("{code}.lock"));
        let file = fs::File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .ok()?;
        file.lock().ok()?;
        Some(file)
    }

    /// The component compiled earlier from code of this digest.
    pub fn load(&self, engine: &Engine, code: &Digest) -> Option<Component> {
        let path = self.path(code);
        let file = fs::File::open(&path).ok()?;
        let component = self.checked(file, &path).and_then(|path| {
            // SAFETY: this file is what `store` wrote: it has its checksum, with a key that only this user can read, and is in a folder to
            // which only this user can write.
            #[expect(
                unsafe_code,
                reason = "wasmtime's only way to load machine code; see the comment above"
            )]
            let component = unsafe { Component::deserialize_file(engine, path) };
            component.ok()
        });
        if component.is_none() {
            // Damaged, truncated by a full disk or a crash, or of an earlier format: it is compiled and stored again.
            let _ = fs::remove_file(&path);
        }
        component
    }

    /// `path`, if the checksum of the file is right.
    fn checked<'a>(&self, file: fs::File, path: &'a Path) -> Option<&'a Path> {
        let stored = fs::read(path.with_extension(CHECKSUM)).ok()?;
        let found = blake3::Hasher::new_keyed(&self.key)
            .update_reader(file)
            .ok()?
            .finalize();
        // Equality of hashes takes the same time wherever they differ.
        (found == blake3::Hash::from_slice(&stored).ok()?).then_some(path)
    }

    /// Stores `component` for later runs. A failure only costs time later, so it is not reported.
    pub fn store(&self, component: &Component, code: &Digest) {
        let Ok(bytes) = component.serialize() else { return };
        let path = self.path(code);
        let checksum = blake3::keyed_hash(&self.key, &bytes);
        // A code and a checksum of two processes that do not match are compiled again.
        let written = self
            .write(&path, &bytes)
            .and_then(|()| self.write(&path.with_extension(CHECKSUM), checksum.as_bytes()));
        if written.is_err() {
            let _ = fs::remove_file(path);
        }
    }

    /// Writes a file completely or not at all.
    fn write(&self, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let beside = self.folder.join(format!("{name}.{}.tmp", std::process::id()));
        let written = fs::File::create(&beside).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        });
        let renamed = written.and_then(|()| fs::rename(&beside, path));
        if renamed.is_err() {
            let _ = fs::remove_file(&beside);
        }
        renamed
    }
}

/// mighost's folder in one of the user's folders: the one that `variable` names, or `default` in the home folder.
fn user_folder(variable: &str, default: &str) -> Option<PathBuf> {
    let base = std::env::var_os(variable)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let base = base.or_else(|| std::env::home_dir().map(|home| home.join(default)))?;
    Some(base.join("mighost"))
}

/// The key in the file, which is written with the first call: complete or not at all, and only once if several processes begin together.
fn key(path: &Path) -> std::io::Result<[u8; blake3::KEY_LEN]> {
    // A file of another length was cut by a full disk: what it is the key of is compiled again.
    if fs::metadata(path).is_ok_and(|metadata| metadata.len() != blake3::KEY_LEN as u64) {
        fs::remove_file(path)?;
    }
    if !path.exists() {
        let mut key = [0; blake3::KEY_LEN];
        getrandom::fill(&mut key).map_err(|_| std::io::Error::from(std::io::ErrorKind::Other))?;
        let beside = path.with_extension(format!("{}.tmp", std::process::id()));
        let mut options = fs::File::options();
        options.create_new(true).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = options.open(&beside).and_then(|mut file| {
            file.write_all(&key)?;
            file.sync_all()
        });
        // Unlike a rename, a link does not replace the key of another process.
        let linked = written.and_then(|()| fs::hard_link(&beside, path));
        let _ = fs::remove_file(&beside);
        match linked {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    let key = fs::read(path)?;
    <[u8; blake3::KEY_LEN]>::try_from(key).map_err(|_| std::io::Error::from(std::io::ErrorKind::InvalidData))
}

/// Creates the folder with mode 0700, or checks that an existing one belongs to the user and that others cannot write to it.
#[cfg(unix)]
fn make_private(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let metadata = fs::symlink_metadata(folder)?;
    let private =
        metadata.is_dir() && metadata.uid() == rustix::process::geteuid().as_raw() && metadata.mode() & 0o022 == 0;
    if private {
        Ok(())
    } else {
        Err(std::io::Error::from(std::io::ErrorKind::PermissionDenied))
    }
}

#[cfg(not(unix))]
fn make_private(folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(base: &Path, engine: &Engine) -> CompileCache {
        CompileCache::open_in(engine, base.join("compiled"), &base.join("state")).unwrap()
    }

    #[test]
    fn damaged_machine_code_is_not_loaded() {
        let engine = Engine::default();
        let base = tempfile::tempdir().unwrap();
        let cache = cache(base.path(), &engine);
        let code = Digest::of(b"a");
        let text = "(component (core module (func (export \"f\"))))";
        let component = Component::new(&engine, wat::parse_str(text).unwrap()).unwrap();
        let path = cache.path(&code);
        cache.store(&component, &code);
        assert!(cache.load(&engine, &code).is_some());
        let whole = fs::read(&path).unwrap();
        for at in (0..whole.len()).step_by(97) {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            fs::write(&path, &damaged).unwrap();
            assert!(cache.load(&engine, &code).is_none(), "byte {at}");
            assert!(!path.exists());
        }
        for length in [0, 1, whole.len() - 1] {
            fs::write(&path, &whole[..length]).unwrap();
            assert!(cache.load(&engine, &code).is_none(), "{length} bytes");
        }
        fs::write(&path, &whole).unwrap();
        fs::remove_file(path.with_extension(CHECKSUM)).unwrap();
        assert!(cache.load(&engine, &code).is_none());
        cache.store(&component, &code);
        assert!(cache.load(&engine, &code).is_some());
    }

    #[test]
    fn the_cache_of_another_user_is_not_loaded() {
        let engine = Engine::default();
        let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let code = Digest::of(b"a");
        let component = Component::new(&engine, wat::parse_str("(component)").unwrap()).unwrap();
        let (ours, theirs) = (cache(ours.path(), &engine), cache(theirs.path(), &engine));
        theirs.store(&component, &code);
        for extension in ["cwasm", CHECKSUM] {
            let copied = |cache: &CompileCache| cache.path(&code).with_extension(extension);
            fs::copy(copied(&theirs), copied(&ours)).unwrap();
        }
        assert!(ours.load(&engine, &code).is_none());
    }

    #[test]
    fn the_key_is_written_once_and_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let first = key(&path).unwrap();
        assert_eq!(key(&path).unwrap(), first);
        fs::write(&path, b"short").unwrap();
        assert_ne!(key(&path).unwrap(), first);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::remove_file(&path).unwrap();
            key(&path).unwrap();
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
