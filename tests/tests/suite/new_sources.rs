//! `plugin new` and `revision --template` in each language: what is written builds, and its test passes, at once; what the README shows works.

use std::fs;
use std::os::unix::fs::symlink;

use insta::assert_snapshot;
use mighost_tests::project::{Project, repository};

/// An operation, a kind and revisions in `language`; `file` is what the code of a migration stands in.
fn complete(language: &str, file: &str) {
    complete_in(&Project::on_server(), language, file);
}

fn complete_in(project: &Project, language: &str, file: &str) {
    let tried = |arguments: &[&str]| project.run(arguments).ok();
    let read = |path: &str| fs::read_to_string(project.path().join(path)).unwrap();
    tried(&["plugin", "new", "acme:open-stations", "--template", language]);
    tried(&["plugin", "new", "summary", "--template", language, "--kind"]);
    for (id, message) in [("a1", "create stations"), ("a2", "use it"), ("a3", "use them")] {
        tried(&["revision", "-m", message, "--rev-id", id, "--template", language]);
    }
    for (path, word) in [
        ("plugins/open-stations/README.md", "acme:open-stations/open-stations"),
        ("plugins/summary/README.md", "kind `summary`"),
        ("migrations/a1_create_stations/README.md", "Revision `a1`"),
    ] {
        assert!(read(path).contains(word), "{}", read(path));
    }
    // What a README shows is the whole of a migration that uses the plugin.
    for (plugin, migration) in [
        ("open-stations", "migrations/a2_use_it"),
        ("summary", "migrations/a3_use_them"),
    ] {
        let readme = read(&format!("plugins/{plugin}/README.md"));
        let shown = readme.rsplit("```").nth(1).unwrap().split_once('\n').unwrap();
        assert_eq!(shown.0, language);
        project.write(&format!("{migration}/{file}"), shown.1);
        fs::remove_dir_all(project.path().join(migration).join("tests")).unwrap();
    }
    if language != "rust" {
        let manifest = read("migrations/a2_use_it/migration.toml");
        let manifest = manifest.replace(
            "\ntransaction",
            "\nuses = [\"acme:open-stations/open-stations\"]\ntransaction",
        );
        project.write("migrations/a2_use_it/migration.toml", manifest);
    }
    if language == "rust" {
        compiled_before(project);
    }
    let tests = tried(&["test"]);
    let said = format!("{}{}", tests.stdout, tests.stderr);
    assert!(said.contains("5 passed"), "{said}");
    let plugins = tried(&["plugins"]).stdout;
    assert!(plugins.contains("acme:open-stations/open-stations@0.1.0"), "{plugins}");
    assert!(plugins.contains("kinds summary"), "{plugins}");
    tried(&["upgrade", "head"]);
    assert_eq!(
        project.sql("select obj_description('stations'::regclass)"),
        "Where is measured"
    );
    assert_eq!(
        project.sql("select obj_description('summary'::regclass), one from summary"),
        "summary|1"
    );
    tried(&["downgrade", "base"]);
}

/// What cargo has compiled for the demo's guests is used again, in the versions that it was compiled in.
fn compiled_before(project: &Project) {
    let cargo = repository().join(".mighost/build/cargo");
    fs::create_dir_all(&cargo).unwrap();
    fs::create_dir_all(project.path().join(".mighost/build")).unwrap();
    symlink(
        cargo.canonicalize().unwrap(),
        project.path().join(".mighost/build/cargo"),
    )
    .unwrap();
    let lock = fs::read(repository().join("migrations/Cargo.lock")).unwrap();
    for folder in ["plugins", "migrations"] {
        for entry in fs::read_dir(project.path().join(folder)).unwrap() {
            fs::write(entry.unwrap().path().join("Cargo.lock"), &lock).unwrap();
        }
    }
}

#[test]
fn in_rust() {
    // With the SDK that the program carries.
    let mut project = Project::on_server();
    project.set("CARGO_NET_OFFLINE", "true");
    complete_in(&project, "rust", "src/lib.rs");
}

#[test]
fn in_c() {
    complete("c", "migration.c");
}

#[test]
fn in_cpp() {
    complete("cpp", "migration.cpp");
}

#[test]
fn in_zig() {
    complete("zig", "migration.zig");
}

#[test]
fn in_go() {
    complete("go", "migration.go");
}

#[test]
fn in_javascript() {
    complete("javascript", "migration.js");
}

#[test]
fn in_typescript() {
    complete("typescript", "migration.ts");
}

#[test]
fn in_python() {
    complete("python", "migration.py");
}

#[test]
fn mistakes() {
    let project = Project::offline();
    let new = |arguments: &[&str]| project.run(&[&["plugin", "new"], arguments].concat()).shown();
    assert_snapshot!(new(&["Stations"]), @r#"
    exit 2
    error: "Stations" cannot be a plugin's name
    fault: the command, the configuration or the environment
    hint: use lower-case letters and digits, with hyphens between words, e.g. open-stations, or acme:open-stations with a namespace
    "#);
    assert_snapshot!(new(&["interface", "--template", "c"]), @r#"
    exit 2
    error: "interface" cannot be a plugin's name: it is a reserved word in WIT or in a language
    fault: the command, the configuration or the environment
    hint: choose another, e.g. two words joined by a hyphen: open-stations
    "#);
    assert_snapshot!(new(&["stations", "--template", "cobol"]), @r#"
    exit 2
    error: there is no template "cobol" for plugins
    fault: the command, the configuration or the environment
    hint: available: rust, c, cpp, zig, go, javascript, typescript, python
    "#);
    project.run(&["plugin", "new", "stations", "--template", "c"]).ok();
    assert_snapshot!(new(&["stations", "--template", "go"]), @"
    exit 4
    error: PROJECT/plugins/stations already exists and was not changed
    fault: the command, the configuration or the environment
    ");
    assert_snapshot!(new(&["other", "--folder", "elsewhere"]), @"
    exit 2
    error: PROJECT/elsewhere is not one of the project's plugins folders
    fault: the command, the configuration or the environment
    hint: available: PROJECT/plugins; add one with `plugins` in mighost.toml
    ");
}
