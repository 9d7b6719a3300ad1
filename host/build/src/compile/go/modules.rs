//! Go modules: the main one, made by mighost, and the author's `go.mod`.

use std::fs;
use std::path::{Component, Path};

use super::super::Job;
use super::MODULE;
use crate::error::BuildError;

/// The version of the Go language for the bindings and the helper.
const LANGUAGE: &str = "1.27";
/// The package of the bindings' runtime and its version, as named in the bindings.
const RUNTIME: &str = "go.bytecodealliance.org/pkg";
const RUNTIME_VERSION: &str = "v0.4.0";

/// The name of the module in the author's `go.mod`; `None` if there is no such file.
pub(super) fn name(folder: &Path) -> Result<Option<String>, BuildError> {
    let path = folder.join("go.mod");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(BuildError::read(&path)(source)),
    };
    let named = text.lines().find_map(|line| line.trim().strip_prefix("module "));
    let name = named.map(|name| name.split("//").next().unwrap_or(name).trim().trim_matches('"'));
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/".contains(c);
    match name.filter(|name| !name.is_empty() && name.chars().all(plain) && *name != "mighost") {
        Some(name) => Ok(Some(name.to_owned())),
        None => Err(BuildError::Source {
            path,
            text: "it must declare the guest's own module: module NAME, where NAME is not mighost".into(),
        }),
    }
}

/// `go.mod` of the main module, and one in place of the author's if that is missing.
pub(super) fn write(job: &Job<'_>, module: Option<&str>, runtime: Option<&Path>) -> Result<(), BuildError> {
    let folder = std::path::absolute(job.folder()).map_err(BuildError::read(job.folder()))?;
    let guest = module.unwrap_or(MODULE);
    let mut text = format!(
        "module mighost\n\ngo {LANGUAGE}\n\nrequire {RUNTIME} {RUNTIME_VERSION}\n\nrequire {guest} v0.0.0\n\nreplace {guest} => {}\n",
        quoted(&folder)
    );
    if let Some(runtime) = runtime {
        let runtime = std::path::absolute(runtime).map_err(BuildError::read(runtime))?;
        text.push_str(&format!("\nreplace {RUNTIME} => {}\n", quoted(&runtime)));
    }
    if module.is_some() {
        text.push_str(&replaced(&folder)?);
    }
    job.write("go/go.mod", text.as_bytes())?;
    // The versions of its requirements that the author demands.
    let sums = folder.join("go.sum");
    if sums.is_file() {
        let sums = fs::read(&sums).map_err(BuildError::read(&sums))?;
        job.write("go/go.sum", &sums)?;
    }
    let mut overlay = serde_json::Map::new();
    if module.is_none() {
        let stand_in = job.write("guest.mod", format!("module {MODULE}\n\ngo {LANGUAGE}\n").as_bytes())?;
        let stand_in = std::path::absolute(&stand_in).map_err(BuildError::read(&stand_in))?;
        let place = folder.join("go.mod").display().to_string();
        overlay.insert(place, stand_in.display().to_string().into());
    }
    let overlay = serde_json::json!({ "Replace": overlay }).to_string();
    job.write("overlay.json", overlay.as_bytes()).map(drop)
}

/// A path in the form that `go.mod` accepts, including spaces.
fn quoted(path: &Path) -> String {
    format!("{:?}", path.display().to_string())
}

/// The `replace` lines of the author's `go.mod`, for that of the main module: only there they have an effect. Folders are relative to the
/// author's.
fn replaced(folder: &Path) -> Result<String, BuildError> {
    let path = folder.join("go.mod");
    let text = fs::read_to_string(&path).map_err(BuildError::read(&path))?;
    let mut lines = String::new();
    let mut in_block = false;
    for line in text.lines() {
        let line = line.split("//").next().unwrap_or_default().trim();
        let directive = match line.strip_prefix("replace") {
            Some(rest) if rest.trim_start() == "(" => {
                in_block = true;
                continue;
            }
            Some(rest) if rest.starts_with([' ', '\t']) => rest.trim(),
            _ if line == ")" => {
                in_block = false;
                continue;
            }
            _ if in_block && !line.is_empty() => line,
            _ => continue,
        };
        let Some((module, to)) = directive.split_once("=>") else {
            continue;
        };
        let to = to.trim();
        let place = to.trim_matches(['"', '`']);
        if !place.starts_with('.') && !place.starts_with('/') {
            lines.push_str(&format!("\nreplace {} => {to}\n", module.trim()));
            continue;
        }
        let within = Path::new(place).components();
        if within
            .clone()
            .any(|part| !matches!(part, Component::CurDir | Component::Normal(_)))
        {
            return Err(BuildError::Source {
                path,
                text: format!(
                    "it replaces {} with {place}, which is outside the folder: a guest's sources must be in its folder",
                    module.trim()
                ),
            });
        }
        let place = folder.join(
            within
                .filter(|part| *part != Component::CurDir)
                .collect::<std::path::PathBuf>(),
        );
        lines.push_str(&format!("\nreplace {} => {}\n", module.trim(), quoted(&place)));
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_named_or_made_up() {
        let folder = tempfile::tempdir().unwrap();
        let named = |text: &str| {
            fs::write(folder.path().join("go.mod"), text).unwrap();
            name(folder.path()).ok().flatten()
        };
        assert!(name(folder.path()).unwrap().is_none());
        assert_eq!(
            named("module partitions // of time\n\ngo 1.27\n").as_deref(),
            Some("partitions")
        );
        assert_eq!(named("module \"acme.org/x\"\n").as_deref(), Some("acme.org/x"));
        assert_eq!(named("module mighost\n"), None);
        assert_eq!(named("go 1.27\n"), None);
    }

    #[test]
    fn replacements_are_the_authors() {
        let folder = tempfile::tempdir().unwrap();
        let replaced = |text: &str| {
            fs::write(folder.path().join("go.mod"), text).unwrap();
            let lines = replaced(folder.path()).map_err(|error| error.to_string());
            lines.map(|lines| lines.replace(&folder.path().display().to_string(), "FOLDER"))
        };
        assert_eq!(replaced("module a\n\nrequire b v1.0.0\n").unwrap(), "");
        assert_eq!(
            replaced(
                "replace b => ./b // mine\nreplace (\n\tc v1.0.0 => \"./d/e\"\n\tf => g v1.2.0\n)\nrequire x v1.0.0\n"
            )
            .unwrap(),
            "\nreplace b => \"FOLDER/b\"\n\nreplace c v1.0.0 => \"FOLDER/d/e\"\n\nreplace f => g v1.2.0\n"
        );
        for outside in ["../b", "/b", "./b/../../c"] {
            let refused = replaced(&format!("replace b => {outside}\n")).unwrap_err();
            assert!(refused.contains("outside the folder"), "{refused}");
        }
    }
}
