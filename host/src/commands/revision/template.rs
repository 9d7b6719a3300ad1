//! The text of a new revision's files.

use std::fs;
use std::path::Path;

use super::{NewRevision, Template};

/// The Rust source, with `{{message}}` for the lines of its documentation.
const RUST_SOURCE: &str = include_str!("lib.rs.template");

/// The dependency on the SDK where its folder is not known.
const SDK_VERSION: &str = concat!(
    "# Not published yet: write { path = \"...\" } in place of the version, with the folder plugin-sdk of a clone of mighost.\n\
     # MIGHOST_SDK in the environment of `mighost revision` names the folder for new migrations.\n\
     mighost-sdk = \"",
    env!("CARGO_PKG_VERSION"),
    "\""
);

/// The folder of the SDK in mighost's own repository.
const SDK_FOLDER: &str = "plugin-sdk";

/// The largest `Cargo.toml` of a workspace that is looked at, in bytes.
const MAX_MANIFEST_BYTES: u64 = 1024 * 1024;

/// Each file's name, relative to the revision's folder, and its text.
pub(super) fn files(location: &Path, new: &NewRevision<'_>) -> Vec<(&'static str, String)> {
    let mut files = vec![("migration.toml", migration_toml(new))];
    match new.template {
        Template::Sql => {
            files.push(("upgrade.sql", format!("{}\n", comment("-- ", new.message))));
            let what = format!("Takes back: {}", new.message);
            files.push(("downgrade.sql", format!("{}\n", comment("-- ", &what))));
        }
        Template::Rust => {
            files.push(("Cargo.toml", cargo_toml(location, new)));
            files.push((
                "src/lib.rs",
                RUST_SOURCE.replace("{{message}}", &comment("//! ", new.message)),
            ));
        }
    }
    files
}

fn migration_toml(new: &NewRevision<'_>) -> String {
    let driver = match new.template {
        Template::Sql => "sql",
        Template::Rust => "rust",
    };
    let date = new.date.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let mut text = format!(
        "revision = {}\ndown-revisions = {}\n",
        string(new.revision),
        list(new.down_revisions)
    );
    if !new.depends_on.is_empty() {
        text.push_str(&format!("depends-on = {}\n", list(new.depends_on)));
    }
    if !new.branch_labels.is_empty() {
        text.push_str(&format!("branch-labels = {}\n", list(new.branch_labels)));
    }
    text.push_str(&format!(
        "message = {}\ndate = {}\nbuild = {}\n",
        string(new.message),
        string(&date),
        string(driver)
    ));
    text.push_str(
        "\n# \"none\" for statements that cannot run in a transaction, such as CREATE INDEX CONCURRENTLY.\n\
         transaction = \"per-migration\"\n",
    );
    text
}

/// A crate of its own or, where the workspace in `location` takes every folder for a member, one of those.
fn cargo_toml(location: &Path, new: &NewRevision<'_>) -> String {
    let workspace = workspace_around(location);
    let package = format!(
        "[package]\nname = {}\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n",
        string(&format!("migration-{}", new.revision.to_lowercase()))
    );
    let shared_sdk = workspace.as_ref().is_some_and(|table| {
        table
            .get("dependencies")
            .is_some_and(|all| all.get("mighost-sdk").is_some())
    });
    let sdk = if shared_sdk {
        "mighost-sdk.workspace = true".to_owned()
    } else {
        sdk(location, new.sdk)
    };
    let mut text = format!("{package}\n[lib]\ncrate-type = [\"cdylib\"]\n\n[dependencies]\n{sdk}\n");
    if workspace.is_none() {
        text.push_str(
            "\n# The crate stands alone, whatever workspace is around the project.\n[workspace]\n\n\
             [profile.release]\nopt-level = \"s\"\nlto = true\ncodegen-units = 1\npanic = \"abort\"\nstrip = true\n",
        );
    }
    text
}

/// The dependency on the SDK: by the path that the user names, else by that of the clone of mighost around the project.
fn sdk(location: &Path, named: Option<&Path>) -> String {
    let by_path = |path: &str| format!("mighost-sdk = {{ path = {} }}", string(path));
    if let Some(folder) = named {
        return by_path(&folder.to_string_lossy());
    }
    let location = location.canonicalize().unwrap_or_else(|_| location.to_owned());
    let mut folders = location.ancestors().enumerate();
    match folders.find(|(_, folder)| folder.join(SDK_FOLDER).join("Cargo.toml").is_file()) {
        // The crate lies one folder below the location.
        Some((above, _)) => by_path(&format!("{}{SDK_FOLDER}", "../".repeat(above + 1))),
        None => SDK_VERSION.to_owned(),
    }
}

/// The `[workspace]` of `location`, if every folder of it is a member. Where members are listed one by one, as they must be
/// beside migrations in SQL, a new crate is none.
fn workspace_around(location: &Path) -> Option<toml::Table> {
    let path = location.join("Cargo.toml");
    let metadata = fs::metadata(&path).ok()?;
    if !metadata.is_file() || metadata.len() > MAX_MANIFEST_BYTES {
        return None;
    }
    let mut manifest: toml::Table = fs::read_to_string(&path).ok()?.parse().ok()?;
    let toml::Value::Table(workspace) = manifest.remove("workspace")? else {
        return None;
    };
    let members = workspace.get("members").and_then(toml::Value::as_array)?;
    members
        .iter()
        .any(|member| member.as_str() == Some("*"))
        .then_some(workspace)
}

fn string(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn list(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| string(text)).collect();
    format!("[{}]", texts.join(", "))
}

/// Each line of `text` behind `prefix`, so that no line of a message becomes code.
fn comment(prefix: &str, text: &str) -> String {
    // The characters at which some reader of SQL or Rust may see a line end.
    let lines = text.split(['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}']);
    let lines: Vec<String> = lines
        .map(|line| {
            let printable: String = line.chars().filter(|c| !c.is_control()).collect();
            format!("{prefix}{printable}").trim_end().to_owned()
        })
        .collect();
    lines.join("\n")
}
