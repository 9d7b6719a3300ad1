//! Other tools that run files of SQL, where they are installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bench::Bench;
use crate::project;
use crate::run::find_program;
use crate::server::url;

pub struct Peer {
    pub name: &'static str,
    program: PathBuf,
    folder: PathBuf,
    line: fn(&mut Command, &Path, &str),
}

impl Peer {
    pub fn upgrade(&self, bench: &Bench, database: &str) -> Command {
        let mut command = Command::new(&self.program);
        (self.line)(&mut command, &self.folder, &url(bench.server.port, database));
        command
    }
}

/// The peers that are there, with `count` migrations each, and the names of those that are not.
pub fn find(bench: &Bench, count: usize) -> anyhow::Result<(Vec<Peer>, Vec<&'static str>)> {
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    match find_program("SQLX", "sqlx") {
        Some(program) => {
            let folder = bench.folder.join("sqlx");
            let name = |number| format!("{:014}_table.sql", number + 1);
            project::files(&folder, count, name, str::to_owned)?;
            let line = |command: &mut Command, folder: &Path, url: &str| {
                command.args(["migrate", "run", "--source"]).arg(folder);
                command.args(["--database-url", url]);
            };
            found.push(Peer {
                name: "sqlx-cli",
                program,
                folder,
                line,
            });
        }
        None => missing.push("sqlx-cli (`cargo install sqlx-cli`, or SQLX=path)"),
    }
    match find_program("DBMATE", "dbmate") {
        Some(program) => {
            let folder = bench.folder.join("dbmate");
            let name = |number| format!("{:014}_table.sql", number + 1);
            let text = |upgrade: &str| format!("-- migrate:up\n{upgrade}\n-- migrate:down\n");
            project::files(&folder, count, name, text)?;
            let line = |command: &mut Command, folder: &Path, url: &str| {
                command.args(["--no-dump-schema", "--migrations-dir"]).arg(folder);
                command.args(["--url", url, "migrate"]);
            };
            found.push(Peer {
                name: "dbmate",
                program,
                folder,
                line,
            });
        }
        None => missing.push("dbmate (DBMATE=path)"),
    }
    Ok((found, missing))
}
