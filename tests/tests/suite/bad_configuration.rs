//! What the operator gets wrong before anything runs: the configuration, the server, the password.

use std::process::Command;
use std::sync::Arc;

use insta::assert_snapshot;
use mighost_tests::project::{Project, Server};

#[test]
fn no_configuration() {
    let project = Project::new();
    assert_snapshot!(project.run(&["upgrade", "head"]).shown(), @"
    exit 3
    error: no mighost.toml in PROJECT or in any folder above it
    fault: the command, the configuration or the environment
    hint: run `mighost init` to create one here, or name another with -c FILE or the environment variable MIGHOST_CONFIG
    ");
    assert_snapshot!(project.run(&["-c", "elsewhere.toml", "current"]).shown(), @"
    exit 3
    error: cannot read the configuration PROJECT/elsewhere.toml: No such file or directory (os error 2)
    fault: the command, the configuration or the environment
    ");
}

#[test]
fn broken_toml() {
    let project = Project::new();
    project.config("[project]\nschema = \"crmp\"\n\n[databases.dev\nurl = \"embedded\"\n");
    assert_snapshot!(project.run(&["current"]).shown(), @"
    exit 3
    error: invalid TOML: unclosed table, expected `]`
      PROJECT/mighost.toml:4:15
      4 | [databases.dev
        |               ^
    fault: the command, the configuration or the environment
    ");
    project.config("[project]\nshema = \"crmp\"\n\n[databases.dev]\nurl = \"embedded\"\n");
    assert_snapshot!(project.run(&["current"]).shown(), @r#"
    exit 3
    error: [project] has no setting "shema"
      PROJECT/mighost.toml:2:1
      2 | shema = "crmp"
        | ^
    fault: the command, the configuration or the environment
    hint: did you mean schema?
    "#);
    project.config("[project]\nlock-wait = \"soon\"\n\n[databases.dev]\nurl = \"embedded\"\n");
    assert_snapshot!(project.run(&["current"]).shown(), @r#"
    exit 3
    error: lock-wait: "soon" is not a duration; write a whole number and a unit: 500ms, 5s, 2min or 1h
      PROJECT/mighost.toml:2:13
      2 | lock-wait = "soon"
        |             ^
    fault: the command, the configuration or the environment
    "#);
    project.config("[databases.dev]\nurl = \"postgresql://app:${APP_PASSWORD}@db/climate\"\n");
    assert_snapshot!(project.run(&["current"]).shown(), @"
    exit 3
    error: the url of database dev uses ${APP_PASSWORD}, which is not set in the environment
      PROJECT/mighost.toml:2:7
      2 | url = ***
        |       ^
    fault: the command, the configuration or the environment
    hint: set it: export APP_PASSWORD=...
    ");
}

#[test]
fn unknown_label() {
    let project = Project::new();
    project.config("[databases.dev]\nurl = \"embedded\"\n[databases.production]\nurl = \"postgresql://db/climate\"\n");
    assert_snapshot!(project.run(&["upgrade", "head", "-x", "db=prodution"]).shown(), @r#"
    exit 3
    error: no database is labelled "prodution"
    fault: the command, the configuration or the environment
    hint: did you mean -x db=production? Available: dev, production
    "#);
    assert_snapshot!(project.run(&["upgrade", "head", "-x", "db=staging"]).shown(), @r#"
    exit 3
    error: no database is labelled "staging"
    fault: the command, the configuration or the environment
    hint: available: dev, production
    "#);
    assert_snapshot!(project.run(&["upgrade", "head"]).shown(), @r#"
    exit 3
    error: 2 databases are configured, but none was chosen
    fault: the command, the configuration or the environment
    hint: choose one with -x db=LABEL, or set default = "LABEL" under [project]; available: dev, production
    "#);
}

#[test]
fn unreachable_server() {
    let project = Project::new();
    // Nobody listens on the discard port.
    project.config("[databases.dev]\nurl = \"postgresql://app@127.0.0.1:9/climate\"\n");
    assert_snapshot!(project.run(&["upgrade", "head"]).shown(), @"
    exit 6
    error: no server could be reached:
             127.0.0.1:9: Connection refused (os error 111)
           Is the server running, and are host and port correct?
    fault: the database: the server, the network to it, or its data
    ");
    let project = Project::offline();
    assert_snapshot!(project.run(&["current"]).shown(), @"
    exit 6
    error: no server could be reached:
             /nonexistent/.s.PGSQL.5432: No such file or directory (os error 2)
           Is the server running, and are host and port correct?
    fault: the database: the server, the network to it, or its data
    ");
}

/// A password is asked for on TCP only: the sockets of a throw-away server are trusted.
#[test]
fn wrong_password() {
    let address = format!("127.77.{}.1", std::process::id() % 250);
    let server = Arc::new(Server::with_settings(&[&format!("listen_addresses={address}")]));
    server.sql(
        "postgres",
        "SET password_encryption = 'scram-sha-256'; CREATE ROLE app LOGIN PASSWORD 'the right one'",
    );
    let rules = "local all all trust\nhost all app all scram-sha-256\n";
    let file = server.sql("postgres", "SHOW hba_file");
    std::fs::write(&file, rules).unwrap();
    server.sql("postgres", "SELECT pg_reload_conf(); SELECT pg_sleep(0.5)");

    let mut project = Project::new();
    project.config(&format!(
        "[databases.dev]\nurl = \"postgresql://app:${{APP_PASSWORD}}@{address}/postgres\"\n"
    ));
    project.set("APP_PASSWORD", "SECRET-wrong-one");
    let outcome = project.run(&["upgrade", "head"]);
    assert!(!outcome.stderr.contains("SECRET"), "{}", outcome.stderr);
    let shown = outcome.shown().replace(&address, "ADDRESS");
    assert_snapshot!(shown, @r#"
    exit 6
    error: the server at ADDRESS:5432 refused the password of the user `app`: password authentication failed for user "app"
           Where mighost looked: the password of the connection string was used.
    fault: the command, the configuration or the environment
    "#);
    project.set("APP_PASSWORD", "the%20right%20one");
    project.run(&["current"]).ok();

    project.config(&format!(
        "[databases.dev]\nurl = \"postgresql://app:the%20right%20one@{address}/climate\"\n"
    ));
    let shown = project.run(&["current"]).shown().replace(&address, "ADDRESS");
    assert_snapshot!(shown, @"
    exit 6
    error: the database `climate` does not exist on ADDRESS:5432
           Create it with: createdb --host=ADDRESS --port=5432 --username=app climate
    fault: the command, the configuration or the environment
    ");
    project.config(&format!(
        "[databases.dev]\nurl = \"postgresql://stranger@{address}/postgres\"\n"
    ));
    let shown = project.run(&["current"]).shown().replace(&address, "ADDRESS");
    assert_snapshot!(shown, @r#"
    exit 6
    error: the server at ADDRESS:5432 rejected the user `stranger`: no pg_hba.conf entry for host "127.0.0.1", user "stranger", database "postgres", no encryption
           The role must exist, and the server's pg_hba.conf must allow it to connect from this machine.
    fault: the command, the configuration or the environment
    "#);
}

/// The server is there, but its user may not make the schema.
#[test]
fn too_few_rights() {
    let server = Server::own();
    let project = Project::on(&server, "schema = \"crmp\"");
    project.sql("CREATE ROLE visitor LOGIN");
    let url = server.url(project.database()).replace("postgres@", "visitor@");
    project.config(&format!(
        "[project]\nschema = \"crmp\"\n[databases.test]\nurl = \"{url}\"\n"
    ));
    project.sql_migration("a1", &[], "CREATE TABLE t ();", "DROP TABLE t;");
    assert_snapshot!(project.run(&["upgrade", "head"]).shown(), @r#"
    exit 7
    building 1/1 a1_a1 (sql)
    error: permission denied for database test1 (SQLSTATE 42501)
      in mighost's own bookkeeping: the schema, the version table and the ledger
      1 | BEGIN; CREATE SCHEMA IF NOT EXISTS "crmp"; CREATE TABLE IF NOT EXISTS "crmp"."mighost_...
    state: nothing was run
           not run: a1
    fault: the command, the configuration or the environment
    hint: grant the role the missing privilege, e.g. CREATE on the database or schema, or connect as another role
    "#);
    assert_eq!(project.catalog(), "");
}

#[test]
fn command_line() {
    let project = Project::offline();
    assert_snapshot!(project.run(&["upgrad", "head"]).shown(), @"
    exit 2
    error: unrecognized subcommand 'upgrad'

      tip: some similar subcommands exist: 'downgrade', 'upgrade'

    Usage: mighost [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
    assert_snapshot!(project.run(&["upgrade", "--sqll", "head"]).shown(), @"
    exit 2
    error: unexpected argument '--sqll' found

      tip: a similar argument exists: '--sql'

    Usage: mighost upgrade --sql [TARGET]...

    For more information, try '--help'.
    ");
    assert_snapshot!(project.run(&["db", "destroy"]).shown(), @r#"
    exit 2
    error: test is not an embedded server, so mighost cannot start or stop it; `db` is for labels with url = "embedded"
    fault: the command, the configuration or the environment
    "#);
    // Options of libraries that read the environment must not be able to crash it.
    let status = Command::new(mighost_tests::project::mighost())
        .arg("-C")
        .arg("/nonexistent/folder")
        .arg("current")
        .output()
        .unwrap();
    assert_snapshot!(String::from_utf8_lossy(&status.stderr), @"
    error: -C: there is no folder /nonexistent/folder
    fault: the command, the configuration or the environment
    ");
}
