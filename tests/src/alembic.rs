//! Alembic, from PyPI, for tests that compare with it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// With this variable set, a test that cannot get Alembic fails.
const REQUIRED: &str = "MIGHOST_REQUIRE_ALEMBIC";

/// The Python of a virtual environment that has what `requirements` lists, made below `target/` where it is not there yet. None, with a
/// text that cannot be overlooked, where it cannot be made.
///
/// # Panics
/// Where it cannot be made and `MIGHOST_REQUIRE_ALEMBIC` is set.
pub fn python(requirements: &Path) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/alembic");
    match install(&folder, requirements) {
        Ok(python) => Some(python),
        Err(reason) => {
            let text = format!("NOT COMPARED WITH ALEMBIC, which cannot be installed here: {reason}");
            assert!(env::var_os(REQUIRED).is_none(), "{text}");
            eprintln!("\n{0}\n{text}\n{0}\n", "*".repeat(80));
            None
        }
    }
}

fn install(folder: &Path, requirements: &Path) -> Result<PathBuf, String> {
    let wanted = fs::read_to_string(requirements).map_err(|error| error.to_string())?;
    let (python, mark) = (folder.join("bin/python"), folder.join("installed"));
    if fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    run(
        OsStr::new("python3"),
        &["-m".as_ref(), "venv".as_ref(), folder.as_os_str()],
    )?;
    let arguments = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
    let mut arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
    arguments.push(requirements.as_os_str());
    run(python.as_os_str(), &arguments)?;
    fs::write(&mark, wanted).map_err(|error| error.to_string())?;
    Ok(python)
}

fn run(program: &OsStr, arguments: &[&OsStr]) -> Result<(), String> {
    let shown = || format!("{} {}", program.display(), arguments.join(OsStr::new(" ")).display());
    match Command::new(program).args(arguments).output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!("{}: {}", shown(), String::from_utf8_lossy(&output.stderr))),
        Err(error) => Err(format!("{}: {error}", shown())),
    }
}
