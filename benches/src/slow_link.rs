//! A server that is 20 ms away.

use std::fmt::Write as _;
use std::process::Command;
use std::time::Duration;

use crate::bench::Bench;
use crate::link::Link;
use crate::project;
use crate::run::{median, millis, timed};
use crate::table::Table;

const ONE_WAY: Duration = Duration::from_millis(10);

pub fn run(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    let link = Link::start(bench.server.port, ONE_WAY)?;

    let one = bench.folder.join("hundred-statements");
    project::empty(&one)?;
    let mut statements = String::new();
    for number in 0..100 {
        writeln!(statements, "create table s{number} (a int, b text);")?;
    }
    project::add_sql(&one, 0, &statements, "")?;
    let many = bench.folder.join("hundred-migrations");
    project::sql(&many, 100)?;
    let single_script = bench.folder.join("hundred-statements.sql");
    std::fs::write(&single_script, format!("begin;\n{statements}commit;\n"))?;
    let script = bench.folder.join("hundred-migrations.sql");
    project::script(&script, 100)?;
    for project in [&one, &many] {
        timed(bench.mighost(project, "").arg("build"))?;
        // Compiled before, too.
        bench.server.fresh("far")?;
        timed(bench.mighost(project, "far").args(["upgrade", "head"]))?;
    }

    let measure = |command: &mut Command, measured: &mut Measured| {
        bench.server.fresh("far")?;
        link.reset();
        measured.times.push(timed(command)?);
        measured.trips = link.counted().1;
        anyhow::Ok(())
    };
    let mut results = Vec::new();
    for (project, script) in [(&one, &single_script), (&many, &script)] {
        let (mut ours, mut psql) = (Measured::default(), Measured::default());
        for _ in 0..bench.rounds.min(3) {
            measure(
                bench.mighost_by(link.port, project, "far").args(["upgrade", "head"]),
                &mut ours,
            )?;
            measure(bench.server.psql_by(link.port, "far").arg("-f").arg(script), &mut psql)?;
        }
        let measured = format!(
            "{} round trips, {} (psql: {}, {})",
            ours.trips,
            millis(median(&ours.times)),
            psql.trips,
            millis(median(&psql.times))
        );
        results.push((ours.trips, measured));
    }
    let mut results = results.into_iter();
    if let (Some((trips, one)), Some((_, many))) = (results.next(), results.next()) {
        table.judge(
            "20 ms away: a migration of 100 statements, all told",
            one,
            "<= 10 round trips",
            trips <= 10,
        );
        table.tell("20 ms away: 100 migrations", many);
    }
    Ok(())
}

#[derive(Default)]
struct Measured {
    times: Vec<Duration>,
    /// Of the last run: the number is the same in each.
    trips: u64,
}
