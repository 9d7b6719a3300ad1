//! A signed release of a thousand artifacts, 50 MB in all: what verifying adds to a run, and to a run with nothing to do.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::bench::Bench;
use crate::project;
use crate::run::{median, millis, peak_memory, text, timed};
use crate::table::Table;
use crate::thousand::COUNT;

/// The size of a file in each artifact, in bytes.
const ASSET: usize = 50_000;
/// What verifying may add if every artifact runs.
const ALL: Duration = Duration::from_millis(150);
/// What it may add if nothing is to be done.
const NOTHING: Duration = Duration::from_millis(20);
/// The most memory that verifying a release may hold, in bytes: its artifacts are small.
const MEMORY: u64 = 30 * 1000 * 1000;

const POLICY: &str = "format = 1\n\n[[rules]]\nsigners = [\"release@vendor.example\"]\n";

pub fn run(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    let sources = bench.folder.join("release");
    project::sql(&sources, COUNT)?;
    for entry in std::fs::read_dir(sources.join("migrations"))? {
        let assets = entry?.path().join("assets");
        std::fs::create_dir_all(&assets)?;
        std::fs::write(assets.join("data"), vec![7; ASSET])?;
    }
    let key = bench.folder.join("release-key");
    timed(
        Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-f"])
            .arg(&key),
    )?;
    let release = bench.folder.join("bench.release");
    let mut make = bench.mighost(&sources, "");
    make.args(["release", "--version", "1", "--serial", "1", "-o"])
        .arg(&release);
    timed(make.arg("--key").arg(&key))?;
    let policy = policy(&bench.folder, &key)?;

    let ready = bench.folder.join("release-artifacts");
    project::of_artifacts(&ready, &sources)?;
    text(bench.mighost(&ready, "").arg("heads"))?;
    let operator = bench.folder.join("release-operator");
    project::empty(&operator)?;

    let from_release = |verb: &[&str]| {
        let mut command = bench.mighost(&operator, "release");
        command
            .args(verb)
            .arg("--release")
            .arg(&release)
            .arg("--trust")
            .arg(&policy);
        command
    };
    let [mut plain, mut signed, mut plain_idle, mut signed_idle] = [const { Vec::new() }; 4];
    for _ in 0..bench.rounds.max(3) {
        bench.server.fresh("release")?;
        plain.push(timed(bench.mighost(&ready, "release").args(["upgrade", "head"]))?);
        plain_idle.push(timed(bench.mighost(&ready, "release").args(["upgrade", "head"]))?);
        bench.server.fresh("release")?;
        signed.push(timed(&mut from_release(&["upgrade", "head"]))?);
        signed_idle.push(timed(&mut from_release(&["upgrade", "head"]))?);
    }
    for (what, with, without, limit) in [
        (
            "1,000 artifacts, 50 MB: a release against .wasm files",
            &signed,
            &plain,
            ALL,
        ),
        (
            "nothing to do: a release against .wasm files",
            &signed_idle,
            &plain_idle,
            NOTHING,
        ),
    ] {
        let added = median(with).saturating_sub(median(without));
        let measured = format!("{} more ({})", millis(added), millis(median(with)));
        table.judge(what, measured, &format!("<= {} more", millis(limit)), added <= limit);
    }
    let mut verify = bench.mighost(&operator, "");
    let memory = peak_memory(verify.arg("verify").arg(&release).arg("--trust").arg(&policy))?;
    let megabytes = memory / 1_000_000;
    table.judge(
        "memory of `verify`, 50 MB",
        format!("{megabytes} MB"),
        "<= 30 MB",
        memory <= MEMORY,
    );
    Ok(())
}

/// Writes a policy that accepts `key`.
fn policy(folder: &Path, key: &Path) -> anyhow::Result<std::path::PathBuf> {
    let etc = folder.join("release-etc");
    std::fs::create_dir_all(&etc)?;
    let public = std::fs::read_to_string(key.with_extension("pub"))?;
    std::fs::write(etc.join("allowed_signers"), format!("release@vendor.example {public}"))?;
    let path = etc.join("trust.toml");
    std::fs::write(&path, POLICY)?;
    Ok(path)
}
