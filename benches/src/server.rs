//! A private PostgreSQL with its default settings, its data on disk and fsync on, for as long as the bench runs.

use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::run;

pub struct Server {
    bin: PathBuf,
    data: PathBuf,
    child: Child,
    pub port: u16,
}

impl Server {
    /// Makes a cluster in `folder` and starts it, as the user `postgres` where the bench runs as root.
    pub fn start(folder: &Path) -> anyhow::Result<Self> {
        let bin = programs()?;
        let data = folder.join("data");
        std::fs::create_dir_all(&data)?;
        let account = account()?;
        if let Some((user, group)) = account {
            std::os::unix::fs::chown(&data, Some(user), Some(group))?;
        }
        let program = |name: &str| {
            let mut command = Command::new(bin.join(name));
            command.current_dir("/");
            if let Some((user, group)) = account {
                command.uid(user).gid(group);
            }
            command
        };
        run::text(
            program("initdb")
                .args([
                    "--username=postgres",
                    "--auth=trust",
                    "--encoding=UTF8",
                    "--locale=C",
                    "-D",
                ])
                .arg(&data),
        )?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let child = program("postgres")
            .arg("-D")
            .arg(&data)
            .args(["-p", &port.to_string()])
            .args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(folder.join("log"))?)
            .spawn()?;
        let server = Self { bin, data, child, port };
        let start = Instant::now();
        while server.psql("postgres").args(["-c", "select 1"]).output()?.status.code() != Some(0) {
            if start.elapsed() > Duration::from_secs(30) {
                bail!("the server does not start; see {}", folder.join("log").display());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(server)
    }

    /// psql itself, not a distribution's wrapper around it, which takes longer than psql does.
    pub fn psql(&self, database: &str) -> Command {
        self.psql_by(self.port, database)
    }

    /// psql through another port, such as a proxy's.
    pub fn psql_by(&self, port: u16, database: &str) -> Command {
        let mut command = Command::new(self.bin.join("psql"));
        command
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d"])
            .arg(url(port, database));
        command
    }

    /// An empty database, and a server that has nothing left to write.
    pub fn fresh(&self, database: &str) -> anyhow::Result<()> {
        let drop = format!("drop database if exists {database} with (force)");
        let create = format!("create database {database}");
        run::text(
            self.psql("postgres")
                .args(["-c", &drop, "-c", &create, "-c", "checkpoint"]),
        )?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The data are thrown away, so it need not write them back.
        let stopped = Command::new("kill")
            .args(["-QUIT", &self.child.id().to_string()])
            .status();
        if stopped.is_ok_and(|status| status.success()) {
            let _ = self.child.wait();
        }
        let _ = std::fs::remove_dir_all(&self.data);
        // Empty by now: the bench has removed its own part.
        if let Some(folder) = self.data.parent() {
            let _ = std::fs::remove_file(folder.join("log"));
            let _ = std::fs::remove_dir(folder);
        }
    }
}

/// Where a database is, for every program alike.
pub fn url(port: u16, database: &str) -> String {
    format!("postgresql://postgres@127.0.0.1:{port}/{database}?sslmode=disable")
}

/// The newest PostgreSQL of the system.
fn programs() -> anyhow::Result<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten() {
        let bin = entry?.path().join("bin");
        let major = bin
            .parent()
            .and_then(|path| path.file_name()?.to_str()?.parse::<u32>().ok());
        if bin.join("postgres").is_file() {
            found.push((major, bin));
        }
    }
    found.sort();
    let newest = found
        .pop()
        .context("there is no PostgreSQL below /usr/lib/postgresql")?;
    Ok(newest.1)
}

/// The user and group ids of `postgres` where the bench runs as root, which a server refuses.
fn account() -> anyhow::Result<Option<(u32, u32)>> {
    let id = |arguments: &[&str]| -> anyhow::Result<u32> {
        Ok(run::text(Command::new("id").args(arguments))?.trim().parse()?)
    };
    if id(&["-u"])? != 0 {
        return Ok(None);
    }
    Ok(Some((id(&["-u", "postgres"])?, id(&["-g", "postgres"])?)))
}
