//! The README's first command: from nothing to a migrated climate database.

use crate::tools;
use crate::wasm_std;

/// Builds everything and upgrades the label `dev`.
pub fn run() -> anyhow::Result<()> {
    wasm_std::install()?;
    tools::run("cargo", &["build", "--package", "mighost-cli"], &[])?;
    tools::run("target/debug/mighost", &["build"], &[])?;
    tools::run("target/debug/mighost", &["upgrade", "head", "-x", "db=dev"], &[])?;
    tools::run("target/debug/mighost", &["current", "-v", "-x", "db=dev"], &[])
}
