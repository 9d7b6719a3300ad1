//! Ten thousand revisions: reading them all.

use std::time::Duration;

use crate::bench::{Bench, remove};
use crate::project;
use crate::run::{median, millis, timed};
use crate::table::Table;

const COUNT: usize = 10_000;
const LIMIT: Duration = Duration::from_secs(1);

pub fn run(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    let sources = bench.folder.join("graph");
    project::sql(&sources, COUNT)?;
    let build = timed(bench.mighost(&sources, "").arg("build"))?;
    let ready = bench.folder.join("graph-artifacts");
    project::of_artifacts(&ready, &sources)?;
    let state = ready.join(".mighost");

    let [mut first, mut again, mut folders] = [const { Vec::new() }; 3];
    for _ in 0..bench.rounds {
        remove(&state)?;
        first.push(timed(bench.mighost(&ready, "").arg("history"))?);
        again.push(timed(bench.mighost(&ready, "").arg("history"))?);
        folders.push(timed(bench.mighost(&sources, "").arg("history"))?);
    }
    for (what, times) in [
        ("10,000 artifacts: `history`, first time", &first),
        ("10,000 artifacts: `history`, with the index", &again),
        ("10,000 folders of SQL: `history`, built before", &folders),
    ] {
        table.judge(what, millis(median(times)), "<= 1 s", median(times) <= LIMIT);
    }
    table.tell("10,000 folders of SQL: `build`", millis(build));
    remove(&sources)?;
    remove(&ready)
}
