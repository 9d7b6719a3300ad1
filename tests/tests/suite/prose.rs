//! The wording of documents and sources: `docs/style/avoid.txt` lists phrases to avoid.

use std::fs;
use std::path::{Path, PathBuf};

use regex::{Regex, RegexBuilder};

const LIST: &str = "docs/style/avoid.txt";

/// A phrase of the list.
struct Phrase {
    pattern: Regex,
    better: String,
    documents_only: bool,
}

/// Lines of a file that are not searched.
struct Exception {
    /// Its line in the list, counted from 1.
    number: usize,
    path: String,
    pattern: Regex,
}

#[test]
fn texts_avoid_phrases_of_the_list() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap();
    let (phrases, exceptions) = list(&fs::read_to_string(root.join(LIST)).unwrap());
    assert!(!phrases.is_empty());
    let mut files = Vec::new();
    collect(&root, &root, &mut files);
    assert!(files.len() > 100, "{} files", files.len());
    let mut used = vec![false; exceptions.len()];
    let mut findings = Vec::new();
    for path in files {
        let text = fs::read_to_string(root.join(&path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        for (number, line) in lines(&path, &text) {
            let matching =
                (0..exceptions.len()).find(|&at| exceptions[at].path == path && exceptions[at].pattern.is_match(&line));
            if let Some(at) = matching {
                used[at] = true;
                continue;
            }
            let searched = phrases
                .iter()
                .filter(|phrase| !phrase.documents_only || path.ends_with(".md"));
            for phrase in searched {
                if let Some(found) = phrase.pattern.find(&line) {
                    let (found, better) = (found.as_str(), &phrase.better);
                    findings.push(format!("{path}:{number}: \"{found}\": write \"{better}\""));
                }
            }
        }
    }
    for (exception, used) in exceptions.iter().zip(used) {
        if !used {
            findings.push(format!("{LIST}:{}: the exception matches no line", exception.number));
        }
    }
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}

/// The phrases and exceptions of `text`, whose first lines describe the format.
fn list(text: &str) -> (Vec<Phrase>, Vec<Exception>) {
    let (mut phrases, mut exceptions) = (Vec::new(), Vec::new());
    for (at, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let number = at + 1;
        match line.split('\t').collect::<Vec<_>>().as_slice() {
            ["except", path, regex, _reason] => exceptions.push(Exception {
                number,
                path: (*path).to_owned(),
                pattern: pattern(number, regex),
            }),
            [regex, better] => phrases.push(Phrase {
                pattern: pattern(number, regex),
                better: (*better).to_owned(),
                documents_only: false,
            }),
            [regex, better, "docs"] => phrases.push(Phrase {
                pattern: pattern(number, regex),
                better: (*better).to_owned(),
                documents_only: true,
            }),
            _ => panic!("{LIST}:{number}: neither an entry nor an exception: {line}"),
        }
    }
    (phrases, exceptions)
}

fn pattern(number: usize, regex: &str) -> Regex {
    let built = RegexBuilder::new(regex).case_insensitive(true).build();
    built.unwrap_or_else(|error| panic!("{LIST}:{number}: {error}"))
}

/// The paths of all files to search below `folder`, relative to `root`.
fn collect(root: &Path, folder: &Path, files: &mut Vec<String>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap().to_string_lossy();
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            // Build output, caches, and the project of the README's tutorial.
            let ours = !name.starts_with('.') && !["target", "node_modules", "tutorial"].contains(&&*name);
            if ours {
                collect(root, &path, files);
            }
            continue;
        }
        let relative = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
        if is_searched(&relative) {
            files.push(relative);
        }
    }
}

fn is_searched(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    if path.ends_with(".md") {
        return true;
    }
    match parts.as_slice() {
        ["wit", _] | ["plugins", _, "wit", _] => path.ends_with(".wit"),
        ["plugin-sdk", "src", ..] | ["host", _, "src", ..] => path.ends_with(".rs"),
        ["host", "build", "helpers", ..] => true,
        _ => false,
    }
}

/// The numbered lines to search. Code in a document is left out: it may quote what a program prints.
fn lines(path: &str, text: &str) -> Vec<(usize, String)> {
    let numbered = text.lines().enumerate().map(|(at, line)| (at + 1, line));
    if !path.ends_with(".md") {
        return numbered.map(|(number, line)| (number, line.to_owned())).collect();
    }
    let mut in_block = false;
    let mut prose = Vec::new();
    for (number, line) in numbered {
        if line.starts_with("```") {
            in_block = !in_block;
        } else if !in_block {
            let outside: Vec<&str> = line.split('`').step_by(2).collect();
            prose.push((number, outside.join("``")));
        }
    }
    prose
}
