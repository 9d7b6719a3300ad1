//! Tests that are components: what they can do, and what is told where they fail.

use std::fs;
use std::os::unix::fs::symlink;

use mighost_tests::project::Project;
use mighost_tests::schema::root;
use serde_json::Value;

/// A project with one migration in SQL, the plugin `roles`, and the judge beside the migration.
fn project() -> Project {
    let project = Project::new();
    project.config("[project]\nschema = 'crmp'\n[limits]\nguest-time = '500ms'\n");
    project.sql_migration(
        "a1",
        &[],
        "create table stations (station_id integer primary key, name text);",
        "drop table stations;",
    );
    for folder in ["plugins", ".mighost/build", "migrations/a1_a1/tests"] {
        fs::create_dir_all(project.path().join(folder)).unwrap();
    }
    // What guests have in common is compiled once for all.
    let cargo = root().join(".mighost/build/cargo");
    fs::create_dir_all(&cargo).unwrap();
    for (source, place) in [
        (root().join("tests/component-judge"), "migrations/a1_a1/tests/judge"),
        (root().join("plugins/roles"), "plugins/roles"),
        (root().join("plugins/audit"), "plugins/audit"),
        (cargo, ".mighost/build/cargo"),
    ] {
        symlink(source, project.path().join(place)).unwrap();
    }
    project
}

#[test]
fn cases_pass_and_fail_and_say_why() {
    let project = project();
    let outcome = project.run(&["test", "a1", "--format", "json"]);
    assert_eq!(outcome.code, 10, "{}", outcome.stderr);
    let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let cases = report["cases"].as_array().unwrap();
    let told: Vec<String> = cases
        .iter()
        .map(|case| {
            assert_eq!(
                (&case["kind"], &case["subject"]["name"]),
                (&"component".into(), &"a1".into())
            );
            let name = case["name"].as_str().unwrap();
            match case["outcome"].as_str().unwrap() {
                "failed" => {
                    let what = case["failures"][0]["what"].as_str().unwrap();
                    format!(
                        "{name}: {}",
                        what.replace(&project.path().display().to_string(), "PROJECT")
                    )
                }
                other => format!("{name}: {other}"),
            }
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @"
    panics: src/lib.rs:10:5: one is not two
    returns an error: it said no
    sends something else: src/lib.rs:19:5: the statements sent differ from the expected ones
    is ended by the plugin: roles/src/lib.rs:9:9: set-role needs the name of a role; reset-role goes back to the run's own
    never ends: the call failed: test a1_a1/judge computed for more than 0.5 s without calling the host
    unknown things are errors: passed
    goes on after a failure: passed
    migrations are called: passed
    hooks see the step of the test: passed
    a database goes up and down: passed
    ");
    // Nothing is built again, and one case can be chosen.
    let outcome = project.run(&["test", "a1", "--no-build", "-k", "goes up and down"]);
    assert_eq!(outcome.code, 0, "{}\n{}", outcome.stdout, outcome.stderr);
    let listed = project.run(&["test", "a1", "--list"]).ok();
    assert!(
        listed
            .stdout
            .contains("revision a1: never ends  migrations/a1_a1/tests/judge"),
        "{}",
        listed.stdout
    );
}

#[test]
fn the_test_of_a_plugin_is_found_and_passes() {
    let project = project();
    let outcome = project.run(&["test", "plugins/roles/tests/setting"]);
    let outcome = if outcome.code == 2 {
        project.run(&["test", "roles"])
    } else {
        outcome
    };
    assert_eq!(outcome.code, 0, "{}\n{}", outcome.stdout, outcome.stderr);
    assert!(outcome.stdout.contains("passed"), "{}", outcome.stdout);
}
