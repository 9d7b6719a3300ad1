//! The connection service file: named groups of parameters.

use std::path::PathBuf;

use super::conninfo::Parameters;
use super::environment::Environment;

/// The maximum size of a service file, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// The parameters of the service `name`, from PGSERVICEFILE or `~/.pg_service.conf`, otherwise from `pg_service.conf` in PGSYSCONFDIR.
///
/// # Errors
///
/// A sentence: no file has that service, a file cannot be read, or a line is invalid.
pub(super) fn look_up(name: &str, environment: &Environment) -> Result<Parameters, String> {
    let own = match environment.variable("PGSERVICEFILE") {
        Some(file) => Some(PathBuf::from(file)),
        None => environment.home.as_ref().map(|home| home.join(".pg_service.conf")),
    };
    let system = environment.variable("PGSYSCONFDIR").unwrap_or("/etc/postgresql-common");
    let files: Vec<PathBuf> = own
        .into_iter()
        .chain([PathBuf::from(system).join("pg_service.conf")])
        .collect();
    for file in &files {
        match std::fs::metadata(file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Ok(metadata) if metadata.is_file() && metadata.len() <= MAX_BYTES => {}
            Ok(_) => {
                return Err(format!(
                    "the service file {} is not a plain file of at most 1 MiB",
                    file.display()
                ));
            }
            Err(error) => return Err(format!("the service file {} cannot be read: {error}", file.display())),
        }
        let text = std::fs::read_to_string(file)
            .map_err(|error| format!("the service file {} cannot be read: {error}", file.display()))?;
        if let Some(parameters) =
            group(&text, name).map_err(|line| format!("line {line} of {} is not `key=value`", file.display()))?
        {
            return Ok(parameters);
        }
    }
    let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    Err(format!(
        "the service `{name}` is not defined in any of the service files ({})",
        files.join(", ")
    ))
}

/// The parameters below `[name]`; the error is the number of the invalid line.
fn group(text: &str, name: &str) -> Result<Option<Parameters>, usize> {
    let mut found: Option<Parameters> = None;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(header) = line.strip_prefix('[') {
            if found.is_some() {
                break;
            }
            if header.strip_suffix(']') == Some(name) {
                found = Some(Parameters::new());
            }
        } else if let Some(parameters) = &mut found {
            let (key, value) = line.split_once('=').ok_or(number + 1)?;
            // The first one wins, as in libpq.
            parameters.entry(key.into()).or_insert_with(|| value.into());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_group_is_read() {
        let text = "# c\n[a]\nhost=x\n\n[b]\nhost=y\nport=1\nport=2\n[c]\nnonsense\n";
        let b = group(text, "b").unwrap().unwrap();
        assert_eq!((b["host"].as_str(), b["port"].as_str()), ("y", "1"));
        assert_eq!(group(text, "d"), Ok(None));
        assert_eq!(group(text, "c"), Err(10));
    }
}
