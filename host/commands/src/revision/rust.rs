//! What the template for Rust needs to know of the surroundings.

use std::fs;
use std::path::Path;

use minijinja::value::Value;

use super::jinja::Variables;

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

/// `crate_name`, `sdk_dependency` and `workspace`, for a crate below `location`, a folder of migrations. Where the workspace
/// in `location` takes every folder for a member, the crate is one of those.
pub(crate) fn variables(location: &Path, revision: &str, named_sdk: Option<&Path>) -> Variables {
    let workspace = workspace_around(location);
    let shared_sdk = workspace.as_ref().is_some_and(|table| {
        table
            .get("dependencies")
            .is_some_and(|all| all.get("mighost-sdk").is_some())
    });
    let sdk = match shared_sdk {
        true => "mighost-sdk.workspace = true".to_owned(),
        false => sdk(location, named_sdk),
    };
    // Ids may have more characters than names of crates.
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let name: String = revision.to_lowercase().chars().map(plain).collect();
    Variables::from([
        ("crate_name".to_owned(), Value::from(format!("migration-{name}"))),
        ("sdk_dependency".to_owned(), Value::from(sdk)),
        ("workspace".to_owned(), Value::from(workspace.is_some())),
    ])
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
