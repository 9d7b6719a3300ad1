//! A thousand trivial migrations, a table and an index each, on an empty database.

use std::path::Path;

use crate::bench::{Bench, remove};
use crate::peers;
use crate::project;
use crate::run::{median, millis, peak_memory, ratio, timed};
use crate::table::Table;

pub const COUNT: usize = 1000;
/// The most memory that a run may hold, in bytes.
const MEMORY: u64 = 100 * 1000 * 1000;

pub fn run(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    let sources = bench.folder.join("thousand");
    project::sql(&sources, COUNT)?;
    let built = sources.join(".mighost");
    timed(bench.mighost(&sources, "").arg("build"))?;
    let ready = bench.folder.join("thousand-artifacts");
    project::of_artifacts(&ready, &sources)?;
    let script = bench.folder.join("thousand.sql");
    project::script(&script, COUNT)?;
    let (peers, missing) = peers::find(bench, COUNT)?;
    for name in missing {
        eprintln!("  not installed: {name}");
    }

    let upgrade = |project: &Path| {
        bench.server.fresh("thousand")?;
        timed(bench.mighost(project, "thousand").args(["upgrade", "head"]))
    };
    let [mut psql, mut cold, mut warm, mut artifacts] = [const { Vec::new() }; 4];
    let mut others = vec![Vec::new(); peers.len()];
    for _ in 0..bench.rounds {
        bench.server.fresh("thousand")?;
        psql.push(timed(bench.server.psql("thousand").arg("-f").arg(&script))?);
        bench.clear_cache()?;
        remove(&built)?;
        cold.push(upgrade(&sources)?);
        warm.push(upgrade(&sources)?);
        artifacts.push(upgrade(&ready)?);
        for (peer, times) in peers.iter().zip(&mut others) {
            bench.server.fresh("thousand")?;
            times.push(timed(&mut peer.upgrade(bench, "thousand"))?);
        }
    }
    table.tell(
        "1,000 migrations: `psql -f`, one transaction each",
        millis(median(&psql)),
    );
    for (what, times, target) in [
        ("1,000 migrations: nothing built, nothing compiled", &cold, 2.0),
        ("1,000 migrations: built and compiled before", &warm, 1.2),
        ("1,000 migrations: as .wasm only, compiled before", &artifacts, 1.2),
    ] {
        let ratio = ratio(times, &psql);
        let measured = format!("{ratio:.2} x psql ({})", millis(median(times)));
        table.judge(what, measured, &format!("<= {target} x"), ratio <= target);
    }
    for (peer, times) in peers.iter().zip(&others) {
        let measured = format!("{:.2} x psql ({})", ratio(times, &psql), millis(median(times)));
        table.tell(&format!("1,000 migrations: {}", peer.name), measured);
    }
    bench.server.fresh("thousand")?;
    remove(&built)?;
    let peak = peak_memory(bench.mighost(&sources, "thousand").args(["upgrade", "head"]))?;
    let measured = format!("{:.0} MB", peak as f64 / 1e6);
    table.judge(
        "1,000 migrations: memory, building included",
        measured,
        "<= 100 MB",
        peak <= MEMORY,
    );
    Ok(())
}
