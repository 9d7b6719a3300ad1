//! A project of the judge's migration, which does one operation by the argument `case`, and of the plugin `schema`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::project::{Project, Server};

/// The folder of this repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// The project, built. `settings` are lines of `[project]` and tables behind it.
pub fn judge_project(server: &Arc<Server>, settings: &str) -> Project {
    let folders = "migrations = ['migrations']\nplugins = ['plugins']\n";
    let project = Project::on(server, &format!("{folders}{settings}"));
    for folder in ["migrations", "plugins", ".mighost/build"] {
        fs::create_dir_all(project.path().join(folder)).unwrap();
    }
    // What guests have in common is compiled once for all.
    let cargo = root().join(".mighost/build/cargo");
    fs::create_dir_all(&cargo).unwrap();
    for (source, place) in [
        (root().join("tests/schema-judge"), "migrations/judge"),
        (root().join("plugins/schema"), "plugins/schema"),
        (cargo, ".mighost/build/cargo"),
    ] {
        symlink(source, project.path().join(place)).unwrap();
    }
    project.run(&["build"]).ok();
    project
}
