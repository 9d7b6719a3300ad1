//! `plugin new` and `revision --template` in each language: what is written builds, and its test passes, at once.

use insta::assert_snapshot;
use mighost_tests::project::Project;

/// An operation, a kind and a revision in `language`.
fn complete(language: &str) {
    let project = Project::on_server();
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
    assert_snapshot!(new(&["Stations"]), @"");
    assert_snapshot!(new(&["interface", "--template", "c"]), @"");
    assert_snapshot!(new(&["stations", "--template", "cobol"]), @"");
    project.run(&["plugin", "new", "stations", "--template", "c"]).ok();
    assert_snapshot!(new(&["stations", "--template", "go"]), @"");
    assert_snapshot!(new(&["other", "--folder", "elsewhere"]), @"");
}
