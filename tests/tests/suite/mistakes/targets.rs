//! Mistakes on the command line.

use insta::assert_snapshot;
use mighost_tests::project::Project;

use super::{all, labelled, line, table, tables};

#[test]
fn a_label_is_misspelt() {
    let project = line();
    labelled(&project, "n4", &["a1"], "branch-labels = [\"network\"]\n");
    project.run(&["build"]).ok();
    assert_snapshot!(all(&project, &["upgrade", "netwrok@head"]), @"
    exit 4
    error: no revision or branch label is or starts with 'netwrok'; did you mean 'network'? `mighost history` lists them
    fault: the command, the configuration or the environment
    ");
    assert_snapshot!(all(&project, &["upgrade", "netwrok"]), @"
    exit 4
    error: no revision or branch label is or starts with 'netwrok'; did you mean 'network'? `mighost history` lists them
    fault: the command, the configuration or the environment
    ");
    project.run(&["upgrade", "network@head"]).ok();
    assert_eq!(project.heads(), "n4");
}

#[test]
fn one_step_down_from_a_merge_point() {
    let project = line();
    table(&project, "d4", &["b2"]);
    table(&project, "m5", &["c3", "d4"]);
    project.run(&["upgrade"]).ok();
    assert_snapshot!(all(&project, &["downgrade", "-1"]), @"
    exit 4
    error: the way down from revision 'm5' is ambiguous: it leads to 'c3' and 'd4'; name the one to go back to
    fault: the command, the configuration or the environment
    ");
    // One revision, the merge point, is taken back; both branches stay.
    assert_snapshot!(all(&project, &["downgrade", "c3"]), @"
    exit 0
    [1/1] downgrade m5 about m5 (T)
    test downgraded by 1 revision in T, now at c3, d4
    ");
    assert_snapshot!(all(&project, &["downgrade", "-1"]), @"
    exit 4
    error: '-1' is ambiguous: it could start from any of 'c3' and 'd4'; name the branch, as in `c3@-1`, or a revision
    fault: the command, the configuration or the environment
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
fn one_step_up_where_branches_part() {
    let project = line();
    table(&project, "d4", &["a1"]);
    project.run(&["upgrade", "a1"]).ok();
    assert_snapshot!(all(&project, &["upgrade", "+1"]), @"
    exit 4
    error: the way up from revision 'a1' is ambiguous: it leads to 'b2' and 'd4'; name one of them, or a branch as in `label@+1`
    fault: the command, the configuration or the environment
    ");
    project.run(&["upgrade", "d4"]).ok();
    project.run(&["upgrade", "b2"]).ok();
    assert_snapshot!(all(&project, &["upgrade", "+1"]), @"
    exit 4
    error: '+1' is ambiguous: it could start from any of 'b2' and 'd4'; name the branch, as in `b2@+1`, or a revision
    fault: the command, the configuration or the environment
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
    warning: the database is already past a1; run `mighost downgrade a1` to go back to it
    test is at c3: nothing to do
    ");
    assert_snapshot!(all(&project, &["upgrade", "-1"]), @"
    exit 4
    error: '-1' does not lead up; use `mighost downgrade` to go down
    fault: the command, the configuration or the environment
    ");
    project.run(&["downgrade", "a1"]).ok();
    assert_eq!(project.heads(), "a1");
    assert_snapshot!(all(&project, &["downgrade", "c3"]), @"
    exit 4
    error: the database is not above 'c3', so there is nothing to downgrade; it is at 'a1'
    fault: the command, the configuration or the environment
    ");
    assert_snapshot!(all(&project, &["downgrade", "+1"]), @"
    exit 4
    error: '+1' does not lead down; use `mighost upgrade` to go up
    fault: the command, the configuration or the environment
    ");
}

#[test]
fn an_id_is_mistyped() {
    let project = Project::on_server();
    table(&project, "a1b2c3d4e5f6", &[]);
    table(&project, "a1f2c3d4e5f6", &["a1b2c3d4e5f6"]);
    project.run(&["build"]).ok();
    assert_snapshot!(all(&project, &["upgrade", "a1b2c4d3e5f6"]), @"
    exit 4
    error: no revision or branch label is or starts with 'a1b2c4d3e5f6'; did you mean 'a1b2c3d4e5f6'? `mighost history` lists them
    fault: the command, the configuration or the environment
    ");
    assert_snapshot!(all(&project, &["upgrade", "a1"]), @"
    exit 4
    error: 'a1' is ambiguous: it matches 'a1b2c3d4e5f6' and 'a1f2c3d4e5f6'; type more characters
    fault: the command, the configuration or the environment
    ");
    assert_snapshot!(all(&project, &["upgrade", "haed"]), @"
    exit 4
    error: no revision or branch label is or starts with 'haed'; did you mean 'head'? `mighost history` lists them
    fault: the command, the configuration or the environment
    ");
    project.run(&["upgrade", "a1b2"]).ok();
    assert_eq!(project.heads(), "a1b2c3d4e5f6");
}

#[test]
fn a_range_without_sql() {
    let project = line();
    assert_snapshot!(all(&project, &["upgrade", "a1:head"]), @"
    exit 4
    error: the range 'a1:head' needs --sql; otherwise the version table gives the start, so name the target alone
    fault: the command, the configuration or the environment
    ");
    assert_snapshot!(all(&project, &["downgrade", "b2", "--sql"]), @"
    exit 4
    error: a downgrade with --sql must say where it starts: write START:b2 instead of b2
    fault: the command, the configuration or the environment
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
    fault: the command, the configuration or the environment
    hint: did you mean -x db=test? Available: test
    "#);
    assert_snapshot!(all(&project, &["upgrade", "-n", "prod"]), @r#"
    exit 3
    error: no database is labelled "prod"
    fault: the command, the configuration or the environment
    hint: available: test
    "#);
    project.run(&["upgrade", "-n", "test"]).ok();
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
    fault: the command, the configuration or the environment
    ");
    project.run(&["downgrade", "base"]).ok();
    assert_eq!(tables(&project), "none");
}

#[test]
fn outside_of_the_project() {
    let project = Project::new();
    assert_snapshot!(all(&project, &["upgrade"]), @"
    exit 3
    error: no mighost.toml in PROJECT or in any folder above it
    fault: the command, the configuration or the environment
    hint: run `mighost init` to create one here, or name another with -c FILE or the environment variable MIGHOST_CONFIG
    ");
    project.run(&["init"]).ok();
    project.run(&["history"]).ok();
}
