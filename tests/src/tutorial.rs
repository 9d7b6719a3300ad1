//! The tutorials of `docs/`, done as they say: every block of code is a file that is written, commands that are run, or what they must
//! print. A block that is none of these is an error, so that no block goes untested.
//!
//! - ```` ```toml file=mighost.toml ```` writes the block to that file.
//! - ```` ```sh ```` is run by a shell, in the folder that the commands before went to.
//! - ```` ```text ```` behind commands is what they print, line by line; `...` stands for any lines, and within a line for any text.
//!
//! A file's block is introduced by a line that names it, since who reads the document as a page does not see what is behind the fence.
//!
//! Sections that are named after a language are alternatives: a run takes one of them, and what stands outside of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::project::mighost;

/// The headings that make a section an alternative.
pub const LANGUAGES: [&str; 8] = ["Rust", "C", "C++", "Zig", "Go", "JavaScript", "TypeScript", "Python"];

/// A block between fences.
#[derive(Debug, PartialEq, Eq)]
struct Block {
    /// Where it begins, counted from 1.
    line: usize,
    kind: Kind,
    text: String,
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    File(PathBuf),
    Commands,
    Output,
}

/// The languages that a document has sections for.
pub fn languages(document: &str) -> Vec<&str> {
    let headings = document.lines().filter_map(heading);
    headings
        .map(|(_, title)| title)
        .filter(|title| LANGUAGES.contains(title))
        .collect()
}

fn heading(line: &str) -> Option<(usize, &str)> {
    let title = line.trim_start_matches('#');
    let level = line.len() - title.len();
    (level > 0 && title.starts_with(' ')).then(|| (level, title.trim()))
}

/// The blocks of a run that takes the sections of `language`.
fn blocks(document: &str, language: Option<&str>) -> Vec<Block> {
    let mut blocks = Vec::new();
    // The level of the heading of a section that is left out.
    let mut skipped: Option<usize> = None;
    // The last line of text.
    let mut introduction = "";
    let mut lines = document.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if let Some((level, title)) = heading(line) {
            if skipped.is_some_and(|of| level <= of) {
                skipped = None;
            }
            if skipped.is_none() && LANGUAGES.contains(&title) && Some(title) != language {
                skipped = Some(level);
            }
        }
        let Some(info) = line.strip_prefix("```") else {
            if !line.is_empty() {
                introduction = line;
            }
            continue;
        };
        let text: String = lines
            .by_ref()
            .map(|(_, line)| line)
            .take_while(|line| *line != "```")
            .flat_map(|line| [line, "\n"])
            .collect();
        let file = info.split_whitespace().find_map(|word| word.strip_prefix("file="));
        if let Some(file) = file {
            let shown = introduction.contains(&format!("`{file}`"));
            assert!(
                shown,
                "line {}: nothing above the block says that it is {file}",
                number + 1
            );
        }
        let kind = match (file, info) {
            (Some(file), _) => Kind::File(file.into()),
            (None, "sh") => Kind::Commands,
            (None, "text") => Kind::Output,
            (None, info) => panic!("line {}: a block `{info}` that nobody tests", number + 1),
        };
        if skipped.is_none() {
            let line = number + 1;
            blocks.push(Block { line, kind, text });
        }
    }
    blocks
}

/// Where a tutorial is done.
pub struct Tutorial {
    folder: TempDir,
    here: PathBuf,
}

impl Tutorial {
    /// Does what `document` says, with the sections of `language`, in a folder of its own. `prepare` is called with the folder before
    /// the first block.
    pub fn run(name: &str, document: &str, language: Option<&str>, prepare: impl Fn(&Path)) {
        let folder = tempfile::Builder::new().prefix("mighost-tutorial-").tempdir().unwrap();
        prepare(folder.path());
        let here = folder.path().to_owned();
        let mut tutorial = Self { folder, here };
        let mut printed: Option<String> = None;
        for block in blocks(document, language) {
            let place = format!("{name}, line {}", block.line);
            match block.kind {
                Kind::File(path) => {
                    let path = tutorial.here.join(path);
                    fs::create_dir_all(path.parent().unwrap()).unwrap();
                    fs::write(path, block.text).unwrap();
                    printed = None;
                }
                Kind::Commands => printed = Some(tutorial.commands(&place, &block.text)),
                Kind::Output => {
                    let printed = printed.take();
                    let printed = printed.unwrap_or_else(|| panic!("{place}: no commands print this"));
                    if let Err(line) = check(&block.text, &printed) {
                        panic!("{place}: `{line}` is not there, or not in its place, in what was printed:\n{printed}");
                    }
                }
            }
        }
    }

