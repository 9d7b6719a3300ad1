//! Against Alembic, on the same server: the same tables by Alembic's files, by what Alembic writes offline, and by the project that
//! `mighost init --from alembic.ini` makes of them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;

use crate::bench::{Bench, repository};
use crate::link::Link;
use crate::project;
use crate::run::{median, millis, ratio, text, timed};
use crate::server::url;
use crate::table::Table;

const ONE_WAY: Duration = Duration::from_millis(10);
/// The most migrations that are run over the slow link.
const FAR: usize = 100;

const ENVIRONMENT: &str = r#"import os

from alembic import context
from sqlalchemy import create_engine, pool

each = context.get_x_argument(as_dictionary=True).get("each") == "yes"
url = os.environ.get("ALEMBIC_BENCH_URL") or "postgresql+psycopg://"

if context.is_offline_mode():
    context.configure(url=url, literal_binds=True, transaction_per_migration=each)
    with context.begin_transaction():
        context.run_migrations()
else:
    with create_engine(url, poolclass=pool.NullPool).connect() as connection:
        context.configure(connection=connection, transaction_per_migration=each)
        with context.begin_transaction():
            context.run_migrations()
"#;

/// A project of Alembic's with `count` revisions, and what is made of it.
struct Sides {
    venv: PathBuf,
    folder: PathBuf,
    /// The statements of all revisions, in one transaction and in one for each.
    together: PathBuf,
    each: PathBuf,
}

impl Sides {
    fn make(bench: &Bench, venv: &Path, name: &str, count: usize) -> anyhow::Result<Self> {
        let folder = bench.folder.join(format!("alembic-{name}"));
        std::fs::create_dir_all(folder.join("alembic/versions"))?;
        std::fs::write(
            folder.join("alembic.ini"),
            "[alembic]\nscript_location = %(here)s/alembic\n",
        )?;
        std::fs::write(folder.join("alembic/env.py"), ENVIRONMENT)?;
        for number in 0..count {
            let path = folder.join(format!("alembic/versions/{}_table.py", project::revision(number)));
            std::fs::write(path, revision(number)?)?;
        }
        let sides = Self {
            venv: venv.to_owned(),
            together: folder.join("together.sql"),
            each: folder.join("each.sql"),
            folder,
        };
        std::fs::write(
            &sides.together,
            text(sides.alembic("").args(["upgrade", "head", "--sql"]))?,
        )?;
        std::fs::write(
            &sides.each,
            text(sides.alembic("").args(["-x", "each=yes", "upgrade", "head", "--sql"]))?,
        )?;
        let python = sides.venv.join("bin/python");
        timed(
            bench
                .mighost(&sides.folder, "")
                .args(["init", "--from", "alembic.ini", "--python"])
                .arg(python),
        )?;
        // The url is the bench's.
        project::empty(&sides.folder)?;
        timed(bench.mighost(&sides.folder, "").arg("build"))?;
        Ok(sides)
    }

    /// Alembic on the database that `url` leads to.
    fn alembic(&self, url: &str) -> Command {
        let mut command = Command::new(self.venv.join("bin/alembic"));
        command.current_dir(&self.folder).arg("-q");
        command.env("ALEMBIC_BENCH_URL", url.replacen("postgresql", "postgresql+psycopg", 1));
        command
    }
}

/// A table with a named primary key and defaults, and an index, as people write them.
fn revision(number: usize) -> anyhow::Result<String> {
    let down = number
        .checked_sub(1)
        .map(|before| format!("\"{}\"", project::revision(before)));
    let mut text = format!("\"\"\"Table {number}\"\"\"\nfrom alembic import op\nimport sqlalchemy as sa\n\n");
    writeln!(text, "revision = \"{}\"", project::revision(number))?;
    writeln!(text, "down_revision = {}\n\n", down.unwrap_or_else(|| "None".into()))?;
    write!(
        text,
        "def upgrade():\n    op.create_table(\n        \"t{number}\",\n        sa.Column(\"id\", sa.BigInteger, nullable=False),\n        \
         sa.Column(\"name\", sa.Text),\n        \
         sa.Column(\"at\", sa.DateTime(timezone=True), server_default=sa.func.now()),\n        \
         sa.PrimaryKeyConstraint(\"id\", name=\"t{number}_pkey\"),\n    )\n    \
         op.create_index(\"i{number}\", \"t{number}\", [\"name\"])\n\n\n\
         def downgrade():\n    op.drop_table(\"t{number}\")\n"
    )?;
    Ok(text)
}

pub fn run(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    let venv = Command::new(repository().join("xtask/alembic-venv.sh")).output()?;
    if !venv.status.success() {
        table.tell("Alembic", "not installed, and pip cannot".into());
        return Ok(());
    }
    let venv = PathBuf::from(String::from_utf8(venv.stdout)?.trim_end());
    let sides = Sides::make(bench, &venv, "near", bench.count)?;
    from_empty(bench, &sides, table)?;
    idle(bench, &sides, table)?;
    far(bench, &Sides::make(bench, &venv, "far", bench.count.min(FAR))?, table)
}

