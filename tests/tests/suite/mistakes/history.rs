//! Mistakes in the history: heads, parents, folders, labels.

use std::fs;

use insta::assert_snapshot;

use super::{all, folder, labelled, line, table, tables};

#[test]
fn two_heads_after_two_pull_requests() {
    let project = line();
    project.run(&["upgrade"]).ok();
    table(&project, "d4", &["c3"]);
    table(&project, "e5", &["c3"]);
    project.run(&["build"]).ok();
    assert_snapshot!(all(&project, &["upgrade"]), @"
    exit 4
    error: 'head' must be one revision here, but there are 2 heads: 'd4' and 'e5'. Join them with `mighost merge d4 e5`, use `heads` for all of them, or name one
    fault: the command, the configuration or the environment
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
      to keep them separate, give each branch a label: branch-labels in the migration.toml of one of its revisions
    error: 2 revisions are not applied to test: e5, d4
      apply them: mighost upgrade heads
      or, first, join them: mighost merge d4 e5
    exit 10
    ");
    assert_snapshot!(all(&project, &["revision", "-m", "next"]), @"
    exit 4
    error: 'head' must be one revision here, but there are 2 heads: 'd4' and 'e5'. Join them with `mighost merge d4 e5`, use `heads` for all of them, or name one
    fault: the command, the configuration or the environment
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
    error: revision 'c3' has the down revision 'b2', which does not exist; add the missing migration, or correct down-revisions in the migration.toml of 'c3'
      c3 is in PROJECT/migrations/c3_c3
    fault: the migration or plugin; its author needs to fix it
    ");
    assert_snapshot!(all(&project, &["check", "--no-database"]), @"
    error: revision 'c3' has the down revision 'b2', which does not exist; add the missing migration, or correct down-revisions in the migration.toml of 'c3'; c3 is in PROJECT/migrations/c3_c3
    exit 10
    ");
    fs::rename(project.path().join("elsewhere"), folder(&project, "b2")).unwrap();
    project.run(&["upgrade"]).ok();
    assert_eq!(project.heads(), "c3");
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
    fault: the migration or plugin; its author needs to fix it
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
fn two_revisions_wait_for_each_other() {
    let project = line();
    table(&project, "b2", &["c3"]);
    assert_snapshot!(all(&project, &["upgrade"]), @"
    exit 4
    building 1/1 b2_b2 (sql)
    error: the down revisions form a cycle, so none of these can be first: 'b2' -> 'c3' -> 'b2'
      b2 is in PROJECT/migrations/b2_b2
      c3 is in PROJECT/migrations/c3_c3
    fault: the migration or plugin; its author needs to fix it
    ");
    table(&project, "b2", &["a1"]);
    project.run(&["upgrade"]).ok();
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
    error: x4 is out of order: it was inserted below c3, which is already applied to test, so it would be skipped
    fault: the command, the configuration or the environment
    hint: move it in the sources: restore the down-revisions of the children of x4, and set those of x4 to a head, e.g. `down-revisions = ["c3"]` if c3 is one
    hint: if the database already has its changes, confirm that: `mighost stamp --purge` with the rows of `mighost current`
    hint: or add --allow-changed to continue without it
    "#);
    assert_snapshot!(all(&project, &["check"]), @"
    error: x4 is out of order: it was inserted below c3, which is already applied to test, so it would be skipped
      move it: restore the down-revisions of the children of x4, and set those of x4 to a head
      if the database already has its changes, confirm that: mighost stamp --purge with the rows of mighost current
    error: 1 migration is different from when applied to test: c3
      restore the files and make the change in a new revision; or, if it is harmless: mighost stamp --accept
    exit 10
    ");
    // Not even downwards: the database would then be at what was never run.
    assert_eq!(project.run(&["downgrade", "-1"]).code, 4);
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
    error: x4 is out of order: it was inserted below c3, which is already applied to test, so it would be skipped
    fault: the command, the configuration or the environment
    hint: move it in the sources: restore the down-revisions of the children of x4, and set those of x4 to a head, e.g. `down-revisions = ["c3"]` if c3 is one
    hint: if the database already has its changes, confirm that: `mighost stamp --purge` with the rows of `mighost current`
    hint: or add --allow-changed to continue without it
    "#);
    // A sibling is not hidden by anything: it is a head.
    table(&project, "c3", &["b2"]);
    assert_snapshot!(all(&project, &["upgrade"]), @"
    exit 4
    building 1/1 c3_c3 (sql)
    error: 'head' must be one revision here, but there are 2 heads: 'c3' and 'x4'. Join them with `mighost merge c3 x4`, use `heads` for all of them, or name one
    fault: the command, the configuration or the environment
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
    warning: y5 is out of order: it was inserted below c3, which is already applied to test, so it would be skipped
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
    fault: the migration or plugin; its author needs to fix it
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
fn a_harmless_change_is_accepted_once() {
    let project = line();
    project.run(&["upgrade"]).ok();
    let script = folder(&project, "b2").join("upgrade.sql");
    let text = fs::read_to_string(&script).unwrap();
    fs::write(&script, format!("-- stations\n{text}")).unwrap();
    assert_snapshot!(all(&project, &["stamp", "--accept", "c3"]), @"
    exit 2
    building 1/1 b2_b2 (sql)
    error: c3 has no change to accept: it is not applied to test, or is what was applied
    fault: the command, the configuration or the environment
    hint: changed since they were applied: b2
    ");
    assert_eq!(project.run(&["check"]).code, 10);
    assert_snapshot!(all(&project, &["stamp", "--accept", "b2"]), @"
    exit 0
    test: accepted b2
    ");
    project.run(&["check"]).ok();
    assert_eq!(project.heads(), "c3");
    assert_eq!(
        project.sql(
            "SELECT direction, source IS NOT NULL, os_user <> '' FROM mighost_version_ledger ORDER BY id DESC LIMIT 1"
        ),
        "accept|t|t"
    );
    // The entry does not vouch for what another author inserts below.
    table(&project, "x4", &["a1"]);
    table(&project, "b2", &["x4"]);
    fs::write(&script, format!("-- stations\n{text}")).unwrap();
    assert_snapshot!(all(&project, &["upgrade"]), @r#"
    exit 4
    building 1/2 b2_b2 (sql)
    building 2/2 x4_x4 (sql)
    error: x4 is out of order: it was inserted below b2, which is already applied to test, so it would be skipped
    fault: the command, the configuration or the environment
    hint: move it in the sources: restore the down-revisions of the children of x4, and set those of x4 to a head, e.g. `down-revisions = ["b2"]` if b2 is one
    hint: if the database already has its changes, confirm that: `mighost stamp --purge` with the rows of `mighost current`
    hint: or add --allow-changed to continue without it
    "#);
    // Texts for people are not part of what runs.
    let project = line();
    project.run(&["upgrade"]).ok();
    let manifest = folder(&project, "b2").join("migration.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("about b2", "Stations")).unwrap();
    project.run(&["check"]).ok();
    project.run(&["downgrade", "a1"]).ok();
}
