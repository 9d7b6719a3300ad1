//! A server that is 20 ms away.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use crate::bench::Bench;
use crate::link::Link;
use crate::project;
use crate::run::{median, millis, timed};
use crate::table::Table;

const ONE_WAY: Duration = Duration::from_millis(10);

pub fn run(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    let far = Link::start(bench.server.port, ONE_WAY)?;
    let near = Link::start(bench.server.port, Duration::ZERO)?;

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

    let upgrade = |link: &Link, project: &Path| {
        bench.server.fresh("far")?;
        timed(bench.mighost_by(link.port, project, "far").args(["upgrade", "head"]))
    };
    let psql = |link: &Link, script: &Path| {
        bench.server.fresh("far")?;
        timed(bench.server.psql_by(link.port, "far").arg("-f").arg(script))
    };
    let mut one_times = Times::default();
    let mut many_times = Times::default();
    for _ in 0..bench.rounds.min(3) {
        for (times, project, script) in [
            (&mut one_times, &one, &single_script),
            (&mut many_times, &many, &script),
        ] {
            times.near.push(upgrade(&near, project)?);
            times.far.push(upgrade(&far, project)?);
            times.psql_near.push(psql(&near, script)?);
            times.psql_far.push(psql(&far, script)?);
        }
    }
    let trips = one_times.trips();
    let measured = format!(
        "{trips:.1} round trips, connecting included (psql: {:.1})",
        one_times.psql_trips()
    );
    table.judge(
        "20 ms away: a migration of 100 statements",
        measured,
        "<= 10",
        trips <= 10.0,
    );
    let measured = format!(
        "{} (psql: {}), {:.1} round trips (psql: {:.1})",
        millis(median(&many_times.far)),
        millis(median(&many_times.psql_far)),
        many_times.trips(),
        many_times.psql_trips(),
    );
    table.tell("20 ms away: 100 migrations", measured);
    Ok(())
}

#[derive(Default)]
struct Times {
    near: Vec<Duration>,
    far: Vec<Duration>,
    psql_near: Vec<Duration>,
    psql_far: Vec<Duration>,
}

impl Times {
    /// What the delay adds, in round trips.
    fn trips(&self) -> f64 {
        trips(&self.near, &self.far)
    }

    fn psql_trips(&self) -> f64 {
        trips(&self.psql_near, &self.psql_far)
    }
}

fn trips(near: &[Duration], far: &[Duration]) -> f64 {
    let more = median(far).saturating_sub(median(near));
    more.as_secs_f64() / (ONE_WAY * 2).as_secs_f64()
}