fn from_empty(bench: &Bench, sides: &Sides, table: &mut Table) -> anyhow::Result<()> {
    let database = "against";
    let here = url(bench.server.port, database);
    let fresh = |command: &mut Command| {
        bench.server.fresh(database)?;
        timed(command)
    };
    // Compiled by both sides before.
    fresh(sides.alembic(&here).args(["upgrade", "head"]))?;
    fresh(bench.mighost(&sides.folder, database).arg("upgrade"))?;
    let [mut theirs, mut psql, mut ours] = [const { [const { Vec::new() }; 2] }; 3];
    for _ in 0..bench.rounds {
        for (at, (each, mode, script)) in [("no", "all", &sides.together), ("yes", "per-migration", &sides.each)]
            .into_iter()
            .enumerate()
        {
            let each = format!("each={each}");
            theirs[at].push(fresh(sides.alembic(&here).args(["-x", &each, "upgrade", "head"]))?);
            psql[at].push(fresh(bench.server.psql(database).arg("-f").arg(script))?);
            let arguments = ["upgrade", "head", "--transaction", mode];
            ours[at].push(fresh(bench.mighost(&sides.folder, database).args(arguments))?);
        }
    }
    for (at, how) in ["one transaction", "one for each"].into_iter().enumerate() {
        let what = format!("{} migrations from empty, {how}", bench.count);
        table.tell(&format!("{what}: Alembic"), compared(&theirs[at], &psql[at], "psql"));
        let behind = ratio(&ours[at], &psql[at]);
        let measured = format!(
            "{}, Alembic {:.1} x that",
            compared(&ours[at], &psql[at], "psql"),
            ratio(&theirs[at], &ours[at])
        );
        table.judge(&what, measured, "<= 1.15 x psql", behind <= 1.15);
    }
    Ok(())
}

fn idle(bench: &Bench, sides: &Sides, table: &mut Table) -> anyhow::Result<()> {
    let (ours, theirs) = ("idle_ours", "idle_theirs");
    let there = url(bench.server.port, theirs);
    bench.server.fresh(theirs)?;
    timed(sides.alembic(&there).args(["upgrade", "head"]))?;
    bench.server.fresh(ours)?;
    timed(bench.mighost(&sides.folder, ours).arg("upgrade"))?;
    for arguments in [&["upgrade", "head"][..], &["current"], &["history"]] {
        let [mut their_times, mut our_times] = [const { Vec::new() }; 2];
        for _ in 0..bench.rounds.max(3) {
            their_times.push(timed(sides.alembic(&there).args(arguments))?);
            our_times.push(timed(bench.mighost(&sides.folder, ours).args(arguments))?);
        }
        let faster = ratio(&their_times, &our_times);
        let measured = format!(
            "{faster:.1} x faster ({}, Alembic {})",
            millis(median(&our_times)),
            millis(median(&their_times))
        );
        let what = format!("{} revisions applied: `{}`", bench.count, arguments.join(" "));
        table.judge(&what, measured, ">= 20 x faster than Alembic", faster >= 20.0);
    }
    Ok(())
}

fn far(bench: &Bench, sides: &Sides, table: &mut Table) -> anyhow::Result<()> {
    let link = Link::start(bench.server.port, ONE_WAY)?;
    let database = "far";
    let there = url(link.port, database);
    let fresh = |command: &mut Command| {
        bench.server.fresh(database)?;
        timed(command)
    };
    fresh(bench.mighost(&sides.folder, database).arg("upgrade"))?;
    let all = std::fs::read_to_string(&sides.together).context("the script of Alembic's")?;
    let [
        mut alembic,
        mut alembic_each,
        mut psql,
        mut string,
        mut ours,
        mut ours_each,
    ] = [const { Vec::new() }; 6];
    for _ in 0..bench.rounds.min(3) {
        alembic.push(fresh(sides.alembic(&there).args(["upgrade", "head"]))?);
        alembic_each.push(fresh(
            sides.alembic(&there).args(["-x", "each=yes", "upgrade", "head"]),
        )?);
        psql.push(fresh(
            bench.server.psql_by(link.port, database).arg("-f").arg(&sides.together),
        )?);
        string.push(fresh(bench.server.psql_by(link.port, database).arg("-c").arg(&all))?);
        for (mode, measured) in [("all", &mut ours), ("per-migration", &mut ours_each)] {
            let mut command = bench.mighost_by(link.port, &sides.folder, database);
            measured.push(fresh(command.args(["upgrade", "head", "--transaction", mode]))?);
        }
    }
    let what = format!("20 ms away: {} migrations", bench.count.min(FAR));
    table.tell(&format!("{what}: Alembic, one for each"), millis(median(&alembic_each)));
    table.tell(&format!("{what}: psql -f"), millis(median(&psql)));
    table.tell(&format!("{what}: psql, all in one string"), millis(median(&string)));
    for (how, measured, wanted) in [("one transaction", &ours, 10.0), ("one for each", &ours_each, 2.5)] {
        let faster = ratio(&alembic, measured);
        let shown = format!(
            "{faster:.1} x faster than Alembic with one transaction ({}, Alembic {})",
            millis(median(measured)),
            millis(median(&alembic))
        );
        table.judge(
            &format!("{what}, {how}"),
            shown,
            &format!(">= {wanted} x faster"),
            faster >= wanted,
        );
    }
    Ok(())
}

fn compared(measured: &[Duration], baseline: &[Duration], name: &str) -> String {
    let ratio = ratio(measured, baseline);
    format!(
        "{ratio:.2} x {name} ({}, {name} {})",
        millis(median(measured)),
        millis(median(baseline))
    )
}
