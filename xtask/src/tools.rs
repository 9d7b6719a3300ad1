//! Running other programs.

use std::process::Command;

use anyhow::{Context as _, bail};

/// Runs a program, its output passed through.
pub fn run(program: &str, arguments: &[&str], more: &[String]) -> anyhow::Result<()> {
    let mut line = vec![program];
    line.extend(arguments);
    line.extend(more.iter().map(String::as_str));
    eprintln!("> {}", line.join(" "));
    let mut command = Command::new(program);
    // What the cargo that runs this task says of the task's own package. Build scripts watch these variables, and would run
    // again whenever a task follows a plain cargo.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"]
            .iter()
            .any(|start| text.starts_with(start))
        {
            command.env_remove(&name);
        }
    }
    let status = command
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
