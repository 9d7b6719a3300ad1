//! What `check` finds beside the mistakes of `mistakes.rs`, and that its advice helps.

use insta::assert_snapshot;
use mighost_tests::guests::{self, Code, component, revision};
use mighost_tests::project::Project;

fn check(project: &Project) -> String {
    let outcome = project.run(&["check"]);
    format!("{}{}", outcome.data(), outcome.shown())
}

fn table(project: &Project, revision: &str, down: &[&str]) {
    let (up, back) = (
        format!("CREATE TABLE {revision} (id int);"),
        format!("DROP TABLE {revision};"),
    );
    project.sql_migration(revision, down, &up, &back);
}

#[test]
fn a_step_that_is_half_done() {
    let project = Project::on_server();
    table(&project, "a1", &[]);
    let script = "CREATE TABLE b2 (); CREATE INDEX CONCURRENTLY i ON nothing (id);";
    project.sql_migration_with("b2", &["a1"], "transaction = \"none\"\n", script, "DROP TABLE b2;");
    assert_eq!(project.run(&["upgrade"]).code, 7);
    assert_snapshot!(check(&project), @"
    error: the upgrade of b2 was interrupted and is half done
      run the upgrade again to resume it
      or finish it by hand, then record the result: mighost stamp REVISION
    error: 1 revision is not applied to test: b2
      apply them: mighost upgrade
    exit 10
    ");
    project.sql("CREATE TABLE nothing (id int)");
    project.run(&["upgrade"]).ok();
    assert_snapshot!(check(&project), @"
    sources, artifacts and test agree: 2 revisions, at b2
    exit 0
    ");
}

#[test]
fn a_revision_that_was_applied_is_gone() {
    let project = Project::on_server();
    table(&project, "a1", &[]);
    table(&project, "b2", &["a1"]);
    table(&project, "c3", &["b2"]);
    project.run(&["upgrade"]).ok();
    let folder = project.path().join("migrations/b2_b2");
    std::fs::rename(&folder, project.path().join("elsewhere")).unwrap();
    project.sql_migration("c3", &["a1"], "CREATE TABLE c3 (id int);", "DROP TABLE c3;");
    assert_snapshot!(check(&project), @"
    warning: 1 artifact is not built from the current sources: c3_c3
      build them: mighost build (upgrade and downgrade do this automatically)
    error: 1 migration is different from when applied to test: c3
      restore the files and make the change in a new revision; or, if it is harmless: mighost stamp --accept
    error: 1 revision is applied but not in the project: b2
      restore the missing migrations
    exit 10
    ");
    std::fs::rename(project.path().join("elsewhere"), folder).unwrap();
    table(&project, "c3", &["b2"]);
    project.run(&["build"]).ok();
    assert_snapshot!(check(&project), @"
    sources, artifacts and test agree: 3 revisions, at c3
    exit 0
    ");
}

#[test]
fn rows_that_no_run_has_written() {
    let project = Project::on_server();
    table(&project, "a1", &[]);
    project.run(&["ensure-version"]).ok();
    project.sql("CREATE TABLE a1 (id int); INSERT INTO mighost_version VALUES ('a1')");
    assert_snapshot!(check(&project), @"
    warning: the version table contains a1, but the ledger has no run that applied it
      if that is right, confirm it: mighost stamp --purge a1
    exit 0
    ");
    project.run(&["stamp", "--purge", "a1"]).ok();
    assert_snapshot!(check(&project), @"
    sources, artifacts and test agree: 1 revision, at a1
    exit 0
    ");
    // A table of another tool's, without a ledger, is nobody's mistake.
    let other = Project::on_server();
    table(&other, "a1", &[]);
    other.sql("CREATE TABLE a1 (id int); CREATE TABLE mighost_version (version_num text PRIMARY KEY); INSERT INTO mighost_version VALUES ('a1')");
    assert_snapshot!(check(&other), @"
    sources, artifacts and test agree: 1 revision, at a1
    exit 0
    ");
    table(&other, "b2", &["a1"]);
    other.run(&["upgrade"]).ok();
    other.run(&["check"]).ok();
}

#[test]
fn plugins_that_are_missing_or_there_twice() {
    let package = "package acme:tools@1.0.0;\ninterface tools { sweep: func() -> u32; }\n\
                   world user { import tools; include mighost:host/migration@0.1.0; }\nworld tool { export tools; }";
    let user = Code::new()
        .import("acme:tools/tools@1.0.0", "sweep", "$sweep", "(result i32)")
        .then("(drop (call $sweep))");
    let project = Project::on_server();
    let code = user.component_in("user", &[package]);
    project.write(
        "migrations/a1.wasm",
        guests::migration(&code, vec![revision("a1", &[])]),
    );
    assert_snapshot!(check(&project), @"
    error: no plugin offers acme:tools/tools@1.0.0, which is needed by a1
      add a plugin that offers it to a plugins folder; `mighost plugins` lists the plugins there
    error: 1 revision is not applied to test: a1
      apply them: mighost upgrade
    exit 10
    ");
    let core = "(module (memory (export \"memory\") 1)
        (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) unreachable)
        (func (export \"acme:tools/tools@1.0.0#sweep\") (result i32) (i32.const 0)))";
    let tool = component(core, "tool", &[package]);
    project.write("plugins/one.wasm", guests::plugin(&tool, "one", &[]));
    project.run(&["upgrade"]).ok();
    assert_snapshot!(check(&project), @"
    sources, artifacts and test agree: 1 revision, at a1
    exit 0
    ");
    project.write("plugins/two.wasm", guests::plugin(&tool, "two", &[]));
    assert_snapshot!(check(&project), @"
    error: 2 plugins offer acme:tools/tools@1.0.0: one, two
      keep only one of them
    exit 10
    ");
}

#[test]
fn as_json() {
    let project = Project::on_server();
    table(&project, "a1", &[]);
    let outcome = project.run(&["check", "--json"]);
    assert_eq!(outcome.code, 10);
    assert_snapshot!(outcome.data(), @r#"
    {
      "ok": false,
      "database": "test",
      "revisions": 1,
      "rows": [],
      "findings": [
        {
          "kind": "not-at-heads",
          "error": true,
          "what": "1 revision is not applied to test: a1",
          "advice": [
            "apply them: mighost upgrade"
          ]
        }
      ]
    }
    "#);
    project.config("[project");
    assert_eq!(project.run(&["check"]).code, 3);
}
