//! PgBouncer in transaction mode between mighost and the server: each transaction may run in another session.

use std::sync::Arc;

use mighost_tests::guests::Code;
use mighost_tests::project::{Project, Server};
use mighost_tests::robust::{Fingerprint, Pooler, Running};

/// What of a session outlives its transaction, as any later client of the pooler finds it.
const LEFT: &str = "select current_user || ' ' || current_setting('search_path') || ' ' || current_setting('lock_timeout') || ' '
    || (select count(*) from pg_prepared_statements) || ' ' || (select count(*) from pg_listening_channels()) || ' '
    || (select count(*) from pg_locks where locktype = 'advisory') || ' '
    || (select count(*) from pg_cursors where name <> '') || ' ' || coalesce(to_regclass('pg_temp.scratch')::text, 'none')";
const CLEAN: &str = "postgres \"$user\", public 0 0 0 0 0 none";

/// A project whose runs go by way of a pooler with `size` sessions. None where there is no pooler.
fn pooled(server: &Arc<Server>, size: u32, settings: &str) -> Option<(Pooler, Project)> {
    let pooler = Pooler::start(server, size)?;
    let project = Project::on(server, "");
    let url = pooler.url(project.database());
    project.config(&format!("[databases.test]\nurl = \"{url}\"\n\n[project]\n{settings}"));
    Some((pooler, project))
}

fn assert_clean(pooler: &Pooler, project: &Project, when: &str) {
    // The sessions take turns.
    for _ in 0..4 {
        assert_eq!(pooler.sql(project.database(), LEFT), CLEAN, "{when}");
    }
    let count = "select count(*) from pg_locks where locktype = 'advisory' and database =
        (select oid from pg_database where datname = current_database())";
    assert_eq!(project.sql(count), "0", "{when}");
}

/// Leaves in its session whatever a migration can.
const UNTIDY: &str = "create role untidy;
    set search_path = pg_catalog, public; set lock_timeout = '7s'; set role untidy;
    select pg_advisory_lock(42); prepare kept as select 1; listen news; create temp table scratch (a int);
    declare held cursor with hold for select 1; reset role;";

#[test]
fn nothing_leaks_to_other_clients() {
    let server = Arc::new(Server::with_settings(&[]));
    let Some((pooler, project)) = pooled(&server, 1, "lock-timeout = '3s'\n") else {
        return;
    };
    project.sql_migration("a", &[], UNTIDY, "drop role untidy;");
    project.sql_migration(
        "b",
        &["a"],
        "create table b (a int); insert into b values (1);",
        "drop table b;",
    );
    project.sql_migration("c", &["b"], &format!("drop role untidy; {UNTIDY} select 1 / 0;"), "");
    project.run(&["upgrade", "b"]).ok();
    assert_clean(&pooler, &project, "after a run");
    let failed = project.run(&["upgrade", "head"]);
    assert_eq!(failed.code, 7, "{}", failed.stderr);
    assert!(failed.stderr.contains("c was rolled back"), "{}", failed.stderr);
    assert_clean(&pooler, &project, "after a run that failed");
    project.run(&["downgrade", "base"]).ok();
    project.run(&["upgrade", "b", "--dry-run"]).ok();
    assert_clean(&pooler, &project, "after a dry run");
    project.run(&["upgrade", "b", "--transaction", "all"]).ok();
    assert_clean(&pooler, &project, "after a run in one transaction");
    assert_eq!(project.heads(), "b");
}

#[test]
fn queries_for_types_of_the_servers() {
    let server = Arc::new(Server::with_settings(&[]));
    let Some((pooler, project)) = pooled(&server, 2, "") else {
        return;
    };
    project.sql("create type mood as enum ('sad', 'glad'); create type pair as (a int, b mood)");
    let query = "select 'sad'::mood, row(1, 'glad')::pair, int4range(1, 2), array['sad'::mood]";
    for (revision, down) in [("a", None), ("b", Some("a")), ("c", Some("b"))] {
        let down: Vec<&str> = down.into_iter().collect();
        let guest = Code::new()
            .query(query)
            .execute(&format!("create table {revision} (a int)"))
            .query(query);
        project.write(&format!("migrations/{revision}.wasm"), guest.migration(revision, &down));
    }
    pooler.open_all(project.database());
    project.run(&["upgrade", "head"]).ok();
    assert_clean(&pooler, &project, "after queries");
    project.run(&["stamp", "base"]).ok();
    project.sql("drop table a, b, c");
    project.run(&["upgrade", "head"]).ok();
    assert_clean(&pooler, &project, "after queries again");
}

