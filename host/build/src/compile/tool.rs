//! Runs the tool of a driver.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Job, export_check};
use crate::error::BuildError;
use mighost_core::{Event, Level};

/// The number of lines of a tool's output that an error keeps; the end is what counts.
const MAX_LINES: usize = 60;

/// Runs `command` to completion; its output is shown with `--verbose`, or in the error.
pub(super) fn run(job: &Job<'_>, name: &str, command: &mut Command) -> Result<(), BuildError> {
    try_run(job, name, command).map_err(|error| {
        let program = command.get_program().to_string_lossy();
        job.failed(format!("{name} cannot be run as {program}: {error}"), "")
    })?
}

/// Like [`run`]; the outer error means that there is no runnable program.
pub(super) fn try_run(job: &Job<'_>, name: &str, command: &mut Command) -> std::io::Result<Result<(), BuildError>> {
    let output = command.stdin(Stdio::null()).output()?;
    // Errors are on stderr, and the end is kept.
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    if !output.status.success() {
        return Ok(Err(match undefined(&text) {
            Some(function) => export_check::undefined(job, name, function, &last_lines(&text)),
            None => job.failed(format!("{name} failed"), last_lines(&text)),
        }));
    }
    if !text.trim().is_empty() {
        job.reporter.report(Event::Note {
            level: Level::Debug,
            text: format!("{name} reports for {}:\n{}", job.source.name(), text.trim_end()),
        });
    }
    Ok(Ok(()))
}

/// The function that a linker reports as missing, such as `upgrade` or another export.
fn undefined(text: &str) -> Option<&str> {
    let (_, name) = text.split_once("undefined symbol: ")?;
    name.split_whitespace().next()
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let (cut, last) = lines.split_at(lines.len().saturating_sub(MAX_LINES));
    let mark = match cut.len() {
        0 => String::new(),
        cut => format!("[{cut} earlier lines omitted]\n"),
    };
    mark + &last.join("\n")
}

/// `path`, which exists, in the form that the source folder's programs get. Zig cannot read its own records of a C file's headers if the
/// name of a folder has quotes or backslashes, and a relative path between the project's folders does not contain the project's name.
pub(super) fn from_folder(job: &Job<'_>, path: &Path) -> PathBuf {
    match (job.folder().canonicalize(), path.canonicalize()) {
        (Ok(folder), Ok(full)) => relative(&folder, &full),
        _ => path.to_owned(),
    }
}

/// `to` as seen from the folder `from`; both are absolute.
pub(super) fn relative(from: &Path, to: &Path) -> PathBuf {
    let shared = from
        .components()
        .zip(to.components())
        .take_while(|(one, other)| one == other)
        .count();
    let up = from.components().skip(shared).map(|_| "..");
    up.map(PathBuf::from)
        .chain(to.components().skip(shared).map(|part| PathBuf::from(part.as_os_str())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_output_says_that_it_is_cut() {
        let lines = |count: usize| (1..=count).map(|number| format!("{number}\n")).collect::<String>();
        assert!(last_lines(&lines(MAX_LINES)).starts_with("1\n2\n"));
        assert!(last_lines(&lines(MAX_LINES + 2)).starts_with("[2 earlier lines omitted]\n3\n"));
    }

    #[test]
    fn a_path_from_another_folder() {
        assert_eq!(relative(Path::new("/a/b/c"), Path::new("/a/d")), Path::new("../../d"));
        assert_eq!(relative(Path::new("/a"), Path::new("/a/d/e")), Path::new("d/e"));
    }
}
