//! What guests can be beside plain migrations and operations: hooks, several revisions in one folder. Go is in `language_go`.

use mighost_tests::project::{Project, Server};

/// A project with a hook that writes down what it is told, and with two revisions in one folder.
fn project(ending: &str, hook: &str, migration: &str) -> Project {
    let project = Project::on(&Server::shared(), "on-version-apply = [\"journal\"]\n");
    project.write(
        "plugins/journal/plugin.toml",
        "name = \"journal\"\nversion = \"0.1.0\"\nhooks = [\"on-version-apply\"]\n",
    );
    project.write(&format!("plugins/journal/plugin.{ending}"), hook);
    project.write(
        "migrations/both/migration.toml",
        "[[revisions]]\nrevision = \"a1\"\nmessage = \"One\"\n\n\
         [[revisions]]\nrevision = \"a2\"\ndown-revisions = [\"a1\"]\nmessage = \"Two\"\n",
    );
    project.write(&format!("migrations/both/migration.{ending}"), migration);
    project.sql("create table seen (direction text, revision text, message text, after text, number integer)");
    project
}

/// The sandbox's clock stands still: nothing can wait for it, and nothing hangs.
fn waits(project: &Project, ending: &str, code: &str) {
    project.write(
        "migrations/w1/migration.toml",
        "revision = \"w1\"\ndown-revisions = [\"a2\"]\n",
    );
    project.write(&format!("migrations/w1/migration.{ending}"), code);
    project.run(&["upgrade", "a2"]).ok();
    let failed = project.run(&["upgrade", "w1"]);
    assert_eq!(failed.code, 8, "{}", failed.stderr);
    let text = "migration w1 failed: it waits for 600s, but the sandbox's clock does not advance";
    assert!(failed.stderr.contains(text), "{}", failed.stderr);
}

fn up_and_down(project: &Project) {
    project.run(&["upgrade"]).ok();
    let tables = "select string_agg(relname, ' ' order by relname) from pg_class where relname like 'of\\_%'";
    assert_eq!(project.sql(tables), "of_a1 of_a2");
    project.run(&["downgrade", "a1"]).ok();
    assert_eq!(project.sql(tables), "of_a1");
    assert_eq!(
        project.sql("select * from seen order by ctid"),
        "upgrade|a1|One|a1|1\nupgrade|a2|Two|a2|2\ndowngrade|a2|Two|a1|1"
    );
}

#[test]
fn in_javascript() {
    let project = project(
        "js",
        r#"import { execute } from "mighost";

export function onVersionApply(step) {
    if (step.revision === "b1") throw new Error(`no ${step.message}`);
    execute`insert into seen values (${step.direction}, ${step.revision}, ${step.message}, ${step.headsAfter.join(" ")}, ${step.number})`;
}
"#,
        r#"import { context, execute, identifier } from "mighost";

const table = () => identifier("of_" + context.revision());

export function upgrade() {
    execute`create table ${table()} (id integer)`;
}

export function downgrade() {
    execute`drop table ${table()}`;
}
"#,
    );
    up_and_down(&project);
    // What a hook throws takes the step back.
    project.sql_migration("b1", &["a2"], "create table late (id integer);", "drop table late;");
    let failed = project.run(&["upgrade"]);
    assert_eq!(failed.code, 8, "{}", failed.stderr);
    for text in ["Error: no about b1", "plugin.js:4 in onVersionApply"] {
        assert!(failed.stderr.contains(text), "{}", failed.stderr);
    }
    assert_eq!(project.heads(), "a2");
}

#[test]
fn in_python() {
    let project = project(
        "py",
        r#"from mighost import execute


def on_version_apply(step):
    direction = step.direction.name.lower()
    execute("insert into seen values ({}, {}, {}, {}, {})", direction, step.revision, step.message, " ".join(step.heads_after), step.number)
"#,
        r#"from mighost import context, execute


def upgrade():
    execute("create table {:i} (id integer)", "of_" + context.revision())


def downgrade():
    execute("drop table {:i}", "of_" + context.revision())
"#,
    );
    up_and_down(&project);
    waits(
        &project,
        "py",
        "import time\n\n\ndef upgrade():\n    time.sleep(600)\n\n\ndef downgrade():\n    pass\n",
    );
}

