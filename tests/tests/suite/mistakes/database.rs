//! Databases that are not where the sources or the version table say.

use std::fs;

use insta::assert_snapshot;
use mighost_tests::project::{Project, Server};

use super::{all, folder, line, tables};

#[test]
fn the_database_is_ahead_of_the_sources() {
    let project = line();
    project.run(&["upgrade"]).ok();
    fs::rename(folder(&project, "c3"), project.path().join("elsewhere")).unwrap();
    assert_snapshot!(all(&project, &["upgrade"]), @"
    exit 4
    error: the version table contains 'c3', which is not a revision of this project; restore its migration, or correct the version table with `mighost stamp --purge REVISION`
    fault: the command, the configuration or the environment
    ");
    assert_snapshot!(all(&project, &["current"]), @"
    c3 (not a revision of this project)
    exit 0
    ");
    assert_snapshot!(all(&project, &["check"]), @"
    error: the version table contains c3, which is not a revision of this project
      restore its migration: the sources may be older than the database, or from another branch
      or correct the version table: mighost stamp --purge REVISION
    exit 10
    ");
    assert_snapshot!(all(&project, &["downgrade", "-1"]), @"
    exit 4
    error: the version table contains 'c3', which is not a revision of this project; restore its migration, or correct the version table with `mighost stamp --purge REVISION`
    fault: the command, the configuration or the environment
    ");
    fs::rename(project.path().join("elsewhere"), folder(&project, "c3")).unwrap();
    assert_snapshot!(all(&project, &["check"]), @"
    warning: 1 artifact is not built from the current sources: c3_c3
      build them: mighost build (upgrade and downgrade do this automatically)
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
    fault: the migration or plugin; its author needs to fix it
    hint: if the database was created in another way and already contains these objects, record its last revision: `mighost stamp REVISION`
    "#);
    assert_snapshot!(all(&project, &["check"]), @"
    warning: the version table mighost_version is empty, but the schema public contains 2 tables or views
      if revisions of this project created them, record the last one: mighost stamp REVISION
      if another tool keeps the version, set version-table in mighost.toml to its table
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
    fault: the migration or plugin; its author needs to fix it
    hint: if the database never contained these objects, e.g. after a stamp that went too far, record its last revision: `mighost stamp REVISION`
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
    warning: 1 artifact is not built from the current sources: b2_b2
      build them: mighost build (upgrade and downgrade do this automatically)
    error: 1 migration is different from when applied to test: b2
      restore the files and make the change in a new revision; or, if it is harmless: mighost stamp --accept
    exit 10
    ");
    assert_snapshot!(all(&project, &["upgrade"]), @"
    exit 4
    building 1/1 b2_b2 (sql)
    error: a migration has changed after being applied to test: b2
    fault: the command, the configuration or the environment
    hint: restore the files, and make the change in a new revision
    hint: or, if the change is harmless, accept it: `mighost stamp --accept REVISION`
    hint: or add --allow-changed to continue this time
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
    error: according to the ledger, 2 revisions are applied but not in the version table: b2, c3
      something else has written to the version table: find out which of the two is right
      then correct the version table: mighost stamp --purge REVISION
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
    fault: the migration or plugin; its author needs to fix it
    hint: if the database was created in another way and already contains these objects, record its last revision: `mighost stamp REVISION`
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
    error: the version table contains both b2 and c3, which already includes it
      reset the table: mighost stamp --purge c3
    exit 10
    ");
    assert_snapshot!(all(&project, &["upgrade"]), @"
    exit 4
    error: the version table contains both 'b2' and 'c3', which already includes it; reset it with `mighost stamp --purge c3`
    fault: the command, the configuration or the environment
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
    fault: the migration or plugin; its author needs to fix it
    hint: set transaction = "none" in the migration's migration.toml, or call suspend-transaction before it
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
    warning: 1 artifact is not built from the current sources: c3_c3
      build them: mighost build (upgrade and downgrade do this automatically)
    error: 1 revision is not applied to test: c3
      apply them: mighost upgrade
    exit 10
    ");
    assert_snapshot!(all(&project, &["upgrade", "--no-build"]), @"
    exit 5
    error: PROJECT/migrations/c3_c3 is not built, and --no-build forbids building it
    fault: the command, the configuration or the environment
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
    fault: the migration or plugin; its author needs to fix it
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
    fault: the migration or plugin; its author needs to fix it
    ");
    assert_eq!((project.heads().as_str(), tables(&project).as_str()), ("base", "none"));
    // As the message advises.
    let utf8 = script.replace("LATIN1", "UTF8");
    fs::write(folder(&project, "a1").join("upgrade.sql"), utf8).unwrap();
    project.run(&["upgrade"]).ok();
    assert_eq!(project.sql("SELECT name FROM café"), "Zürich");
}

#[test]
fn a_migration_that_takes_the_version_table_away_is_rolled_back_and_named() {
    for script in [
        "drop schema crmp cascade; create schema crmp;",
        "drop table crmp.mighost_version cascade;",
        "alter table crmp.mighost_version rename to other;",
        "alter table crmp.mighost_version rename column version_num to number;",
        "drop table crmp.mighost_version_ledger;",
    ] {
        let project = Project::on(&Server::shared(), "schema = 'crmp'");
        project.sql_migration("a1", &[], "create table crmp.a1 ();", "");
        project.sql_migration("b2", &["a1"], script, "");
        let outcome = project.run(&["upgrade", "head"]);
        assert_eq!(outcome.code, 7, "{script}: {}", outcome.stderr);
        assert!(
            outcome.stderr.contains("the migration removed or changed"),
            "{script}: {}",
            outcome.stderr
        );
        assert_eq!(
            project.sql("select version_num from crmp.mighost_version"),
            "a1",
            "{script}"
        );
    }
}

#[test]
fn an_id_that_does_not_fit_into_the_version_table_is_found_before_the_run() {
    let long = "a".repeat(33);
    let project = Project::on(
        &Server::shared(),
        "schema = 'public'\nversion-table = 'alembic_version'",
    );
    project.sql("create table alembic_version (version_num varchar(32) not null primary key)");
    project.sql_migration("first", &[], "create table first ();", "");
    project.sql_migration(&long, &["first"], "create table second ();", "");
    let outcome = project.run(&["upgrade", "head"]);
    assert_eq!(outcome.code, 4, "{}", outcome.stderr);
    assert_snapshot!(outcome.stderr, @r#"
    building 1/2 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (sql)
    building 2/2 first_first (sql)
    error: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa is too long for "public"."alembic_version", whose column takes 32 characters
    fault: the command, the configuration or the environment
    hint: widen the column: ALTER TABLE "public"."alembic_version" ALTER COLUMN version_num TYPE text; or give the revision a shorter id
    "#);
    assert_eq!(project.sql("select to_regclass('first') is null"), "t");
    project.sql("alter table alembic_version alter column version_num type text");
    project.run(&["upgrade", "head"]).ok();
}

#[test]
fn extensions_in_a_schema_of_their_own_are_found_by_the_setting() {
    let project = Project::on(&Server::shared(), "schema = 'crmp'");
    project.sql("create schema \"my ext\"; create domain \"my ext\".citext as text");
    project.sql_migration("a1", &[], "create table t (name citext);", "drop table t;");
    let outcome = project.run(&["upgrade", "head"]);
    assert_eq!(outcome.code, 7, "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("add that schema to search-path"),
        "{}",
        outcome.stderr
    );
    let config = std::fs::read_to_string(project.path().join("mighost.toml")).unwrap();
    project.config(&format!("{config}\nsearch-path = ['public', 'my ext']\n"));
    project.run(&["upgrade", "head"]).ok();
    assert_eq!(project.sql("select count(*) from crmp.t"), "0");
}

/// Statements of mighost fail then, but they are not what needs correction.
#[test]
fn a_migration_that_keeps_mighost_from_recording_it_is_named() {
    let project = line();
    project.sql_migration("d4", &["c3"], "SET TRANSACTION READ ONLY;\n", "SELECT 1;\n");
    assert_snapshot!(all(&project, &["upgrade"]), @"
    exit 7
    building 1/1 d4_d4 (sql)
    [1/4] upgrade a1 about a1 (T)
    [2/4] upgrade b2 about b2 (T)
    [3/4] upgrade c3 about c3 (T)
    error: the migration left its transaction read-only, so mighost cannot record what it did; the step was rolled back
      in the upgrade of revision d4, PROJECT/migrations/d4_d4
    state: d4 was rolled back; steps before it are kept
           done: a1, b2, c3
    fault: the migration or plugin; its author needs to fix it
    hint: remove SET TRANSACTION READ ONLY
    ");
    project.sql_migration(
        "d4",
        &["c3"],
        "DO $$ BEGIN EXECUTE 'deal' || 'locate all'; END $$;\n",
        "SELECT 1;\n",
    );
    project.sql_migration("e5", &["d4"], "SELECT 1;\n", "SELECT 1;\n");
    project.run(&["downgrade", "base"]).ok();
    assert_snapshot!(all(&project, &["upgrade"]), @"
    exit 7
    [1/5] upgrade a1 about a1 (T)
    [2/5] upgrade b2 about b2 (T)
    [3/5] upgrade c3 about c3 (T)
    error: the migration removed prepared statements that mighost needs to record what it did, as DEALLOCATE ALL does in a function or block; the step was rolled back
      in the upgrade of revision d4, PROJECT/migrations/d4_d4
    state: d4 was rolled back; steps before it are kept
           done: a1, b2, c3
           not run: e5
    fault: the migration or plugin; its author needs to fix it
    hint: deallocate the statements by name, or write DEALLOCATE ALL as a statement of the migration
    ");
    assert_eq!(project.heads(), "c3");
}

#[test]
fn a_role_that_only_reads_is_found_before_the_run() {
    let project = line();
    let database = project.database();
    project.sql(&format!(
        "ALTER DATABASE \"{database}\" SET default_transaction_read_only = on"
    ));
    let shown = all(&project, &["upgrade"]).replace(database, "DATABASE");
    assert_snapshot!(shown, @"
    exit 7
    error: sessions of this role are read-only: default_transaction_read_only is on, set for database DATABASE
    state: nothing was run
           not run: a1, b2, c3
    fault: the command, the configuration or the environment
    hint: run ALTER ROLE or ALTER DATABASE ... RESET default_transaction_read_only, use another role, or add `options='-c default_transaction_read_only=off'` to the connection string
    ");
    project.sql(&format!(
        "BEGIN READ WRITE; ALTER DATABASE \"{database}\" RESET default_transaction_read_only; COMMIT"
    ));
    project.run(&["upgrade"]).ok();
}

#[test]
fn a_report_that_cannot_be_written_says_that_the_run_is_committed() {
    let project = line();
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let output = project.command(&["upgrade", "--json"]).stdout(full).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    let told = told.replace(project.path().to_str().unwrap(), "PROJECT");
    let last: Vec<&str> = told.lines().filter(|line| !line.contains(" ms")).collect();
    assert_snapshot!(last.join("\n"), @"
    error: cannot write to stdout: No space left on device (os error 28)
    state: only the report is missing: the run was committed, and test is at c3
    fault: the command, the configuration or the environment
    ");
    assert_eq!(project.heads(), "c3");
}
