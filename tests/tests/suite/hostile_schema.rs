//! A schema in which somebody else owns operators, functions and types (the class of CVE-2018-1058): the host's statements use none of them,
//! whatever a migration does to the search path. What a migration sends, and the driver's query for a type that it does not know, are looked
//! up on the migration's path.

use mighost_tests::hostile::traps;
use mighost_tests::project::{Project, Server};

fn project() -> Project {
    let project = Project::on(&Server::shared(), "schema = 'public'");
    project.sql_migration(
        "a1",
        &[],
        "create table public.one (a pg_catalog.int4);",
        "drop table public.one;",
    );
    // From here on, names mean what somebody else says, as far as a guest can arrange it.
    project.sql_migration(
        "b2",
        &["a1"],
        "set search_path = public, pg_catalog;
         create domain pg_temp.text as pg_catalog.text check (value is null);
         create table public.two (a pg_catalog.int4);",
        "set search_path = public, pg_catalog; drop table public.two;",
    );
    project.sql_migration_with(
        "c3",
        &["b2"],
        "transaction = 'none'",
        "set search_path = public, pg_catalog; create index concurrently one_a on public.one (a);",
        "set search_path = public, pg_catalog; drop index concurrently public.one_a;",
    );
    project
}

#[test]
fn no_command_runs_what_others_own() {
    let project = project();
    project.sql(&traps("true"));
    for arguments in [
        &["ensure-version"][..],
        &["upgrade", "a1"],
        &["current"],
        &["check"],
        &["history", "--indicate-current"],
        &["upgrade", "b2", "--dry-run"],
        &["upgrade", "head"],
        &["check"],
        &["current", "--check-heads"],
        &["downgrade", "a1"],
        &["stamp", "c3"],
        &["stamp", "a1", "--purge"],
        &["upgrade", "b2", "--transaction", "all"],
        &["downgrade", "base"],
    ] {
        let outcome = project.run(arguments);
        let expected = match (arguments[0], arguments.get(1)) {
            // Not everything is applied yet.
            ("check", _) if outcome.code == 10 => 10,
            _ => 0,
        };
        assert_eq!(
            outcome.code, expected,
            "{arguments:?}: {}{}",
            outcome.stdout, outcome.stderr
        );
        assert!(
            !outcome.stderr.contains("somebody else's"),
            "{arguments:?}: {}",
            outcome.stderr
        );
        assert!(
            !outcome.stdout.contains("somebody else's"),
            "{arguments:?}: {}",
            outcome.stdout
        );
    }
}

#[test]
fn a_script_runs_nothing_that_others_own() {
    let project = project();
    project.sql(&traps("true"));
    let script = project.run(&["upgrade", "head", "--sql"]).ok().stdout;
    project.write("script.sql", &script);
    let file = project.path().join("script.sql");
    let arguments = ["-v", "ON_ERROR_STOP=1", "-f", file.to_str().unwrap()];
    Server::shared().psql(project.database(), &arguments);
    let current = project.run(&["current"]).ok().stdout;
    assert!(current.contains("c3"), "{current}");
}

/// A rule or trigger that suppresses what mighost writes is noticed in the step that it begins to work in.
#[test]
fn a_step_that_is_not_recorded_is_rolled_back() {
    for hostile in [
        "create rule nothing as on insert to public.mighost_version_ledger do instead nothing",
        "create rule nothing as on update to public.mighost_version do instead nothing",
        "create rule nothing as on update to public.mighost_version do instead update public.mighost_version
           set version_num = 'r9' where version_num = old.version_num",
        "create function public.skip() returns trigger language plpgsql as $$ begin return null; end $$;
         create trigger skip before insert on public.mighost_version_ledger for each row execute function public.skip()",
        "create function public.other() returns trigger language plpgsql as
           $$ begin new.version_num := 'r9'; return new; end $$;
         create trigger other before update on public.mighost_version for each row execute function public.other()",
    ] {
        let project = Project::on(&Server::shared(), "schema = 'public'");
        project.sql_migration("r1", &[], "create table r1 ();", "drop table r1;");
        for number in 2..=6 {
            let (revision, below) = (format!("r{number}"), format!("r{}", number - 1));
            let attack = if number == 3 { hostile } else { "" };
            project.sql_migration(&revision, &[&below], &format!("create table {revision} (); {attack};"), "");
        }
        let outcome = project.run(&["upgrade", "head"]);
        assert_eq!(outcome.code, 7, "{hostile}: {}{}", outcome.stdout, outcome.stderr);
        assert!(
            outcome.stderr.contains("r3 was rolled back"),
            "{hostile}: {}",
            outcome.stderr
        );
        assert_eq!(project.heads(), "r2", "{hostile}");
        assert_eq!(
            project.sql("select to_regclass('r3') is null and to_regclass('r4') is null"),
            "t",
            "{hostile}"
        );
    }
}
