//! What components cost: compiling and loading them.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use mighost_build::toolchain::Toolchains;
use mighost_build::{ArtifactStore, BuildMode};
use mighost_config::ToolchainSettings;
use mighost_core::{Reporter, Silent};
use mighost_runtime::{Registry, Runtime};

use crate::bench::{Bench, repository};
use crate::run::{median, text};
use crate::table::Table;

/// The first argument of the bench's own process that compiles: each needs a fresh one.
pub const CHILD: &str = "--compile";

pub fn run(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    let built = bench.mighost(&repository(), "").arg("build").output()?;
    if !built.status.success() {
        eprintln!(
            "  the demo's components cannot be built here: {}",
            String::from_utf8_lossy(&built.stderr)
        );
        return Ok(());
    }
    let (mut cold, mut warm) = (Vec::new(), Vec::new());
    let mut count = 0;
    for _ in 0..bench.rounds {
        bench.clear_cache()?;
        for times in [&mut cold, &mut warm] {
            let told = text(
                Command::new(std::env::current_exe()?)
                    .arg(CHILD)
                    .arg(repository())
                    .env("XDG_CACHE_HOME", bench.cache()),
            )?;
            let mut numbers = told.split_whitespace().map(str::parse::<u64>);
            count = numbers.next().context("the child told nothing")??;
            times.push(Duration::from_micros(
                numbers.next().context("the child told no time")??,
            ));
        }
    }
    for (what, times) in [("cold", &cold), ("warm", &warm)] {
        let all = median(times).as_secs_f64() * 1000.0;
        let measured = format!("{all:.0} ms, {:.2} ms each", all / count as f64);
        table.tell(
            &format!("the demo's {count} migrations and plugins: loaded and linked, {what}"),
            measured,
        );
    }
    Ok(())
}

/// `COUNT MICROSECONDS` of loading every migration of the project `root` with the plugins that it needs.
pub fn child(arguments: &[String]) -> anyhow::Result<()> {
    let root = Path::new(arguments.first().context("no project is named")?);
    let library = ArtifactStore {
        build_dir: root.join(".mighost/build"),
        migrations: vec![root.join("migrations")],
        plugins: vec![root.join("plugins")],
        toolchains: Toolchains::new(ToolchainSettings::defaults(root)),
    };
    let reporter: Arc<dyn Reporter> = Arc::new(Silent);
    // The demo's paths are known to the index as mighost wrote them, which is not always how the bench writes them.
    let loaded = library.load(BuildMode::Stale, &*reporter)?;
    let start = Instant::now();
    let registry = Registry::new(Arc::new(Runtime::new()?), reporter, loaded.plugins.clone())?;
    let mut count = loaded.plugins.len();
    for (revision, artifact) in loaded.revisions() {
        registry.migration(artifact, &revision.revision)?;
        count += 1;
    }
    println!("{count} {}", start.elapsed().as_micros());
    Ok(())
}
