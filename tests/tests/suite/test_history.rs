//! `mighost test --history`: over the demo chain, and over histories that are wrong in one way each.

use std::path::Path;

use mighost_tests::project::{Project, mighost};
use serde_json::Value;

/// What became of a case, by subject and name.
struct Results(Vec<(String, String, Value)>);

impl Results {
    fn of(stdout: &str, stderr: &str) -> Self {
        let report: Value = serde_json::from_str(stdout).unwrap_or_else(|error| panic!("{error}: {stdout}\n{stderr}"));
        let cases = report["cases"].as_array().unwrap().iter().map(|case| {
            let subject = case["subject"]["name"].as_str().unwrap_or("project").to_owned();
            (subject, case["name"].as_str().unwrap().to_owned(), case.clone())
        });
        Self(cases.collect())
    }

    fn case(&self, subject: &str, name: &str) -> &Value {
        let found = self.0.iter().find(|(of, called, _)| of == subject && called == name);
        &found
            .unwrap_or_else(|| panic!("no case {subject}: {name} in {:?}", self.names()))
            .2
    }

    fn names(&self) -> Vec<String> {
        self.0
            .iter()
            .map(|(subject, name, case)| format!("{subject}: {name}: {}", case["outcome"]))
            .collect()
    }

    /// The cases that failed, as `subject: name`.
    fn failed(&self) -> Vec<String> {
        let failed = self.0.iter().filter(|(.., case)| case["outcome"] == "failed");
        failed.map(|(subject, name, _)| format!("{subject}: {name}")).collect()
    }

    /// What a failure shows: its sentence, then the difference.
    fn failure(&self, subject: &str, name: &str) -> String {
        let failure = &self.case(subject, name)["failures"][0];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let difference = &failure["difference"];
        format!(
            "{}\n--- {}\n{}+++ {}\n{}",
            text(&failure["what"]),
            text(&difference["names"][0]),
            text(&difference["expected"]),
            text(&difference["names"][1]),
            text(&difference["found"]),
        )
    }
}

fn tested(project: &Project, more: &[&str]) -> (i32, Results) {
    let arguments: Vec<&str> = ["test", "--history", "--format", "json"]
        .iter()
        .chain(more)
        .copied()
        .collect();
    let outcome = project.run(&arguments);
    (outcome.code, Results::of(&outcome.stdout, &outcome.stderr))
}

/// A project whose first revision is as it should be.
fn project(settings: &str) -> Project {
    let project = Project::new();
    project.config(&format!("[project]\nschema = 'crmp'\n{settings}"));
    project.sql_migration(
        "a1",
        &[],
        "create table stations (station_id integer primary key, name text not null);",
        "drop table stations;",
    );
    project
}

#[test]
fn a_good_history_passes() {
    let project = project("");
    project.sql_migration(
        "b2",
        &["a1"],
        "alter table stations add height real;",
        "alter table stations drop height;",
    );
    let (code, results) = tested(&project, &[]);
    assert_eq!(results.failed(), Vec::<String>::new());
    assert_eq!(code, 0);
    for revision in ["a1", "b2"] {
        for name in [
            "upgrades",
            "downgrade leaves no trace",
            "upgrades again to the same",
            "does not depend on the session",
            "script does the same",
            "downgrade script does the same",
        ] {
            assert_eq!(results.case(revision, name)["outcome"], "passed");
        }
    }
}

