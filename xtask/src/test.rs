//! The README's second command: everything that must hold before a change lands.

use crate::tools::{self, answers};
use crate::wasm_std;

/// Fast checks first. `filters` go to the test runner.
pub fn run(filters: &[String]) -> anyhow::Result<()> {
    wasm_std::install()?;
    if !answers("xtask/alembic-venv.sh", &[]) {
        eprintln!("WARNING: Alembic cannot be installed by pip: the tests that compare with it will test nothing");
    }
    tools::run("cargo", &["fmt", "--all", "--check"], &[])?;
    tools::run("cargo", &["build", "--workspace", "--all-targets"], &[])?;
    // The demo's guests, which the end-to-end tests run.
    tools::run("target/debug/mighost", &["build"], &[])?;
    if answers("cargo", &["nextest", "--version"]) {
        tools::run("cargo", &["nextest", "run", "--workspace", "--no-fail-fast"], filters)?;
    } else {
        tools::run(
            "cargo",
            &["test", "--workspace", "--all-targets", "--no-fail-fast"],
            filters,
        )?;
    }
    tools::run("cargo", &["test", "--workspace", "--doc"], &[])?;
    let plugins = [
        "test",
        "--manifest-path",
        "plugins/Cargo.toml",
        "--target-dir",
        "target",
    ];
    tools::run("cargo", &plugins, filters)?;
    tools::run(
        "cargo",
        &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"],
        &[],
    )?;
    // Applications read these; behind clippy, which has looked at the dependencies already.
    tools::run(
        "cargo",
        &["rustdoc", "--package", "mighost", "--lib", "--", "-D", "warnings"],
        &[],
    )
}
