//! Plugins that take part in each step: `on-version-apply`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use insta::assert_snapshot;
use mighost_tests::guests::{self, Code};
use mighost_tests::project::{Project, Server};

const EXPORT: &str = "mighost:host/version-hook@0.1.0#on-version-apply";
/// What the plugin audit has written, without times and accounts.
const AUDIT: &str = "select audit_id, direction, revision, message, before, after, operator like '%@%', role = session_user \
    from migration_audit order by 1";

/// A plugin whose hook runs `code`.
fn hook(name: &str, code: &Code) -> Vec<u8> {
    let mut core = code.module(&[]);
    let export = format!("(func (export \"{EXPORT}\") (result i32) (call $body)))");
    assert_eq!(core.pop(), Some(')'));
    let component = guests::component(&format!("{core}{export}"), "hooks", &[]);
    guests::plugin(&component, name, &[])
}

/// Two migrations, and the plugins with their hooks in this order.
fn project(server: &Arc<Server>, settings: &str, hooks: &[(&str, Code)]) -> Project {
    let names: Vec<&str> = hooks.iter().map(|(name, _)| *name).collect();
    let project = Project::on(server, &format!("on-version-apply = {names:?}\n{settings}"));
    for (name, code) in hooks {
        project.write(&format!("plugins/{name}.wasm"), hook(name, code));
    }
    project.sql_migration("a1", &[], "create table one ();", "drop table one;");
    project.sql_migration("a2", &["a1"], "create table two ();", "drop table two;");
    project
}

fn insert(who: &str) -> Code {
    Code::new()
        .execute("create table if not exists public.seen (who text, version text)")
        .execute(&format!(
            "insert into seen select '{who}', (select string_agg(version_num, ' ') from mighost_version)"
        ))
}

const SEEN: &str = "select string_agg(who || ':' || coalesce(version, 'base'), ' ' order by ctid) from seen";

#[test]
fn hooks_run_in_their_order_before_the_rows_change() {
    let server = Server::own();
    let project = project(&server, "", &[("second", insert("second")), ("first", insert("first"))]);
    project.run(&["upgrade"]).ok();
    assert_eq!(project.sql(SEEN), "second:base first:base second:a1 first:a1");
    project.run(&["downgrade", "-1", "--dry-run"]).ok();
    project.run(&["downgrade", "-1"]).ok();
    project.run(&["stamp", "a2"]).ok();
    assert!(
        project
            .sql(SEEN)
            .ends_with("first:a1 second:a2 first:a2 second:a1 first:a1"),
        "{}",
        project.sql(SEEN)
    );
    assert_eq!(project.heads(), "a2");
    // Nothing to do is no step.
    let seen = project.sql(SEEN);
    project.run(&["upgrade"]).ok();
    assert_eq!(project.sql(SEEN), seen);
}

#[test]
fn one_transaction_for_the_run() {
    let server = Server::own();
    let project = project(&server, "transaction = \"all\"\n", &[("only", insert("only"))]);
    project.sql_migration("a3", &["a2"], "select 1/0;", "");
    assert_eq!(project.run(&["upgrade"]).code, 7);
    assert_eq!((project.catalog().as_str(), project.heads().as_str()), ("", "none"));
    project.run(&["upgrade", "a2"]).ok();
    assert_eq!(project.sql(SEEN), "only:base only:a1");
}

#[test]
fn the_session_is_fresh() {
    let server = Server::own();
    let project = project(&server, "", &[("only", insert("only"))]);
    project.sql("create role hook_nobody; create schema elsewhere");
    project.sql_migration(
        "a3",
        &["a2"],
        "create temp table seen (who text, version text); set search_path = elsewhere; set role hook_nobody;",
        "",
    );
    project.run(&["upgrade"]).ok();
    assert_eq!(project.sql(SEEN), "only:base only:a1 only:a2");
    project.sql("drop role hook_nobody");
}

