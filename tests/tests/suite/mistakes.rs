//! The mistakes that people make most, each with what the user sees, and with the advice followed: afterwards things work.

mod database;
mod history;
mod targets;

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