#[test]
fn a_downgrade_that_forgets_something_is_shown() {
    let project = project("");
    project.sql_migration(
        "b2",
        &["a1"],
        "create index stations_name_idx on stations (name); alter table stations alter name drop not null;",
        "alter table stations alter name set not null, alter name set default 'x';",
    );
    project.sql_migration("c3", &["b2"], "create table t (a integer);", "drop table t;");
    let (code, results) = tested(&project, &[]);
    assert_eq!(code, 10);
    insta::assert_snapshot!(results.failure("b2", "downgrade leaves no trace"), @r#"
    the database is not the same as before the upgrade: 2 objects
    --- before the upgrade
    column crmp.stations.name
    +++ after the downgrade
    column crmp.stations.name
      default: 'x'::text
    index crmp.stations_name_idx
      definition: CREATE INDEX stations_name_idx ON crmp.stations USING btree (name)
    "#);
    // It cannot be applied again, and that is one failure more; what follows is tested all the same.
    assert_eq!(
        results.failed(),
        [
            "b2: downgrade leaves no trace",
            "b2: upgrades again to the same",
            "b2: downgrade script does the same",
        ]
    );
    assert_eq!(results.case("c3", "downgrade leaves no trace")["outcome"], "passed");
}

#[test]
fn what_depends_on_the_session_is_shown() {
    let project = project("");
    // After RESET the server's own search path holds.
    project.sql_migration(
        "b2",
        &["a1"],
        "reset search_path; create table loose (a integer);",
        "drop table public.loose;",
    );
    project.sql_migration(
        "c3",
        &["b2"],
        "create table visits (day date default '02/03/2026');",
        "drop table visits;",
    );
    let (code, results) = tested(&project, &[]);
    assert_eq!(code, 10);
    insta::assert_snapshot!(results.failure("b2", "does not depend on the session"), @"
    the upgrade has a different result in a session with different settings: 2 objects
    --- with mighost's settings
    table public.loose
    +++ with different settings
    table mighost_elsewhere.loose
    ");
    insta::assert_snapshot!(results.failure("c3", "does not depend on the session"), @"
    the upgrade has a different result in a session with different settings: 1 object
    --- with mighost's settings
    column crmp.visits.day
      default: '2026-02-03'::date
    +++ with different settings
    column crmp.visits.day
      default: '2026-03-02'::date
    ");
    assert_eq!(
        results.failed(),
        [
            "b2: does not depend on the session",
            "c3: does not depend on the session"
        ]
    );
}

#[test]
fn rows_that_a_downgrade_loses_are_shown() {
    let project = project("[test]\nseeds = 'seeds'\n");
    project.write(
        "seeds/a1.sql",
        "insert into stations values (1, 'Harbour'), (2, 'Ridge');",
    );
    project.sql_migration(
        "b2",
        &["a1"],
        "alter table stations drop name;",
        "alter table stations add name text not null default '';
         alter table stations alter name drop default;",
    );
    let (code, results) = tested(&project, &[]);
    assert_eq!(code, 10);
    assert_eq!(results.failed(), ["b2: downgrade brings every row back (seeded)"]);
    insta::assert_snapshot!(results.failure("b2", "downgrade brings every row back (seeded)"), @r#"
    rows from before the upgrade are not the same after the downgrade
    --- before the upgrade
    "crmp"."stations": 2 rows
      {"name": "Harbour", "station_id": 1}
      {"name": "Ridge", "station_id": 2}
    +++ after the downgrade
    "crmp"."stations": 2 rows
      {"name": "", "station_id": 1}
      {"name": "", "station_id": 2}
    "#);
    project.config("[project]\nschema = 'crmp'\n[test]\nseeds = 'seeds'\nloses-rows = ['b2']\n");
    let (code, results) = tested(&project, &[]);
    assert_eq!(code, 0, "{:?}", results.failed());
}

#[test]
fn a_migration_that_fails_on_rows_is_found_by_a_seed() {
    let project = project("");
    project.write(
        "migrations/a1_a1/tests/seed.sql",
        "insert into stations values (1, 'Harbour'), (2, 'Harbour');",
    );
    project.sql_migration(
        "b2",
        &["a1"],
        "alter table stations add unique (name);",
        "alter table stations drop constraint stations_name_key;",
    );
    let (code, results) = tested(&project, &[]);
    assert_eq!(code, 10);
    assert_eq!(results.failed(), ["b2: upgrades (seeded)"]);
    assert_eq!(
        results.case("a1", "goes down and up with its seed")["outcome"],
        "passed"
    );
    let what = results.case("b2", "upgrades (seeded)")["failures"][0]["what"]
        .as_str()
        .unwrap();
    assert!(what.contains("could not create unique index"), "{what}");
}

/// A seed that is refused is told once, and neither it nor a lane that is begun anew takes the other results along.
#[test]
fn a_seed_that_is_refused_is_one_failure() {
    let project = project("");
    project.write(
        "migrations/a1_a1/tests/seed.sql",
        "insert into no_such_table values (1);",
    );
    project.sql_migration("b2", &["a1"], "create table t (a integer);", "create table u ();");
    project.write("migrations/b2_b2/tests/seed.sql", "insert into t values (1);");
    project.sql_migration("c3", &["b2"], "create table v (a integer);", "drop table v;");
    let (code, results) = tested(&project, &[]);
    assert_eq!(code, 10);
    let failed = results.failed();
    let seeds: Vec<&String> = failed.iter().filter(|name| name.contains("its seed")).collect();
    assert_eq!(
        seeds,
        [
            "a1: goes down and up with its seed",
            "b2: goes down and up with its seed"
        ],
        "{failed:?}"
    );
    let what = &results.case("a1", "goes down and up with its seed")["failures"][0]["what"];
    assert!(
        what.as_str().unwrap().contains("tests/seed.sql failed: relation"),
        "{what}"
    );
    assert_eq!(results.case("c3", "upgrades (seeded)")["outcome"], "passed");
    assert_eq!(results.case("c3", "downgrade leaves no trace")["outcome"], "passed");
}

/// What the history runs is told by itself, and is no coverage of the tests.
#[test]
fn the_coverage_of_a_history_is_its_own() {
    let project = project("[test]\nirreversible = ['b2']\n");
    project.sql_migration("b2", &["a1"], "create table t (a integer);", "");
    let outcome = project.run(&["test", "--history", "--coverage"]).ok();
    for line in ["upgrades: 2 of 2 run", "downgrades: 1 of 2 run", "    never: b2"] {
        assert!(outcome.stdout.contains(line), "{line} is not in\n{}", outcome.stdout);
    }
    assert!(!outcome.stdout.contains("--seed"), "{}", outcome.stdout);
}

#[test]
fn revisions_without_a_way_back_are_told_as_skipped() {
    let project = project("[test]\nirreversible = ['b2']\n");
    project.sql_migration(
        "b2",
        &["a1"],
        "create table t (a integer);",
        "do $$ begin raise 'no way back'; end $$;",
    );
    project.write(
        "migrations/c3/migration.toml",
        "revision = 'c3'\ndown-revisions = ['b2']\n",
    );
    project.write("migrations/c3/upgrade.sql", "create table u (a integer);");
    project.sql_migration("d4", &["c3"], "create table v (a integer);", "drop table v;");
    let (code, results) = tested(&project, &[]);
    assert_eq!(code, 0, "{:?}", results.failed());
    for (revision, reason) in [
        ("b2", "declared irreversible in [test] of mighost.toml"),
        ("c3", "irreversible: it has no downgrade.sql"),
    ] {
        let case = results.case(revision, "downgrade leaves no trace");
        assert_eq!((&case["outcome"], &case["reason"]), (&"skipped".into(), &reason.into()));
    }
    assert_eq!(results.case("d4", "downgrade leaves no trace")["outcome"], "passed");
}

#[test]
fn a_downgrade_that_fails_says_what_to_declare() {
    let project = project("");
    project.sql_migration(
        "b2",
        &["a1"],
        "create table t (a integer);",
        "drop table no_such_table;",
    );
    project.sql_migration("c3", &["b2"], "create table u (a integer);", "drop table u;");
    let (code, results) = tested(&project, &[]);
    assert_eq!(code, 10);
    let failure = &results.case("b2", "downgrade leaves no trace")["failures"][0];
    assert!(failure["what"].as_str().unwrap().contains("no_such_table"));
    assert!(
        failure["hints"][0]
            .as_str()
            .unwrap()
            .contains("irreversible = [\"b2\"]")
    );
    assert_eq!(results.case("c3", "downgrade leaves no trace")["outcome"], "passed");
}

#[test]
fn heads_are_one_or_those_that_are_declared() {
    let project = project("");
    project.sql_migration("b2", &["a1"], "select 1;", "select 1;");
    project.sql_migration_with("c3", &["a1"], "branch-labels = ['quality']\n", "select 1;", "select 1;");
    let (code, results) = tested(&project, &[]);
    assert_eq!(
        (code, results.failed()),
        (10, vec!["project: has the heads that it should have".to_owned()])
    );
    let what = &results.case("project", "has the heads that it should have")["failures"][0]["what"];
    assert!(what.as_str().unwrap().starts_with("the history has 2 heads"), "{what}");
    project.config("[project]\nschema = 'crmp'\n[test]\nheads = ['b2', 'quality']\n");
    let (code, results) = tested(&project, &[]);
    assert_eq!(code, 0, "{:?}", results.failed());
    project.config("[project]\nschema = 'crmp'\n[test]\nheads = ['b2', 'gone']\n");
    let (code, _) = tested(&project, &["-k", "heads"]);
    assert_eq!(code, 10);
}

#[test]
fn one_revision_can_be_tested_alone() {
    let project = project("");
    project.sql_migration("b2", &["a1"], "create table t (a integer);", "select 1;");
    project.sql_migration("c3", &["b2"], "create table u (a integer);", "select 1;");
    let (code, results) = tested(&project, &["b2"]);
    assert_eq!(code, 10);
    assert!(
        results.0.iter().all(|(subject, ..)| subject == "b2"),
        "{:?}",
        results.names()
    );
    let outcome = project.run(&["test", "--history", "nothing"]);
    assert_eq!(outcome.code, 4, "{}", outcome.stderr);
}

/// The demo: every revision goes up, down and up without a trace, in any session and by script where it asks nothing.
#[test]
fn the_demo_chain_passes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let output = std::process::Command::new(mighost())
        .current_dir(root)
        .args(["test", "--history", "--format", "json"])
        .output()
        .unwrap();
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{stdout}\n{stderr}");
    let results = Results::of(&stdout, &stderr);
    assert_eq!(results.failed(), Vec::<String>::new());
    assert!(results.0.len() > 21 * 5, "{:?}", results.names());
}

/// A run of a test is set up as any other: settings of the project reach it.
#[test]
fn tests_obey_the_settings_of_runs() {
    let project = project("version-table-schema = 'kept'\nstatement-timeout = '77s'\nlock-timeout = '66s'\n");
    project.sql_migration(
        "b2",
        &["a1"],
        "do $$ begin
            assert to_regclass('kept.mighost_version') is not null, 'the version table is elsewhere';
            assert current_setting('statement_timeout') = '77s', current_setting('statement_timeout');
            assert current_setting('lock_timeout') = '66s', current_setting('lock_timeout');
        end $$;",
        "",
    );
    let (code, results) = tested(&project, &[]);
    assert_eq!((code, results.failed()), (0, Vec::new()), "{:?}", results.names());
    std::fs::create_dir_all(project.path().join("migrations/b2_b2/tests")).unwrap();
    project.write(
        "migrations/b2_b2/tests/run.toml",
        "[[database]]\nname = 'runs'\nupgrade = 'b2'\n",
    );
    let outcome = project.run(&["test", "b2"]);
    assert_eq!(outcome.code, 0, "{}\n{}", outcome.stdout, outcome.stderr);
}
