//! Installs a package: under a lock, into a temporary folder, which is then renamed.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::error::ToolchainError;
use super::{Package, package_manager};
use mighost_config::ToolchainSettings;
use mighost_core::{Event, Level, Reporter};

/// The number of lines of a client's output that an error keeps; the end is what counts.
const MAX_LINES: usize = 12;

/// The suffix of a temporary folder into which a package is being installed.
const MAKING: &str = ".installing";

/// Installs `package` and returns its folder.
pub(super) fn install(
    settings: &ToolchainSettings,
    package: &Package,
    what: &'static str,
    reporter: &dyn Reporter,
) -> Result<PathBuf, ToolchainError> {
    let name = package.folder_name();
    let place = settings.folder.join(&name);
    // The client of a killed process may still be writing to its own folder.
    let making = settings.folder.join(format!(".{name}.{}{MAKING}", std::process::id()));
    fs::create_dir_all(&settings.folder).map_err(write_error(&settings.folder))?;
    let _lock = lock(&settings.folder.join(format!(".{name}.lock")), &name, reporter)?;
    // Another process may have installed it in the meantime.
    if place.is_dir() {
        return Ok(place);
    }
    remove_left(&settings.folder, &name);
    fs::create_dir(&making).map_err(write_error(&making))?;
    let made = run_client(settings, package, what, &making, reporter);
    if made.is_err() {
        // The error of the client is the one to report.
        let _ = fs::remove_dir_all(&making);
    }
    made?;
    fs::rename(&making, &place).map_err(write_error(&place))?;
    Ok(place)
}

/// Removes the remains of interrupted installations of the package.
fn remove_left(folder: &Path, name: &str) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let left = entry.file_name();
        let left = left.to_string_lossy();
        if left.starts_with(&format!(".{name}.")) && left.ends_with(MAKING) {
            // Files that cannot be removed do no harm.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn run_client(
    settings: &ToolchainSettings,
    package: &Package,
    what: &'static str,
    folder: &Path,
    reporter: &dyn Reporter,
) -> Result<(), ToolchainError> {
    let client = package.registry.client();
    let command = package_manager::command(settings, package, folder).map_err(write_error(folder))?;
    let Some(mut command) = command else {
        return Err(ToolchainError::NoClient {
            tool: what,
            package: package.name,
            registry: package.registry,
        });
    };
    reporter.report(Event::Installing {
        name: package.name.to_owned(),
        version: package.version.to_owned(),
        client,
    });
    let failed = |output: String| ToolchainError::Install {
        tool: what,
        package: package.name,
        version: package.version,
        client,
        unreachable: is_unreachable(&output),
        output: last_lines(&output),
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
        return Err(failed(text));
    }
    package_manager::finish(package, folder).map_err(write_error(folder))
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty() && !is_noise(line))
        .collect();
    lines[lines.len().saturating_sub(MAX_LINES)..].join("\n")
}

/// Whether a client reports that it could not reach the registry.
fn is_unreachable(output: &str) -> bool {
    const SIGNS: [&str; 14] = [
        "Connection refused",
        "ECONNREFUSED",
        "ECONNRESET",
        "ENOTFOUND",
        "EAI_AGAIN",
        "ETIMEDOUT",
        "ERR_SOCKET_TIMEOUT",
        "Name or service not known",
        "Temporary failure in name resolution",
        "Network is unreachable",
        "No route to host",
        "timed out",
        "Could not connect to server",
        "Could not resolve host",
    ];
    SIGNS.iter().any(|sign| output.contains(sign))
}

/// Lines that clients repeat with each attempt, and traces of their own code.
fn is_noise(line: &str) -> bool {
    let line = line.trim_start_matches("npm error").trim_start();
    // The first attempt is as informative as the last.
    let retry = line.starts_with("WARNING: Retrying") && !line.contains("Retry(total=0,");
    let stack = line.starts_with("at ") || matches!(line, "{" | "}");
    line.is_empty() || retry || stack || line.starts_with("A complete log of this run")
}

/// The lock on a package, which is released with the returned file.
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
            text: format!("{name} is already being installed; waiting for it"),
        });
        file.lock().map_err(write_error(path))?;
    }
    Ok(file)
}

fn write_error(path: &Path) -> impl FnOnce(std::io::Error) -> ToolchainError {
    let path = path.to_owned();
    move |source| ToolchainError::Write { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_registry_that_is_not_there_the_reason_is_left() {
        let pip = "Looking in indexes: http://127.0.0.1:9/simple\n\
                   WARNING: Retrying (Retry(total=4, connect=None)) after connection broken: refused\n\
                   WARNING: Retrying (Retry(total=0, connect=None)) after connection broken: Connection refused\n\
                   ERROR: No matching distribution found for ziglang==0.15.2\n";
        assert!(is_unreachable(pip));
        assert_eq!(last_lines(pip).lines().count(), 3);
        let npm = "npm error code ECONNREFUSED\nnpm error FetchError: request failed\n\
                   npm error     at ClientRequest.<anonymous> (/x/index.js:108:14)\nnpm error }\nnpm error\n";
        assert!(is_unreachable(npm));
        assert_eq!(
            last_lines(npm),
            "npm error code ECONNREFUSED\nnpm error FetchError: request failed"
        );
        assert!(!is_unreachable(
            "ERROR: No matching distribution found for ziglang==0.15.2"
        ));
    }
}
