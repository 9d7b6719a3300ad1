//! The mistakes that people make most, each with what the user sees, and with the advice followed: afterwards things work.

use std::fs;

use insta::assert_snapshot;
use mighost_tests::project::Project;

/// stdout, then the exit code and stderr.
fn all(project: &Project, arguments: &[&str]) -> String {
    let outcome = project.run(arguments);
    format!("{}{}", outcome.data(), outcome.shown())
}

/// A revision that makes a table of its own name.
fn table(project: &Project, revision: &str, down: &[&str]) {
    labelled(project, revision, down, "");
}

fn labelled(project: &Project, revision: &str, down: &[&str], manifest: &str) {
    project.sql_migration_with(
        revision,
        down,
        manifest,
        &format!("CREATE TABLE {revision} (id int);\n"),
        &format!("DROP TABLE {revision};\n"),
    );
}

/// The line a1 - b2 - c3, built but not run.
fn line() -> Project {
    let project = Project::on_server();
    table(&project, "a1", &[]);
    table(&project, "b2", &["a1"]);
    table(&project, "c3", &["b2"]);
    project.run(&["build"]).ok();
    project
}

/// The tables that revisions made.
fn tables(project: &Project) -> String {
    project.sql(
        "SELECT coalesce(string_agg(relname, ' ' ORDER BY relname), 'none') FROM pg_class WHERE relkind = 'r' \
         AND relnamespace = 'public'::regnamespace AND relname NOT LIKE 'mighost%'",
    )
}

fn folder(project: &Project, revision: &str) -> std::path::PathBuf {
    project.path().join(format!("migrations/{revision}_{revision}"))
}

