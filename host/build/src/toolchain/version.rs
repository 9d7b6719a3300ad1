//! The version that a program reports.

use std::path::Path;
use std::process::{Command, Stdio};

/// Major and minor version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32);

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// Asks `program`; `None` if it does not exist, fails, or prints no version.
pub(super) fn of(program: &Path) -> Option<Version> {
    parse(&text(program)?)
}

/// The full version that a program prints, e.g. `v20.20.2`.
pub(super) fn text(program: &Path) -> Option<String> {
    // Go and Zig do not support --version.
    ["--version", "version"].into_iter().find_map(|argument| {
        let output = Command::new(program).arg(argument).stdin(Stdio::null()).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let line = text.lines().next()?.trim();
        (output.status.success() && !line.is_empty()).then(|| line.to_owned())
    })
}

/// The first two numbers, separated by a point.
fn parse(text: &str) -> Option<Version> {
    text.split(|c: char| !c.is_ascii_digit() && c != '.').find_map(|word| {
        let mut numbers = word.split('.').map(str::parse);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(major)), Some(Ok(minor))) => Some(Version(major, minor)),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_programs_write_them() {
        for (text, version) in [
            ("v20.20.2", Some(Version(20, 20))),
            ("Python 3.11.7", Some(Version(3, 11))),
            ("go version go1.24.1 linux/amd64", Some(Version(1, 24))),
            ("0.15.2", Some(Version(0, 15))),
            ("none", None),
        ] {
            assert_eq!(parse(text), version, "{text}");
        }
    }

    #[test]
    fn a_program_that_is_not_there_has_none() {
        assert_eq!(of(Path::new("/nowhere/node")), None);
    }
}
