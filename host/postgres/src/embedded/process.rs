//! Child processes: programs that run to completion, and whether a server's process is alive.

use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use super::account::Account;

/// The maximum length of a program's output, in bytes.
const MAX_OUTPUT: u64 = 256 * 1024;

/// A command that gets only PATH and HOME from this process's environment, and runs as `account` if that is given. Variables such as
/// PGDATA, PGPORT and PGOPTIONS would affect PostgreSQL's programs.
pub(super) fn command(program: &Path, account: Option<&Account>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().current_dir("/").stdin(Stdio::null());
    for name in ["PATH", "TZ"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    if let Some(account) = account {
        command.uid(account.uid).gid(account.gid);
    }
    command
}

/// Runs a program to completion and returns its stdout.
///
/// # Errors
///
/// If it could not be started, failed (the error has its output), or took longer than `limit` and was ended.
pub(super) fn run(command: &mut Command, limit: Duration) -> Result<String, String> {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let reader = |pipe: Option<Box<dyn std::io::Read + Send>>| {
        std::thread::spawn(move || {
            let mut text = Vec::new();
            if let Some(mut pipe) = pipe {
                // A broken pipe ends the output; the exit status is what matters.
                let _ = pipe.by_ref().take(MAX_OUTPUT).read_to_end(&mut text);
                let _ = std::io::copy(&mut pipe, &mut std::io::sink());
            }
            String::from_utf8_lossy(&text).trim().to_owned()
        })
    };
    let output = reader(child.stdout.take().map(|pipe| Box::new(pipe) as _));
    let errors = reader(child.stderr.take().map(|pipe| Box::new(pipe) as _));
    let end = Instant::now() + limit;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < end => std::thread::sleep(Duration::from_millis(2)),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("it took longer than {} s", limit.as_secs()));
            }
            Err(error) => return Err(error.to_string()),
        }
    };
    let (output, errors) = (output.join().unwrap_or_default(), errors.join().unwrap_or_default());
    if status.success() {
        return Ok(output);
    }
    Err(match (errors.is_empty(), output.is_empty()) {
        (false, _) => errors,
        (true, false) => output,
        (true, true) => status.to_string(),
    })
}

/// Whether process `pid` is a PostgreSQL server on the data folder `data`.
pub(super) fn is_server(pid: u32, data: &Path, account: Option<&Account>) -> bool {
    let Some(process) = to_pid(pid) else { return false };
    if rustix::process::test_kill_process(process).is_err_and(|error| error != rustix::io::Errno::PERM) {
        return false;
    }
    // The id in postmaster.pid may now belong to another process, and any user who can run SQL as superuser can change the file: root
    // must not signal an arbitrary process.
    let folder = Path::new("/proc").join(pid.to_string());
    let Ok(metadata) = std::fs::metadata(&folder) else {
        return !Path::new("/proc/self").exists();
    };
    let owner = account.map_or_else(|| rustix::process::geteuid().as_raw(), |account| account.uid);
    let arguments = std::fs::read(folder.join("cmdline")).unwrap_or_default();
    let data = data.as_os_str().as_encoded_bytes();
    metadata.uid() == owner && arguments.split(|byte| *byte == 0).any(|argument| argument == data)
}

pub(super) fn to_pid(pid: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(pid).ok()?)
}

/// Sends a signal; a process that has already ended is not an error.
pub(super) fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = to_pid(pid) {
        let _ = rustix::process::kill_process(pid, signal);
    }
}
