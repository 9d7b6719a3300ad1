//! A real Alembic, from PyPI, in a venv below `target/`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Set where a machine without Alembic is a failure, e.g. in CI.
const REQUIRED: &str = "MIGHOST_REQUIRE_ALEMBIC";

/// Alembic as it was installed for the tests, with the driver psycopg.
pub struct Alembic {
    venv: PathBuf,
}

impl Alembic {
    /// Installs Alembic where it is not there yet. None, and a loud word, where pip cannot: the caller's test ends then.
    ///
    /// # Panics
    /// It cannot be installed, and the variable `MIGHOST_REQUIRE_ALEMBIC` is set.
    pub fn installed() -> Option<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../xtask/alembic-venv.sh");
        let output = Command::new(script).stdin(Stdio::null()).output().unwrap();
        if output.status.success() {
            let venv = String::from_utf8(output.stdout).unwrap().trim_end().into();
            return Some(Self { venv });
        }
        let reason = String::from_utf8_lossy(&output.stderr);
        assert!(
            std::env::var_os(REQUIRED).is_none(),
            "Alembic cannot be installed: {reason}"
        );
        eprintln!("SKIPPED, NOTHING IS TESTED: Alembic cannot be installed: {reason}");
        None
    }

    /// The venv's Python.
    pub fn python(&self) -> PathBuf {
        self.venv.join("bin/python")
    }

    /// The driver's form of a URL for psql: `postgresql+psycopg://...`.
    pub fn url(&self, url: &str) -> String {
        url.replacen("postgresql://", "postgresql+psycopg://", 1)
    }

    /// `alembic`, not yet run, in `folder`.
    pub fn command(&self, folder: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.venv.join("bin/alembic"));
        command.current_dir(folder).args(arguments).stdin(Stdio::null());
        for (variable, _) in std::env::vars() {
            if variable.starts_with("PG") || variable.starts_with("ALEMBIC") || variable.starts_with("PYTHON") {
                command.env_remove(variable);
            }
        }
        // Folders of sources stay as they are.
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }

    /// Runs `alembic` and gives its stdout.
    ///
    /// # Panics
    /// It failed; the text has its words.
    pub fn run(&self, folder: &Path, arguments: &[&str]) -> String {
        let output = self.command(folder, arguments).output().unwrap();
        assert!(
            output.status.success(),
            "alembic {arguments:?}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }
}
