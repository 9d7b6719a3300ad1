//! The commands as a user goes through them, and what each prints.

use std::process::Command;

use insta::assert_snapshot;
use mighost_tests::guests::Code;
use mighost_tests::project::{Project, Server};

/// stdout, then the exit code and stderr.
fn all(project: &Project, arguments: &[&str]) -> String {
    let outcome = project.run(arguments);
    format!("{}{}", outcome.data(), outcome.shown())
}

/// Three revisions: networks, stations, and a view on both.
fn climate(project: &Project) {
    project.sql_migration(
        "a1b2c3d4e5f6",
        &[],
        "CREATE TABLE network (id int PRIMARY KEY, name text NOT NULL);\n",
        "DROP TABLE network;\n",
    );
    project.sql_migration(
        "b2c3d4e5f6a1",
        &["a1b2c3d4e5f6"],
        "CREATE TABLE station (\n  id int PRIMARY KEY,\n  network int REFERENCES network DEFAULT 1\n);\n\
         CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS $$ SELECT n * 2; $$;\n",
        "DROP FUNCTION twice(int);\nDROP TABLE station;\n",
    );
    project.sql_migration_with(
        "b3d4e5f6a1b2",
        &["b2c3d4e5f6a1"],
        "date = \"2026-11-21T22:30:00Z\"\nbranch-labels = [\"views\"]\n",
        "CREATE VIEW named AS SELECT s.id, n.name FROM station s JOIN network n ON n.id = s.network;\n",
        "DROP VIEW named;\n",
    );
}

