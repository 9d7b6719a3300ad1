//! Measures mighost against psql, and against its peers where they are installed, on one private server in one run.
//!
//! `./x bench [--rounds N] [--count N] [SECTION ...]`; without sections, all of them. Times are medians of several runs that take turns; what
//! counts is the ratio to psql, since absolute times are the machine's.

mod alembic;
mod bench;
mod graph;
mod guests;
mod idle;
mod languages;
mod link;
mod peers;
mod project;
mod release;
mod run;
mod server;
mod slow_link;
mod table;
mod thousand;

use std::process::ExitCode;

use anyhow::{Context as _, bail};

use crate::bench::Bench;
use crate::table::Table;

type Section = fn(&Bench, &mut Table) -> anyhow::Result<()>;

const SECTIONS: [(&str, Section); 8] = [
    ("thousand", thousand::run),
    ("idle", idle::run),
    ("release", release::run),
    ("graph", graph::run),
    ("link", slow_link::run),
    ("guests", guests::run),
    ("languages", languages::run),
    ("alembic", alembic::run),
];

fn main() -> anyhow::Result<ExitCode> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|argument| argument == guests::CHILD) {
        guests::child(&arguments[1..])?;
        return Ok(ExitCode::SUCCESS);
    }
    let rounds = number(&mut arguments, "--rounds")?.unwrap_or(5);
    // Of the section `alembic`; the others have numbers of their own.
    let count = number(&mut arguments, "--count")?.unwrap_or(thousand::COUNT);
    for argument in &arguments {
        if SECTIONS.iter().all(|(name, _)| name != argument) {
            let names: Vec<&str> = SECTIONS.iter().map(|(name, _)| *name).collect();
            bail!("there is no section {argument}; there are {}", names.join(", "));
        }
    }
    let bench = Bench::start(rounds, count)?;
    let mut table = Table::default();
    for (name, section) in SECTIONS {
        if arguments.is_empty() || arguments.iter().any(|argument| argument == name) {
            eprintln!("measuring: {name}");
            section(&bench, &mut table).with_context(|| format!("in the section {name}"))?;
        }
    }
    println!("{table}");
    Ok(if table.missed() == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Takes an option with a number out of the arguments.
fn number(arguments: &mut Vec<String>, option: &str) -> anyhow::Result<Option<usize>> {
    let Some(at) = arguments.iter().position(|argument| argument == option) else {
        return Ok(None);
    };
    let value = arguments.get(at + 1).and_then(|value| value.parse().ok());
    let value = value.with_context(|| format!("{option} needs a number"))?;
    arguments.drain(at..at + 2);
    Ok(Some(value))
}
