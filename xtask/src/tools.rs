//! Running other programs.

use std::process::Command;

use anyhow::{Context as _, bail};

/// Runs a program, its output passed through.
pub fn run(program: &str, arguments: &[&str], more: &[String]) -> anyhow::Result<()> {
    let mut line = vec![program];
    line.extend(arguments);
    line.extend(more.iter().map(String::as_str));
    eprintln!("> {}", line.join(" "));
    let status = Command::new(program)
        .args(&line[1..])
        .status()
        .with_context(|| format!("cannot run {program}"))?;
    if !status.success() {
        bail!("{} failed: {status}", line.join(" "));
    }
    Ok(())
}

/// Whether a program answers.
pub fn answers(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .output()
        .is_ok_and(|output| output.status.success())
}