#[test]
fn from_nothing_to_head_and_back() {
    let project = Project::new();
    assert_snapshot!(all(&project, &["init"]), @"
    exit 0
    created PROJECT/migrations
    created PROJECT/plugins
    created PROJECT/.gitignore
    created PROJECT/.gitattributes
    created PROJECT/mighost.toml
    next: mighost revision -m 'what it does', then mighost upgrade head
    ");
    let server = Server::shared();
    let url = server.url(&server.database());
    project.config(&format!("[databases.test]\nurl = \"{url}\"\n"));
    assert_snapshot!(all(&project, &["revision", "-m", "Add the networks", "--rev-id", "a1b2c3"]), @"
    exit 0
    created PROJECT/migrations/a1b2c3_add_the_networks/migration.toml
    created PROJECT/migrations/a1b2c3_add_the_networks/upgrade.sql
    created PROJECT/migrations/a1b2c3_add_the_networks/downgrade.sql
    ");
    assert_snapshot!(std::fs::read_to_string(project.path().join("migrations/a1b2c3_add_the_networks/upgrade.sql")).unwrap(), @"-- Add the networks");
    project.write(
        "migrations/a1b2c3_add_the_networks/upgrade.sql",
        "CREATE TABLE network (id int);\n",
    );
    project.write(
        "migrations/a1b2c3_add_the_networks/downgrade.sql",
        "DROP TABLE network;\n",
    );
    project
        .run(&["revision", "-m", "Add stations", "--rev-id", "b2c3d4"])
        .ok();
    project.write(
        "migrations/b2c3d4_add_stations/upgrade.sql",
        "CREATE TABLE station (id int);\n",
    );
    project.write("migrations/b2c3d4_add_stations/downgrade.sql", "DROP TABLE station;\n");
    assert_snapshot!(all(&project, &["build"]), @"
    exit 0
    building 1/2 a1b2c3_add_the_networks (sql)
    building 2/2 b2c3d4_add_stations (sql)
    2 built, 0 up to date
    ");
    assert_snapshot!(all(&project, &["build"]), @"
    exit 0
    0 built, 2 up to date
    ");
    assert_snapshot!(all(&project, &["current"]), @"exit 0");
    assert_snapshot!(all(&project, &["current", "--check-heads"]), @"
    exit 10
    error: test is at the base, not at the heads: b2c3d4
    fault: the command, the configuration or the environment
    hint: run `mighost upgrade heads`
    ");
    assert_snapshot!(all(&project, &["upgrade", "head"]), @"
    exit 0
    [1/2] upgrade a1b2c3 Add the networks (T)
    [2/2] upgrade b2c3d4 Add stations (T)
    test upgraded by 2 revisions in T, now at b2c3d4
    ");
    assert_snapshot!(all(&project, &["upgrade"]), @"
    exit 0
    test is at b2c3d4: nothing to do
    ");
    assert_snapshot!(all(&project, &["current"]), @"
    b2c3d4 (head)
    exit 0
    ");
    assert_snapshot!(all(&project, &["current", "--check-heads"]), @"
    b2c3d4 (head)
    exit 0
    ");
    assert_snapshot!(all(&project, &["downgrade", "base"]), @"
    exit 0
    [1/2] downgrade b2c3d4 Add stations (T)
    [2/2] downgrade a1b2c3 Add the networks (T)
    test downgraded by 2 revisions in T, now at base
    ");
    assert_snapshot!(all(&project, &["downgrade", "base"]), @"
    exit 0
    test is at base: nothing to do
    ");
    assert_snapshot!(all(&project, &["init"]), @"
    exit 3
    error: PROJECT/mighost.toml already exists and was not changed
    fault: the command, the configuration or the environment
    hint: name another folder: mighost init DIR
    ");
}

#[test]
fn looking() {
    let project = Project::on_server();
    climate(&project);
    project.sql_migration("c4e5f6a1b2c3", &["b2c3d4e5f6a1"], "SELECT 1;", "SELECT 1;");
    project.run(&["upgrade", "b2c3"]).ok();
    assert_snapshot!(all(&project, &["history", "-i"]), @"
    b2c3d4e5f6a1 -> b3d4e5f6a1b2 [views] (head), about b3d4e5f6a1b2
    b2c3d4e5f6a1 -> c4e5f6a1b2c3 (head), about c4e5f6a1b2c3
    a1b2c3d4e5f6 -> b2c3d4e5f6a1 (branchpoint) (current), about b2c3d4e5f6a1
    <base> -> a1b2c3d4e5f6, about a1b2c3d4e5f6
    exit 0
    ");
    assert_snapshot!(all(&project, &["history", "-r", "a1b2:views"]), @"
    b2c3d4e5f6a1 -> b3d4e5f6a1b2 [views] (head), about b3d4e5f6a1b2
    a1b2c3d4e5f6 -> b2c3d4e5f6a1 (branchpoint), about b2c3d4e5f6a1
    <base> -> a1b2c3d4e5f6, about a1b2c3d4e5f6
    exit 0
    ");
    assert_snapshot!(all(&project, &["heads"]), @"
    b2c3d4e5f6a1 -> b3d4e5f6a1b2 [views] (head), about b3d4e5f6a1b2
    b2c3d4e5f6a1 -> c4e5f6a1b2c3 (head), about c4e5f6a1b2c3
    exit 0
    2 heads; to join them: mighost merge b3d4e5f6a1b2 c4e5f6a1b2c3
    ");
    assert_snapshot!(all(&project, &["branches"]), @"
    a1b2c3d4e5f6 -> b2c3d4e5f6a1 (branchpoint), about b2c3d4e5f6a1
        -> b3d4e5f6a1b2 [views] (head), about b3d4e5f6a1b2
        -> c4e5f6a1b2c3 (head), about c4e5f6a1b2c3
    exit 0
    ");
    assert_snapshot!(all(&project, &["show", "views", "b2c3"]), @"
    Revision: b3d4e5f6a1b2 (head)
    Parents:  b2c3d4e5f6a1
    Labels:   views
    Date:     2026-11-21T22:30:00Z
    Path:     PROJECT/migrations/b3d4e5f6a1b2_b3d4e5f6a1b2
        about b3d4e5f6a1b2

    Revision: b2c3d4e5f6a1 (branchpoint)
    Parents:  a1b2c3d4e5f6
    Path:     PROJECT/migrations/b2c3d4e5f6a1_b2c3d4e5f6a1
        about b2c3d4e5f6a1
    exit 0
    ");
    assert_snapshot!(all(&project, &["current", "-v"]), @"
    Revision: b2c3d4e5f6a1 (branchpoint)
    Parents:  a1b2c3d4e5f6
    Path:     PROJECT/migrations/b2c3d4e5f6a1_b2c3d4e5f6a1
        about b2c3d4e5f6a1
    exit 0
    ");
    assert_snapshot!(all(&project, &["plugins"]), @"exit 0");
}

#[test]
fn relative_targets_and_prefixes() {
    let project = Project::on_server();
    climate(&project);
    let at = |arguments: &[&str]| {
        project.run(arguments).ok();
        project.heads()
    };
    assert_eq!(at(&["upgrade", "+1"]), "a1b2c3d4e5f6");
    assert_eq!(at(&["upgrade", "b2c"]), "b2c3d4e5f6a1");
    assert_eq!(at(&["upgrade", "views"]), "b3d4e5f6a1b2");
    assert_eq!(at(&["downgrade", "-1"]), "b2c3d4e5f6a1");
    assert_eq!(at(&["upgrade", "views@head"]), "b3d4e5f6a1b2");
    assert_eq!(at(&["downgrade", "a1"]), "a1b2c3d4e5f6");
    assert_eq!(at(&["upgrade", "head"]), "b3d4e5f6a1b2");
    assert_eq!(at(&["downgrade", "base"]), "base");
    assert_eq!(project.catalog(), "");
    assert_snapshot!(all(&project, &["upgrade", "b"]), @"
    exit 4
    error: 'b' is ambiguous: it matches 'b2c3d4e5f6a1' and 'b3d4e5f6a1b2'; type more characters
    fault: the command, the configuration or the environment
    ");
    assert_snapshot!(all(&project, &["upgrade", "+7"]), @"
    exit 4
    error: '+7' goes too far: there is nothing beyond revision 'b3d4e5f6a1b2'
    fault: the command, the configuration or the environment
    ");
    assert_snapshot!(all(&project, &["downgrade", "-1"]), @"
    exit 4
    error: '-1' goes too far: there is nothing beyond the base
    fault: the command, the configuration or the environment
    ");
    assert_eq!(project.heads(), "base");
}

#[test]
fn stamps() {
    let project = Project::on_server();
    climate(&project);
    assert_snapshot!(all(&project, &["stamp", "b2c3"]), @"
    exit 0
    building 1/3 a1b2c3d4e5f6_a1b2c3d4e5f6 (sql)
    building 2/3 b2c3d4e5f6a1_b2c3d4e5f6a1 (sql)
    building 3/3 b3d4e5f6a1b2_b3d4e5f6a1b2 (sql)
    [1/1] stamp b2c3d4e5f6a1 about b2c3d4e5f6a1 (T)
    test is stamped: b2c3d4e5f6a1
    ");
    assert_eq!(
        (project.heads().as_str(), project.catalog().as_str()),
        ("b2c3d4e5f6a1", "")
    );
    project.sql("INSERT INTO mighost_version VALUES ('unknown')");
    assert_snapshot!(all(&project, &["stamp", "head"]), @"
    exit 4
    error: the version table contains 'unknown', which is not a revision of this project; restore its migration, or correct the version table with `mighost stamp --purge REVISION`
    fault: the command, the configuration or the environment
    ");
    assert_snapshot!(all(&project, &["stamp", "--purge", "head"]), @"
    exit 0
    [1/1] stamp b3d4e5f6a1b2 about b3d4e5f6a1b2 (T)
    test is stamped: b3d4e5f6a1b2
    ");
    assert_eq!(project.heads(), "b3d4e5f6a1b2");
    assert_snapshot!(all(&project, &["stamp", "base"]), @"
    exit 0
    [1/1] stamp b3d4e5f6a1b2 about b3d4e5f6a1b2 (T)
    test is stamped: base
    ");
    assert_eq!(project.heads(), "base");
    assert_snapshot!(
        project.sql("SELECT id, direction, revision FROM mighost_version_ledger ORDER BY id"),
        @"
        1|stamp|b2c3d4e5f6a1
        2|stamp|b3d4e5f6a1b2
        3|stamp|b3d4e5f6a1b2
        "
    );
}

/// A dry run does everything and leaves nothing.
#[test]
fn dry_run() {
    let project = Project::on_server();
    climate(&project);
    project.run(&["upgrade", "+1"]).ok();
    let before = project.sql("SELECT xmin, * FROM mighost_version") + &project.catalog();
    assert_snapshot!(all(&project, &["upgrade", "head", "--dry-run"]), @"
    exit 0
    [1/2] upgrade b2c3d4e5f6a1 about b2c3d4e5f6a1 (T)
    [2/2] upgrade b3d4e5f6a1b2 about b3d4e5f6a1b2 (T)
    dry run: test would be upgraded by 2 revisions, to b3d4e5f6a1b2; all rolled back after T
    ");
    assert_eq!(
        project.sql("SELECT xmin, * FROM mighost_version") + &project.catalog(),
        before
    );
    assert_eq!(project.sql("SELECT count(*) FROM mighost_version_ledger"), "1");
    // A failure shows, as it would in earnest.
    project.sql("CREATE TABLE station ()");
    assert_snapshot!(all(&project, &["upgrade", "head", "--dry-run"]), @r#"
    exit 7
    error: relation "station" already exists (SQLSTATE 42P07)
      in the upgrade of revision b2c3d4e5f6a1, PROJECT/migrations/b2c3d4e5f6a1_b2c3d4e5f6a1
      1 | CREATE TABLE station (
      2 |   id int PRIMARY KEY,
      3 |   network int REFERENCES network DEFAULT 1
      4 | )
    state: the whole run was rolled back; the database is unchanged
           not run: b3d4e5f6a1b2
    fault: the migration or plugin; its author needs to fix it
    hint: if the database was created in another way and already contains these objects, record its last revision: `mighost stamp REVISION`
    "#);
}

/// On a database that mighost has never seen, a dry run does not even leave the version table.
#[test]
fn dry_run_on_a_new_database() {
    let project = Project::on(&Server::shared(), "schema = \"crmp\"");
    climate(&project);
    project.run(&["upgrade", "head", "--dry-run"]).ok();
    assert_eq!(project.catalog(), "");
    assert_eq!(
        project.sql("SELECT count(*) FROM pg_tables WHERE tablename LIKE 'mighost%'"),
        "0"
    );
}

/// The script does what the run does.
#[test]
fn scripts() {
    let server = Server::shared();
    let project = Project::on(&server, "schema = \"crmp\"\n[args]\nlevel = \"it's high\"\n");
    climate(&project);
    project.sql_migration(
        "c4e5f6a1b2c3",
        &["b3d4e5f6a1b2"],
        "CREATE TABLE :\"schema\".settings AS SELECT :'level'::text AS level, :'revision'::text AS revision;\n",
        "DROP TABLE settings;\n",
    );
    project.sql_migration_with(
        "d5f6a1b2c3d4",
        &["c4e5f6a1b2c3"],
        "transaction = \"none\"\n",
        "CREATE INDEX CONCURRENTLY by_network ON station (network);\n",
        "DROP INDEX CONCURRENTLY by_network;\n",
    );
    let script = project.run(&["upgrade", "head", "--sql"]).ok();
    let first = project.run(&["upgrade", "a1b2", "--sql"]).ok();
    // The row holds digests, times and the user.
    let shown: String = first
        .stdout
        .lines()
        .map(
            |line| match line.starts_with("INSERT INTO \"crmp\".\"mighost_version_ledger\"") {
                true => "INSERT INTO \"crmp\".\"mighost_version_ledger\" (...) VALUES (...);\n".to_owned(),
                false => format!("{line}\n"),
            },
        )
        .collect();
    assert_snapshot!(shown, @r#"
    -- Written by mighost 0.1.0.
    -- From the base to a1b2c3d4e5f6.
    -- Run it with psql -X -f, as the role that mighost would connect as.
    \set ON_ERROR_STOP on
    \encoding UTF8

    BEGIN;
    SELECT pg_catalog.pg_advisory_xact_lock(677457567221934470);
    DO 'BEGIN IF pg_catalog.to_regnamespace(''"crmp"'') IS NULL THEN CREATE SCHEMA IF NOT EXISTS "crmp"; END IF; END';
    CREATE TABLE IF NOT EXISTS "crmp"."mighost_version" (version_num pg_catalog.text NOT NULL, CONSTRAINT "mighost_version_pkc" PRIMARY KEY (version_num));
    CREATE TABLE IF NOT EXISTS "crmp"."mighost_version_ledger" (id pg_catalog.int8 GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, revision pg_catalog.text NOT NULL, direction pg_catalog.text NOT NULL, artifact pg_catalog.text, source pg_catalog.text, signer pg_catalog.text, started pg_catalog.timestamptz NOT NULL, duration pg_catalog.interval NOT NULL, database_user pg_catalog.text NOT NULL DEFAULT session_user, os_user pg_catalog.text NOT NULL, host_version pg_catalog.text NOT NULL);
    DO $mighost$ DECLARE found pg_catalog.text[] := ARRAY(SELECT version_num::pg_catalog.text FROM "crmp"."mighost_version" ORDER BY version_num COLLATE pg_catalog."C"); BEGIN IF pg_catalog.array_ne(found, ARRAY[]::pg_catalog.text[]) THEN RAISE EXCEPTION USING MESSAGE = pg_catalog.concat('this script starts at the base, but the version table contains ', CASE WHEN pg_catalog.cardinality(found) OPERATOR(pg_catalog.=) 0 THEN 'no revision' ELSE pg_catalog.array_to_string(found, ', ') END); END IF; END $mighost$;
    COMMIT;

    -- upgrade a1b2c3d4e5f6: about a1b2c3d4e5f6
    BEGIN;
    SELECT pg_catalog.pg_advisory_xact_lock(677457567221934470);
    RESET SESSION AUTHORIZATION;
    RESET ROLE;
    RESET ALL;
    CLOSE ALL;
    DISCARD TEMP;
    SET search_path = "crmp", "public";
    CREATE TABLE network (id int PRIMARY KEY, name text NOT NULL);
    SET CONSTRAINTS ALL IMMEDIATE /* the migration ends: deferred constraints are checked */;
    RESET SESSION AUTHORIZATION;
    RESET ROLE;
    RESET ALL;
    CLOSE ALL;
    DISCARD TEMP;
    INSERT INTO "crmp"."mighost_version" (version_num) VALUES ('a1b2c3d4e5f6');
    INSERT INTO "crmp"."mighost_version_ledger" (...) VALUES (...);
    COMMIT;
    "#);
    assert_eq!(project.catalog(), "", "a script touches nothing");

    let by_psql = server.database();
    project.write("up.sql", &script.stdout);
    server.psql(&by_psql, &["-f", project.path().join("up.sql").to_str().unwrap()]);
    project.run(&["upgrade", "head"]).ok();
    assert_eq!(server.catalog(&by_psql), project.catalog());
    let rows = "SELECT (SELECT string_agg(version_num, ' ') FROM crmp.mighost_version),
        (SELECT string_agg(direction || ' ' || revision, ', ' ORDER BY id) FROM crmp.mighost_version_ledger),
        (SELECT level || ', ' || revision FROM crmp.settings)";
    assert_eq!(server.sql(&by_psql, rows), project.sql(rows));
    assert_snapshot!(project.sql(rows), @"d5f6a1b2c3d4|upgrade a1b2c3d4e5f6, upgrade b2c3d4e5f6a1, upgrade b3d4e5f6a1b2, upgrade c4e5f6a1b2c3, upgrade d5f6a1b2c3d4|it's high, c4e5f6a1b2c3");

    let down = project.run(&["downgrade", "head:base", "--sql"]).ok();
    project.write("down.sql", &down.stdout);
    server.psql(&by_psql, &["-f", project.path().join("down.sql").to_str().unwrap()]);
    project.run(&["downgrade", "base"]).ok();
    assert_eq!(server.catalog(&by_psql), project.catalog());
}

#[test]
fn json() {
    let project = Project::on_server();
    climate(&project);
    project.write("migrations/c4.wasm", Code::new().migration("c4e5", &["b3d4e5f6a1b2"]));
    let parsed = |arguments: &[&str]| -> serde_json::Value {
        let outcome = project.run(&[arguments, &["--json"]].concat());
        serde_json::from_str(&outcome.stdout)
            .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {}", outcome.stdout))
    };
    assert_eq!(parsed(&["build"])["artifacts"].as_array().unwrap().len(), 4);
    let dry = parsed(&["upgrade", "head", "--dry-run"]);
    assert_eq!((&dry["dry_run"], &dry["heads"][0]), (&true.into(), &"c4e5".into()));
    let run = parsed(&["upgrade", "head"]);
    assert_eq!(run["steps"].as_array().unwrap().len(), 4);
    assert_eq!((&run["database"], &run["heads"][0]), (&"test".into(), &"c4e5".into()));
    assert_eq!(parsed(&["current"])["revisions"][0]["revision"], "c4e5");
    assert_eq!(parsed(&["history"])[3]["revision"], "a1b2c3d4e5f6");
    assert_eq!(parsed(&["heads"])[0]["head"], true);
    assert!(parsed(&["branches"]).as_array().unwrap().is_empty());
    assert_eq!(parsed(&["show", "views"])[0]["labels"][0], "views");
    assert!(parsed(&["plugins"]).as_array().unwrap().is_empty());
    assert_eq!(
        parsed(&["inspect", "migrations/c4.wasm"])["revisions"]["revisions"][0]["revision"],
        "c4e5"
    );
    assert_eq!(parsed(&["downgrade", "-1"])["direction"], "downgrade");
    assert_eq!(parsed(&["stamp", "head"])["heads"][0], "c4e5");
    let revision = parsed(&["revision", "-m", "more"]);
    assert_eq!(revision["files"].as_array().unwrap().len(), 3, "{revision}");
    let error = parsed(&["upgrade", "nowhere"]);
    assert_eq!(
        (&error["exit_code"], &error["error"]["blame"]),
        (&4.into(), &"operator".into())
    );
}

#[test]
fn inspecting() {
    let project = Project::offline();
    climate(&project);
    project.run(&["build"]).ok();
    let build = project.path().join(".mighost/build");
    let folder = std::fs::read_dir(build)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.is_dir());
    let file = folder.unwrap().join("b2c3d4e5f6a1_b2c3d4e5f6a1.wasm");
    let outcome = project.run(&["inspect", file.to_str().unwrap()]).ok();
    // Digests change with each byte of the SQL component.
    let text: String = outcome
        .stdout
        .lines()
        .filter(|line| !line.contains("  ") || line.starts_with(' '))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_snapshot!(text, @"
    built by mighost 0.1.0, for mighost:host@0.1.0
    revision b2c3d4e5f6a1, on a1b2c3d4e5f6: about b2c3d4e5f6a1
    imports
        mighost:host/objects@0.1.0
        mighost:host/database@0.1.0
        mighost:host/context@0.1.0
        mighost:host/assets@0.1.0
    exports
        mighost:host/revision@0.1.0
    assets
        downgrade.sql (46 bytes)
        upgrade.sql (169 bytes)
    ");
    let wit = project.run(&["inspect", "--wit", file.to_str().unwrap()]).ok().stdout;
    assert!(wit.contains("export mighost:host/revision@0.1.0;"), "{wit}");
}

#[test]
fn tools() {
    let project = Project::on_server();
    climate(&project);
    project.run(&["upgrade", "head"]).ok();
    let completions = project.run(&["completions", "bash"]).ok().stdout;
    project.write("completions", &completions);
    let status = Command::new("bash")
        .arg("-n")
        .arg(project.path().join("completions"))
        .status()
        .unwrap();
    assert!(status.success() && completions.contains("upgrade"));

    let wit = project.run(&["wit"]).ok().stdout;
    assert!(wit.contains("package mighost:host@0.1.0;") && wit.contains("world migration"));
    let described: serde_json::Value = serde_json::from_str(&project.run(&["wit", "--json"]).ok().stdout).unwrap();
    assert_eq!(described[0]["name"], "mighost:host@0.1.0");
    project.run(&["wit", "-o", "wit"]).ok();
    assert!(project.path().join("wit").is_dir());

    let answer = project
        .run(&["psql", "--", "-X", "-A", "-t", "-c", "select current_schema(), 6 * 7"])
        .ok();
    assert_eq!(answer.stdout, "public|42\n");
    assert_eq!(project.run(&["psql", "--", "-X", "-c", "select nothing"]).code, 1);
}

/// Arguments and settings as migrations see them.
#[test]
fn arguments() {
    let server = Server::shared();
    let mut project = Project::on(&server, "env-prefix = \"PYCDS\"\n[args]\nfirst = 1\nsecond = \"two\"\n");
    project.sql_migration(
        "a1",
        &[],
        "CREATE TABLE seen AS SELECT :'first'::text AS first, :'second'::text AS second, :third AS third,\n\
         ':not' AS quoted, :'schema'::text AS schema, :'superuser_role'::text AS superuser;\n",
        "DROP TABLE seen;",
    );
    project
        .run(&[
            "upgrade",
            "head",
            "-x",
            "second=it's :first",
            "-x",
            "third=1+1",
            "-x",
            "db=test",
        ])
        .ok();
    assert_eq!(
        project.sql("SELECT * FROM seen"),
        "1|it's :first|2|:not|public|postgres"
    );
    project.set("MIGHOST_SCHEMA_NAME", "by_mighost");
    project.set("MIGHOST_SU_ROLE_NAME", "pg_monitor");
    project.run(&["upgrade", "head", "-x", "third=3"]).ok();
    assert_eq!(
        project.sql("SELECT third, schema, superuser FROM by_mighost.seen"),
        "3|by_mighost|pg_monitor"
    );
    project.set("PYCDS_SCHEMA_NAME", "By \"Pycds");
    project.run(&["upgrade", "head", "-x", "third=4"]).ok();
    assert_eq!(
        project.sql("SELECT third, schema FROM \"By \"\"Pycds\".seen"),
        "4|By \"Pycds"
    );
    assert_eq!(
        project.sql("SELECT version_num FROM \"By \"\"Pycds\".mighost_version"),
        "a1"
    );
    let psql = project
        .run(&["psql", "--", "-X", "-A", "-t", "-c", "select third from seen"])
        .ok();
    assert_eq!(psql.stdout, "4\n");
}

/// The embedded server, from nothing to nothing.
#[test]
fn embedded() {
    let project = Project::new();
    // As root the server runs as another user, who must reach the folder.
    project.config("[databases.dev]\nurl = \"embedded\"\n");
    climate(&project);
    let text = |arguments: &[&str]| {
        let outcome = project.run(arguments);
        let steady = |line: &str| match line {
            _ if line.starts_with("running, process ") => "running, process N".to_owned(),
            _ if line.starts_with("postgresql://") => "URL".to_owned(),
            _ if line.starts_with("log in ") => "log in LOG".to_owned(),
            _ => match line.split_once(" in /") {
                Some((before, _)) => format!("{before} in DATA"),
                None => line.to_owned(),
            },
        };
        let lines: Vec<_> = outcome.data().lines().map(steady).collect();
        format!("exit {}\n{}", outcome.code, lines.join("\n"))
    };
    assert_snapshot!(text(&["db", "status"]), @"
    exit 0
    not running
    no data yet in PROJECT/.mighost/postgres/dev/data
    log in LOG
    ");
    project.run(&["upgrade", "head"]).ok();
    let running = text(&["db", "status"]);
    let major = running
        .split("data of PostgreSQL ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next())
        .unwrap_or("?")
        .to_owned();
    assert_snapshot!(running.replace(&format!("PostgreSQL {major}"), "PostgreSQL MAJOR"), @"
    exit 0
    running, process N
    URL
    data of PostgreSQL MAJOR in PROJECT/.mighost/postgres/dev/data
    log in LOG
    ");

    // A migration that is still being written is only remarked on.
    project.write(
        "migrations/a1b2c3d4e5f6_a1b2c3d4e5f6/upgrade.sql",
        "CREATE TABLE network (id int);\n",
    );
    assert_snapshot!(project.run(&["upgrade", "head"]).shown(), @"
    exit 0
    building 1/1 a1b2c3d4e5f6_a1b2c3d4e5f6 (sql)
    warning: changed since they were applied: a1b2c3d4e5f6
    dev is at b3d4e5f6a1b2: nothing to do
    ");
    assert!(text(&["db", "stop"]).starts_with("exit 0\nstopped\ndata of"));
    assert!(text(&["db", "start"]).starts_with("exit 0\nstarted\nrunning"));
    let rows = project
        .run(&[
            "psql",
            "--",
            "-X",
            "-A",
            "-t",
            "-c",
            "select version_num from mighost_version",
        ])
        .ok();
    assert_eq!(rows.stdout, "b3d4e5f6a1b2\n");
    assert_eq!(text(&["db", "stop", "-q"]), "exit 0\n");
    assert_eq!(text(&["db", "destroy", "--yes"]), "exit 0\ndestroyed");
    let quiet = project.run(&["db", "destroy", "--yes", "-q"]);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
}

#[test]
fn a_version_table_in_another_schema() {
    let settings = "schema = \"crmp\"\nversion-table = \"alembic_version\"\nversion-table-schema = \"Meta\"\n";
    let project = Project::on(&Server::shared(), settings);
    project.sql_migration("a1", &[], "create table one ();", "drop table one;");
    project.sql_migration("a2", &["a1"], "create table two ();", "drop table two;");
    let rows = "select string_agg(version_num, ' ') from \"Meta\".alembic_version";
    let tables =
        "select string_agg(relname, ' ' order by relname) from pg_class where relkind = 'r' and relnamespace = ";
    assert_eq!(project.run(&["current"]).ok().stdout, "");
    project.run(&["upgrade"]).ok();
    assert_eq!(project.sql(rows), "a2");
    assert_eq!(project.sql(&format!("{tables} 'crmp'::regnamespace")), "one two");
    assert_eq!(
        project.sql(&format!("{tables} '\"Meta\"'::regnamespace")),
        "alembic_version alembic_version_ledger"
    );
    assert_eq!(project.run(&["current"]).ok().stdout, "a2 (head)\n");
    project.run(&["downgrade", "-1"]).ok();
    assert_eq!(project.sql(rows), "a1");
    project.run(&["stamp", "a2"]).ok();
    assert!(
        project
            .run(&["history", "-i"])
            .ok()
            .stdout
            .contains("a2 (head) (current)")
    );

    // By a script, from nothing.
    project.sql("drop schema crmp cascade; drop schema \"Meta\" cascade");
    project.write("up.sql", project.run(&["upgrade", "--sql"]).ok().stdout);
    let file = project.path().join("up.sql").display().to_string();
    Server::shared().psql(project.database(), &["-f", &file]);
    assert_eq!(project.sql(rows), "a2");
    assert_eq!(project.sql(&format!("{tables} 'crmp'::regnamespace")), "one two");
}
