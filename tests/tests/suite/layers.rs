//! The architecture as a test: a module of the host imports only from the layers above it.

use std::fs;
use std::path::{Path, PathBuf};

/// Top first. ARCHITECTURE.md explains each that is there.
const LAYERS: [&str; 17] = [
    "ident",
    "sql",
    "report",
    "config",
    "revision",
    "toolchain",
    "artifact",
    "runtime",
    "database",
    "plugins",
    "catalog",
    "executor",
    "testkit",
    "commands",
    "api",
    "output",
    "cli",
];

/// Exceptions, each with its reason.
const ALLOWED: [(&str, &str, &str); 0] = [];

#[test]
fn imports_go_one_way() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/src");
    let mut wrong = Vec::new();
    for file in rust_files(&source) {
        let below = file.strip_prefix(&source).unwrap();
        let module = below
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_string_lossy()
            .replace(".rs", "");
        if module == "lib" || module == "main" {
            continue;
        }
        let layer = LAYERS.iter().position(|layer| *layer == module);
        let layer = layer.unwrap_or_else(|| panic!("{} is in no layer: add it to LAYERS", below.display()));
        for (number, line) in fs::read_to_string(&file).unwrap().lines().enumerate() {
            let code = line.split("//").next().unwrap();
            for imported in imports(code) {
                let Some(from) = LAYERS.iter().position(|layer| *layer == imported) else {
                    continue;
                };
                let excepted = ALLOWED.iter().any(|(a, b, _)| *a == module && *b == imported);
                if from > layer && !excepted {
                    wrong.push(format!(
                        "{}:{}: {module} imports {imported}",
                        below.display(),
                        number + 1
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "imports against the layers:\n{}", wrong.join("\n"));
}

/// The modules of the crate that a line names: `use crate::x`, `crate::x::y`, `use crate::{x, y}`.
fn imports(code: &str) -> Vec<String> {
    let name = |text: &str| {
        text.chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect::<String>()
    };
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(list) => found.extend(list.split(',').map(|part| name(part.trim()))),
            None => found.push(name(rest)),
        }
    }
    found
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// Each file of `commands` is a verb, but for a few that verbs share.
#[test]
fn every_verb_is_documented() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let docs = fs::read_to_string(root.join("docs/commands.md")).unwrap();
    let verbs = fs::read_dir(root.join("host/src/commands"))
        .unwrap()
        .filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            name.strip_suffix(".rs").map(|verb| verb.replace('_', "-"))
        });
    let helpers = ["error", "open", "migrate", "run-options"];
    let missing: Vec<_> = verbs
        .filter(|verb| !helpers.contains(&verb.as_str()) && !docs.contains(&format!("## mighost {verb}")))
        .collect();
    assert!(
        missing.is_empty(),
        "docs/commands.md has no section for: {}",
        missing.join(", ")
    );
}
