//! Running a driver's tool.

use std::process::{Command, Stdio};

use super::super::error::ArtifactError;
use super::Job;
use crate::report::{Event, Level};

/// How many lines of a tool's output an error keeps; the end is what counts.
const MAX_LINES: usize = 60;

/// Runs `command` to its end; what it says is shown with `--verbose`, or in the error.
pub(super) fn run(job: &Job<'_>, name: &str, command: &mut Command) -> Result<(), ArtifactError> {
    try_run(job, name, command).map_err(|error| {
        let program = command.get_program().to_string_lossy();
        job.failed(format!("{name} cannot be run as {program}: {error}"), "")
    })?
}

/// As [`run`]; the outer error is that there is no program that could run.
pub(super) fn try_run(job: &Job<'_>, name: &str, command: &mut Command) -> std::io::Result<Result<(), ArtifactError>> {
    let output = command.stdin(Stdio::null()).output()?;
    // What is wrong is said to stderr, and the end is what is kept.
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    if !output.status.success() {
        let reason = match undefined(&text) {
            Some(function) => format!("{name} failed: there is no function {function}, which must be defined"),
            None => format!("{name} failed"),
        };
        return Ok(Err(job.failed(reason, last_lines(&text))));
    }
    if !text.trim().is_empty() {
        job.reporter.report(Event::Note {
            level: Level::Debug,
            text: format!("{name} says of {}:\n{}", job.source.name(), text.trim_end()),
        });
    }
    Ok(Ok(()))
}

/// The function that a linker says is missing, such as `upgrade` or one that the world exports.
fn undefined(text: &str) -> Option<&str> {
    let (_, name) = text.split_once("undefined symbol: ")?;
    name.split_whitespace().next()
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines[lines.len().saturating_sub(MAX_LINES)..].join("\n")
}
