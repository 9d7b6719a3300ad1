//! The documents are true: their commands are understood, their links lead somewhere, the tutorial works as it is written.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use mighost_config::Environment;
use mighost_core::ExitKind;
use mighost_tests::project::{Server, mighost};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The documents at the top, in `docs` and beside the guests.
fn documents() -> Vec<PathBuf> {
    let root = root();
    let mut folders = vec![
        root.clone(),
        root.join("docs"),
        root.join("docs/tutorials"),
        root.join("docs/examples/languages"),
        root.join("docs/examples/languages/plugins/partitions"),
        root.join("migrations"),
        root.join("plugin-sdk"),
    ];
    folders.extend(
        fs::read_dir(root.join("plugins"))
            .unwrap()
            .map(|entry| entry.unwrap().path()),
    );
    let files = folders
        .iter()
        .filter_map(|folder| fs::read_dir(folder).ok())
        .flat_map(|entries| entries.map(|entry| entry.unwrap().path()));
    let mut documents: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    documents.sort();
    assert!(documents.len() > 10);
    documents
}

/// The blocks that are fenced as `language`.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<(bool, String)> = None;
    for line in text.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => open = Some((info == language, String::new())),
            (Some(_), Some(_)) => blocks.extend(open.take().filter(|(wanted, _)| *wanted).map(|(_, block)| block)),
            (Some((_, block)), None) => block.push_str(&format!("{line}\n")),
            (None, None) => {}
        }
    }
    blocks
}

/// The lines of a shell block that call mighost; bodies of here-documents are left out.
fn calls(block: &str) -> Vec<&str> {
    let mut calls = Vec::new();
    let mut end: Option<&str> = None;
    for line in block.lines() {
        if let Some(mark) = end {
            end = (line != mark).then_some(mark);
        } else {
            end = line.split_once("<<'").and_then(|(_, mark)| mark.split('\'').next());
            calls.extend(line.starts_with("mighost ").then_some(line));
        }
    }
    calls
}

/// The words of a line as a shell has them, up to the first redirection or pipe. Single quotes are all that is used.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (number, part) in line.split('\'').enumerate() {
        if number % 2 == 1 {
            words.push(part.to_owned());
            continue;
        }
        for word in part.split_whitespace() {
            if word.starts_with(['>', '|']) {
                return words;
            }
            words.push(word.to_owned());
        }
    }
    words
}

#[test]
fn commands_are_understood() {
    let mut seen = 0;
    for document in documents() {
        for block in blocks(&read(&document), "sh") {
            for line in calls(&block) {
                seen += 1;
                let args: Vec<_> = words(line).into_iter().map(Into::into).collect();
                let parsed = mighost_cli::parse(&args, Environment::new(), "/".into());
                if let Err(error) = parsed {
                    assert!(!error.use_stderr(), "{}: {line}\n{error}", document.display());
                }
            }
        }
    }
    assert!(seen > 40, "{seen} commands");
}

#[test]
fn links_lead_somewhere() {
    let mut broken = Vec::new();
    for document in documents() {
        let text = read(&document);
        for (at, _) in text.match_indices("](") {
            let link = text[at + 2..].split(')').next().unwrap();
            if link.contains("://") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => document.clone(),
                file => document.parent().unwrap().join(file),
            };
            if !target.exists() || (!anchor.is_empty() && !anchors(&read(&target)).contains(anchor)) {
                broken.push(format!("{}: {link}", document.display()));
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere:\n{}", broken.join("\n"));
}

/// The names that headings have in links.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| {
        let kept = heading.trim_start_matches('#').trim().to_lowercase();
        kept.chars()
            .filter(|c| c.is_alphanumeric() || *c == ' ' || *c == '-')
            .map(|c| if c == ' ' { '-' } else { c })
            .collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn exit_codes_are_those_of_the_program() {
    use ExitKind::{
        Artifact, Check, Config, Connection, Database, Guest, History, Internal, Interrupted, Lock, Trust, Usage,
    };
    let kinds = [
        Internal,
        Usage,
        Config,
        History,
        Artifact,
        Connection,
        Database,
        Guest,
        Lock,
        Check,
        Interrupted,
        Trust,
    ];
    let codes: BTreeSet<String> = kinds.iter().map(|kind| kind.code().to_string()).collect();
    let commands = read(&root().join("docs/commands.md"));
    let table = commands
        .split("## Exit codes")
        .nth(1)
        .unwrap()
        .split("\n## ")
        .next()
        .unwrap();
    let rows = table
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(' ').next());
    let listed: BTreeSet<String> = rows
        .filter(|code| code.parse::<u8>().is_ok_and(|code| code > 0))
        .map(Into::into)
        .collect();
    assert_eq!(listed, codes);
    for document in documents() {
        let text = read(&document);
        for (at, word) in text.match_indices("code ").chain(text.match_indices("code\n")) {
            let digits: String = text[at + word.len()..]
                .chars()
                .take_while(char::is_ascii_digit)
                .collect();
            assert!(
                digits.is_empty() || codes.contains(&digits),
                "{}: code {digits}",
                document.display()
            );
        }
    }
}

/// `mighost init` says that its file has every setting.
#[test]
fn a_new_project_shows_every_setting() {
    let documented = read(&root().join("docs/configuration.md"));
    let written = read(&root().join("host/commands/src/init/mighost.toml"));
    for table in ["project", "limits", "revision", "embedded", "toolchains", "test"] {
        let section = documented.split(&format!("\n## `[{table}]`")).nth(1).unwrap();
        let section = section.split("\n## ").next().unwrap();
        let rows = section
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split(" |").next());
        let settings: Vec<_> = rows
            .flat_map(|cell| cell.split(", "))
            .map(|name| name.replace('`', ""))
            .collect();
        assert!(!settings.is_empty(), "[{table}]");
        for setting in settings {
            let there = |line: &str| line.trim_start_matches("# ").starts_with(&format!("{setting} ="));
            assert!(written.lines().any(there), "[{table}] {setting}");
        }
    }
}

