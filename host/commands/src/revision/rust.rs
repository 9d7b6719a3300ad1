//! The variables of the Rust template that depend on the surroundings.

use std::fs;
use std::path::{Path, PathBuf};

use minijinja::value::Value;

use super::jinja::Variables;
use mighost_build::SDK_FOLDER;

/// The folder of the SDK in mighost's own repository.
const SDK_OF_CLONE: &str = "plugin-sdk";

/// The maximum size of a workspace's `Cargo.toml` that is read, in bytes.
const MAX_MANIFEST_BYTES: u64 = 1024 * 1024;

/// `crate_name`, `sdk_dependency` and `workspace`, for a crate below `location`, a folder of migrations. If every folder is a member of
/// the workspace in `location`, the crate becomes one too.
pub(crate) fn variables(location: &Path, revision: &str, sdk: &Sdk) -> Variables {
    let workspace = workspace_around(location);
    let shared_sdk = workspace.as_ref().is_some_and(|table| {
        table
            .get("dependencies")
            .is_some_and(|all| all.get("mighost-sdk").is_some())
    });
    let sdk = match shared_sdk {
        true => "mighost-sdk.workspace = true".to_owned(),
        false => dependency(location, sdk),
    };
    // Ids may contain characters that names of crates may not.
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let name: String = revision.to_lowercase().chars().map(plain).collect();
    Variables::from([
        ("crate_name".to_owned(), Value::from(format!("migration-{name}"))),
        ("sdk_dependency".to_owned(), Value::from(sdk)),
        ("workspace".to_owned(), Value::from(workspace.is_some())),
    ])
}

/// Where new crates find the SDK.
#[derive(Clone, Debug)]
pub enum Sdk {
    /// In the folder that the user names.
    Named(PathBuf),
    /// Below the root of the project, where `mighost build` writes it; in a clone of mighost, in the clone.
    Carried { root: PathBuf },
}

/// The dependency on the SDK, by a path.
fn dependency(location: &Path, sdk: &Sdk) -> String {
    let by_path = |path: &str| format!("mighost-sdk = {{ path = {} }}", string(path));
    let root = match sdk {
        Sdk::Named(folder) => return by_path(&folder.to_string_lossy()),
        Sdk::Carried { root } => root,
    };
    let resolved = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let (location, root) = (resolved(location), resolved(root));
    // The crate is one folder below the location.
    let up = |folders: usize| "../".repeat(folders + 1);
    let mut folders = location.ancestors().enumerate();
    if let Some((above, _)) = folders.find(|(_, folder)| folder.join(SDK_OF_CLONE).join("Cargo.toml").is_file()) {
        return by_path(&format!("{}{SDK_OF_CLONE}", up(above)));
    }
    match location.strip_prefix(&root) {
        Ok(below) => by_path(&format!("{}{SDK_FOLDER}", up(below.components().count()))),
        Err(_) => by_path(&root.join(SDK_FOLDER).to_string_lossy()),
    }
}

/// The `[workspace]` of `location`, if every folder of it is a member. If members are listed individually, as they must be beside SQL
/// migrations, a new crate is not a member.
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
