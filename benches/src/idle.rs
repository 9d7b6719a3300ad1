//! Nothing to do: a thousand revisions known and applied.

use std::time::Duration;

use anyhow::Context as _;

use crate::bench::Bench;
use crate::link::Link;
use crate::project;
use crate::run::{median, millis, text, timed};
use crate::table::Table;
use crate::thousand::COUNT;

/// What mighost may take beyond psql's connecting and selecting.
const BEYOND: Duration = Duration::from_millis(20);

pub fn run(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    let sources = bench.folder.join("idle");
    project::sql(&sources, COUNT)?;
    bench.server.fresh("idle")?;
    timed(bench.mighost(&sources, "idle").args(["upgrade", "head"]))?;
    let ready = bench.folder.join("idle-artifacts");
    project::of_artifacts(&ready, &sources)?;
    text(bench.mighost(&ready, "idle").arg("heads"))?;

    let [mut psql, mut current, mut upgrade, mut artifacts] = [const { Vec::new() }; 4];
    for _ in 0..bench.rounds.max(3) * 5 {
        let query = "select version_num from mighost_version";
        psql.push(timed(bench.server.psql("idle").args(["-c", query]))?);
        current.push(timed(bench.mighost(&sources, "idle").arg("current"))?);
        upgrade.push(timed(bench.mighost(&sources, "idle").args(["upgrade", "head"]))?);
        artifacts.push(timed(bench.mighost(&ready, "idle").args(["upgrade", "head"]))?);
    }
    table.tell("nothing to do: psql connects and selects", millis(median(&psql)));
    for (what, times) in [
        ("nothing to do: `current`", &current),
        ("nothing to do: `upgrade head`", &upgrade),
        ("nothing to do: `upgrade head`, .wasm only", &artifacts),
    ] {
        let beyond = median(times).saturating_sub(median(&psql));
        let measured = format!("psql + {} ({})", millis(beyond), millis(median(times)));
        table.judge(what, measured, "<= psql + 20 ms", beyond <= BEYOND);
    }

    // A link that is slow enough to tell round trips apart.
    let link = Link::start(bench.server.port, Duration::from_millis(10))?;
    bench.clear_cache()?;
    for verb in [&["current"][..], &["upgrade", "head"]] {
        link.reset();
        timed(bench.mighost_by(link.port, &sources, "idle").args(verb))?;
        let (connections, trips) = link.counted();
        // The greeting is one, the queries are the other.
        let queries = trips.checked_sub(1).context("nothing went over the link")?;
        let measured = format!("{connections} connection, {queries} round trip of queries");
        let what = format!("nothing to do: `{}` asks", verb.join(" "));
        table.judge(&what, measured, "1 and 1", (connections, queries) == (1, 1));
    }
    let loaded = bench.cache().exists();
    let measured = if loaded { "the engine was started" } else { "nothing" };
    table.judge("nothing to do: compiled or loaded", measured.into(), "nothing", !loaded);
    Ok(())
}
