//! The cache of machine code on disk, by digest of the code, engine version and settings.
//!
//! Machine code must be trusted to be loaded. It is therefore loaded only from one folder, which only the user may write to. Artifacts
//! never contain machine code.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use wasmtime::Engine;
use wasmtime::component::Component;

use mighost_core::Digest;

/// The folder of compiled components.
pub(super) struct CompileCache {
    folder: PathBuf,
    /// Identifies wasmtime's version and settings: machine code of another one cannot be loaded.
    engine: u64,
}

impl CompileCache {
    /// The user's cache folder, `$XDG_CACHE_HOME/mighost/compiled`; `None` if it cannot be made private.
    pub fn open(engine: &Engine) -> Option<Self> {
        let base = std::env::var_os("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute());
        let base = base.or_else(|| std::env::home_dir().map(|home| home.join(".cache")))?;
        let folder = base.join("mighost").join("compiled");
        make_private(&folder).ok()?;
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Some(Self {
            folder,
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
        if !path.is_file() {
            return None;
        }
        // SAFETY: the file is in a folder to which only this user can write, and `store` alone writes it, completely or not at all.
        #[expect(
            unsafe_code,
            reason = "wasmtime's only way to load machine code; see the comment above"
        )]
        let component = unsafe { Component::deserialize_file(engine, &path) };
        if component.is_err() {
            // Truncated by a full disk or a crash: it is compiled and stored again.
            let _ = fs::remove_file(&path);
        }
        component.ok()
    }

    /// Stores `component` for later runs. A failure only costs time later, so it is not reported.
    pub fn store(&self, component: &Component, code: &Digest) {
        let Ok(bytes) = component.serialize() else { return };
        let beside = self.folder.join(format!("{code}.{}.tmp", std::process::id()));
        let written = fs::File::create(&beside).and_then(|mut file| {
            file.write_all(&bytes)?;
            file.sync_all()
        });
        if written.and_then(|()| fs::rename(&beside, self.path(code))).is_err() {
            let _ = fs::remove_file(&beside);
        }
    }
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
