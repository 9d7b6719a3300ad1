//! `mighost test`: the repository's own tests, and what becomes of tests that fail, are wrong or are not there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use mighost_testkit::TestFile;
use mighost_tests::project::{Project, mighost, repository};

/// The plugins and the demo of this repository, tested as their authors test them.
#[test]
fn the_tests_of_this_repository_pass() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let output = Command::new(mighost())
        .current_dir(root)
        .args(["test", "--format", "json", "--coverage"])
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{stderr}"));
    let cases = report["cases"].as_array().unwrap();
    let failed: Vec<_> = cases.iter().filter(|case| case["outcome"] == "failed").collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(output.status.success(), "{stderr}");
    for kind in ["isolated", "database"] {
        assert!(cases.iter().filter(|case| case["kind"] == kind).count() > 10, "{kind}");
    }
    // Whatever is there has a test beside it.
    assert_eq!(never(&report), Vec::<String>::new());
}

/// What no case has run.
fn never(report: &serde_json::Value) -> Vec<String> {
    let groups = report["coverage"]["groups"].as_array().unwrap();
    let names = groups.iter().flat_map(|group| group["never"].as_array().unwrap());
    names.map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// The examples of all languages, and the tests of theirs that are components, in each of them.
#[test]
fn the_tests_of_the_examples_pass() {
    let output = Command::new(mighost())
        .current_dir(repository().join("docs/examples/languages"))
        .env("MIGHOST_TOOLCHAINS", toolchains())
        .args(["test", "--format", "json", "--coverage"])
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{stderr}"));
    let cases = report["cases"].as_array().unwrap();
    let failed: Vec<_> = cases.iter().filter(|case| case["outcome"] == "failed").collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(output.status.success(), "{stderr}");
    for place in [
        "variables/tests/checks",
        "jsonschema/tests/keywords",
        "partitions/tests/days",
        "labels/tests/languages",
        "fingerprint/tests/splits",
        "geohash/tests/places",
        "rollup/tests/periods",
    ] {
        let passed = |case: &&serde_json::Value| {
            case["kind"] == "component" && case["place"]["file"].as_str().is_some_and(|file| file.ends_with(place))
        };
        assert!(cases.iter().any(|case| passed(&case)), "{place}");
    }
    assert_eq!(never(&report), Vec::<String>::new());
}

/// Tools of languages that are shared on this machine, else the repository's own.
fn toolchains() -> PathBuf {
    std::env::var_os("MIGHOST_TOOLCHAINS").map_or_else(|| repository().join(".mighost/toolchains"), PathBuf::from)
}

/// A project with one migration in SQL, which no compiler is needed for.
fn project() -> Project {
    let project = Project::offline();
    project.sql_migration(
        "a1",
        &[],
        "create table :\"schema\".stations (id integer);\ninsert into stations values (1);",
        "drop table stations;",
    );
    project
}

fn tests(project: &Project, text: &str) {
    project.write("migrations/a1_a1/tests/a1.toml", text);
}

const GOOD: &str = r#"
[[case]]
name = "a table and a row"
call = "upgrade()"
statements = ["create table ... (id integer)", "INSERT into  stations values (1)"] # whatever the schema

[[case]]
name = "up and down"
call = ["upgrade()", "downgrade()"]
contains = ["drop table stations"]

[[database]]
name = "there and gone"
upgrade = "a1"
exists = ["table stations"]
checks = [{ query = "select id from stations", rows = [[1]] }]

[[database]]
name = "what is there twice is refused"
setup = "create table stations (id integer)"
upgrade = "a1"
sqlstate = "42P07"
error = 'relation "stations" already exists'
"#;

#[test]
fn cases_of_both_sorts_pass() {
    let project = project();
    tests(&project, GOOD);
    let ran = project.run(&["test", "--seed", "1", "-v"]).ok();
    assert!(ran.stdout.starts_with("4 passed in "), "{}", ran.stdout);
    assert!(ran.stdout.contains("(--seed 1)"), "{}", ran.stdout);
    for name in ["a table and a row", "up and down", "there and gone"] {
        assert!(
            ran.stderr.contains(&format!("ok   revision a1: {name}")),
            "{}",
            ran.stderr
        );
    }
    assert_eq!(
        project
            .run(&["test", "a1", "-k", "TWICE"])
            .ok()
            .stdout
            .split(' ')
            .next(),
        Some("1")
    );
    let list = project.run(&["test", "--list", "-k", "row"]).ok().stdout;
    assert_eq!(
        list,
        "revision a1: a table and a row  migrations/a1_a1/tests/a1.toml:3\n"
    );
    // Tests are no part of the migration.
    assert!(!project.run(&["test", "-k", "row"]).ok().stderr.contains("building"));
    tests(&project, &format!("{GOOD}\n# changed"));
    assert!(!project.run(&["test", "-k", "row"]).ok().stderr.contains("building"));
}

#[test]
fn a_seed_is_an_order() {
    let project = project();
    let cases: String = (0..20)
        .map(|number| format!("[[case]]\nname = \"case {number}\"\ncall = \"objects()\"\nreturns = \"[]\"\n"))
        .collect();
    tests(&project, &cases);
    let order = |seed: &str| {
        let ran = project.run(&["test", "--jobs", "1", "--seed", seed, "-v"]).ok();
        let lines = ran.stderr.lines().filter_map(|line| line.strip_prefix("ok   "));
        let names: Vec<String> = lines.map(|line| line.split(" (").next().unwrap().to_owned()).collect();
        assert_eq!(names.len(), 20);
        names
    };
    assert_eq!(order("7"), order("7"));
    assert_ne!(order("7"), order("8"));
}

#[test]
fn what_failed_is_shown_and_written_by_update() {
    let project = project();
    tests(
        &project,
        r#"# Kept.
[[case]]
name = "other statements"
call = "upgrade()" # kept too
statements = [
  "create table ...",   # this one fits
  "select 1",
]

[[case]]
name = "nothing expected"
call = "downgrade()"

[[database]]
name = "rows"
upgrade = "a1"
checks = [{ query = "select id, null as no, 'it''s' as text from stations" }]
"#,
    );
    let ran = project.run(&["test"]);
    assert_eq!(ran.code, 10, "{}{}", ran.stdout, ran.stderr);
    for line in [
        "FAIL revision a1: other statements",
        "  migrations/a1_a1/tests/a1.toml:3",
        "    - select 1;",
        "    + insert into stations values (1);",
        "0 passed, 3 failed in ",
    ] {
        assert!(ran.stdout.contains(line), "{line} is not in\n{}", ran.stdout);
    }
    // Nobody is there to be asked.
    let asked = project.run(&["test", "--update"]);
    assert_eq!(asked.code, 2, "{}{}", asked.stdout, asked.stderr);
    assert!(
        asked.stdout.contains("+   'insert into stations values (1)',"),
        "{}",
        asked.stdout
    );
    project.run(&["test", "--update", "--yes"]).ok();
    let written = fs::read_to_string(project.path().join("migrations/a1_a1/tests/a1.toml")).unwrap();
    assert_eq!(
        written,
        r#"# Kept.
[[case]]
name = "other statements"
call = "upgrade()" # kept too
statements = [
  "create table ...",   # this one fits
  'insert into stations values (1)',
]

[[case]]
name = "nothing expected"
call = "downgrade()"
statements = [
    'drop table stations',
]

[[database]]
name = "rows"
upgrade = "a1"
checks = [{ query = "select id, null as no, 'it''s' as text from stations", rows = [[1, { null = true }, "it's"]] }]
"#
    );
    project.run(&["test"]).ok();
}

#[test]
fn an_unexpected_failure_is_not_written() {
    let project = project();
    let text = "[[case]]\nname = \"fails\"\ncall = \"upgrade()\"\nstatements = []\n\n[[case.answers]]\nto = \"insert ...\"\n\
                error = { sqlstate = \"53100\", message = \"disk full\" }\n";
    tests(&project, text);
    let ran = project.run(&["test", "--update", "--yes"]);
    assert_eq!(ran.code, 10, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("the call failed: disk full"), "{}", ran.stdout);
    let written = fs::read_to_string(project.path().join("migrations/a1_a1/tests/a1.toml")).unwrap();
    assert_eq!(written, text);
}

#[test]
fn what_is_wrong_with_a_test_is_said() {
    let project = project();
    let failing = |text: &str| {
        tests(&project, text);
        let ran = project.run(&["test"]);
        assert_eq!(ran.code, 10, "{}{}", ran.stdout, ran.stderr);
        ran.stdout
    };
    let shows = |text: &str, lines: &[&str]| {
        let shown = failing(text);
        for line in lines {
            assert!(shown.contains(line), "{line} is not in\n{shown}");
        }
    };
    let case = |call: &str| format!("[[case]]\nname = \"x\"\ncall = '{call}'\nstatements = []\n");
    shows(
        &case("upgarde()"),
        &[
            "migration a1 exports no function upgarde",
            "hint: did you mean upgrade?",
        ],
    );
    shows(
        &case("upgrade(1)"),
        &[
            "the function takes no values (), but the call has 1",
            "line 1, column 9 of the call",
        ],
    );
    shows(&case("upgrade("), &["invalid WAVE: "]);
    shows(
        "[[case]]\nname = \"x\"\ncall = \"upgrade()\"\nstatments = []\n",
        &[
            "not a valid test file: unknown field `statments`",
            "migrations/a1_a1/tests/a1.toml:4:1",
            "4 | statments = []",
            "hint: did you mean statements?",
        ],
    );
    shows(
        "[[case]]\nname = 1\n",
        &["tests/a1.toml:2:8", "invalid type: integer `1`, expected a string"],
    );
    shows(
        &format!("{}{}", case("upgrade()"), case("downgrade()")),
        &["the case on line 2 has the same name"],
    );
    shows(
        "[[database]]\nname = \"x\"\nupgrade = \"a1\"\nexists = [\"tabel stations\"]\n",
        &["`tabel stations` does not start with a kind of object; did you mean table?"],
    );
    shows("[[database]]\nname = \"x\"\nupgrade = \"nowhere\"\n", &["nowhere"]);
    shows(
        "[[database]]\nname = \"x\"\nsetup = \"select 1;\\nselect nothing\"\nupgrade = \"a1\"\n",
        &[
            "the set-up failed: column \"nothing\" does not exist",
            "line 2: select nothing",
        ],
    );
}

#[test]
fn without_tests_there_is_nothing_to_pass() {
    let project = project();
    let ran = project.run(&["test"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("no tests found in "), "{}", ran.stderr);
    tests(&project, GOOD);
    let ran = project.run(&["test", "a2"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("did you mean a1?"), "{}", ran.stderr);
    let ran = project.run(&["test", "-k", "none of that name"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("there are 4 tests"), "{}", ran.stderr);
}

#[test]
fn other_programs_read_the_results() {
    let project = project();
    tests(
        &project,
        "[[case]]\nname = \"good\"\ncall = \"objects()\"\nreturns = \"[]\"\n\n\
         [[case]]\nname = \"bad\"\ncall = \"objects()\"\nreturns = \"[1]\"\n\n\
         [[case]]\nname = \"later\"\ncall = \"objects()\"\nskip = \"not yet\"\n",
    );
    let tap = project.run(&["test", "--format", "tap"]);
    assert_eq!(tap.code, 10);
    assert!(
        tap.stdout
            .starts_with("TAP version 14\n1..3\nok 1 - revision a1: good\nnot ok 2 - revision a1: bad\n"),
        "{}",
        tap.stdout
    );
    assert!(
        tap.stdout.ends_with("ok 3 - revision a1: later # SKIP not yet\n"),
        "{}",
        tap.stdout
    );
    let junit = project.run(&["test", "--format", "junit", "--output", "report.xml"]);
    assert_eq!(junit.code, 10);
    assert!(
        junit.stdout.contains("1 passed, 1 failed, 1 skipped"),
        "{}",
        junit.stdout
    );
    let xml = fs::read_to_string(project.path().join("report.xml")).unwrap();
    assert!(xml.contains("tests=\"3\" skipped=\"1\" failures=\"1\""), "{xml}");
    let json = project.run(&["test", "--json"]).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["cases"][1]["outcome"], "failed");
    assert_eq!(json["cases"][1]["failures"][0]["difference"]["found"], "[]\n");
}

/// Whether pgTAP is there or not, its files are never passed over in silence.
#[test]
fn pgtap_files_are_run_or_skipped_with_a_reason() {
    let project = project();
    project.write(
        "migrations/a1_a1/tests/stations.sql",
        "\\set QUIET 1\nbegin;\nselect plan(2);\nselect has_table('stations');\nselect is(1, 2, 'one is two');\n\
         select * from finish();\nrollback;\n",
    );
    let ran = project.run(&["test"]);
    let skipped = ran.stdout.contains("SKIP revision a1: stations.sql: PostgreSQL ") && ran.code == 0;
    let run = ran.stdout.contains("not ok 2 - one is two") && ran.code == 10;
    assert!(skipped || run, "{}{}", ran.stdout, ran.stderr);
}

/// Every block of the description is a test file.
#[test]
fn the_description_shows_test_files() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/testing.md");
    let text = fs::read_to_string(path).unwrap();
    // What begins so belongs into mighost.toml.
    let settings = |block: &&str| block.starts_with("[test]\n");
    let blocks = text.split("\n```toml\n").skip(1);
    let blocks: Vec<&str> = blocks.filter(|block| !settings(block)).collect();
    assert!(blocks.len() > 5);
    for block in blocks {
        let block = block.split("\n```").next().unwrap();
        let file = TestFile::parse(Path::new("testing.md"), block).unwrap_or_else(|error| panic!("{error}\n{block}"));
        assert!(!file.cases.is_empty() || !file.databases.is_empty(), "{block}");
    }
}
