//! The driver `python`: componentize-py makes a component of Python itself and the packages that the guest uses; the guest's own code
//! becomes assets of the artifact.

mod app;
mod packages;
mod requirements;
mod scan;

use std::path::PathBuf;
use std::process::Command;

use super::interpreter_cache::{self, Built};
use super::{Job, Source, tool};
use crate::error::BuildError;
use crate::toolchain::COMPONENTIZE_PY;
use mighost_artifact::Assets;

const HELPER: &str = include_str!("../../helpers/python/mighost.py");
const RUNTIME: &str = include_str!("../../helpers/python/runtime.py");
/// The folder in which `runtime.py` expects the guest's files.
const CODE: &str = "mighost:code/";

pub(super) fn build(job: &Job<'_>) -> Result<Built, BuildError> {
    let main = match job.source {
        Source::Migration(_) => "migration",
        Source::Plugin(_) => "plugin",
    };
    let main_file = format!("{main}.py");
    if !job.folder().join(&main_file).is_file() {
        return Err(job.failed(format!("its main file {main_file} is missing"), ""));
    }
    let componentize = job
        .toolchains
        .require(&COMPONENTIZE_PY, job.reporter)
        .map_err(|error| job.no_tool(error))?;
    let python = job.toolchains.python().map_err(|error| job.no_tool(error))?;
    let packages = packages::install(job)?;
    let scan = scan::scan(job, &python, &main_file, &packages.site)?;
    scan.check(job, &main_file)?;
    let app = app::source(job, main, &scan.preload);
    let component = interpreter_cache::kept(
        job,
        "python",
        &[
            COMPONENTIZE_PY.package.version.as_bytes(),
            HELPER.as_bytes(),
            RUNTIME.as_bytes(),
            app.as_bytes(),
            packages.digest.as_bytes(),
        ],
        || {
            let folder = write_app(job, &app)?;
            let output = job.work.join("guest.wasm");
            let mut command = Command::new(&python);
            command
                .args([
                    "-c",
                    "import sys; from componentize_py import script; sys.exit(script())",
                ])
                .arg("--quiet")
                .arg("--wit-path")
                .arg(&job.world.wit)
                .args(["--world", super::world::WORLD, "componentize", "--python-path"])
                .arg(&folder)
                .arg("--python-path")
                .arg(&packages.site)
                .arg(app::MODULE)
                .arg("--output")
                .arg(&output)
                .env(
                    "PYTHONPATH",
                    componentize.folder.as_deref().unwrap_or(&componentize.program),
                )
                // A backtrace would displace the guest's output.
                .env("RUST_BACKTRACE", "0")
                // Without it, packages of the system would be included.
                .env("VIRTUAL_ENV", folder.join("venv"))
                .current_dir(&job.work);
            tool::run(job, "componentize-py", &mut command).map_err(|error| packages.explain(job, error))?;
            std::fs::read(&output).map_err(BuildError::read(&output))
        },
    )?;
    let assets = code(job)?;
    Ok(Built { component, assets })
}

/// Writes the input for the component, and returns the folder.
fn write_app(job: &Job<'_>, app: &str) -> Result<PathBuf, BuildError> {
    job.write("app/mighost.py", HELPER.as_bytes())?;
    job.write("app/mighost_runtime.py", RUNTIME.as_bytes())?;
    job.write(&format!("app/{}.py", app::MODULE), app.as_bytes())?;
    let site = job.work.join("app/venv/lib/python/site-packages");
    std::fs::create_dir_all(&site).map_err(BuildError::write(&site))?;
    Ok(job.work.join("app"))
}

/// The guest's files, under the names by which `runtime.py` finds them.
fn code(job: &Job<'_>) -> Result<Assets, BuildError> {
    let mut assets = Assets::new();
    for path in job.sources(&["py"]) {
        if is_test(path) {
            continue;
        }
        let full = job.folder().join(path);
        let content = std::fs::read(&full).map_err(BuildError::read(&full))?;
        assets.insert(format!("{CODE}{}", path.to_string_lossy().replace('\\', "/")), content);
    }
    Ok(assets)
}

/// The author's tests, by pytest's naming rules.
fn is_test(path: &std::path::Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    path.starts_with("tests") || name.starts_with("test_") || name.ends_with("_test.py") || name == "conftest.py"
}
