//! The demo chain, up and down: what each revision finds on the way up it leaves on the way down.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mighost_tests::project::{Project, Server, mighost};
use mighost_tests::robust::Fingerprint;

/// The first revision of the chain that leaves its transaction, and the last before it.
const LEAVES_ITS_TRANSACTION: &str = "0f7d9a52e8b6";
const LAST_BEFORE: &str = "e60b2d71c9f3";
/// The last of the first revisions that ask the database nothing, so that a script can be written of them.
const LAST_UNASKING: &str = "19e4c7a8035d";

/// What `history --json` says of a revision.
struct Revision {
    id: String,
    downs: Vec<String>,
}

/// The demo's revisions, oldest first, and the artifacts of its migrations and plugins, built where they are not.
struct Demo {
    revisions: Vec<Revision>,
    artifacts: Vec<PathBuf>,
}

fn demo() -> Demo {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let json = |arguments: &[&str]| -> serde_json::Value {
        let output = std::process::Command::new(mighost())
            .current_dir(&root)
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let built = json(&["build", "--json"]);
    let artifacts = built["artifacts"].as_array().unwrap().iter();
    let artifacts = artifacts.map(|artifact| text(&artifact["path"]).into()).collect();
    let found = json(&["history", "--json"]);
    let mut revisions: Vec<Revision> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|revision| Revision {
            id: text(&revision["revision"]),
            downs: revision["down_revisions"]
                .as_array()
                .unwrap()
                .iter()
                .map(text)
                .collect(),
        })
        .collect();
    revisions.reverse();
    assert!(revisions.len() >= 20);
    Demo { revisions, artifacts }
}

const SETTINGS: &str = "migrations = ['migrations']
plugins = ['plugins']
schema = 'crmp'

[args]
standard-table-privileges = 'inspector: SELECT; viewer: SELECT; steward: ALL'
";

/// A project of the demo's artifacts, without their sources.
fn take(project: &Project, demo: &Demo) {
    for folder in ["migrations", "plugins"] {
        fs::create_dir_all(project.path().join(folder)).unwrap();
    }
    for artifact in &demo.artifacts {
        let built = artifact.parent().unwrap().file_name().unwrap().to_string_lossy();
        let folder = built.split('-').next().unwrap();
        fs::copy(
            artifact,
            project.path().join(folder).join(artifact.file_name().unwrap()),
        )
        .unwrap();
    }
}

/// A server of the test's own: the chain makes roles, which are the whole cluster's.
fn server() -> Arc<Server> {
    Arc::new(Server::with_settings(&[]))
}

/// The demo on a database of its own, with the schema there already: it is mighost that makes it, not the chain.
fn on_server(server: &Arc<Server>) -> (Project, Vec<Revision>) {
    let demo = demo();
    let project = Project::on(server, SETTINGS);
    take(&project, &demo);
    project.sql("CREATE SCHEMA crmp");
    (project, demo.revisions)
}

fn catalog(server: &Server, project: &Project) -> Fingerprint {
    Fingerprint::of(server, project.database())
}

#[test]
fn each_revision_leaves_what_it_found() {
    let server = server();
    let (project, revisions) = on_server(&server);
    let mut heads: Vec<&str> = Vec::new();
    let mut before = catalog(&server, &project);
    for Revision { id, downs } in &revisions {
        project.run(&["upgrade", id]).ok();
        let above = catalog(&server, &project);
        // With another head beside it, the way down starts at this one.
        heads.retain(|head| !downs.iter().any(|down| down == head));
        let down = match downs.as_slice() {
            // A merge point is left to one of those that it merges, and so to both.
            [first, _, ..] => first.clone(),
            _ if heads.is_empty() => "-1".to_owned(),
            _ => format!("{id}@-1"),
        };
        heads.push(id);
        project.run(&["downgrade", &down]).ok();
        before.assert_same(&catalog(&server, &project), &format!("{id}, up and down"));
        project.run(&["upgrade", id]).ok();
        above.assert_same(&catalog(&server, &project), &format!("{id}, up, down and up"));
        before = above;
    }
    assert_eq!(heads.len(), 1);
}

/// Commands that only look, on the project and the database as the demo leaves them.
#[test]
fn every_command_that_looks_is_content_with_the_demo() {
    let server = server();
    let (project, revisions) = on_server(&server);
    project.run(&["upgrade", "head"]).ok();
    let head = revisions.last().unwrap().id.as_str();
    for arguments in [
        &["check"][..],
        &["check", "--json"],
        &["current", "-v"],
        &["current", "--check-heads"],
        &["heads", "-v"],
        &["branches", "-v"],
        &["history", "-v"],
        &["history", "-i"],
        &["history", "--graph"],
        &["show", head],
        &["plugins"],
        &["plugins", "--json"],
        &["list-templates"],
        &["upgrade", "head"],
        &["upgrade", "head", "--dry-run"],
        &["ensure-version"],
    ] {
        let outcome = project.run(arguments);
        assert_eq!(outcome.code, 0, "{arguments:?}: {}{}", outcome.stdout, outcome.stderr);
    }
    let visits = fs::read_dir(project.path().join("migrations")).unwrap();
    for artifact in visits.map(|entry| entry.unwrap().path()) {
        project.run(&["inspect", artifact.to_str().unwrap()]).ok();
    }
}