    /// Runs commands; answers what they print, errors and all.
    fn commands(&mut self, place: &str, commands: &str) -> String {
        let left = self.folder.path().join(".here");
        let script = format!("set -eu\nexec 2>&1\n{commands}\npwd > '{}'\n", left.display());
        let mut path = mighost().parent().unwrap().as_os_str().to_owned();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap());
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap();
        let toolchains = std::env::var_os("MIGHOST_TOOLCHAINS");
        let toolchains = toolchains.unwrap_or_else(|| root.join(".mighost/toolchains").into());
        let output = Command::new("bash")
            .args(["-c", &script])
            .current_dir(&self.here)
            .env("PATH", path)
            .env("NO_COLOR", "1")
            .env_remove("MIGHOST_SDK")
            // Installed once for all tests.
            .env("MIGHOST_TOOLCHAINS", toolchains)
            .env_remove("MIGHOST_CONFIG")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{place}:\n{commands}\n{printed}");
        self.here = fs::read_to_string(left).unwrap().trim_end().into();
        printed
    }
}

impl Drop for Tutorial {
    fn drop(&mut self) {
        if self.here.join("mighost.toml").is_file() {
            // A server that was never started is as good as one that has stopped.
            let _ = Command::new(mighost())
                .args(["db", "stop", "-q"])
                .current_dir(&self.here)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
        }
    }
}

/// Whether `printed` is what `expected` says; otherwise the line that it lacks.
fn check<'a>(expected: &'a str, printed: &str) -> Result<(), &'a str> {
    let mut printed = printed.lines().peekable();
    let mut anywhere = false;
    for line in expected.lines() {
        if line == "..." {
            anywhere = true;
            continue;
        }
        let found = match anywhere {
            true => printed.any(|found| fits(line, found)),
            false => printed.next().is_some_and(|found| fits(line, found)),
        };
        if !found {
            return Err(line);
        }
        anywhere = false;
    }
    if anywhere || printed.next().is_none() {
        Ok(())
    } else {
        Err("the end")
    }
}

/// Whether a line is `pattern`, in which `...` stands for any text.
fn fits(pattern: &str, line: &str) -> bool {
    let mut parts = pattern.split("...");
    let Some(mut rest) = line.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, between)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in between {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = "\
# Title
```sh
first
```
## C
`a/b.c`:
```c file=a/b.c
int x;
```
### More
```text
of C
```
## Go
This is `b.go`:

```go file=b.go
package b
```
## Then
```sh
last
```
";

    #[test]
    fn a_run_takes_one_language() {
        let texts = |language| {
            let blocks = blocks(DOCUMENT, language).into_iter();
            blocks.map(|block| block.text.trim().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(texts(Some("C")), ["first", "int x;", "of C", "last"]);
        assert_eq!(texts(Some("Go")), ["first", "package b", "last"]);
        assert_eq!(texts(None), ["first", "last"]);
        assert_eq!(languages(DOCUMENT), ["C", "Go"]);
    }

    #[test]
    #[should_panic(expected = "line 1: a block `toml`")]
    fn no_block_goes_untested() {
        blocks("```toml\n```\n", None);
    }

    #[test]
    #[should_panic(expected = "line 3: nothing above the block says that it is a.toml")]
    fn files_are_named_in_the_text() {
        blocks("A file:\n\n```toml file=a.toml\n```\n", None);
    }

    #[test]
    fn what_is_printed_is_compared() {
        assert_eq!(check("a\n...\nb ... c\n", "a\nx\ny\nb 12 c\n"), Ok(()));
        assert_eq!(check("a\n...\n", "a\nx\ny\n"), Ok(()));
        assert_eq!(check("a\n", "a\nx\n"), Err("the end"));
        assert_eq!(check("a\nb\n", "a\nx\nb\n"), Err("b"));
        assert_eq!(check("a ... b\n", "a b\n"), Err("a ... b"));
    }
}
