//! Looking at history and state: ranges, pictures, heads, scripts that ask a database.

use insta::assert_snapshot;
use mighost_tests::guests::{Code, migration, revision};
use mighost_tests::project::Project;

/// stdout, then the exit code and stderr, with dates replaced.
fn all(project: &Project, arguments: &[&str]) -> String {
    let outcome = project.run(arguments);
    dates(&format!("{}{}", outcome.data(), outcome.shown()))
}

/// `text` with `DATE` for each time of the ledger.
fn dates(text: &str) -> String {
    let mut steady = text.to_owned();
    while let Some(end) = steady
        .find('Z')
        .filter(|end| steady[..*end].ends_with(|c: char| c.is_ascii_digit()))
    {
        steady.replace_range(end - 19..=end, "DATE");
    }
    steady
}

/// a1 - b2 - c3 - m6, b2 - d4 - m6, and e5 on its own, which depends on d4.
fn shop(project: &Project) {
    let table = |revision: &str, down: &[&str], manifest: &str| {
        let up = format!("CREATE TABLE {revision} ();");
        project.sql_migration_with(revision, down, manifest, &up, &format!("DROP TABLE {revision};"));
    };
    table("a1", &[], "");
    table("b2", &["a1"], "");
    table("c3", &["b2"], "branch-labels = [\"orders\"]\n");
    table("d4", &["b2"], "branch-labels = [\"stock\"]\n");
    table("e5", &[], "branch-labels = [\"reports\"]\ndepends-on = [\"stock\"]\n");
    table("m6", &["c3", "d4"], "");
}

