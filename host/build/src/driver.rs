//! Selects the build driver of a source folder.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::BuildError;
use crate::toolchain::{
    COMPONENTIZE_PY, COMPONENTIZE_QJS, GO, GO_RUNTIME, GO_RUNTIME_NAME, NODE, Package, TYPESCRIPT, Tool, ZIG,
};
use mighost_artifact::RevisionMetadata;

/// A way to make a component of a source folder's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Driver {
    /// `upgrade.sql` and `downgrade.sql`, run by the host's own SQL component.
    Sql,
    /// A Cargo package.
    Rust,
    /// C, compiled by zig.
    C,
    /// A Go package.
    Go,
    /// C++, compiled by zig, also with C files.
    Cpp,
    Zig,
    /// JavaScript, run by QuickJS.
    Javascript,
    /// TypeScript: checked, then treated like JavaScript.
    Typescript,
    /// Python, run by Python itself.
    Python,
    /// Any other language: a program that the manifest names.
    Command,
}

impl Driver {
    /// All drivers for one language, i.e. all except `command`.
    pub const ALL: [Self; 9] = [
        Self::Sql,
        Self::Rust,
        Self::C,
        Self::Cpp,
        Self::Zig,
        Self::Go,
        Self::Javascript,
        Self::Typescript,
        Self::Python,
    ];

    /// The name in `build = "..."`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sql => "sql",
            Self::Rust => "rust",
            Self::C => "c",
            Self::Go => "go",
            Self::Cpp => "cpp",
            Self::Zig => "zig",
            Self::Javascript => "javascript",
            Self::Typescript => "typescript",
            Self::Python => "python",
            Self::Command => "command",
        }
    }

    /// The name of the language.
    pub fn language(self) -> &'static str {
        match self {
            Self::Sql => "SQL",
            Self::Rust => "Rust",
            Self::C => "C",
            Self::Go => "Go",
            Self::Cpp => "C++",
            Self::Zig => "Zig",
            Self::Javascript => "JavaScript",
            Self::Typescript => "TypeScript",
            Self::Python => "Python",
            Self::Command => "another language",
        }
    }

    /// The root files of a migration's code.
    pub fn migration_files(self) -> &'static [&'static str] {
        match self {
            Self::Sql => &["upgrade.sql", "downgrade.sql"],
            Self::Rust => &["src/lib.rs"],
            Self::C => &["migration.c"],
            Self::Go => &["migration.go"],
            Self::Cpp => &["migration.cpp", "migration.cc"],
            Self::Zig => &["migration.zig"],
            Self::Javascript => &["migration.js", "migration.mjs"],
            Self::Typescript => &["migration.ts", "migration.mts"],
            Self::Python => &["migration.py"],
            Self::Command => &[],
        }
    }

    /// The tools of its builds, in addition to those in mighost. Rust's cargo is not one of them: it must be installed.
    pub fn tools(self) -> &'static [&'static Tool] {
        match self {
            Self::Sql | Self::Rust | Self::Command => &[],
            Self::C | Self::Cpp | Self::Zig => &[&ZIG],
            Self::Go => &[&GO],
            Self::Javascript => &[&NODE, &COMPONENTIZE_QJS],
            Self::Typescript => &[&NODE, &COMPONENTIZE_QJS, &TYPESCRIPT],
            Self::Python => &[&COMPONENTIZE_PY],
        }
    }

    /// Other requirements of its builds, with their names in messages.
    pub fn packages(self) -> &'static [(&'static Package, &'static str)] {
        match self {
            Self::Go => &[(&GO_RUNTIME, GO_RUNTIME_NAME)],
            _ => &[],
        }
    }

    /// File extensions that indicate it. A Cargo package and SQL scripts are recognized by whole names.
    pub(super) fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Sql | Self::Rust | Self::Command => &[],
            Self::C => &["c"],
            Self::Go => &["go"],
            Self::Cpp => &["cpp", "cc", "cxx"],
            Self::Zig => &["zig"],
            Self::Javascript => &["js", "mjs"],
            Self::Typescript => &["ts", "mts"],
            Self::Python => &["py"],
        }
    }
}

/// The driver that the manifest names or, without one, that the files in the folder indicate. `revisions` are those of a migration;
/// several revisions have their scripts in a folder each.
pub(super) fn driver(
    folder: &Path,
    named: Option<Driver>,
    revisions: Option<&[RevisionMetadata]>,
) -> Result<Driver, BuildError> {
    if let Some(driver) = named {
        return Ok(driver);
    }
    let has_script = |folder: &Path| folder.join("upgrade.sql").is_file() || folder.join("downgrade.sql").is_file();
    if folder.join("Cargo.toml").is_file() {
        return Ok(Driver::Rust);
    }
    let below = revisions
        .iter()
        .copied()
        .flatten()
        .map(|revision| folder.join(&revision.revision));
    if revisions.is_some() && (has_script(folder) || below.into_iter().any(|below| has_script(&below))) {
        return Ok(Driver::Sql);
    }
    let found = by_extension(folder)?;
    let text = match found.as_slice() {
        [(driver, _)] => return Ok(*driver),
        [] => {
            let scripts = revisions.map_or("", |_| "upgrade.sql and downgrade.sql, ");
            format!(
                "there is no code next to the manifest: mighost looks for {scripts}a Cargo.toml, {}; for any other \
                 language use build = \"command\"",
                languages()
            )
        }
        several => {
            let names = several
                .iter()
                .map(|(driver, file)| format!("{file} ({})", driver.language()));
            let first = several.first().map_or("", |(driver, _)| driver.name());
            format!(
                "its files are in several languages: {}; set the one that builds it, e.g. build = \"{first}\"",
                names.collect::<Vec<_>>().join(", ")
            )
        }
    };
    Err(BuildError::Source {
        path: folder.to_owned(),
        text,
    })
}

/// The drivers that files of the folder indicate, each with one such file.
fn by_extension(folder: &Path) -> Result<Vec<(Driver, String)>, BuildError> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(BuildError::read(folder))? {
        let name = entry.map_err(BuildError::read(folder))?.file_name();
        names.push(name.to_string_lossy().into_owned());
    }
    names.sort();
    let speaks = |driver: Driver| {
        let of_it = |name: &&String| {
            let (stem, extension) = name.rsplit_once('.').unwrap_or_default();
            !stem.is_empty() && driver.extensions().contains(&extension)
        };
        Some((driver, names.iter().find(of_it)?.clone()))
    };
    let mut found: Vec<_> = Driver::ALL.into_iter().filter_map(speaks).collect();
    // C++ includes C files.
    if found.iter().any(|(driver, _)| *driver == Driver::Cpp) {
        found.retain(|(driver, _)| *driver != Driver::C);
    }
    // Code in TypeScript may use some in JavaScript.
    if found.iter().any(|(driver, _)| *driver == Driver::Typescript) {
        found.retain(|(driver, _)| *driver != Driver::Javascript);
    }
    Ok(found)
}

fn languages() -> String {
    let endings = Driver::ALL.into_iter().flat_map(Driver::extensions);
    let endings: Vec<String> = endings.map(|ending| format!("*.{ending}")).collect();
    match endings.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}
