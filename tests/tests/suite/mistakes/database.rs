//! Databases that are not where the sources or the version table say.

use std::fs;

use insta::assert_snapshot;
use mighost_tests::project::Project;

use super::{all, folder, line, tables};

#[test]
fn the_database_is_ahead_of_the_sources() {
    let project = line();
    project.run(&["upgrade"]).ok();
    fs::rename(folder(&project, "c3"), project.path().join("elsewhere")).unwrap();
    assert_snapshot!(all(&project, &["upgrade"]), @"
    exit 4
    error: the version table holds 'c3', which is not a revision of this project; bring its migration back, or say where the database really is with `mighost stamp --purge REVISION`
    fault: the command's, the configuration's or the environment's
    ");
    assert_snapshot!(all(&project, &["current"]), @"
    c3 (not a revision of this project)
    exit 0
    ");
    assert_snapshot!(all(&project, &["check"]), @"
    error: the version table holds c3, which is not a revision of this project
      bring its migration back: the sources may be older than the database, or of another branch
      or say where the database is, once you know: mighost stamp --purge REVISION
    exit 10
    ");
    assert_snapshot!(all(&project, &["downgrade", "-1"]), @"
    exit 4
    error: the version table holds 'c3', which is not a revision of this project; bring its migration back, or say where the database really is with `mighost stamp --purge REVISION`
    fault: the command's, the configuration's or the environment's
    ");
    fs::rename(project.path().join("elsewhere"), folder(&project, "c3")).unwrap();
    assert_snapshot!(all(&project, &["check"]), @"
    warning: 1 artifact is not built from the sources as they are now: c3_c3
      build them: mighost build (upgrade and downgrade do so by themselves)
    exit 0
    ");
    project.run(&["downgrade", "-1"]).ok();
    assert_eq!((project.heads().as_str(), tables(&project).as_str()), ("b2", "a1 b2"));
}

#[test]
fn the_version_table_is_empty_and_the_schema_is_full() {
    let project = line();
    project.sql("CREATE TABLE a1 (id int); CREATE TABLE b2 (id int)");
    assert_snapshot!(all(&project, &["upgrade"]), @r#"
    exit 7
    error: relation "a1" already exists (SQLSTATE 42P07)
      in the upgrade of revision a1, PROJECT/migrations/a1_a1
      1 | CREATE TABLE a1 (id int)
    state: a1 was rolled back
           not run: b2, c3
    fault: the migration's or plugin's; its author mends it
    hint: where the database was made in another way and has what this revision does, say which is the last revision that it holds: `mighost stamp REVISION`
    "#);
    assert_snapshot!(all(&project, &["check"]), @"
    warning: the version table mighost_version is empty, but the schema public holds 2 tables or views
      where revisions made them, say which is the last one that they hold: mighost stamp REVISION
      where another tool keeps the version, name its table: version-table in mighost.toml
    error: 3 revisions are not applied to test: a1, b2, c3
      apply them: mighost upgrade
    exit 10
    ");
    assert_snapshot!(all(&project, &["stamp", "b2"]), @"
    exit 0
    [1/1] stamp b2 about b2 (T)
    test is stamped: b2
    ");
    assert_snapshot!(all(&project, &["upgrade"]), @"
    exit 0
    [1/1] upgrade c3 about c3 (T)
    test upgraded by 1 revision in T, now at c3
    ");
    assert_snapshot!(all(&project, &["check"]), @"
    sources, artifacts and test agree: 3 revisions, at c3
    exit 0
    ");
}

#[test]
fn a_stamp_of_the_wrong_revision() {
    let project = line();
    project.run(&["upgrade", "a1"]).ok();
    project.run(&["stamp", "head"]).ok();
    assert_snapshot!(all(&project, &["upgrade"]), @"
    exit 0
    test is at c3: nothing to do
    ");
    assert_snapshot!(all(&project, &["downgrade", "-1"]), @r#"
    exit 7
    error: table "c3" does not exist (SQLSTATE 42P01)
      in the downgrade of revision c3, PROJECT/migrations/c3_c3
      1 | DROP TABLE c3
    state: c3 was rolled back
    fault: the migration's or plugin's; its author mends it
    hint: where the database never had what this revision does, e.g. after a stamp that went too far, say which is the last revision that it holds: `mighost stamp REVISION`
    "#);
    assert_snapshot!(all(&project, &["stamp", "a1"]), @"
    exit 0
    [1/1] stamp a1 about a1 (T)
    test is stamped: a1
    ");
    project.run(&["upgrade"]).ok();
    assert_eq!(
        (project.heads().as_str(), tables(&project).as_str()),
        ("c3", "a1 b2 c3")
    );
}

#[test]
fn an_applied_migration_is_edited() {
    let project = line();
    project.run(&["upgrade"]).ok();
    let upgrade = folder(&project, "b2").join("upgrade.sql");
    let before = fs::read(&upgrade).unwrap();
    fs::write(&upgrade, "CREATE TABLE b2 (id int, name text);\n").unwrap();
    assert_snapshot!(all(&project, &["check"]), @"
    warning: 1 artifact is not built from the sources as they are now: b2_b2
      build them: mighost build (upgrade and downgrade do so by themselves)
    error: 1 migration is not as when applied to test: b2
      put the files back as they were, and write the change as a new revision: mighost revision
    exit 10
    ");
    assert_snapshot!(all(&project, &["upgrade"]), @"
    exit 4
    building 1/1 b2_b2 (sql)
    error: a migration has changed since it was applied to test: b2
    fault: the command's, the configuration's or the environment's
    hint: put the files back as they were, and write the change as a new revision
    hint: --allow-changed goes on all the same
    ");
    fs::write(&upgrade, before).unwrap();
    project.run(&["upgrade"]).ok();
    assert_snapshot!(all(&project, &["check"]), @"
    sources, artifacts and test agree: 3 revisions, at c3
    exit 0
    ");
}

#[test]
fn the_version_table_is_edited_by_hand() {
    let project = line();
    project.run(&["upgrade"]).ok();
    project.sql("UPDATE mighost_version SET version_num = 'a1'");
    assert_snapshot!(all(&project, &["check"]), @"
    error: the ledger says that 2 revisions are applied which the version table does not have: b2, c3
      somebody else has written to the version table: find out which of the two is right
      then say where the database is: mighost stamp --purge REVISION
    error: 2 revisions are not applied to test: b2, c3
      apply them: mighost upgrade
    exit 10
    ");
    assert_snapshot!(all(&project, &["upgrade"]), @r#"
    exit 7
    error: relation "b2" already exists (SQLSTATE 42P07)
      in the upgrade of revision b2, PROJECT/migrations/b2_b2
      1 | CREATE TABLE b2 (id int)
    state: b2 was rolled back
           not run: c3
    fault: the migration's or plugin's; its author mends it
    hint: where the database was made in another way and has what this revision does, say which is the last revision that it holds: `mighost stamp REVISION`
    "#);
    assert_snapshot!(all(&project, &["stamp", "--purge", "c3"]), @"
    exit 0
    [1/1] stamp c3 about c3 (T)
    test is stamped: c3
    ");
    assert_snapshot!(all(&project, &["check"]), @"
    sources, artifacts and test agree: 3 revisions, at c3
    exit 0
    ");
    project.sql("INSERT INTO mighost_version VALUES ('b2')");
    assert_snapshot!(all(&project, &["check"]), @"
    error: the version table holds b2 beside c3, which needs it
      set the table anew: mighost stamp --purge c3
    exit 10
    ");
    assert_snapshot!(all(&project, &["upgrade"]), @"
    exit 4
    error: the version table holds 'b2' beside 'c3', which needs it; `mighost stamp --purge c3` sets it anew
    fault: the command's, the configuration's or the environment's
    ");
    project.run(&["stamp", "--purge", "c3"]).ok();
    assert_eq!(project.heads(), "c3");
}

#[test]
fn an_index_without_a_lock_in_a_transaction() {
    let project = line();
    project.sql_migration(
        "d4",
        &["c3"],
        "CREATE INDEX CONCURRENTLY i ON a1 (id);",
        "DROP INDEX i;",
    );
    assert_snapshot!(all(&project, &["upgrade"]), @r#"
    exit 7
    building 1/1 d4_d4 (sql)
    [1/4] upgrade a1 about a1 (T)
    [2/4] upgrade b2 about b2 (T)
    [3/4] upgrade c3 about c3 (T)
    error: CREATE INDEX CONCURRENTLY cannot run inside a transaction block (SQLSTATE 25001)
      in the upgrade of revision d4, PROJECT/migrations/d4_d4
      1 | CREATE INDEX CONCURRENTLY i ON a1 (id)
    state: d4 was rolled back; steps before it are kept
           done: a1, b2, c3
    fault: the migration's or plugin's; its author mends it
    hint: set transaction = "none" in the migration's migration.toml, or send it behind suspend-transaction
    "#);
    project.sql_migration_with(
        "d4",
        &["c3"],
        "transaction = \"none\"\n",
        "CREATE INDEX CONCURRENTLY i ON a1 (id);",
        "DROP INDEX i;",
    );
    project.run(&["upgrade"]).ok();
    assert_eq!(project.heads(), "d4");
}

#[test]
fn sources_are_edited_and_not_built() {
    let project = line();
    project.run(&["upgrade", "b2"]).ok();
    project.write("migrations/c3_c3/upgrade.sql", "CREATE TABLE c3 (id bigint);\n");
    assert_snapshot!(all(&project, &["check"]), @"
    warning: 1 artifact is not built from the sources as they are now: c3_c3
      build them: mighost build (upgrade and downgrade do so by themselves)
    error: 1 revision is not applied to test: c3
      apply them: mighost upgrade
    exit 10
    ");
    assert_snapshot!(all(&project, &["upgrade", "--no-build"]), @"
    exit 5
    error: PROJECT/migrations/c3_c3 is not built, and --no-build forbids to build it
    fault: the command's, the configuration's or the environment's
    hint: run `mighost build`
    ");
    project.run(&["build"]).ok();
    project.run(&["upgrade", "--no-build"]).ok();
    project.run(&["check"]).ok();
}

#[test]
fn a_migration_changes_the_client_encoding() {
    let project = Project::on_server();
    let script =
        "SET client_encoding = 'LATIN1';\nCREATE TABLE café (name text);\nINSERT INTO café VALUES ('Zürich');\n";
    project.sql_migration_with("a1", &[], "", script, "DROP TABLE café;\n");
    assert_snapshot!(all(&project, &["upgrade"]), @"
    exit 8
    building 1/1 a1_a1 (sql)
    error: client_encoding cannot be set to LATIN1: mighost exchanges UTF-8 with the server. Remove the setting; convert a script in another encoding with `iconv -f ENCODING -t UTF-8`
      in the upgrade of revision a1, PROJECT/migrations/a1_a1
    state: a1 was rolled back
    fault: the migration's or plugin's; its author mends it
    ");
    assert_eq!((project.heads().as_str(), tables(&project).as_str()), ("base", "none"));
    // Only the session shows what a block of code has done.
    let hidden = script.replace(
        "SET client_encoding = 'LATIN1'",
        "DO $$ BEGIN PERFORM set_config('client_encoding', 'LATIN1', false); END $$",
    );
    fs::write(folder(&project, "a1").join("upgrade.sql"), &hidden).unwrap();
    assert_snapshot!(all(&project, &["upgrade"]), @"
    exit 8
    building 1/1 a1_a1 (sql)
    error: client_encoding cannot be set to LATIN1: mighost exchanges UTF-8 with the server. Remove the setting; convert a script in another encoding with `iconv -f ENCODING -t UTF-8`
      in the upgrade of revision a1, PROJECT/migrations/a1_a1
    state: a1 was rolled back
    fault: the migration's or plugin's; its author mends it
    ");
    assert_eq!((project.heads().as_str(), tables(&project).as_str()), ("base", "none"));
    // As the message advises.
    let utf8 = script.replace("LATIN1", "UTF8");
    fs::write(folder(&project, "a1").join("upgrade.sql"), utf8).unwrap();
    project.run(&["upgrade"]).ok();
    assert_eq!(project.sql("SELECT name FROM café"), "Zürich");
}