#[test]
fn in_typescript() {
    up_and_down(&project(
        "ts",
        r#"import { execute } from "mighost";
import type { Step } from "mighost";

export function onVersionApply(step: Step): void {
    execute`insert into seen values (${step.direction}, ${step.revision}, ${step.message}, ${step.headsAfter.join(" ")}, ${step.number})`;
}
"#,
        r#"import { context, execute, identifier } from "mighost";

const table = () => identifier("of_" + context.revision());

export function upgrade(): void {
    execute`create table ${table()} (id integer)`;
}

export function downgrade(): void {
    execute`drop table ${table()}`;
}
"#,
    ));
}

#[test]
fn in_c() {
    let project = project(
        "c",
        r#"#include <assert.h>

#include "mighost.h"

void on_version_apply(const mighost_step *step) {
    mighost_expect(!mighost_equal(step->revision, "b1"), "no %T", step->message);
    assert(step->heads_before.len == 0 || !mighost_equal(step->revision, "c1"));
    mighost_execute("insert into seen values (%L, %L, %L, %L, %u)", mighost_direction(step), mighost_string(step->revision),
                    mighost_string(step->message), mighost_join(&step->heads_after, " "), step->number);
}
"#,
        r#"#include "mighost.h"

static char *table(void) { return mighost_format("of_%s", mighost_revision()); }

void upgrade(void) { mighost_execute("create table %I (id integer)", table()); }

void downgrade(void) { mighost_execute("drop table %I", table()); }
"#,
    );
    up_and_down(&project);
    project.sql_migration("b1", &["a2"], "create table late (id integer);", "drop table late;");
    let failed = project.run(&["upgrade"]);
    assert_eq!(failed.code, 8, "{}", failed.stderr);
    assert!(failed.stderr.contains("plugin.c:6: no about b1"), "{}", failed.stderr);
    assert_eq!(project.heads(), "a2");
    // An assertion is not compiled away, and what it says is told.
    project.sql_migration("c1", &["a2"], "create table late (id integer);", "drop table late;");
    let failed = project.run(&["upgrade", "c1"]);
    assert!(
        failed.stderr.contains("Assertion failed: step->heads_before.len == 0"),
        "{}",
        failed.stderr
    );
    waits(
        &project,
        "c",
        "#include <unistd.h>\n#include \"mighost.h\"\nvoid upgrade(void) { sleep(600); }\n",
    );
}

#[test]
fn in_cpp() {
    up_and_down(&project(
        "cpp",
        r#"#include "mighost.hpp"

void on_version_apply(const mighost_step *step) {
    using mighost::view;
    std::string after;
    for (const auto &head : mighost::texts(step->heads_after)) {
        after += head;
    }
    mighost::execute("insert into seen values ({}, {}, {}, {}, {})", mighost_direction(step), view(step->revision),
                     view(step->message), after, step->number);
}
"#,
        r#"#include "mighost.hpp"

static mighost::Sql table() { return mighost::identifier("of_" + mighost::revision()); }

void upgrade() { mighost::execute("create table {} (id integer)", table()); }

void downgrade() { mighost::execute("drop table {}", table()); }
"#,
    ));
}

#[test]
fn in_zig() {
    up_and_down(&project(
        "zig",
        r#"const std = @import("std");
const mighost = @import("mighost");

pub fn onVersionApply(step: mighost.Step) !void {
    const after = try std.mem.join(mighost.allocator, " ", step.heads_after);
    mighost.execute("insert into seen values ({}, {}, {}, {}, {})", .{
        @tagName(step.direction), step.revision, step.message, after, step.number,
    });
}
"#,
        r#"const mighost = @import("mighost");

fn table() mighost.Sql {
    return mighost.identifier(mighost.print("of_{s}", .{mighost.revision()}));
}

pub fn upgrade() !void {
    mighost.execute("create table {} (id integer)", .{table()});
}

pub fn downgrade() !void {
    mighost.execute("drop table {}", .{table()});
}
"#,
    ));
}