/// Paths in backquotes, and every crate of the host.
#[test]
fn architecture_names_paths_that_exist_and_every_crate() {
    let architecture = read(&root().join("ARCHITECTURE.md"));
    let paths: BTreeSet<&str> = architecture
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|quoted| {
            let top = quoted.split('/').next().unwrap_or_default();
            quoted.contains('/')
                && !quoted.starts_with('/')
                && !quoted.contains([' ', '*', '<', '@'])
                && root().join(top).is_dir()
        })
        .collect();
    assert!(paths.len() > 20, "{paths:?}");
    let missing: Vec<_> = paths.iter().filter(|path| !root().join(path).exists()).collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md names {missing:?}");
    for entry in fs::read_dir(root().join("host")).unwrap() {
        let crate_folder = format!("host/{}", entry.unwrap().file_name().to_string_lossy());
        assert!(
            architecture.contains(&crate_folder),
            "ARCHITECTURE.md does not name {crate_folder}"
        );
    }
}

/// Each file of `commands` is a verb, but for a few that verbs share.
#[test]
fn every_verb_is_documented() {
    let root = root();
    let docs = fs::read_to_string(root.join("docs/commands.md")).unwrap();
    let verbs = fs::read_dir(root.join("host/commands/src"))
        .unwrap()
        .filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            name.strip_suffix(".rs").map(|verb| verb.replace('_', "-"))
        });
    let helpers = ["context", "error", "lib", "migrate", "run-options", "signatures"];
    let missing: Vec<_> = verbs
        .filter(|verb| !helpers.contains(&verb.as_str()) && !docs.contains(&format!("## mighost {verb}")))
        .collect();
    assert!(
        missing.is_empty(),
        "docs/commands.md has no section for: {}",
        missing.join(", ")
    );
}

/// The README's tutorial, on a throw-away server in place of the embedded one. What cargo made of the demo's guests is used again.
#[test]
fn the_tutorial_works() {
    let root = root();
    let server = Server::shared();
    let url = server.url(&server.database());
    let folder = tempfile::Builder::new().prefix("mighost-tutorial-").tempdir().unwrap();
    symlink(root.join("plugins"), folder.path().join("plugins")).unwrap();
    let cargo = root.join(".mighost/build/cargo");
    fs::create_dir_all(&cargo).unwrap();
    let lock = root.join("migrations/Cargo.lock");

    let readme = read(&root.join("README.md"));
    let tutorial = readme
        .split("\n## Five minutes")
        .nth(1)
        .unwrap()
        .split("\n## ")
        .next()
        .unwrap();
    let mut script = "set -eu\n".to_owned();
    for line in blocks(tutorial, "sh").concat().lines() {
        if line.starts_with("export PATH=") {
            continue;
        }
        script.push_str(&format!("{line}\n"));
        if line == "cd tutorial" {
            script.push_str(&format!(
                "sed -i 's|^url = \"embedded\"|url = \"{}\"|' mighost.toml\n",
                url.replace('&', "\\&")
            ));
            script.push_str(&format!(
                "mkdir -p .mighost/build\nln -s '{}' .mighost/build/cargo\n",
                cargo.display()
            ));
        } else if line.contains("--template rust") {
            // The versions that are compiled already.
            script.push_str(&format!(
                "for new in migrations/*/Cargo.toml; do cp '{}' \"${{new%/*}}/\"; done\n",
                lock.display()
            ));
        }
    }
    let mut path = mighost().parent().unwrap().as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap());
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(folder.path())
        .env("PATH", path)
        .env("MIGHOST_SDK", root.join("plugin-sdk"))
        .env_remove("MIGHOST_CONFIG")
        .output()
        .unwrap();
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{script}\n{stdout}\n{stderr}");
    for line in [" Ridge | 3970", "-- upgrade s1: Create stations", "    kinds gronk"] {
        assert!(stdout.contains(line), "{line} is not in\n{stdout}\n{stderr}");
    }
    assert!(
        stderr.contains("dry run: dev would be upgraded by 1 revision, to s2"),
        "{stderr}"
    );
}
