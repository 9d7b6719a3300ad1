//! Migrations and plugins in Go: the example, both ways; kinds; and what an author is told of mistakes.

use insta::assert_snapshot;
use mighost_tests::project::{Outcome, Project, Server};

/// A project with one migration in Go, `files` in its folder.
fn with(files: &[(&str, &str)]) -> Project {
    let project = Project::on_server();
    project.write("migrations/a1/migration.toml", "revision = \"a1\"\n");
    for (name, text) in files {
        project.write(&format!("migrations/a1/{name}"), text);
    }
    project
}

const GOOD: &str = "package first\n\nimport \"mighost\"\n\nfunc Upgrade() error {\n\tmighost.Execute(\"CREATE TABLE kept ()\")\n\treturn nil\n}\n";

fn upgrade(text: &str) -> Outcome {
    let project = with(&[("migration.go", text)]);
    let outcome = project.run(&["upgrade", "head"]);
    assert_ne!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(project.catalog(), "");
    outcome
}

/// The plugin `partitions` and the migration that uses it.
#[test]
fn the_example_up_and_down() {
    let project = Project::on_server();
    project.copy("docs/examples/languages/plugins/partitions", "plugins/partitions");
    project.copy(
        "docs/examples/languages/migrations/go1_rainfall",
        "migrations/go1_rainfall",
    );
    project.sql_migration(
        "c1",
        &[],
        "CREATE TABLE stations (station_id integer PRIMARY KEY); INSERT INTO stations VALUES (7), (3);",
        "DROP TABLE stations;",
    );
    project.run(&["upgrade", "c1"]).ok();
    let before = project.catalog();
    project.run(&["upgrade", "head"]).ok();
    let rows = project.sql("SELECT tableoid::regclass, station_id, day, millimetres FROM rainfall ORDER BY day");
    assert_snapshot!(rows, @"
    rainfall_y2023|3|2023-06-01|12.5
    rainfall_y2024|3|2024-06-01|0
    rainfall_y2026|3|2026-06-01|3.25
    ");
    project.run(&["downgrade", "-1"]).ok();
    assert_eq!(project.catalog(), before);
    let script = project.run(&["upgrade", "c1:head", "--sql"]).ok().stdout;
    assert!(script.contains(
        "CREATE TABLE IF NOT EXISTS \"rainfall_y2023\" PARTITION OF \"rainfall\" FOR VALUES FROM ('2023-01-01') TO ('2024-01-01')"
    ), "{script}");

    // Retiring, and days that are none.
    project.run(&["upgrade", "head"]).ok();
    project.write(
        "migrations/g2/migration.toml",
        "revision = \"g2\"\ndown-revisions = [\"go1\"]\nuses = [\"mighost:partitions/partitions\"]\n",
    );
    let retain = |day: &str| {
        let text = format!(
            "package migration\n\nimport (\n\t\"fmt\"\n\n\tp \"mighost/wit/mighost_partitions_partitions\"\n)\n\n\
             func Upgrade() error {{\n\tif old := p.Retain(\"rainfall\", {day:?}, p.Retirement_Detach); len(old) != 2 {{\n\
             \t\treturn fmt.Errorf(\"retired %v\", old)\n\t}}\n\treturn nil\n}}\n\nfunc Downgrade() error {{ return nil }}\n"
        );
        project.write("migrations/g2/migration.go", text);
        project.run(&["upgrade", "head"])
    };
    assert_snapshot!(retain("2025-13-01").shown(), @r#"
    exit 8
    building 1/1 g2 (go)
    error: mighost:partitions/partitions@0.1.0#retain failed: "2025-13-01" is not a day such as 2026-03-31
      in the upgrade of revision g2, PROJECT/migrations/g2
    state: g2 was rolled back
    fault: the migration or plugin; its author needs to fix it
    "#);
    retain("2025-01-01").ok();
    assert_eq!(
        project.sql("SELECT count(*) FROM pg_inherits WHERE inhparent = 'rainfall'::regclass"),
        "2"
    );
    assert_eq!(project.sql("SELECT count(*) FROM rainfall_y2023"), "1");
}

#[test]
fn mistakes_that_the_compiler_finds() {
    assert_snapshot!(upgrade(GOOD).shown(), @"
    exit 5
    building 1/1 a1 (go)
    error: cannot build PROJECT/migrations/a1: go build failed
      wit/export_mighost_host_revision/wit_bindings.go:20:14: undefined: guest.Downgrade
      `guest` is this folder's package: it lacks a function that its world exports, or defines it with the wrong signature. Write WIT names in Go's style, e.g. CreateAll for create-all; exported functions return an error as their last result.
      expected: downgrade: func() -> result<_, string> of mighost:host/revision@0.1.0
    fault: the migration or plugin; its author needs to fix it
    ");
    let text = format!("{GOOD}\nfunc Downgrade() error {{\n\treturn 1\n}}\n");
    assert_snapshot!(upgrade(&text).shown(), @"
    exit 5
    building 1/1 a1 (go)
    error: cannot build PROJECT/migrations/a1: go build failed
      migration.go:11:9: cannot use 1 (constant of type int) as error value in return statement: int does not implement error (missing method Error)
    fault: the migration or plugin; its author needs to fix it
    ");
    let text = format!("{GOOD}\nfunc Downgrade() {{ mighost.Executef(\"DROP TABLE kept\") }}\n");
    assert_snapshot!(upgrade(&text).shown(), @"
    exit 5
    building 1/1 a1 (go)
    error: cannot build PROJECT/migrations/a1: go build failed
      wit/export_mighost_host_revision/wit_bindings.go:20:8: guest.Downgrade() (no value) used as value
      `guest` is this folder's package: it lacks a function that its world exports, or defines it with the wrong signature. Write WIT names in Go's style, e.g. CreateAll for create-all; exported functions return an error as their last result.
      expected: downgrade: func() -> result<_, string> of mighost:host/revision@0.1.0
    fault: the migration or plugin; its author needs to fix it
    ");
    let text = format!("{GOOD}\nfunc Downgrade() error {{ return nil }}\n").replace("package first", "package main");
    assert_snapshot!(upgrade(&text).shown(), @r#"
    exit 5
    building 1/1 a1 (go)
    error: cannot build PROJECT/migrations/a1: go build failed
      wit/export_mighost_host_revision/wit_bindings.go:5:2: import "guest" is a program, not an importable package
      The folder's package must not be main: call it by any other name.
    fault: the migration or plugin; its author needs to fix it
    "#);
}

#[test]
fn errors_and_panics() {
    let guest = |body: &str, imports: &str| {
        let text = format!(
            "package first\n\nimport (\n{imports}\t\"mighost\"\n)\n\nfunc Upgrade() error {{\n\tmighost.Execute(\"CREATE TABLE half ()\")\n{body}\
             \treturn nil\n}}\n\nfunc Downgrade() error {{ return nil }}\n"
        );
        upgrade(&text).shown()
    };
    let error = "\treturn fmt.Errorf(\"no station %d\", 7)\n";
    assert_snapshot!(guest(error, "\t\"fmt\"\n"), @"
    exit 8
    building 1/1 a1 (go)
    error: migration a1 failed: no station 7
      in the upgrade of revision a1, PROJECT/migrations/a1
    state: a1 was rolled back
    fault: the migration or plugin; its author needs to fix it
    ");
    let panics = "\tvar stations []string\n\tprintln(stations[7])\n";
    assert_snapshot!(guest(panics, ""), @"
    exit 8
    building 1/1 a1 (go)
    error: migration a1 failed: runtime error: index out of range [7] with length 0 (migration.go:10)
      in the upgrade of revision a1, PROJECT/migrations/a1
    state: a1 was rolled back
    fault: the migration or plugin; its author needs to fix it
    ");
    // Nobody can recover what another goroutine panics with: Go tells it and gives up.
    let elsewhere = "\tdone := make(chan bool)\n\tgo func() {\n\t\tvar counts map[string]int\n\t\tcounts[\"a\"] = 1\n\t\tdone <- true\n\t}()\n\t<-done\n";
    let shown = guest(elsewhere, "");
    assert!(shown.contains("trapped"), "{shown}");
    assert!(shown.contains("\n    panic: assignment to entry in nil map"), "{shown}");
    let statement = "\tmighost.Executef(\"DROP TABLE %I\", \"no\\\"body\")\n";
    assert_snapshot!(guest(statement, ""), @r#"
    exit 7
    building 1/1 a1 (go)
    error: table "no"body" does not exist (SQLSTATE 42P01)
      in the upgrade of revision a1, PROJECT/migrations/a1
      1 | DROP TABLE "no""body"
    state: a1 was rolled back
    fault: the migration or plugin; its author needs to fix it
    "#);
    let format = "\tmighost.Executef(\"DROP TABLE %I\")\n";
    assert_snapshot!(guest(format, ""), @"
    exit 8
    building 1/1 a1 (go)
    error: migration a1 failed: format wants more than the 0 arguments that it has: DROP TABLE %I (migration.go:9)
      in the upgrade of revision a1, PROJECT/migrations/a1
    state: a1 was rolled back
    fault: the migration or plugin; its author needs to fix it
    ");
}

/// A module of its own name with a package beside it and one that it replaces, a file that is carried along, parameters of all types, several
/// revisions.
#[test]
fn modules_assets_and_values() {
    let project = with(&[
        (
            "migration.toml",
            "[[revisions]]\nrevision = \"a1\"\n\n[[revisions]]\nrevision = \"a2\"\ndown-revisions = [\"a1\"]\n",
        ),
        (
            "go.mod",
            "module acme.example/first\n\ngo 1.27\n\nrequire acme.example/second v0.0.0\n\nreplace acme.example/second => ./second\n",
        ),
        ("second/go.mod", "module acme.example/second\n\ngo 1.27\n"),
        (
            "second/second.go",
            "package second\n\n// Table is the second revision's.\nconst Table = \"later\"\n",
        ),
        (
            "names/names.go",
            "package names\n\n// Table is the table's.\nconst Table = \"kept\"\n",
        ),
        ("assets/rows.txt", "one\ntwo\n"),
        (
            "migration.go",
            r#"package first

import (
	"fmt"
	"strings"

	"acme.example/first/names"
	"acme.example/second"
	"mighost"
)

func Upgrade() error {
	if mighost.Revision() == "a2" {
		mighost.Executef("CREATE TABLE %I ()", second.Table)
		return nil
	}
	mighost.Executef("CREATE TABLE %I (a text, b bigint, c boolean, d real, e bytea, f text)", names.Table)
	text, _ := mighost.Asset("rows.txt")
	for number, line := range strings.Fields(string(text)) {
		mighost.Run("INSERT INTO kept VALUES ($1, $2, $3, $4, $5, $6)", line, number, true, 0.5, []byte{1, 2}, nil)
	}
	rows := mighost.Query("SELECT * FROM kept ORDER BY b")
	if got := fmt.Sprint(rows.Columns, rows.Rows); got != "[{a text 25} {b int8 20} {c bool 16} {d float4 700} {e bytea 17} {f text 25}] [[one 0 true 0.5 [1 2] <nil>] [two 1 true 0.5 [1 2] <nil>]]" {
		return fmt.Errorf("got %s", got)
	}
	if got := mighost.Format("%I %L %L %d -%d %R %%", `a"b`, `it's \ here`, nil, 7, -7, "now()"); got != `"a""b" E'it''s \\ here' NULL 7 - -7 now() %` {
		return fmt.Errorf("got %s", got)
	}
	if _, err := mighost.TryExecute("SELECT 1/0"); err == nil || err.(*mighost.DatabaseError).SQLState != "22012" {
		return fmt.Errorf("got %v", err)
	}
	if value, there := mighost.Argument("colour"); value != "red" || !there {
		return fmt.Errorf("got %s", value)
	}
	mighost.Infof("%d rows in %s", len(rows.Rows), mighost.Schema())
	return nil
}

func Downgrade() error {
	table := map[string]string{"a1": names.Table, "a2": second.Table}[mighost.Revision()]
	mighost.Executef("DROP TABLE %I", table)
	return nil
}
"#,
        ),
    ]);
    let outcome = project.run(&["upgrade", "head", "-x", "colour=red"]).ok();
    assert!(outcome.stderr.contains("a1: 2 rows in public"), "{}", outcome.stderr);
    assert_eq!(
        project.sql("SELECT count(*) FROM pg_class WHERE relname IN ('kept', 'later')"),
        "2"
    );
    project.run(&["downgrade", "base"]).ok();
    assert_eq!(project.catalog(), "");
}

/// A kind that a plugin in Go teaches, in two versions, with its options; it leaves out what the helper does. The
/// plugin has a hook as well, which writes down what it is told.
#[test]
fn kinds_and_hooks() {
    let project = Project::on(&Server::shared(), "on-version-apply = [\"note\"]\n");
    project.write(
        "plugins/note/plugin.toml",
        "name = \"note\"\nversion = \"0.1.0\"\nkinds = [\"note\"]\nhooks = [\"on-version-apply\"]\n",
    );
    project.write(
        "plugins/note/plugin.go",
        r#"// Package note keeps a text as the comment of a table of no columns.
package note

import (
	"fmt"
	"strings"

	"mighost"
)

func OnVersionApply(step mighost.Step) error {
	mighost.Executef("INSERT INTO seen VALUES (%L, %L, %L, %d)", step.Direction, step.Revision, strings.Join(step.HeadsAfter, " "), step.Number)
	return nil
}

func Create(object mighost.Object) error {
	author, there := object.Option("author")
	if !there {
		return fmt.Errorf("it has no author")
	}
	mighost.Executef("CREATE TABLE %I ()", object.Name)
	mighost.Executef("COMMENT ON TABLE %I IS %L", object.Name, author+": "+object.Definition)
	return nil
}

func Drop(object mighost.Object) error {
	mighost.Executef("DROP TABLE %I", object.Name)
	return nil
}

"#,
    );
    let migration = |id: &str, down: &str, up: &str, back: &str, text: &str| {
        project.write(
            &format!("migrations/{id}/migration.toml"),
            format!("revision = {id:?}\ndown-revisions = [{down}]\n"),
        );
        let code = format!(
            "package notes\n\nimport \"mighost\"\n\nfunc welcome() mighost.Object {{\n\
             \treturn mighost.Object{{Kind: \"note\", Name: \"welcome\", Definition: {text:?}}}.With(\"author\", \"me\")\n}}\n\n\
             func Upgrade() error {{\n\tmighost.{up}(welcome())\n\treturn nil\n}}\n\n\
             func Downgrade() error {{\n\tmighost.{back}(welcome())\n\treturn nil\n}}\n\n\
             func Objects() map[string]mighost.Object {{\n\treturn map[string]mighost.Object{{\"welcome\": welcome()}}\n}}\n"
        );
        project.write(&format!("migrations/{id}/migration.go"), code);
    };
    migration("a1", "", "Create", "Drop", "hello");
    migration("b2", "\"a1\"", "Replace", "Restore", "good morning");
    project.sql("CREATE TABLE seen (direction text, revision text, after text, number integer)");
    let comment = || project.sql("SELECT obj_description('welcome'::regclass)");
    project.run(&["upgrade", "head"]).ok();
    assert_eq!(comment(), "me: good morning");
    project.run(&["downgrade", "-1"]).ok();
    assert_eq!(comment(), "me: hello");
    project.run(&["downgrade", "-1"]).ok();
    assert_eq!(
        project.sql("SELECT * FROM seen ORDER BY ctid"),
        "upgrade|a1|a1|1\nupgrade|b2|b2|2\ndowngrade|b2|a1|1\ndowngrade|a1||1"
    );
    project.sql("DROP TABLE seen");
    assert_eq!(project.catalog(), "");
}