#[test]
fn pictures() {
    let mut project = Project::on_server();
    project.set("LANG", "C.UTF-8");
    shop(&project);
    project.run(&["upgrade", "e5"]).ok();
    project.run(&["upgrade", "c3"]).ok();
    assert_snapshot!(all(&project, &["history", "--graph"]), @"
    ● e5 [reports] (head) (needs stock), about e5
    ┊ ● m6 [orders, stock] (head) (mergepoint), about m6
    ┊ ├─╮
    ┊ ● │ c3 [orders], about c3
    ╰┄│┄┤
      │ ● d4 [stock], about d4
      ├─╯
      ● b2 (branchpoint), about b2
      ● a1, about a1
    exit 0
    ");
    assert_snapshot!(all(&project, &["history", "--graph", "-i"]), @"
    ◉ e5 [reports] (head) (current) (needs stock), about e5, applied DATE
    ┊ ○ m6 [orders, stock] (head) (mergepoint), about m6, not applied
    ┊ ├─╮
    ┊ ◉ │ c3 [orders] (current), about c3, applied DATE
    ╰┄│┄┤
      │ ◉ d4 [stock] (current), about d4, applied DATE
      ├─╯
      ● b2 (branchpoint), about b2, applied DATE
      ● a1, about a1, applied DATE
    exit 0
    ");
    assert_snapshot!(all(&project, &["history", "--graph", "-r", "d4:"]), @"
    ● m6 [orders, stock] (head) (mergepoint), about m6, builds on revisions not shown
    ● d4 [stock], about d4
    ~
    exit 0
    ");
    assert_snapshot!(all(&project, &["history", "--format", "mermaid", "-r", "b2:"]), @r#"
    flowchart BT
        n0["m6<br/>about m6<br/>[orders, stock] (head) (mergepoint)"]
        n1["c3<br/>about c3<br/>[orders]"]
        n2["d4<br/>about d4<br/>[stock]"]
        n3["b2<br/>about b2<br/>(branchpoint)"]
        n1 --> n0
        n2 --> n0
        n3 --> n1
        n3 --> n2
    exit 0
    "#);
    let svg = project.run(&["history", "--format", "svg", "-i"]).ok().stdout;
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    let document: serde_json::Value =
        serde_json::from_str(&project.run(&["history", "--format", "json", "-i"]).ok().stdout).unwrap();
    let of = |name: &str| {
        document
            .as_array()
            .unwrap()
            .iter()
            .find(|entry| entry["revision"] == name)
            .unwrap()
    };
    assert_eq!(
        (&of("m6")["applied"], &of("m6")["applied_at"]),
        (&false.into(), &serde_json::Value::Null)
    );
    assert_eq!(
        (&of("c3")["current"], &of("b2")["current"]),
        (&true.into(), &false.into())
    );
    assert!(of("b2")["applied_at"].as_str().unwrap().ends_with('Z'));
    project.set("LC_ALL", "C");
    assert!(project.run(&["history", "--graph"]).ok().stdout.is_ascii());
}

#[test]
fn without_a_database() {
    let project = Project::offline();
    shop(&project);
    for arguments in [
        &["history", "--graph"][..],
        &["history", "--format", "dot"],
        &["heads", "-v"],
        &["branches", "--json"],
        &["show", "heads"],
        &["check", "--no-database"],
    ] {
        project.run(arguments).ok();
    }
    assert_eq!(project.run(&["history", "-i"]).code, 6);
    assert_eq!(project.run(&["history", "-r", "current:"]).code, 6);
    assert_eq!(project.run(&["show", "current"]).code, 6);
}

#[test]
fn ranges_of_history() {
    let project = Project::on_server();
    shop(&project);
    project.run(&["upgrade", "c3"]).ok();
    let listed = |arguments: &[&str]| {
        let text = project.run(arguments).ok().stdout;
        let names = text
            .lines()
            .filter_map(|line| line.split_once("-> ")?.1.split([' ', ',']).next());
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(listed(&["history", "-r", "b2:m6"]), "m6 c3 d4 b2");
    assert_eq!(listed(&["history", "-r", "c3:"]), "m6 c3");
    assert_eq!(listed(&["history", "-r", ":b2"]), "b2 a1");
    assert_eq!(listed(&["history", "-r", "current:m6"]), "m6 c3");
    assert_eq!(listed(&["history", "-r", ":current"]), "c3 b2 a1");
    assert_eq!(listed(&["history", "-r-1:current"]), "c3 b2");
    assert_eq!(listed(&["history", "-r", "-1:current"]), "c3 b2");
    assert_eq!(listed(&["history", "-r", "b2:orders"]), "c3 b2");
    assert_eq!(listed(&["history", "-r", "a1:+1"]), "b2 a1");
    assert_eq!(
        listed(&["history", "-r", "reports@base:reports@head"]),
        listed(&["history", "-r", ":e5"])
    );
}

#[test]
fn heads_and_show() {
    let project = Project::on_server();
    shop(&project);
    project.sql_migration_with("f7", &["e5"], "depends-on = [\"m6\"]\n", "SELECT 1;", "SELECT 1;");
    assert_snapshot!(all(&project, &["heads"]), @"
    e5 (m6) -> f7 [reports] (head), about f7
    c3, d4 -> m6 [orders, stock] (head) (mergepoint), about m6
    exit 0
    ");
    assert_snapshot!(all(&project, &["heads", "--resolve-dependencies", "-v"]), @"
    Revision: f7 (head)
    Parents:  e5
    Depends:  m6
    Labels:   reports
    Path:     PROJECT/migrations/f7_f7
        about f7
    exit 0
    ");
    assert_snapshot!(all(&project, &["show", "c3:m6", "-1", "-i"]), @"
    Revision: m6 (head) (mergepoint)
    Parents:  c3, d4
    Labels:   orders, stock
    Database: not applied
    Path:     PROJECT/migrations/m6_m6
        about m6

    Revision: c3
    Parents:  b2
    Labels:   orders
    Database: not applied
    Path:     PROJECT/migrations/c3_c3
        about c3

    Revision: e5
    Parents:  <base>
    Depends:  stock
    Labels:   reports
    Database: not applied
    Path:     PROJECT/migrations/e5_e5
        about e5
    exit 0
    ");
    project.run(&["upgrade", "heads"]).ok();
    assert_snapshot!(all(&project, &["current", "--check-heads"]), @"
    f7 (head)
    m6 (head) (mergepoint)
    exit 0
    ");
    assert_snapshot!(all(&project, &["show", "current", "-i", "-q"]), @"
    Revision: f7 (head) (current)
    Parents:  e5
    Depends:  m6
    Labels:   reports
    Database: applied DATE
    Path:     PROJECT/migrations/f7_f7
        about f7

    Revision: m6 (head) (mergepoint) (current)
    Parents:  c3, d4
    Labels:   orders, stock
    Database: applied DATE
    Path:     PROJECT/migrations/m6_m6
        about m6
    exit 0
    ");
}

#[test]
fn ensure_version() {
    let project = Project::on_server();
    assert_snapshot!(all(&project, &["ensure-version"]), @"
    exit 0
    test has the version table public.mighost_version and its ledger
    ");
    assert_eq!(project.heads(), "base");
    project.sql("INSERT INTO mighost_version VALUES ('x')");
    let script = project.run(&["ensure-version", "--sql"]).ok().stdout;
    // Where it is there already, nothing changes; where it is not, it is made.
    project.sql(&script.replace("\\set ON_ERROR_STOP on\n\\encoding UTF8\n", ""));
    assert_eq!(project.heads(), "x");
    let other = Project::on_server();
    other.sql(&script.replace("\\set ON_ERROR_STOP on\n\\encoding UTF8\n", ""));
    assert_eq!(other.heads(), "base");
    assert_eq!(other.sql("SELECT count(*) FROM mighost_version_ledger"), "0");
    assert_snapshot!(all(&project, &["ensure_version", "--json"]), @r#"
    {
      "database": "test",
      "schema": "public",
      "version_table": "mighost_version",
      "heads": [
        "x"
      ]
    }
    exit 0
    test has the version table public.mighost_version and its ledger
    "#);
}

#[test]
fn tags() {
    let project = Project::on_server();
    project.sql_migration("a1", &[], "CREATE TABLE t AS SELECT :'tag' AS tag;", "DROP TABLE t;");
    project.run(&["upgrade", "--tag", "it's 4.2"]).ok();
    assert_eq!(project.sql("SELECT tag FROM t"), "it's 4.2");
    let script = project.run(&["upgrade", "--sql", "--tag", "rel\nease"]).ok().stdout;
    assert!(script.contains("-- Tag: rel ease\n"), "{script}");
    project.run(&["downgrade", "base", "--tag", "down"]).ok();
    project.run(&["upgrade", "-x", "tag=x", "--tag", "y"]).ok();
    assert_eq!(project.sql("SELECT tag FROM t"), "y");
}

#[test]
fn the_causes_of_an_error() {
    let project = Project::offline();
    shop(&project);
    let outcome = project.run(&["show", "nope", "--raiseerr"]);
    assert_eq!(outcome.code, 4);
    assert!(
        outcome.stderr.contains("cause: no revision or branch label"),
        "{}",
        outcome.stderr
    );
    assert!(outcome.stderr.contains("UnknownRevision"), "{}", outcome.stderr);
    assert!(!project.run(&["show", "nope"]).stderr.contains("cause:"));
    // No url, whatever is wrong.
    project.config("[databases.test]\nurl = \"postgresql://me:secret@/none?host=/nonexistent\"\n");
    let outcome = project.run(&["current", "--raiseerr"]);
    assert!(
        outcome.stderr.contains("cause:") && !outcome.stderr.contains("secret"),
        "{}",
        outcome.stderr
    );
}

/// A migration that executes the statement that a query answers.
fn asking(query: &str) -> Vec<u8> {
    let code = Code::new().execute("SELECT 1").query(query).then(
        "(call $execute
           (i32.load offset=8 (i32.load (i32.load (i32.const 72))))
           (i32.load offset=12 (i32.load (i32.load (i32.const 72))))
           (i32.const 0) (i32.const 0))",
    );
    migration(&code.component(), vec![revision("b2", &["a1"])])
}

#[test]
fn a_script_that_cannot_be_written() {
    let project = Project::offline();
    project.sql_migration("a1", &[], "CREATE TABLE station ();", "DROP TABLE station;");
    project.run(&["build"]).ok();
    // Nothing was committed, whatever the steps' number: it is a script.
    let full = std::fs::File::create("/dev/full").unwrap();
    let output = project.command(&["upgrade", "--sql"]).stdout(full).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.contains("error: cannot write the script: No space left on device"),
        "{text}"
    );
    assert!(text.contains("state: the script is incomplete"), "{text}");
    assert!(!text.contains("committed"), "{text}");
    assert_eq!(output.status.code(), Some(2), "{text}");
}

#[test]
fn a_downgrade_has_one_target() {
    let project = Project::offline();
    for (revision, down) in [("a1", &[] as &[&str]), ("b2", &["a1"])] {
        project.sql_migration(revision, down, "SELECT 1;", "SELECT 1;");
    }
    project.run(&["build"]).ok();
    assert_snapshot!(project.run(&["downgrade", "--sql", "b2:a1", "b2:base"]).shown(), @"
    exit 4
    error: a downgrade takes one target, not several: 'a1' and 'base'; run it once for each
    fault: the command, the configuration or the environment
    ");
}

#[test]
fn a_script_with_answers() {
    let project = Project::on_server();
    project.sql_migration(
        "a1",
        &[],
        "CREATE TABLE station (); CREATE SEQUENCE s;",
        "DROP TABLE station; DROP SEQUENCE s;",
    );
    project.run(&["upgrade"]).ok();
    project.write(
        "migrations/b2.wasm",
        asking("SELECT format('CREATE TABLE %I ()', relname || '_log') FROM pg_class WHERE oid = 'station'::regclass"),
    );
    assert_snapshot!(project.run(&["upgrade", "--sql"]).shown(), @"
    exit 2
    [1/2] upgrade a1 about a1 (T)
    error: query needs an answer from the database, but there is no database offline (--sql)
      in the upgrade of revision b2, PROJECT/migrations/b2.wasm
    state: the script is incomplete: it ends before b2
           done: a1
    fault: the command, the configuration or the environment
    hint: add --online-reads to read from the database without changing it
    hint: run it without --sql, or write the migration without queries
    ");
    let outcome = project.run(&["upgrade", "--sql", "--online-reads"]).ok();
    assert_snapshot!(outcome.shown(), @"
    exit 0
    [1/1] upgrade b2 (T)
    ");
    assert!(outcome.stdout.contains("-- From a1 to b2.\n"), "{}", outcome.stdout);
    assert!(
        outcome.stdout.contains("\nCREATE TABLE station_log ();\n"),
        "{}",
        outcome.stdout
    );
    assert_eq!(
        (
            project.heads().as_str(),
            project.sql("SELECT to_regclass('station_log')").as_str()
        ),
        ("a1", "")
    );
    project.write("script.sql", &outcome.stdout);
    let path = project.path().join("script.sql");
    let server = mighost_tests::project::Server::shared();
    server.psql(project.database(), &["-f", path.to_str().unwrap()]);
    assert_eq!(project.heads(), "b2");
    project.run(&["check"]).ok();
    // Downwards too: no range is needed, as the database says where it is.
    let script = project.run(&["downgrade", "base", "--sql", "--online-reads"]);
    assert_snapshot!(script.shown(), @"
    exit 0
    [1/2] downgrade b2 (T)
    [2/2] downgrade a1 about a1 (T)
    ");
}

#[test]
fn answers_change_nothing() {
    let project = Project::on_server();
    project.sql_migration("a1", &[], "CREATE SEQUENCE s;", "DROP SEQUENCE s;");
    project.run(&["upgrade"]).ok();
    for (query, what) in [
        (
            "INSERT INTO mighost_version VALUES ('x') RETURNING version_num",
            "INSERT",
        ),
        ("SELECT nextval('s')::text", "nextval()"),
        (
            "SELECT set_config('transaction_read_only', 'off', false)",
            "transaction read-write mode",
        ),
    ] {
        project.write("migrations/b2.wasm", asking(query));
        let outcome = project.run(&["upgrade", "--sql", "--online-reads"]);
        assert_eq!(outcome.code, 7, "{}", outcome.stderr);
        assert!(outcome.stderr.contains(what), "{}", outcome.stderr);
    }
    assert_eq!(project.heads(), "a1");
    project.write("migrations/b2.wasm", asking("COMMIT"));
    assert_eq!(project.run(&["upgrade", "--sql", "--online-reads"]).code, 8);
    project.write("migrations/b2.wasm", asking("SELECT 'SELECT 1'"));
    assert_snapshot!(project.run(&["upgrade", "base:head", "--sql", "--online-reads"]).shown(), @"
    exit 0
    warning: the script starts at the base, but test is at a1: migrations' queries see that state
    [1/2] upgrade a1 about a1 (T)
    [2/2] upgrade b2 (T)
    ");
    assert_eq!(project.run(&["upgrade", "--online-reads"]).code, 2);
}