#[test]
fn what_leaves_its_transaction_is_refused() {
    let server = Arc::new(Server::with_settings(&[]));
    let Some((pooler, project)) = pooled(&server, 2, "") else {
        return;
    };
    let before = Fingerprint::of(&server, project.database());
    let database = "mighost:host/database@0.1.0";
    let guest = Code::new()
        .import(database, "suspend-transaction", "$suspend", "")
        .execute("create table a (a int)")
        .then("(call $suspend)")
        .execute("create index concurrently i on a (a)");
    project.write("migrations/a.wasm", guest.migration("a", &[]));
    let refused = project.run(&["upgrade", "head"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    for wanted in [
        "a connection pooler changes the session",
        "connect to the server directly",
        "a was rolled back",
    ] {
        assert!(refused.stderr.contains(wanted), "{wanted}: {}", refused.stderr);
    }
    std::fs::remove_file(project.path().join("migrations/a.wasm")).unwrap();
    project.sql_migration_with(
        "a",
        &[],
        "transaction = \"none\"",
        "create table a (a int);",
        "drop table a;",
    );
    let refused = project.run(&["upgrade", "head"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(
        refused.stderr.contains("connect to the server directly"),
        "{}",
        refused.stderr
    );
    before.assert_same(&Fingerprint::of(&server, project.database()), "after what was refused");
    assert_clean(&pooler, &project, "after what was refused");
}

#[test]
fn two_runs_at_once() {
    let server = Arc::new(Server::with_settings(&[]));
    let Some((pooler, project)) = pooled(&server, 4, "lock-wait = '30s'\n") else {
        return;
    };
    const STEPS: usize = 12;
    for number in 1..=STEPS {
        let down = format!("r{}", number - 1);
        let downs: &[&str] = if number == 1 { &[] } else { &[&down] };
        project.sql_migration(
            &format!("r{number}"),
            downs,
            &format!("create table t{number} (a int); select pg_sleep(0.05);"),
            "",
        );
    }
    let runs = [(); 3].map(|()| Running::start(&project, &["upgrade", "head"]));
    for run in runs {
        let ended = run.end();
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    }
    assert_eq!(project.heads(), format!("r{STEPS}"));
    let twice = "select count(*) - count(distinct revision) || ' ' || count(*) from mighost_version_ledger";
    assert_eq!(project.sql(twice), format!("0 {STEPS}"));
    assert_clean(&pooler, &project, "after runs at once");
}

/// A pooler accepts no options of a connection, so that each transaction sets what its statements mean.
#[test]
fn defaults_of_the_database_do_not_count_behind_a_pooler() {
    let server = Arc::new(Server::with_settings(&[]));
    let Some((pooler, project)) = pooled(&server, 2, "") else {
        return;
    };
    for setting in [
        "standard_conforming_strings = off",
        "DateStyle = 'German'",
        "bytea_output = 'escape'",
    ] {
        project.sql(&format!("alter database {} set {setting}", project.database()));
    }
    for (revision, down) in [("r1", None), ("r2", Some("r1")), ("r3", Some("r2"))] {
        let script = format!(
            r"create table {revision} as select 'a\' as a, '2026-12-01'::date::text as b, '\x41'::bytea::text as c;"
        );
        project.sql_migration(revision, down.as_slice(), &script, &format!("drop table {revision};"));
    }
    project.run(&["upgrade"]).ok();
    let rows =
        "select string_agg(concat_ws(' ', a, b, c), ',') from (table r1 union all table r2 union all table r3) r";
    assert_eq!(
        project.sql(rows),
        r"a\ 2026-12-01 \x41,a\ 2026-12-01 \x41,a\ 2026-12-01 \x41"
    );
    let off = "do $$ begin perform set_config('standard_conforming_strings', 'off', false); end $$;";
    project.sql_migration("r4", &["r3"], off, "");
    let refused = project.run(&["upgrade"]);
    assert_eq!(refused.code, 8, "{}", refused.stderr);
    assert_eq!(project.heads(), "r3");
    assert_eq!(
        pooler.sql(project.database(), "show standard_conforming_strings"),
        "off"
    );
}
