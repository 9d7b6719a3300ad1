//! Writing revisions: ids, names, templates, hooks on new files, `edit`, `list-templates`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use insta::assert_snapshot;
use mighost_tests::guests::Code;
use mighost_tests::project::Project;

fn folders(project: &Project) -> String {
    let mut names: Vec<String> = fs::read_dir(project.path().join("migrations"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names.join("\n")
}

fn offline(settings: &str) -> Project {
    let project = Project::new();
    project.config(&format!(
        "[databases.test]\nurl = \"postgresql://nobody@/none?host=/nonexistent\"\n\n{settings}"
    ));
    project
}

#[test]
fn every_flag_of_alembic() {
    let project = Project::new();
    project.config("[project]\nmigrations = [\"migrations\", \"more\"]");
    for arguments in [
        &["revision", "-m", "Create stations", "--rev-id", "w.2020.22"][..],
        &[
            "revision",
            "--message",
            "Vendor",
            "--rev-id",
            "v1",
            "--head",
            "base",
            "--branch-label",
            "vendor",
            "--splice",
        ],
        &[
            "revision",
            "-m",
            "more",
            "--rev-id",
            "w2",
            "--head",
            "w.2020.22",
            "--depends-on",
            "vendor",
            "--depends-on=v1",
        ],
        &[
            "revision",
            "--rev-id",
            "v2",
            "--head",
            "vendor@head",
            "--version-path",
            "more",
        ],
        &[
            "merge",
            "heads",
            "--rev-id",
            "m1",
            "--branch-label",
            "all",
            "-m",
            "All of it",
        ],
    ] {
        project.run(arguments).ok();
    }
    assert_snapshot!(folders(&project), @"
    m1_all_of_it
    v1_vendor
    w.2020.22_create_stations
    w2_more
    ");
    assert!(project.path().join("more/v2/migration.toml").is_file());
    let dependent = fs::read_to_string(project.path().join("migrations/w2_more/migration.toml")).unwrap();
    assert!(dependent.contains("depends-on = [\"vendor\", \"v1\"]"), "{dependent}");
    assert_snapshot!(project.run(&["history"]).ok().data(), @"
    w2, v2 -> m1 [all, vendor] (head) (mergepoint), All of it
    w.2020.22 (vendor, v1) -> w2, more
    <base> -> w.2020.22, Create stations
    v1 -> v2 [vendor], empty message
    <base> -> v1 [vendor], Vendor
    ");

    for (arguments, code) in [
        (&["revision", "-m", "x", "--autogenerate"][..], 2),
        (&["revision", "-m", "x", "--sql"], 2),
        (&["revision", "-m", "x", "--rev-id", "a-b"], 4),
        (&["revision", "-m", "x", "--rev-id", ".a"], 4),
        (&["revision", "-m", "x", "--rev-id", "m1"], 4),
        (&["revision", "-m", "x", "--head", "v1"], 4),
        (&["revision", "-m", "x", "--branch-label", "vendor"], 4),
        (&["revision", "-m", "x", "--depends-on", "nothing"], 4),
        (&["revision", "-m", "x", "--version-path", "elsewhere"], 2),
        (&["revision", "-m", "x", "--template", "cobol"], 2),
    ] {
        let outcome = project.run(arguments);
        assert_eq!(outcome.code, code, "{arguments:?} {}", outcome.stderr);
    }
    assert_snapshot!(project.run(&["revision", "-m", "x", "--autogenerate"]).shown(), @"
    exit 2
    error: --autogenerate is not supported: mighost does not compare a database with a model
    fault: the command, the configuration or the environment
    hint: omit it to create the revision's files, and write them by hand
    ");
    assert_snapshot!(project.run(&["revision", "-m", "x", "--template", "cobol"]).shown(), @r#"
    exit 2
    error: there is no template "cobol"
    fault: the command, the configuration or the environment
    hint: available: sql, rust, c, cpp, zig, go, javascript, typescript, python; `mighost list-templates` describes them
    "#);
}

#[test]
fn ids_that_alembics_table_cannot_hold() {
    let long = "a_revision_whose_id_is_a_whole_sentence";
    let project = offline("[project]\nversion-table = \"alembic_version\"\n");
    assert_snapshot!(project.run(&["revision", "-m", "x", "--rev-id", long]).shown(), @r#"
    exit 2
    error: "a_revision_whose_id_is_a_whole_sentence" cannot be a revision id: it has 39 characters, but Alembic's version table allows 32
    fault: the command, the configuration or the environment
    hint: omit --rev-id to have id-template choose one
    "#);
    let project = offline("");
    project.run(&["revision", "-m", "x", "--rev-id", long]).ok();
}

#[test]
fn names_and_ids_by_template() {
    let project = offline(
        r#"
        [revision]
        folder-template = '{{ year }}_{{ rev }}-{{ slug }}'
        id-template = '{{ "%03d" | format(count + 1) }}_{{ args.team }}'
        timezone = "Pacific/Kiritimati"
        truncate-slug-length = 10

        [args]
        team = "net"
        "#,
    );
    project.run(&["revision", "-m", "Create some stations"]).ok();
    project.run(&["revision", "-m", "x", "-x", "team=qa"]).ok();
    let found = folders(&project).replace(|c: char| c.is_ascii_digit(), "9");
    assert_eq!(found, "9999_999_net-create\n9999_999_qa-x");
    assert_eq!(project.run(&["heads"]).ok().stdout, "001_net -> 002_qa (head), x\n");
    let manifests: Vec<_> = fs::read_dir(project.path().join("migrations")).unwrap().collect();
    let manifest = fs::read_to_string(manifests[0].as_ref().unwrap().path().join("migration.toml")).unwrap();
    assert!(manifest.contains("+14:00\""), "{manifest}");

    for (settings, name) in [
        ("timezone = \"Mars/Olympus\"", "timezone"),
        ("truncate-slug-length = 0", "truncate-slug-length"),
        ("file_template = \"%%(rev)s\"", "file_template"),
        ("hooks = [{ files = \"*\" }]", "hooks"),
        ("hooks = [1]", "hooks"),
        ("hooks = 1", "hooks"),
        ("template = \"\"", "template"),
    ] {
        let outcome = offline(&format!("[revision]\n{settings}")).run(&["heads"]);
        assert_eq!(outcome.code, 3, "{settings}");
        assert!(outcome.stderr.contains(name), "{}", outcome.stderr);
    }
    let wrong = offline("[revision]\nfolder-template = '%(year)d_%(rev)s'").run(&["revision", "-m", "x"]);
    assert_snapshot!(wrong.shown(), @r#"
    exit 3
    error: invalid template: folder-template in mighost.toml: this is Alembic's syntax; write "{{ year }}_{{ rev }}"
    fault: the command, the configuration or the environment
    hint: docs/migrations.md lists what templates can use
    "#);
    let wrong = offline("[revision]\ntimezone = 'Mars/Olympus'").run(&["revision", "-m", "x"]);
    assert_snapshot!(wrong.shown(), @r#"
    exit 3
    error: timezone: "Mars/Olympus" is not a time zone; write e.g. UTC, Europe/Berlin or America/Vancouver, or local for this machine's time zone
      PROJECT/mighost.toml:5:12
      5 | timezone = 'Mars/Olympus'
        |            ^
    fault: the command, the configuration or the environment
    "#);
}

#[test]
fn a_template_of_the_project_migrates() {
    let project = Project::on_server();
    project.write(
        ".mighost-templates/table/template.toml",
        "description = 'A table with a comment'",
    );
    project.write(
        ".mighost-templates/table/upgrade.sql.jinja",
        "create table {{ slug }} ();\ncomment on table {{ slug }} is '{{ rev }}';\n",
    );
    project.write(
        ".mighost-templates/table/downgrade.sql.jinja",
        "drop table {{ slug }};\n",
    );
    assert_snapshot!(project.run(&["list-templates"]).ok().data(), @"
    sql (default): upgrade.sql and downgrade.sql
        writes migration.toml, upgrade.sql, downgrade.sql
    rust: a crate that uses mighost-sdk
        writes migration.toml, Cargo.toml, src/lib.rs, tests/migration.toml, README.md
    c: a C file, compiled with zig
        writes migration.toml, migration.c, tests/migration.toml, README.md
    cpp: a C++ file, compiled with zig
        writes migration.toml, migration.cpp, tests/migration.toml, README.md
    zig: a Zig file
        writes migration.toml, migration.zig, tests/migration.toml, README.md
    go: a Go package
        writes migration.toml, migration.go, tests/migration.toml, README.md
    javascript: a JavaScript module
        writes migration.toml, migration.js, tests/migration.toml, README.md
    typescript: a TypeScript module, type-checked
        writes migration.toml, migration.ts, tests/migration.toml, README.md
    python: a Python module
        writes migration.toml, migration.py, tests/migration.toml, README.md
    table: A table with a comment
        writes migration.toml, downgrade.sql, upgrade.sql
        from PROJECT/.mighost-templates/table
    ");
    let listed: serde_json::Value =
        serde_json::from_str(&project.run(&["list_templates", "--json"]).ok().stdout).unwrap();
    assert_eq!(listed[9]["files"][1], "downgrade.sql");
    project
        .run(&["revision", "-m", "Stations", "--template", "table", "--rev-id", "t1"])
        .ok();
    project.run(&["upgrade"]).ok();
    assert_eq!(project.sql("select obj_description('stations'::regclass)"), "t1");
    project.run(&["downgrade", "base"]).ok();

    project.write(
        ".mighost-templates/table/upgrade.sql.jinja",
        "create table {{ slug }} ();\n{{ no.where }}\n",
    );
    let outcome = project.run(&["revision", "-m", "x", "--template", "table"]);
    assert_snapshot!(outcome.shown(), @"
    exit 3
    error: invalid template: PROJECT/.mighost-templates/table/upgrade.sql.jinja, line 2: `no` is undefined; available: args, branch_labels, build, code, crate_name, date, day, depends_on, down_revisions, epoch, hour, language, message, minute, month, rev, sdk_dependency, second, slug, template, workspace, year
    fault: the command, the configuration or the environment
    hint: docs/migrations.md lists what templates can use
    ");
    assert_eq!(folders(&project), "t1_stations");
}

#[test]
fn hooks_on_new_files() {
    let hooks = r#"
        [[revision.hooks]]
        name = "format"
        command = ["sed", "-i", "s/-- /-- {{ rev }}: /", "{{ file }}"]
        files = "*.sql"

        [[revision.hooks]]
        name = "check"
        command = ["sh", "-c", "if grep -q bad \"$1\"; then echo 'bad words in'; echo \"$1\"; exit 1; fi", "sh", "{{ folder }}/upgrade.sql"]
    "#;
    let project = Project::on(&mighost_tests::project::Server::shared(), hooks);
    project.run(&["revision", "-m", "good", "--rev-id", "a1"]).ok();
    let script = fs::read_to_string(project.path().join("migrations/a1_good/upgrade.sql")).unwrap();
    assert_eq!(script, "-- a1: good\n");
    assert_snapshot!(project.run(&["revision", "-m", "bad", "--rev-id", "a2"]).shown(), @"
    exit 3
    error: the hook check failed: it ended with exit status: 1
      bad words in
      PROJECT/migrations/a2_bad/upgrade.sql
    state: PROJECT/migrations/a2_bad was written and is kept
    fault: the command, the configuration or the environment
    hint: correct its command in [[revision.hooks]] of mighost.toml
    ");
    assert!(project.path().join("migrations/a2_bad/upgrade.sql").is_file());
    // What is migrated runs none of them.
    project.config(
        &fs::read_to_string(project.path().join("mighost.toml"))
            .unwrap()
            .replace("\"sh\", \"-c\"", "\"/no/such/program\""),
    );
    project.run(&["upgrade"]).ok();
    let outcome = project.run(&["merge", "heads", "--rev-id", "a3"]);
    assert_eq!(outcome.code, 3);
    assert!(
        outcome.stderr.contains("/no/such/program cannot be run"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn edit_opens_the_code() {
    let mut project = Project::on_server();
    project.sql_migration("a1", &[], "select 1;", "select 1;");
    project.sql_migration("a2", &["a1"], "select 2;", "select 2;");
    project.write(
        "editor",
        "#!/bin/sh\nfor file; do echo \"$file\" >> edited; echo '-- seen' >> \"$file\"; done\n",
    );
    let editor = project.path().join("editor");
    fs::set_permissions(&editor, fs::Permissions::from_mode(0o755)).unwrap();
    project.set("EDITOR", &editor.display().to_string());
    project.set("VISUAL", "");
    project.run(&["edit", "a1"]).ok();
    let script = fs::read_to_string(project.path().join("migrations/a1_a1/upgrade.sql")).unwrap();
    assert_eq!(script, "select 1;-- seen\n");
    project.run(&["upgrade", "a1"]).ok();
    project.run(&["edit", "current"]).ok();
    project.run(&["edit", "head"]).ok();
    let edited = fs::read_to_string(project.path().join("edited")).unwrap();
    assert_snapshot!(edited.replace(&project.path().display().to_string(), "PROJECT"), @"
    PROJECT/migrations/a1_a1/upgrade.sql
    PROJECT/migrations/a1_a1/downgrade.sql
    PROJECT/migrations/a1_a1/upgrade.sql
    PROJECT/migrations/a1_a1/downgrade.sql
    PROJECT/migrations/a2_a2/upgrade.sql
    PROJECT/migrations/a2_a2/downgrade.sql
    ");

    // Arguments, as in `code --wait`; VISUAL goes first.
    project.set("VISUAL", "sh -c 'echo $# files'");
    assert_eq!(project.run(&["edit", "head"]).ok().stdout, "1 files\n");
    project.set("VISUAL", "sh -c 'exit 3' --");
    assert_snapshot!(project.run(&["edit", "head"]).shown(), @r#"
    exit 2
    error: the editor "sh -c 'exit 3' --" ended with exit status: 3
    fault: the command, the configuration or the environment
    hint: set the environment variable VISUAL or EDITOR to the editor
    "#);
    assert_snapshot!(project.run(&["edit", "base"]).shown(), @"
    exit 4
    error: base is not a revision, so there is nothing to edit
    fault: the command, the configuration or the environment
    ");
    assert_eq!(project.run(&["edit", "nothing"]).code, 4);

    project.write("migrations/b1.wasm", Code::new().migration("b1", &["a2"]));
    assert_snapshot!(project.run(&["edit", "b1"]).shown(), @"
    exit 5
    error: revision b1 has no sources in this project: it comes as the artifact PROJECT/migrations/b1.wasm
    fault: the command, the configuration or the environment
    hint: run `mighost inspect PROJECT/migrations/b1.wasm` to see its contents
    hint: edit the sources where it was built, or make the change in a new revision
    ");
}