#[test]
fn a_hook_that_fails_takes_its_step_back() {
    let server = Server::own();
    let fails = |code: Code| {
        let project = project(&server, "", &[("good", insert("good")), ("watch", code)]);
        let outcome = project.run(&["upgrade"]);
        assert_eq!(project.heads(), "base", "{}", outcome.stderr);
        assert_eq!(project.catalog(), "");
        outcome.shown()
    };
    assert_snapshot!(fails(Code::new().execute("insert into nowhere values (1)")), @r#"
    exit 7
    building 1/2 a1_a1 (sql)
    building 2/2 a2_a2 (sql)
    error: relation "nowhere" does not exist (SQLSTATE 42P01)
      in the upgrade of revision a1, PROJECT/migrations/a1_a1
      operation on-version-apply of watch
      1 | insert into nowhere values (1)
        |             ^
    state: a1 was rolled back
           not run: a2
    fault: the migration or plugin; its author needs to fix it
    "#);
    assert_snapshot!(fails(Code::new().fail("the change calendar is closed")), @"
    exit 8
    building 1/2 a1_a1 (sql)
    building 2/2 a2_a2 (sql)
    error: plugin watch failed: the change calendar is closed
      in the upgrade of revision a1, PROJECT/migrations/a1_a1
      in the hook on-version-apply of plugin watch
    state: a1 was rolled back
           not run: a2
    fault: the migration or plugin; its author needs to fix it
    ");
    assert_snapshot!(fails(Code::new().then("unreachable")), @"
    exit 8
    building 1/2 a1_a1 (sql)
    building 2/2 a2_a2 (sql)
    error: plugin watch trapped: wasm trap: wasm `unreachable` instruction executed
      in the upgrade of revision a1, PROJECT/migrations/a1_a1
      in the hook on-version-apply of plugin watch
      in body
      in function 2
    state: a1 was rolled back
           not run: a2
    fault: the migration or plugin; its author needs to fix it
    ");
    assert_snapshot!(fails(Code::new().execute("commit")), @r#"
    exit 8
    building 1/2 a1_a1 (sql)
    building 2/2 a2_a2 (sql)
    error: plugin watch: COMMIT is not allowed, because mighost controls the transaction: commit
      in the upgrade of revision a1, PROJECT/migrations/a1_a1
      in the hook on-version-apply of plugin watch
    state: a1 was rolled back
           not run: a2
    fault: the migration or plugin; its author needs to fix it
    hint: mighost begins and commits the transaction; call suspend-transaction before statements that cannot run in one, or set transaction = "none" in migration.toml
    "#);
    let suspend = Code::new()
        .import("mighost:host/database@0.1.0", "suspend-transaction", "$suspend", "")
        .then("(call $suspend)");
    assert_snapshot!(fails(suspend), @"
    exit 8
    building 1/2 a1_a1 (sql)
    building 2/2 a2_a2 (sql)
    error: plugin watch: a hook runs in the transaction that changes the version rows, and cannot leave it
      in the upgrade of revision a1, PROJECT/migrations/a1_a1
      in the hook on-version-apply of plugin watch
    state: a1 was rolled back
           not run: a2
    fault: the migration or plugin; its author needs to fix it
    ");
    // What the migration had sent and what was refused late is the migration's.
    let project = project(&server, "", &[("only", insert("only"))]);
    project.sql_migration("a1", &[], "create table one (); insert into nowhere values (1);", "");
    assert_snapshot!(project.run(&["upgrade"]).shown(), @r#"
    exit 7
    building 1/2 a1_a1 (sql)
    building 2/2 a2_a2 (sql)
    error: relation "nowhere" does not exist (SQLSTATE 42P01)
      in the upgrade of revision a1, PROJECT/migrations/a1_a1
      1 | insert into nowhere values (1)
        |             ^
    state: a1 was rolled back
           not run: a2
    fault: the migration or plugin; its author needs to fix it
    "#);
}

#[test]
fn hooks_that_are_not_there() {
    let server = Server::own();
    let project = project(&server, "", &[("watch", Code::new())]);
    let configure = |names: &str| {
        let file = fs::read_to_string(project.path().join("mighost.toml")).unwrap();
        let lines = file.lines().map(|line| match line.starts_with("on-version-apply") {
            true => format!("on-version-apply = {names}"),
            false => line.to_owned(),
        });
        project.config(&lines.collect::<Vec<_>>().join("\n"));
        project.run(&["upgrade"])
    };
    assert_snapshot!(configure("[\"wtach\"]").shown(), @"
    exit 3
    building 1/2 a1_a1 (sql)
    building 2/2 a2_a2 (sql)
    error: on-version-apply names the plugin wtach, which this project does not have
    fault: the command, the configuration or the environment
    hint: plugins with this hook: watch
    ");
    let plugin = guests::component(&Code::new().module(&[]), "mighost:host/guest", &[]);
    project.write("plugins/other.wasm", guests::plugin(&plugin, "other", &[]));
    assert_snapshot!(configure("[\"other\"]").shown(), @"
    exit 3
    error: on-version-apply names the plugin other, which has no such hook: it does not export mighost:host/version-hook@0.1.0
    fault: the command, the configuration or the environment
    hint: `mighost plugins` lists what plugins export
    ");
    assert_eq!(configure("\"watch\"").code, 3);
    assert_eq!(project.heads(), "none");
    configure("[]").ok();
    // A database may have hooks of its own, or none.
    let file = fs::read_to_string(project.path().join("mighost.toml")).unwrap();
    let own = file.replace("[project]", "on-version-apply = [\"nobody\"]\n[project]");
    project.config(&own.replace("on-version-apply = []", "on-version-apply = [\"watch\"]"));
    assert_eq!(project.run(&["downgrade", "base"]).code, 3);
}

#[test]
fn a_step_that_left_its_transaction_is_in_one_again() {
    let server = Server::own();
    let project = project(&server, "", &[("watch", insert("watch").fail("not yet"))]);
    project.sql_migration_with(
        "a1",
        &[],
        "transaction = \"none\"",
        "create table one (); create index concurrently one_index on one ((1));",
        "drop table one;",
    );
    let outcome = project.run(&["upgrade", "a1"]);
    assert_snapshot!(outcome.shown(), @"
    exit 8
    building 1/2 a1_a1 (sql)
    building 2/2 a2_a2 (sql)
    error: plugin watch failed: not yet
      in the upgrade of revision a1, PROJECT/migrations/a1_a1
      in the hook on-version-apply of plugin watch
    state: a1 left its transaction: what it committed is kept and in the journal, and the next run resumes from there
    fault: the migration or plugin; its author needs to fix it
    ");
    assert_eq!(project.sql("select to_regclass('seen') is null"), "t");
    assert_eq!(project.sql("select to_regclass('one_index') is not null"), "t");
    // The next run does not repeat what is done, and the hook and the row of the version table come together.
    project.write("plugins/watch.wasm", hook("watch", &insert("watch")));
    project.run(&["upgrade", "a1"]).ok();
    assert_eq!(
        (project.sql(SEEN).as_str(), project.heads().as_str()),
        ("watch:base", "a1")
    );
    assert_eq!(project.sql("select count(*) from mighost_version_journal"), "0");
}

#[test]
fn a_step_that_is_begun_again_calls_its_hook_again() {
    let server = Server::own();
    let project = project(&server, "lock-timeout = \"100ms\"\n", &[("only", insert("only"))]);
    project.run(&["upgrade", "a1"]).ok();
    let (locker, database) = (server.clone(), project.database().to_owned());
    let locked = std::thread::spawn(move || {
        locker.sql(&database, "begin; lock table seen; select pg_sleep(1); commit");
    });
    let held =
        "select count(*) from pg_locks where relation = 'seen'::regclass and mode = 'AccessExclusiveLock' and granted";
    while project.sql(held) == "0" {}
    let outcome = project.run(&["upgrade"]).ok();
    locked.join().unwrap();
    assert!(
        outcome
            .stderr
            .contains("a2: could not acquire a lock within lock-timeout"),
        "{}",
        outcome.stderr
    );
    assert_eq!(project.sql(SEEN), "only:base only:a1");
}

#[test]
fn offline_the_statements_go_into_the_script() {
    let server = Server::own();
    let project = project(&server, "", &[("only", insert("only"))]);
    let script = project.run(&["upgrade", "--sql"]).ok().stdout;
    assert_eq!(script.matches("-- on-version-apply of only\n").count(), 2, "{script}");
    project.write("up.sql", &script);
    let file = project.path().join("up.sql").display().to_string();
    server.psql(project.database(), &["-f", &file]);
    assert_eq!(
        (project.sql(SEEN).as_str(), project.heads().as_str()),
        ("only:base only:a1", "a2")
    );
    let script = project.run(&["stamp", "a1:a2", "--sql"]).ok().stdout;
    assert_eq!(script.matches("-- on-version-apply of only\n").count(), 1, "{script}");

    project.write("plugins/only.wasm", hook("only", &Code::new().query("select 1")));
    assert_snapshot!(project.run(&["upgrade", "--sql"]).shown(), @"
    exit 2
    error: plugin only: query needs an answer from the database, but there is no database offline (--sql)
      in the upgrade of revision a1, PROJECT/migrations/a1_a1
      in the hook on-version-apply of plugin only
    state: the script is incomplete: it ends before a1
           not run: a2
    fault: the command, the configuration or the environment
    hint: add --online-reads to read from the database without changing it
    hint: run it without --sql, or write the migration without queries
    ");
}

/// The repository, and what cargo made of its guests: compiled once for all tests.
fn with_the_repositorys_plugins(project: &Project) -> PathBuf {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap();
    let cargo = repository.join(".mighost/build/cargo");
    fs::create_dir_all(&cargo).unwrap();
    fs::create_dir_all(project.path().join(".mighost/build")).unwrap();
    std::os::unix::fs::symlink(cargo, project.path().join(".mighost/build/cargo")).unwrap();
    repository.join("plugins")
}

#[test]
fn the_plugin_audit() {
    let server = Server::own();
    let project = Project::on(&server, "schema = \"crmp\"\n");
    let plugins = with_the_repositorys_plugins(&project);
    let file = fs::read_to_string(project.path().join("mighost.toml")).unwrap();
    project.config(&format!(
        "{file}plugins = [{:?}]\non-version-apply = [\"audit\"]\n[args]\naudit-channel = \"schema's\"\n",
        plugins.display().to_string()
    ));
    project.sql_migration("a1", &[], "create table one ();", "drop table one;");
    project.sql_migration("b1", &["a1"], "set role pg_monitor;", "");
    project.sql_migration_with("b2", &["a1"], "transaction = \"none\"", "vacuum one;", "");
    project.sql_migration("m", &["b1", "b2"], "select 1;", "select 1;");
    project.run(&["upgrade"]).ok();
    project.run(&["stamp", "a1"]).ok();
    project.run(&["downgrade", "base"]).ok();
    let audit = format!("set search_path = crmp; {AUDIT}");
    let online = project.sql(&audit);
    assert_snapshot!(online, @"
    1|upgrade|a1|about a1|{}|{a1}|t|t
    2|upgrade|b2|about b2|{a1}|{b2}|t|t
    3|upgrade|b1|about b1|{b2}|{b1,b2}|t|t
    4|upgrade|m|about m|{b1,b2}|{m}|t|t
    5|stamp|a1|about a1|{m}|{a1}|t|t
    6|downgrade|a1|about a1|{a1}|{}|t|t
    ");

    project.run(&["upgrade", "a1", "--dry-run"]).ok();
    assert_eq!(project.sql(&audit), online);

    // The same by a script.
    project.sql("drop schema crmp cascade");
    let script = project.run(&["upgrade", "--sql"]).ok().stdout;
    project.write("up.sql", &script);
    let file = project.path().join("up.sql").display().to_string();
    server.psql(project.database(), &["-f", &file]);
    let steps: Vec<&str> = online.lines().take(4).collect();
    assert_eq!(project.sql(&audit), steps.join("\n"));
    assert_eq!(
        script.matches("pg_notify('schema''s', 'upgrade ").count(),
        4,
        "{script}"
    );
}
