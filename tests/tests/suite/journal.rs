//! A migration outside a transaction that fails in the middle: what the next run does, and what its texts advise.

use mighost_tests::project::{Project, Server};
use mighost_tests::robust::Fingerprint;

const NO_TRANSACTION: &str = "transaction = \"none\"";
const JOURNALED: &str = "select count(*) from mighost_version_journal";

/// A project whose second revision fails in the middle, because a table has a row twice.
fn half_done() -> Project {
    let project = Project::on_server();
    project.sql_migration(
        "a",
        &[],
        "create table a (a int); insert into a values (1), (1);",
        "drop table a;",
    );
    script(&project, "create unique index concurrently a_key on a (a);");
    let failed = project.run(&["upgrade", "head"]);
    assert_eq!(failed.code, 7, "{}", failed.stderr);
    for wanted in [
        "create unique index concurrently a_key on a (a)",
        "b left its transaction: what it committed is kept and in the journal, and the next run resumes from there",
        "done: a",
    ] {
        assert!(failed.stderr.contains(wanted), "{wanted}: {}", failed.stderr);
    }
    assert_eq!(project.heads(), "a");
    assert_eq!(project.sql("select count(*) from log"), "1");
    project
}

/// The second revision, with `middle` in its middle.
fn script(project: &Project, middle: &str) {
    let upgrade = format!(
        "create table log (text text); insert into log values ('first'); {middle}
         insert into log values ('last'); vacuum log;"
    );
    let downgrade = "drop table log; drop index concurrently if exists a_key;";
    project.sql_migration_with("b", &["a"], NO_TRANSACTION, &upgrade, downgrade);
}

fn mend_data(project: &Project) {
    project.sql("delete from a where ctid = (select min(ctid) from a)");
}

/// What must be there once the second revision is done, each statement once.
fn assert_done(project: &Project) {
    assert_eq!(project.heads(), "b");
    assert_eq!(
        project.sql("select string_agg(text, ' ' order by text) from log"),
        "first last"
    );
    assert_eq!(
        project.sql("select indisvalid from pg_index where indexrelid = to_regclass('a_key')::oid"),
        "t"
    );
    assert_eq!(project.sql(JOURNALED), "0");
}

#[test]
fn the_cause_is_mended_in_the_database() {
    let project = half_done();
    let again = project.run(&["upgrade", "head"]);
    assert_eq!(again.code, 7, "{}", again.stderr);
    assert_eq!(project.sql("select count(*) from log"), "1");
    mend_data(&project);
    project.run(&["upgrade", "head"]).ok();
    assert_done(&project);
    project.run(&["downgrade", "base"]).ok();
    assert_eq!(project.sql("select to_regclass('log') is null"), "t");
}

#[test]
fn the_statement_that_failed_is_mended() {
    let project = half_done();
    script(
        &project,
        "delete from a where ctid = (select min(ctid) from a); create unique index concurrently a_key on a (a);",
    );
    project.run(&["upgrade", "head"]).ok();
    assert_done(&project);
}

#[test]
fn what_failed_is_left_out() {
    let project = Project::on_server();
    let vacuum = "create table log (text text); vacuum nowhere;";
    project.sql_migration_with("a", &[], NO_TRANSACTION, vacuum, "");
    assert_eq!(project.run(&["upgrade", "head"]).code, 7);
    project.sql_migration_with("a", &[], NO_TRANSACTION, "create table log (text text);", "");
    project.run(&["upgrade", "head"]).ok();
    assert_eq!(project.sql(JOURNALED), "0");
}

/// A script that is another than the one that was interrupted, and the text that says so.
fn changed() -> (Project, String) {
    let project = half_done();
    let upgrade = "create table log (text text, at timestamptz); insert into log values ('first');
        insert into log values ('last'); create unique index concurrently a_key on a (a);";
    let downgrade = "drop table log; drop index concurrently if exists a_key;";
    project.sql_migration_with("b", &["a"], NO_TRANSACTION, upgrade, downgrade);
    let refused = project.run(&["upgrade", "head"]);
    assert_eq!(refused.code, 8, "{}", refused.stderr);
    for wanted in [
        "the interrupted run of b cannot be resumed: its call number 1 differs from the recorded one",
        "Restore the interrupted artifact and run it again",
        "its first 2 calls",
    ] {
        assert!(refused.stderr.contains(wanted), "{wanted}: {}", refused.stderr);
    }
    (project, refused.stderr)
}

#[test]
fn the_interrupted_script_is_brought_back() {
    let (project, _) = changed();
    script(&project, "create unique index concurrently a_key on a (a);");
    mend_data(&project);
    project.run(&["upgrade", "head"]).ok();
    assert_done(&project);
}

#[test]
fn the_rest_is_undone_by_hand() {
    let (project, text) = changed();
    mend_data(&project);
    // The first two calls; the third was refused, and has left nothing.
    project.sql("drop table log");
    // The command as the text gives it.
    let command = text.split('`').find(|part| part.starts_with("DELETE FROM")).unwrap();
    project.sql(command);
    project.run(&["upgrade", "head"]).ok();
    assert_done(&project);
}

#[test]
fn a_stamp_forgets() {
    let server = Server::shared();
    let project = half_done();
    // Brought to its end by hand, and said so.
    mend_data(&project);
    project.sql("create unique index a_key on a (a)");
    project.sql("insert into log values ('last')");
    let by_hand = Fingerprint::of(&server, project.database());
    project.run(&["stamp", "b"]).ok();
    assert_done(&project);
    // What comes later is run from its beginning.
    project.run(&["downgrade", "a"]).ok();
    project.run(&["upgrade", "head"]).ok();
    assert_done(&project);
    by_hand.assert_same(&Fingerprint::of(&server, project.database()), "down and up");
}

#[test]
fn a_stamp_where_the_database_is_settles_what_is_half_done() {
    let project = half_done();
    let around = project.run(&["downgrade", "base"]);
    assert_ne!(around.code, 0);
    let wanted = "b is half done: its upgrade left the transaction and did not finish";
    assert!(around.stderr.contains(wanted), "{}", around.stderr);
    assert_eq!(project.heads(), "a");
    project.sql("drop table log");
    project.run(&["stamp", "a"]).ok();
    assert_eq!(project.sql(JOURNALED), "0");
    project.run(&["downgrade", "base"]).ok();
    assert_eq!(project.heads(), "base");
}
