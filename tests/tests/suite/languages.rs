//! Guests in C, C++ and Zig: the example project up and down, and what people see when something is missing or wrong.

mod mistakes;

use std::fs;
use std::path::{Path, PathBuf};

use mighost_tests::project::Project;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// A project that builds with the tools that are shared on this machine: MIGHOST_TOOLCHAINS, else the repository's own folder, into which the
/// first test installs them.
fn project() -> Project {
    let mut project = Project::on_server();
    let shared = std::env::var("MIGHOST_TOOLCHAINS").map_or_else(|_| root().join(".mighost/toolchains"), PathBuf::from);
    project.set("MIGHOST_TOOLCHAINS", shared.to_str().unwrap());
    project
}

/// Copies folders of the example project.
fn example(project: &Project, folders: &[&str]) {
    for folder in folders {
        copy(&root().join("docs/examples/languages").join(folder), project, folder);
    }
}

fn copy(from: &Path, project: &Project, to: &str) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{to}/{}", entry.file_name().to_str().unwrap());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), project, &name),
            false => project.write(&name, fs::read(entry.path()).unwrap()),
        }
    }
}

/// Of each language its plugin, which the migration of the same language uses.
const FOLDERS: [&str; 6] = [
    "plugins/fingerprint",
    "plugins/geohash",
    "plugins/rollup",
    "migrations/c1_stations",
    "migrations/p2_geohashes",
    "migrations/z3_monthly",
];

#[test]
fn the_examples_run_up_and_down() {
    let project = project();
    example(&project, &FOLDERS);
    let empty = project.catalog();
    project.run(&["upgrade", "head"]).ok();
    assert_eq!(project.heads(), "z3");
    // A geohash and an FNV-1a hash as other implementations compute them.
    let stations = project.sql("select station_id, geohash, fingerprint from stations order by 1");
    assert_eq!(
        stations,
        "1|c2872xr|-2039148330612901086\n2|c2b3h2q|6723043725342193427\n3|c38dwz2|-7215311090327471275"
    );
    project.sql(
        "insert into observations values (1, '2026-01-05', 'rain', 4), (1, '2026-01-09', 'rain', 2), (2, '2026-02-01', 'rain', 1)",
    );
    let monthly = project.sql("select station_id, month::date, count, mean, least, greatest from monthly order by 1");
    assert_eq!(monthly, "1|2026-01-01|2|3|2|4\n2|2026-02-01|1|1|1|1");
    let full = project.catalog();
    project.run(&["downgrade", "base"]).ok();
    assert_eq!(project.catalog(), empty);
    project.run(&["upgrade", "head"]).ok();
    assert_eq!(project.catalog(), full);

    // A script of what asks the database nothing.
    let script = project.run(&["upgrade", "--sql", "base:c1"]).ok().data();
    assert!(script.contains("'O''Brien''s Field'"), "{script}");
}

#[test]
fn plugins_tell_their_interfaces() {
    let project = project();
    example(&project, &FOLDERS[..2]);
    project.run(&["build"]).ok();
    let wit = project.run(&["wit"]).ok().data();
    assert!(wit.contains("add-column: func(table: string, column: string"), "{wit}");
    project.run(&["wit", "-o", "contract"]).ok();
    let mut resolve = wit_parser::Resolve::default();
    resolve.push_dir(project.path().join("contract")).unwrap();
    let names: Vec<String> = resolve
        .packages
        .iter()
        .map(|(_, package)| package.name.to_string())
        .collect();
    for name in [
        "mighost:host@0.1.0",
        "mighost:geohash@0.1.0",
        "mighost:fingerprint@0.1.0",
    ] {
        assert!(names.iter().any(|there| there == name), "{names:?}");
    }
}

#[test]
fn tests_beside_the_code_are_no_sources() {
    let project = project();
    example(&project, &FOLDERS[..1]);
    project.run(&["build"]).ok();
    project.write("plugins/fingerprint/tests/rows.toml", "# a test");
    let again = project.run(&["build"]).ok().shown();
    assert!(again.contains("0 built, 1 up to date"), "{again}");
    project.write("plugins/fingerprint/plugin.toml", {
        let manifest = root().join("docs/examples/languages/plugins/fingerprint/plugin.toml");
        format!("{}# changed\n", fs::read_to_string(manifest).unwrap())
    });
    let again = project.run(&["build"]).ok().shown();
    assert!(again.contains("1 built, 0 up to date"), "{again}");
}

#[test]
fn the_doctor_looks_and_changes_nothing() {
    let mut project = Project::offline();
    let tools = tempfile::tempdir().unwrap();
    project.set("MIGHOST_TOOLCHAINS", tools.path().join("tools").to_str().unwrap());
    let report = project.run(&["doctor", "--json"]).ok().data();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let languages = report["languages"].as_array().unwrap();
    let c = languages.iter().find(|language| language["driver"] == "c").unwrap();
    assert_eq!(c["tools"][0]["tool"], "zig");
    assert_ne!(c["readiness"], "ready", "nothing is installed there");
    assert!(!tools.path().join("tools").exists());
}
