//! Running other programs.

use std::process::Command;

use anyhow::{Context as _, bail};

/// A command without what the cargo that runs this task says of the task's own package. Build scripts watch these variables, and would
/// run again whenever a task follows a plain cargo.
pub fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"]
            .iter()
            .any(|start| text.starts_with(start))
        {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs a program, its output passed through.
pub fn run(program: &str, arguments: &[&str], more: &[String]) -> anyhow::Result<()> {
    run_with(program, arguments, more, &[])
}

/// The same with further variables in its environment.
pub fn run_with(program: &str, arguments: &[&str], more: &[String], variables: &[(&str, &str)]) -> anyhow::Result<()> {
    let mut line = vec![program];
    line.extend(arguments);
    line.extend(more.iter().map(String::as_str));
    eprintln!("> {}", line.join(" "));
    let status = command(program)
        .args(&line[1..])
        .envs(variables.iter().copied())
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