#[test]
fn two_heads_after_two_pull_requests() {
    let project = line();
    project.run(&["upgrade"]).ok();
    table(&project, "d4", &["c3"]);
    table(&project, "e5", &["c3"]);
    project.run(&["build"]).ok();
    assert_snapshot!(all(&project, &["upgrade"]), @"
    exit 4
    error: 'head' must be one revision here, but there are 2 heads: 'd4' and 'e5'. Join them with `mighost merge d4 e5`, or say `heads` for all of them, or name one
    fault: the command's, the configuration's or the environment's
    ");
    assert_snapshot!(all(&project, &["heads"]), @"
    c3 -> d4 (head), about d4
    c3 -> e5 (head), about e5
    exit 0
    2 heads; to join them: mighost merge d4 e5
    ");
    assert_snapshot!(all(&project, &["check"]), @"
    error: history has 2 heads: d4, e5
      join them: mighost merge d4 e5
      where they are to stay apart, give each branch a label: branch-labels in a migration.toml of its own
    error: 2 revisions are not applied to test: e5, d4
      apply them: mighost upgrade heads
      or, first, join them: mighost merge d4 e5
    exit 10
    ");
    assert_snapshot!(all(&project, &["revision", "-m", "next"]), @"
    exit 4
    error: 'head' must be one revision here, but there are 2 heads: 'd4' and 'e5'. Join them with `mighost merge d4 e5`, or say `heads` for all of them, or name one
    fault: the command's, the configuration's or the environment's
    ");
    project.run(&["merge", "d4", "e5", "--rev-id", "f6", "-m", "join"]).ok();
    assert_snapshot!(all(&project, &["upgrade"]), @"
    exit 0
    building 1/1 f6_join (sql)
    [1/3] upgrade e5 about e5 (T)
    [2/3] upgrade d4 about d4 (T)
    [3/3] upgrade f6 join (T)
    test upgraded by 3 revisions in T, now at f6
    ");
    assert_snapshot!(all(&project, &["check"]), @"
    sources, artifacts and test agree: 6 revisions, at f6
    exit 0
    ");
    assert_snapshot!(all(&project, &["history", "--graph", "--ascii"]), @"
    * f6 (head) (mergepoint), join
    +-.
    * | d4, about d4
    | * e5, about e5
    +-'
    * c3 (branchpoint), about c3
    * b2, about b2
    * a1, about a1
    exit 0
    ");
}

#[test]
fn a_parent_is_missing_after_a_switch_of_branches() {
    let project = line();
    fs::rename(folder(&project, "b2"), project.path().join("elsewhere")).unwrap();
    assert_snapshot!(all(&project, &["upgrade"]), @"
    exit 4
    error: revision 'c3' stands on 'b2', which is not there; add the migration that is missing, or correct down-revisions in the migration.toml of 'c3'
      c3 is in PROJECT/migrations/c3_c3
    fault: the migration's or plugin's; its author mends it
    ");
    assert_snapshot!(all(&project, &["check", "--no-database"]), @"
    error: revision 'c3' stands on 'b2', which is not there; add the migration that is missing, or correct down-revisions in the migration.toml of 'c3'; c3 is in PROJECT/migrations/c3_c3
    exit 10
    ");
    fs::rename(project.path().join("elsewhere"), folder(&project, "b2")).unwrap();
    project.run(&["upgrade"]).ok();
    assert_eq!(project.heads(), "c3");
}

#[test]
fn a_label_is_misspelt() {
    let project = line();
    labelled(&project, "n4", &["a1"], "branch-labels = [\"network\"]\n");
    project.run(&["build"]).ok();
    assert_snapshot!(all(&project, &["upgrade", "netwrok@head"]), @"
    exit 4
    error: there is no revision or branch label 'netwrok', nor one that begins so; did you mean 'network'? `mighost history` lists them
    fault: the command's, the configuration's or the environment's
    ");
    assert_snapshot!(all(&project, &["upgrade", "netwrok"]), @"
    exit 4
    error: there is no revision or branch label 'netwrok', nor one that begins so; did you mean 'network'? `mighost history` lists them
    fault: the command's, the configuration's or the environment's
    ");
    project.run(&["upgrade", "network@head"]).ok();
    assert_eq!(project.heads(), "n4");
}

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
fn a_folder_is_renamed() {
    let project = line();
    project.run(&["upgrade"]).ok();
    fs::rename(folder(&project, "b2"), project.path().join("migrations/b2_better_name")).unwrap();
    assert_snapshot!(all(&project, &["check"]), @"
    sources, artifacts and test agree: 3 revisions, at c3
    exit 0
    ");
    assert_snapshot!(all(&project, &["upgrade"]), @"
    exit 0
    building 1/1 b2_better_name (sql)
    test is at c3: nothing to do
    ");
    project.run(&["downgrade", "base"]).ok();
    assert_eq!(tables(&project), "none");
}

#[test]
fn a_folder_is_copied() {
    let project = line();
    let copy = project.path().join("migrations/d4_from_c3");
    fs::create_dir(&copy).unwrap();
    for file in fs::read_dir(folder(&project, "c3")).unwrap().flatten() {
        fs::copy(file.path(), copy.join(file.file_name())).unwrap();
    }
    assert_snapshot!(all(&project, &["upgrade"]), @"
    exit 5
    building 1/1 d4_from_c3 (sql)
    error: revision c3 is in two places: PROJECT/migrations/c3_c3 and PROJECT/migrations/d4_from_c3
    fault: the migration's or plugin's; its author mends it
    hint: remove one of the two
    ");
    assert_snapshot!(all(&project, &["check"]), @"
    error: revision c3 is in two places: PROJECT/migrations/c3_c3 and PROJECT/migrations/d4_from_c3
      remove one of the two
    exit 10
    ");
    fs::remove_dir_all(copy).unwrap();
    project.run(&["upgrade"]).ok();
    assert_eq!(project.heads(), "c3");
}

#[test]
fn one_step_down_from_a_merge_point() {
    let project = line();
    table(&project, "d4", &["b2"]);
    table(&project, "m5", &["c3", "d4"]);
    project.run(&["upgrade"]).ok();
    assert_snapshot!(all(&project, &["downgrade", "-1"]), @"
    exit 4
    error: the way down from revision 'm5' is not clear: it leads to 'c3' and 'd4'; name the one to go back to
    fault: the command's, the configuration's or the environment's
    ");
    // One revision, the merge point, is taken back; both branches stay.
    assert_snapshot!(all(&project, &["downgrade", "c3"]), @"
    exit 0
    [1/1] downgrade m5 about m5 (T)
    test downgraded by 1 revision in T, now at c3, d4
    ");
    assert_snapshot!(all(&project, &["downgrade", "-1"]), @"
    exit 4
    error: '-1' could start from any of 'c3' and 'd4'; say which branch, as in `c3@-1`, or name a revision
    fault: the command's, the configuration's or the environment's
    ");
    project.run(&["downgrade", "c3@-1"]).ok();
    assert_eq!(
        (project.heads().as_str(), tables(&project).as_str()),
        ("d4", "a1 b2 d4")
    );
    project.run(&["upgrade"]).ok();
    assert_eq!(project.heads(), "m5");
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
fn one_step_up_where_branches_part() {
    let project = line();
    table(&project, "d4", &["a1"]);
    project.run(&["upgrade", "a1"]).ok();
    assert_snapshot!(all(&project, &["upgrade", "+1"]), @"
    exit 4
    error: the way up from revision 'a1' is not clear: it leads to 'b2' and 'd4'; name one of them, or a branch as in `label@+1`
    fault: the command's, the configuration's or the environment's
    ");
    project.run(&["upgrade", "d4"]).ok();
    project.run(&["upgrade", "b2"]).ok();
    assert_snapshot!(all(&project, &["upgrade", "+1"]), @"
    exit 4
    error: '+1' could start from any of 'b2' and 'd4'; say which branch, as in `b2@+1`, or name a revision
    fault: the command's, the configuration's or the environment's
    ");
    project.run(&["upgrade", "b2@+1"]).ok();
    assert_eq!(project.heads(), "c3 d4");
}

#[test]
fn upgrade_where_downgrade_was_meant() {
    let project = line();
    project.run(&["upgrade"]).ok();
    assert_snapshot!(all(&project, &["upgrade", "a1"]), @"
    exit 0
    warning: the database is past a1 already; `mighost downgrade a1` would go back to it
    test is at c3: nothing to do
    ");
    assert_snapshot!(all(&project, &["upgrade", "-1"]), @"
    exit 4
    error: '-1' does not lead up, which is where an upgrade goes; `mighost downgrade` goes down
    fault: the command's, the configuration's or the environment's
    ");
    project.run(&["downgrade", "a1"]).ok();
    assert_eq!(project.heads(), "a1");
    assert_snapshot!(all(&project, &["downgrade", "c3"]), @"
    exit 4
    error: the database is not above 'c3', so there is nothing to downgrade to; it is at 'a1'
    fault: the command's, the configuration's or the environment's
    ");
    assert_snapshot!(all(&project, &["downgrade", "+1"]), @"
    exit 4
    error: '+1' does not lead down, which is where a downgrade goes; `mighost upgrade` goes up
    fault: the command's, the configuration's or the environment's
    ");
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
fn two_revisions_wait_for_each_other() {
    let project = line();
    table(&project, "b2", &["c3"]);
    assert_snapshot!(all(&project, &["upgrade"]), @"
    exit 4
    building 1/1 b2_b2 (sql)
    error: the down revisions form a cycle, so none of these can be first: 'b2' -> 'c3' -> 'b2'
      b2 is in PROJECT/migrations/b2_b2
      c3 is in PROJECT/migrations/c3_c3
    fault: the migration's or plugin's; its author mends it
    ");
    table(&project, "b2", &["a1"]);
    project.run(&["upgrade"]).ok();
}

#[test]
fn an_id_is_mistyped() {
    let project = Project::on_server();
    table(&project, "a1b2c3d4e5f6", &[]);
    table(&project, "a1f2c3d4e5f6", &["a1b2c3d4e5f6"]);
    project.run(&["build"]).ok();
    assert_snapshot!(all(&project, &["upgrade", "a1b2c4d3e5f6"]), @"
    exit 4
    error: there is no revision or branch label 'a1b2c4d3e5f6', nor one that begins so; did you mean 'a1b2c3d4e5f6'? `mighost history` lists them
    fault: the command's, the configuration's or the environment's
    ");
    assert_snapshot!(all(&project, &["upgrade", "a1"]), @"
    exit 4
    error: 'a1' is the beginning of several names: 'a1b2c3d4e5f6' and 'a1f2c3d4e5f6'; type more of it
    fault: the command's, the configuration's or the environment's
    ");
    assert_snapshot!(all(&project, &["upgrade", "haed"]), @"
    exit 4
    error: there is no revision or branch label 'haed', nor one that begins so; did you mean 'head'? `mighost history` lists them
    fault: the command's, the configuration's or the environment's
    ");
    project.run(&["upgrade", "a1b2"]).ok();
    assert_eq!(project.heads(), "a1b2c3d4e5f6");
}

#[test]
fn a_range_without_sql() {
    let project = line();
    assert_snapshot!(all(&project, &["upgrade", "a1:head"]), @"
    exit 4
    error: the range 'a1:head' needs --sql; without it the version table says where to start, so name the target alone
    fault: the command's, the configuration's or the environment's
    ");
    assert_snapshot!(all(&project, &["downgrade", "b2", "--sql"]), @"
    exit 4
    error: a downgrade with --sql must say where it starts: write START:b2 instead of b2
    fault: the command's, the configuration's or the environment's
    ");
    project.run(&["downgrade", "c3:b2", "--sql"]).ok();
    project.run(&["upgrade", "head"]).ok();
}

#[test]
fn a_label_of_no_database() {
    let project = line();
    assert_snapshot!(all(&project, &["upgrade", "-x", "db=tset"]), @r#"
    exit 3
    error: no database is labelled "tset"
    fault: the command's, the configuration's or the environment's
    hint: did you mean -x db=test? There are: test
    "#);
    assert_snapshot!(all(&project, &["upgrade", "-n", "prod"]), @r#"
    exit 3
    error: no database is labelled "prod"
    fault: the command's, the configuration's or the environment's
    hint: there are: test
    "#);
    project.run(&["upgrade", "-n", "test"]).ok();
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
fn a_revision_is_put_below_the_head() {
    let project = line();
    project.run(&["upgrade"]).ok();
    // Between b2 and c3.
    table(&project, "x4", &["b2"]);
    table(&project, "c3", &["x4"]);
    assert_snapshot!(all(&project, &["upgrade"]), @r#"
    exit 4
    building 1/2 c3_c3 (sql)
    building 2/2 x4_x4 (sql)
    error: x4 was put below c3, which test has already, so it would never be run
    fault: the command's, the configuration's or the environment's
    hint: in the sources, take it out again: give what stands on x4 its former down-revisions, and let x4 stand on a head: `down-revisions = ["c3"]` where c3 is one
    hint: where the database has what it does, say so: `mighost stamp --purge` with the rows of `mighost current`
    hint: --allow-changed goes on without it
    "#);
    assert_snapshot!(all(&project, &["check"]), @"
    error: x4 was put below c3, which test has already, so it would never be run
      take it out again: give what stands on x4 its former down-revisions, and let x4 stand on a head
      where the database has what it does, say so: mighost stamp --purge with the rows of mighost current
    error: 1 migration is not as when applied to test: c3
      put the files back as they were, and write the change as a new revision: mighost revision
    exit 10
    ");
    table(&project, "c3", &["b2"]);
    table(&project, "x4", &["c3"]);
    assert_snapshot!(all(&project, &["upgrade"]), @"
    exit 0
    building 1/2 c3_c3 (sql)
    building 2/2 x4_x4 (sql)
    [1/1] upgrade x4 about x4 (T)
    test upgraded by 1 revision in T, now at x4
    ");
    assert_eq!(
        (project.heads().as_str(), tables(&project).as_str()),
        ("x4", "a1 b2 c3 x4")
    );
    project.run(&["check"]).ok();
}

#[test]
fn a_revision_is_put_beside_the_head() {
    let project = line();
    project.run(&["upgrade"]).ok();
    // A second parent of c3, from a branch that begins at a1.
    table(&project, "x4", &["a1"]);
    table(&project, "c3", &["b2", "x4"]);
    assert_snapshot!(all(&project, &["upgrade"]), @r#"
    exit 4
    building 1/2 c3_c3 (sql)
    building 2/2 x4_x4 (sql)
    error: x4 was put below c3, which test has already, so it would never be run
    fault: the command's, the configuration's or the environment's
    hint: in the sources, take it out again: give what stands on x4 its former down-revisions, and let x4 stand on a head: `down-revisions = ["c3"]` where c3 is one
    hint: where the database has what it does, say so: `mighost stamp --purge` with the rows of `mighost current`
    hint: --allow-changed goes on without it
    "#);
    // A sibling is not hidden by anything: it is a head.
    table(&project, "c3", &["b2"]);
    assert_snapshot!(all(&project, &["upgrade"]), @"
    exit 4
    building 1/1 c3_c3 (sql)
    error: 'head' must be one revision here, but there are 2 heads: 'c3' and 'x4'. Join them with `mighost merge c3 x4`, or say `heads` for all of them, or name one
    fault: the command's, the configuration's or the environment's
    ");
    assert_snapshot!(all(&project, &["upgrade", "heads"]), @"
    exit 0
    [1/1] upgrade x4 about x4 (T)
    test upgraded by 1 revision in T, now at c3, x4
    ");
    assert_eq!(
        (project.heads().as_str(), tables(&project).as_str()),
        ("c3 x4", "a1 b2 c3 x4")
    );
    // Where the database has it by other means, a stamp says so.
    project.sql("CREATE TABLE y5 (id int)");
    table(&project, "y5", &["b2"]);
    table(&project, "z6", &["x4", "y5"]);
    table(&project, "c3", &["b2", "y5"]);
    assert_snapshot!(all(&project, &["upgrade", "heads", "--allow-changed"]), @"
    exit 0
    building 1/3 c3_c3 (sql)
    building 2/3 y5_y5 (sql)
    building 3/3 z6_z6 (sql)
    warning: y5 was put below c3, which test has already, so it would never be run
    warning: changed since they were applied: c3
    [1/1] upgrade z6 about z6 (T)
    test upgraded by 1 revision in T, now at c3, z6
    ");
}

#[test]
fn a_label_is_given_twice() {
    let project = line();
    labelled(&project, "d4", &["a1"], "branch-labels = [\"network\"]\n");
    labelled(&project, "e5", &["a1"], "branch-labels = [\"network\"]\n");
    assert_snapshot!(all(&project, &["upgrade", "network@head"]), @"
    exit 4
    building 1/2 d4_d4 (sql)
    building 2/2 e5_e5 (sql)
    error: branch label 'network' is declared by revision 'd4' and by revision 'e5'; a label belongs to one revision
      d4 is in PROJECT/migrations/d4_d4
      e5 is in PROJECT/migrations/e5_e5
    fault: the migration's or plugin's; its author mends it
    ");
    labelled(&project, "e5", &["b2"], "branch-labels = [\"stations\"]\n");
    project.run(&["upgrade", "network@head"]).ok();
    // Each head has a label of its own: nothing to join.
    table(&project, "c3", &["e5"]);
    assert_snapshot!(all(&project, &["heads"]), @"
    e5 -> c3 [stations] (head), about c3
    a1 -> d4 [network] (head), about d4
    exit 0
    ");
}

#[test]
fn downgrade_without_a_target_and_below_the_base() {
    let project = line();
    assert_snapshot!(all(&project, &["downgrade"]), @"
    exit 2
    error: the following required arguments were not provided:
      <TARGET>...

    Usage: mighost downgrade <TARGET>...

    For more information, try '--help'.
    ");
    project.run(&["upgrade", "b2"]).ok();
    assert_snapshot!(all(&project, &["downgrade", "-3"]), @"
    exit 4
    error: '-3' goes too far: there is nothing beyond the base
    fault: the command's, the configuration's or the environment's
    ");
    project.run(&["downgrade", "base"]).ok();
    assert_eq!(tables(&project), "none");
}

#[test]
fn outside_of_the_project() {
    let project = Project::new();
    assert_snapshot!(all(&project, &["upgrade"]), @"
    exit 3
    error: no mighost.toml in PROJECT, nor in any folder above it
    fault: the command's, the configuration's or the environment's
    hint: `mighost init` writes one here; -c FILE or MIGHOST_CONFIG in the environment names one elsewhere
    ");
    project.run(&["init"]).ok();
    project.run(&["history"]).ok();
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
