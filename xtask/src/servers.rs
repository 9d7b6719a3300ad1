//! The tests of `host/postgres` on other major versions of PostgreSQL than the installed one.

use anyhow::{Context as _, ensure};

use crate::tools::{self, command};

/// The versions that mighost supports and that are not installed: Debian's is tested with everything else.
const MAJORS: [&str; 5] = ["13", "14", "16", "17", "18"];

/// Runs the suite on each version: on all of them, or on the oldest and the newest.
pub fn test(all: bool) -> anyhow::Result<()> {
    let last = MAJORS.len() - 1;
    for (index, major) in MAJORS.iter().enumerate() {
        if !all && index != 0 && index != last {
            continue;
        }
        let found = command("xtask/postgres.sh")
            .arg(major)
            .stderr(std::process::Stdio::inherit())
            .output()
            .context("cannot run xtask/postgres.sh")?;
        ensure!(found.status.success(), "PostgreSQL {major} cannot be downloaded");
        let bin = String::from_utf8(found.stdout)?;
        // Tests of connections and of the embedded server need more than these packages have, e.g. TLS.
        // With another choice of packages, cargo would compile their dependencies with other features.
        let arguments = ["nextest", "run", "--workspace", "--no-fail-fast"];
        let filter = [
            "-E".to_owned(),
            "package(mighost-postgres) & test(/^(sink|catalog)::/)".to_owned(),
        ];
        tools::run_with("cargo", &arguments, &filter, &[("MIGHOST_PG_BIN", bin.trim_end())])?;
    }
    Ok(())
}