#[test]
fn the_whole_chain_leaves_nothing() {
    let server = server();
    let (project, _) = on_server(&server);
    let base = catalog(&server, &project);
    project.run(&["upgrade", "head"]).ok();
    let head = catalog(&server, &project);
    assert!(head.holds("role steward") && head.holds("routine crmp."));
    project.run(&["downgrade", "base"]).ok();
    base.assert_same(&catalog(&server, &project), "down to the base");
    project.run(&["upgrade", "head"]).ok();
    head.assert_same(&catalog(&server, &project), "up again");
    // In one transaction, as far as that goes.
    project.run(&["downgrade", LAST_BEFORE]).ok();
    let last_before = catalog(&server, &project);
    project.run(&["downgrade", "base", "--transaction", "all"]).ok();
    base.assert_same(&catalog(&server, &project), "down to the base in one transaction");
    let refused = project.run(&["upgrade", "head", "--transaction", "all"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("--transaction all"), "{}", refused.stderr);
    assert!(refused.stderr.contains(LEAVES_ITS_TRANSACTION), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("the whole run was rolled back"),
        "{}",
        refused.stderr
    );
    base.assert_same(&catalog(&server, &project), "after a run that was refused");
    project.run(&["upgrade", LAST_BEFORE, "--transaction", "all"]).ok();
    last_before.assert_same(&catalog(&server, &project), "up in one transaction");
    project.run(&["downgrade", "base"]).ok();
}

#[test]
fn scripts_do_the_same() {
    let server = server();
    let (project, _) = on_server(&server);
    let base = catalog(&server, &project);
    project.run(&["upgrade", LAST_UNASKING]).ok();
    let above = catalog(&server, &project);
    project.run(&["downgrade", "base"]).ok();
    for (arguments, wanted) in [
        (["upgrade", LAST_UNASKING, "--sql"], &above),
        (["downgrade", &format!("{LAST_UNASKING}:base"), "--sql"], &base),
    ] {
        let script = project.run(&arguments).ok().stdout;
        project.write("script.sql", &script);
        let path = project.path().join("script.sql");
        server.psql(project.database(), &["-f", &path.display().to_string()]);
        wanted.assert_same(&catalog(&server, &project), &format!("a script of {arguments:?}"));
    }
}

#[test]
fn on_the_embedded_server() {
    let demo = demo();
    let project = Project::new();
    project.config(&format!("[databases.dev]\nurl = 'embedded'\n\n[project]\n{SETTINGS}"));
    take(&project, &demo);
    let up = project.run(&["upgrade", "head"]).ok();
    assert!(up.stderr.contains(&demo.revisions.last().unwrap().id), "{}", up.stderr);
    project.run(&["downgrade", "base"]).ok();
    project.run(&["upgrade", "head", "--json"]).ok();
    project.run(&["current", "--check-heads"]).ok();
    project.run(&["db", "destroy", "--yes"]).ok();
}

/// What the tests above rely on: nothing that a migration may leave behind goes unseen.
#[test]
fn a_fingerprint_sees_every_trace() {
    let server = server();
    let database = server.database();
    server.sql(
        &database,
        "create table t (a int, b text); create view v as select a from t; create role reader; create sequence s;
         create function f() returns trigger language plpgsql as 'begin return new; end';
         create materialized view m as select a from t; create index i on t (a); create type e as enum ('x')",
    );
    let mut before = Fingerprint::of(&server, &database);
    for change in [
        "comment on column t.a is 'x'",
        "comment on index i is 'x'",
        "comment on role reader is 'x'",
        "alter table t alter b set default 'x'",
        "alter table t alter a set not null",
        "alter table t alter b set storage external",
        "alter table t alter b set statistics 7",
        "alter table t add constraint c check (a > 0) not valid",
        "alter table t validate constraint c",
        "alter table t set (fillfactor = 50)",
        "alter table t set unlogged",
        "alter table t enable row level security",
        "create policy p on t using (true)",
        "alter table t cluster on i",
        "alter table t replica identity full",
        "update pg_index set indisvalid = false where indexrelid = 'i'::regclass",
        "create index j on t (b)",
        "grant select on t to reader",
        "grant update (b) on t to reader",
        "grant usage on schema public to reader",
        "grant execute on function f to reader",
        "revoke execute on function f from public",
        "grant reader to postgres",
        "alter sequence s owned by t.a",
        "alter table t owner to reader",
        "alter role reader createdb",
        "alter role reader set search_path = public",
        "alter default privileges grant select on tables to reader",
        "create trigger g before insert on t for each row execute function f()",
        "alter table t disable trigger g",
        "create rule r as on delete to t do nothing",
        "alter function f stable",
        "alter function f set work_mem = '1MB'",
        "create or replace view v as select a, 1 as one from t",
        "create or replace view v with (security_barrier) as select a, 1 as one from t",
        "refresh materialized view m with no data",
        "alter sequence s increment 2",
        "alter type e add value 'y'",
        "create domain d as int check (value > 0)",
        "create type k as (a int)",
        "create statistics z on a, b from t",
        "create schema n",
        "create table n.u (a int) partition by range (a)",
        "create table n.w partition of n.u default",
        "create operator public.=+= (leftarg = int, rightarg = int, function = int4pl)",
        "create aggregate total (int) (sfunc = int4pl, stype = int)",
    ] {
        server.sql(&database, change);
        let after = Fingerprint::of(&server, &database);
        assert_ne!(before, after, "{change}");
        before = after;
    }
    server.sql(&database, "create table mighost_version (version_num text primary key)");
    before.assert_same(&Fingerprint::of(&server, &database), "mighost's own tables");
}
