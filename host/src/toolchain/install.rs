//! Installing a package: under a lock, into a folder beside its place, which is then renamed.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::error::ToolchainError;
use super::{Package, client};
use crate::config::ToolchainSettings;
use crate::report::{Event, Level, Reporter};

/// How many lines of a client's output an error keeps; the end is what counts.
const MAX_LINES: usize = 12;

/// Installs `package` and returns its folder.
pub(super) fn install(
    settings: &ToolchainSettings,
    package: &Package,
    what: &'static str,
    reporter: &dyn Reporter,
) -> Result<PathBuf, ToolchainError> {
    let name = package.folder_name();
    let place = settings.folder.join(&name);
    let making = settings.folder.join(format!(".{name}.installing"));
    fs::create_dir_all(&settings.folder).map_err(write_error(&settings.folder))?;
    let _lock = lock(&settings.folder.join(format!(".{name}.lock")), &name, reporter)?;
    // Somebody else may have installed it while this waited.
    if place.is_dir() {
        return Ok(place);
    }
    // What an interrupted one left.
    if making.exists() {
        fs::remove_dir_all(&making).map_err(write_error(&making))?;
    }
    fs::create_dir(&making).map_err(write_error(&making))?;
    reporter.report(Event::Installing {
        name: package.name.to_owned(),
        version: package.version.to_owned(),
        client: package.registry.client(),
    });
    let made = run_client(settings, package, what, &making);
    if made.is_err() {
        // The error of the client is the one to tell.
        let _ = fs::remove_dir_all(&making);
    }
    made?;
    fs::rename(&making, &place).map_err(write_error(&place))?;
    Ok(place)
}

fn run_client(
    settings: &ToolchainSettings,
    package: &Package,
    what: &'static str,
    folder: &Path,
) -> Result<(), ToolchainError> {
    let client = package.registry.client();
    let command = client::command(settings, package, folder).map_err(write_error(folder))?;
    let Some(mut command) = command else {
        return Err(ToolchainError::NoClient {
            tool: what,
            package: package.name,
            registry: package.registry,
        });
    };
    let failed = |output: String| ToolchainError::Install {
        tool: what,
        package: package.name,
        version: package.version,
        client,
        output,
    };
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        let text = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        return Err(failed(last_lines(&text)));
    }
    client::finish(package, folder).map_err(write_error(folder))
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
        .collect();
    lines[lines.len().saturating_sub(MAX_LINES)..].join("\n")
}

/// The lock on a package, which ends with the file that is returned.
fn lock(path: &Path, name: &str, reporter: &dyn Reporter) -> Result<File, ToolchainError> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(write_error(path))?;
    if file.try_lock().is_err() {
        reporter.report(Event::Note {
            level: Level::Info,
            text: format!("{name} is being installed already; waiting for it"),
        });
        file.lock().map_err(write_error(path))?;
    }
    Ok(file)
}

fn write_error(path: &Path) -> impl FnOnce(std::io::Error) -> ToolchainError {
    let path = path.to_owned();
    move |source| ToolchainError::Write { path, source }
}
