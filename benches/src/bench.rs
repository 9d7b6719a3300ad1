//! What all sections work with: the program, the server, a folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::run;
use crate::server::{Server, url};

pub struct Bench {
    pub rounds: usize,
    /// How many migrations the section `alembic` has.
    pub count: usize,
    pub server: Server,
    mighost: PathBuf,
    /// Removed at the end.
    pub folder: PathBuf,
}

impl Bench {
    /// Builds mighost, or takes the program that the variable MIGHOST names, and starts the server.
    pub fn start(rounds: usize, count: usize) -> anyhow::Result<Self> {
        // Another build of mighost, to compare the two.
        let mighost = match std::env::var_os("MIGHOST") {
            Some(path) => std::path::absolute(path)?,
            None => built()?,
        };
        anyhow::ensure!(mighost.is_file(), "{} is not there", mighost.display());
        let folder = std::env::temp_dir().join(format!("mighost-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let server = Server::start(&folder)?;
        let version = run::text(server.psql("postgres").args(["-c", "show server_version"]))?;
        eprintln!("PostgreSQL {}, data in {}", version.trim(), folder.display());
        Ok(Self {
            rounds,
            count,
            server,
            mighost,
            folder,
        })
    }

    /// mighost in `project`, with a compile cache of the bench's own, on the database of `MIGHOST_BENCH_URL`.
    pub fn mighost(&self, project: &Path, database: &str) -> Command {
        self.mighost_by(self.server.port, project, database)
    }

    /// As [`Self::mighost`], through another port.
    pub fn mighost_by(&self, port: u16, project: &Path, database: &str) -> Command {
        let mut command = Command::new(&self.mighost);
        command
            .current_dir(project)
            .env("XDG_CACHE_HOME", self.cache())
            .env("MIGHOST_BENCH_URL", url(port, database));
        command
    }

    pub fn cache(&self) -> PathBuf {
        self.folder.join("cache")
    }

    /// Forgets all compiled code.
    pub fn clear_cache(&self) -> anyhow::Result<()> {
        remove(&self.cache())
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        // The server is still running; it is stopped after this, and cleans up what it wrote meanwhile.
        let _ = std::fs::remove_dir_all(self.cache());
        for entry in std::fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            if entry.file_name() != "data" {
                let _ = std::fs::remove_dir_all(entry.path());
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

/// mighost as it is now, beside the bench's own program.
fn built() -> anyhow::Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--release", "--package", "mighost-cli"])
        .current_dir(repository())
        .status()?;
    anyhow::ensure!(built.success(), "mighost cannot be built");
    Ok(std::env::current_exe()?.with_file_name("mighost"))
}

/// The folder of mighost's own sources.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Removes a folder that may not be there.
pub fn remove(folder: &Path) -> anyhow::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
