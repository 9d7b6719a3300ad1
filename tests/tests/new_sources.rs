//! `plugin new` and `revision --template` in each language: what is written builds, and its test passes, at once.

use insta::assert_snapshot;
use mighost_tests::project::{Project, repository};

/// An operation, a kind and a revision in `language`.
fn complete(language: &str) {
    let project = Project::on_server();
    written(&project, language);
    try_out(&project);
}

fn written(project: &Project, language: &str) {
    let tried = |arguments: &[&str]| project.run(arguments).ok();
    tried(&["plugin", "new", "acme:open-stations", "--template", language]);
    tried(&["plugin", "new", "summary", "--template", language, "--object-type"]);
    tried(&[
        "revision",
        "-m",
        "create stations",
        "--rev-id",
        "a1",
        "--template",
        language,
    ]);
    for (path, word) in [
        ("plugins/open-stations/README.md", "acme:open-stations/open-stations"),
        ("plugins/summary/README.md", "kind `summary`"),
        ("migrations/a1_create_stations/README.md", "Revision `a1`"),
    ] {
        let text = std::fs::read_to_string(project.path().join(path)).unwrap();
        assert!(text.contains(word), "{text}");
    }
}

fn try_out(project: &Project) {
    let tried = |arguments: &[&str]| project.run(arguments).ok();
    let tests = tried(&["test"]);
    let said = format!("{}{}", tests.stdout, tests.stderr);
    assert!(said.contains("4 passed") || said.contains("4 tests"), "{said}");
    let plugins = tried(&["plugins"]).stdout;
    assert!(plugins.contains("acme:open-stations/open-stations@0.1.0"), "{plugins}");
    assert!(plugins.contains("kinds summary"), "{plugins}");
    tried(&["upgrade", "head"]);
    tried(&["downgrade", "base"]);
}

#[test]
fn in_rust() {
    let mut project = Project::on_server();
    let repository = repository().canonicalize().unwrap();
    project.set("MIGHOST_SDK", repository.join("plugin-sdk").to_str().unwrap());
    written(&project, "rust");
    // What the demo's guests were built from is used again, and nothing is fetched.
    let lock = std::fs::read(repository.join("migrations/Cargo.lock")).unwrap();
    for folder in [
        "plugins/open-stations",
        "plugins/summary",
        "migrations/a1_create_stations",
    ] {
        project.write(&format!("{folder}/Cargo.lock"), &lock);
    }
    project.set("CARGO_NET_OFFLINE", "true");
    let built = repository.join(".mighost/build/cargo");
    std::fs::create_dir_all(&built).unwrap();
    project.write(".mighost/build/index.json", "{}");
    std::os::unix::fs::symlink(built, project.path().join(".mighost/build/cargo")).unwrap();
    try_out(&project);
}

#[test]
fn in_c() {
    complete("c");
}

#[test]
fn in_cpp() {
    complete("cpp");
}

#[test]
fn in_zig() {
    complete("zig");
}

#[test]
fn in_go() {
    complete("go");
}

#[test]
fn in_javascript() {
    complete("javascript");
}

#[test]
fn in_typescript() {
    complete("typescript");
}

#[test]
fn in_python() {
    complete("python");
}

#[test]
fn mistakes() {
    let project = Project::offline();
    let new = |arguments: &[&str]| project.run(&[&["plugin", "new"], arguments].concat()).shown();
    assert_snapshot!(new(&["Stations"]), @r#"
    exit 2
    error: "Stations" cannot be a plugin's name
    fault: the command's, the configuration's or the environment's
    hint: small letters and digits, words with a minus between them, e.g. open-stations, or acme:open-stations with a namespace
    "#);
    assert_snapshot!(new(&["interface", "--template", "c"]), @r#"
    exit 2
    error: "interface" cannot be a plugin's name: it means something else in WIT or in a language
    fault: the command's, the configuration's or the environment's
    hint: small letters and digits, words with a minus between them, e.g. open-stations, or acme:open-stations with a namespace
    "#);
    assert_snapshot!(new(&["stations", "--template", "cobol"]), @r#"
    exit 2
    error: there is no template "cobol" for plugins
    fault: the command's, the configuration's or the environment's
    hint: there are: rust, c, cpp, zig, go, javascript, typescript, python
    "#);
    project.run(&["plugin", "new", "stations", "--template", "c"]).ok();
    assert_snapshot!(new(&["stations", "--template", "go"]), @"
    exit 4
    error: PROJECT/plugins/stations exists already, and is left as it is
    fault: the command's, the configuration's or the environment's
    ");
    assert_snapshot!(new(&["other", "--folder", "elsewhere"]), @"
    exit 2
    error: PROJECT/elsewhere is not one of the project's folders of plugins
    fault: the command's, the configuration's or the environment's
    hint: there are: PROJECT/plugins; `plugins` in mighost.toml adds one
    ");
}
