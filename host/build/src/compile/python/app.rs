//! The main module of a Python component: the classes that componentize-py requires for exports, with functions that call the guest's.

use std::fmt::Write as _;

use wit_parser::{FunctionKind, TypeDefKind, WorldItem};

use super::super::{Job, interpreter_cache};

pub(super) const MODULE: &str = "mighost_app";

/// Modules of Python's standard library that every component contains, so that most guests have the same one.
const LIBRARY: &[&str] = &[
    "abc",
    "base64",
    "bisect",
    "calendar",
    "collections",
    "collections.abc",
    "configparser",
    "contextlib",
    "copy",
    "csv",
    "dataclasses",
    "datetime",
    "decimal",
    "difflib",
    "enum",
    "fractions",
    "functools",
    "hashlib",
    "heapq",
    "html",
    "inspect",
    "io",
    "ipaddress",
    "itertools",
    "json",
    "logging",
    "math",
    "operator",
    "pathlib",
    "pprint",
    "random",
    "re",
    "statistics",
    "string",
    "struct",
    "textwrap",
    "time",
    "tomllib",
    "traceback",
    "typing",
    "unicodedata",
    "urllib.parse",
    "uuid",
    "warnings",
    "xml.etree.ElementTree",
    "zoneinfo",
];

/// An interface that the guest exports, named as in Python.
pub(super) struct Export {
    /// In WIT, e.g. `mighost:roles/roles@0.1.0`.
    pub full: String,
    /// E.g. `kind_provider`.
    pub module: String,
    pub functions: Vec<String>,
    /// For each function, the number of arguments.
    pub given: Vec<usize>,
    of_host: bool,
    fallible: Vec<bool>,
}

/// The exports of the world.
pub(super) fn exports(job: &Job<'_>) -> Vec<Export> {
    let resolve = &job.world.resolve;
    let mut exports = Vec::new();
    let world = resolve.worlds.get(job.world.world);
    for (key, item) in world.into_iter().flat_map(|world| &world.exports) {
        let WorldItem::Interface { id, .. } = item else {
            continue;
        };
        let Some(interface) = resolve.interfaces.get(*id) else {
            continue;
        };
        let functions = interface
            .functions
            .values()
            .filter(|function| matches!(function.kind, FunctionKind::Freestanding));
        let full = resolve.name_world_key(key);
        let mut export = Export {
            of_host: full.starts_with("mighost:host/"),
            module: snake(interface.name.as_deref().unwrap_or(&full)),
            full,
            functions: Vec::new(),
            given: Vec::new(),
            fallible: Vec::new(),
        };
        for function in functions {
            let result = function.result.map(|ty| match ty {
                wit_parser::Type::Id(id) => {
                    matches!(resolve.types.get(id).map(|ty| &ty.kind), Some(TypeDefKind::Result(_)))
                }
                _ => false,
            });
            export.functions.push(snake(&function.name));
            export.given.push(function.params.len() + usize::from(is_hook(&export)));
            export.fallible.push(result == Some(true));
        }
        exports.push(export);
    }
    exports
}

/// Whether it is the host's interface for hooks.
fn is_hook(export: &Export) -> bool {
    export.of_host && export.module == "version_hook"
}

/// The text of the module. `preload` are modules to import while the component is made, each with the place of the guest's import, unless
/// it may fail.
pub(super) fn source(job: &Job<'_>, main: &str, preload: &[(String, Option<String>)]) -> String {
    let mut text = format!(
        "import mighost\nimport mighost_runtime\n\nmighost_runtime.main = {main:?}\nmighost_runtime.preload([\n"
    );
    for name in LIBRARY {
        let _ = writeln!(text, "    ({name:?}, None),");
    }
    for (name, place) in preload.iter().filter(|(name, _)| !LIBRARY.contains(&name.as_str())) {
        // JSON strings are Python strings.
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let place = place.as_deref().map_or("None".to_owned(), quoted);
        let _ = writeln!(text, "    ({}, {place}),", quoted(name));
    }
    text.push_str("])\n\nfrom wit_world import exports\n");
    for export in exports(job) {
        let class = class(&export.module);
        let _ = write!(text, "\n\nclass {class}(exports.{class}):\n");
        for (function, fallible) in export.functions.iter().zip(&export.fallible) {
            let value = match (export.module.as_str(), function.as_str()) {
                ("revision", "objects") if export.of_host => "mighost_runtime.objects".to_owned(),
                (module, _) => {
                    let tells_host = if export.of_host && *fallible {
                        ", tells_host=True"
                    } else {
                        ""
                    };
                    let otherwise =
                        match interpreter_cache::may_lack(&export.full, function) && module == "kind_provider" {
                            true => format!(", otherwise=mighost_runtime.{function}"),
                            false => String::new(),
                        };
                    // The author's function takes the step, whose data the host provides.
                    let given = if is_hook(&export) {
                        ", given=mighost_runtime.step"
                    } else {
                        ""
                    };
                    format!("mighost_runtime.call({module:?}, {function:?}{tells_host}{otherwise}{given})")
                }
            };
            let _ = writeln!(text, "    {function} = {value}");
        }
    }
    text
}

/// `set-role` as `set_role`; Python keywords get an underscore.
pub(super) fn snake(name: &str) -> String {
    const WORDS: [&str; 35] = [
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
        "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
        "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
    ];
    let name = name.replace('-', "_").to_lowercase();
    if WORDS.contains(&name.as_str()) {
        name + "_"
    } else {
        name
    }
}

/// `kind_provider` as `KindProvider`.
pub(super) fn class(module: &str) -> String {
    let capital = |word: &str| {
        let mut characters = word.chars();
        let first = characters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(characters).collect::<String>()
    };
    module.split('_').map(capital).collect()
}
