//! The plugin `schema` through the program: texts of refusals, scripts, the project's naming convention. What its operations do is
//! judged in `schema_judge.rs`.

use mighost_tests::project::{Outcome, Project, Server};
use mighost_tests::schema::judge_project;

fn project(settings: &str) -> Project {
    let project = judge_project(&Server::shared(), settings);
    project.sql("create table t (a integer)");
    project
}

fn run(project: &Project, verb: &str, case: &str) -> Outcome {
    let target = if verb == "upgrade" { "head" } else { "base" };
    project.run(&[verb, target, "-x", &format!("case={case}")])
}

#[test]
fn refusals_say_what_is_wrong() {
    let project = project("");
    let mut texts = String::new();
    for case in [
        "twice",
        "misplaced",
        "not_valid_at_once",
        "two_sources",
        "long_name",
        "three_parts",
        "no_columns",
        "nothing_to_change",
        "unknown_token",
        "short_row",
        "no_end",
    ] {
        let refused = run(&project, "upgrade", case);
        assert_eq!(refused.code, 8, "{case}: {}", refused.stderr);
        texts += &format!("{case}: {}\n", refused.stderr.lines().next().unwrap_or_default());
    }
    insta::assert_snapshot!(texts, @"
    twice: error: mighost:schema/constraints@0.1.0#create-constraint failed: create-unique-constraint on t: the option deferrable is given twice
    misplaced: error: mighost:schema/constraints@0.1.0#create-constraint failed: create-check-constraint on t: a check constraint has no option on-delete
    not_valid_at_once: error: mighost:schema/tables@0.1.0#create-table failed: create-table u: a check constraint that comes with its table has no option not-valid
    two_sources: error: mighost:schema/columns@0.1.0#add-column failed: add-column b to t: the column b cannot be default and identity-by-default
    long_name: error: mighost:schema/indexes@0.1.0#create-index failed: create-index an_index_with_a_name_that_is_longer_than_what_postgresql_keeps_of_it on t: the name an_index_with_a_name_that_is_longer_than_what_postgresql_keeps_of_it has 68 bytes; PostgreSQL keeps 63
    three_parts: error: mighost:schema/tables@0.1.0#drop-table failed: drop-table a.b.c: the name a.b.c has 3 parts: it may be NAME or SCHEMA.NAME, a part with dots in double quotes
    no_columns: error: mighost:schema/constraints@0.1.0#create-constraint failed: create-unique-constraint on t: it has no columns
    nothing_to_change: error: mighost:schema/columns@0.1.0#alter-column failed: alter-column a of t: there is nothing to change: the changes are empty
    unknown_token: error: mighost:schema/constraints@0.1.0#create-constraint failed: create-unique-constraint on t: %(colum_0_name)s is no token of naming conventions
    short_row: error: mighost:schema/data@0.1.0#bulk-insert failed: bulk-insert into t: row 1 has 1 values for 2 columns
    no_end: error: migration judge ended while statements were still refused: a call that allows them again, e.g. the end of a reversal, is missing
    ");
}

#[test]
fn what_cannot_be_reversed_is_named() {
    let project = project("");
    let mut texts = String::new();
    for case in ["other_statements", "questions", "no_was"] {
        run(&project, "upgrade", case).ok();
        let before = project.catalog();
        let refused = run(&project, "downgrade", case);
        assert_ne!(refused.code, 0, "{case}");
        assert_eq!(project.catalog(), before, "{case}");
        texts += &format!("{case}: {}\n", refused.shown());
        project.run(&["stamp", "base"]).ok();
        project.sql("drop table t; create table t (a integer)");
    }
    insta::assert_snapshot!(texts, @"
    other_statements: exit 8
    error: database.execute cannot be used here: the operations of this revision are being reversed, and this one has no known reverse; write its downgrade out
      in the downgrade of revision judge, PROJECT/migrations/judge
    state: judge was rolled back
    fault: the migration or plugin; its author needs to fix it

    questions: exit 8
    error: database.query cannot be used here: the operations of this revision are being reversed, and this one has no known reverse; write its downgrade out
      in the downgrade of revision judge, PROJECT/migrations/judge
    state: judge was rolled back
    fault: the migration or plugin; its author needs to fix it

    no_was: exit 8
    error: mighost:schema/columns@0.1.0#alter-column failed: alter-column a of t has no reverse: `was` does not tell what data-type has changed
      in the downgrade of revision judge, PROJECT/migrations/judge
    state: judge was rolled back
    fault: the migration or plugin; its author needs to fix it
    ");
}

#[test]
fn a_script_does_the_same_both_ways() {
    let server = Server::shared();
    let project = project("");
    project.sql("drop table t");
    let before = project.catalog();
    for (verb, range) in [("upgrade", "base:head"), ("downgrade", "head:base")] {
        let script = project
            .run(&[verb, range, "--sql", "-x", "case=create_table_comments"])
            .ok()
            .stdout;
        project.write("script.sql", &script);
        let path = project.path().join("script.sql");
        server.psql(project.database(), &["-f", &path.display().to_string()]);
        let comment = project.sql("select obj_description(to_regclass('t'))");
        assert_eq!(comment.trim(), if verb == "upgrade" { "100% \"table\"" } else { "" });
    }
    assert_eq!(project.catalog(), before);
}

#[test]
fn the_project_names_what_nobody_names() {
    let project = project("[args]\nnaming-uq = 'uq_%(table_name)s_%(column_0_N_name)s'\n");
    project.sql("create schema public_other");
    run(&project, "upgrade", "create_table_schema").ok();
    let names = project
        .sql("select conname from pg_constraint where contype = 'u' and connamespace = 'public_other'::regnamespace");
    assert_eq!(names.trim(), "uq_t_id");
    run(&project, "downgrade", "create_table_schema").ok();
}
