//! Running programs and measuring them.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

/// How long a program ran.
///
/// # Errors
/// It cannot be run, or failed; its own words are in the error.
pub fn timed(command: &mut Command) -> anyhow::Result<Duration> {
    let start = Instant::now();
    let output = command.stdin(Stdio::null()).output();
    let elapsed = start.elapsed();
    checked(command, output)?;
    Ok(elapsed)
}

/// What a program wrote to stdout.
///
/// # Errors
/// As with [`timed`].
pub fn text(command: &mut Command) -> anyhow::Result<String> {
    let output = command.stdin(Stdio::null()).output();
    Ok(String::from_utf8(checked(command, output)?.stdout)?)
}

fn checked(command: &Command, output: std::io::Result<Output>) -> anyhow::Result<Output> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = output.with_context(|| format!("cannot run {name}"))?;
    if !output.status.success() {
        bail!("{name} failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(output)
}

/// The most memory that a program held at once (its resident set), in bytes.
///
/// # Errors
/// As with [`timed`].
pub fn peak_memory(command: &mut Command) -> anyhow::Result<u64> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        // The kernel keeps the highest value itself, so little is missed between two looks.
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
        peak = peak.max(kilobytes.unwrap_or(0) * 1024);
        if let Some(ended) = child.try_wait()? {
            if !ended.success() {
                bail!("{} failed: {ended}", command.get_program().to_string_lossy());
            }
            return Ok(peak);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The middle one of several times.
pub fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// `1.08 x`: the median of what was measured in each round, against the same round's baseline.
pub fn ratio(times: &[Duration], baseline: &[Duration]) -> f64 {
    median(times).as_secs_f64() / median(baseline).as_secs_f64()
}

pub fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

/// A program by the variable that names it, or else on PATH.
pub fn find_program(variable: &str, name: &str) -> Option<std::path::PathBuf> {
    let named = std::env::var_os(variable).map(std::path::PathBuf::from);
    named.filter(|path| path.is_file()).or_else(|| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path)
            .map(|folder| folder.join(name))
            .find(|candidate| Path::is_file(candidate))
    })
}
