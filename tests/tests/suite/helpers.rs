//! The helpers of all languages offer the same: each of these migrations does the same with its own language's functions.

use mighost_tests::project::Project;

/// What each migration does: statements with parameters, one of them counted, one that fails and is caught, and one that succeeds; a
/// savepoint that is undone, and one that is kept. It writes what it found into `found`, in which the languages must not differ.
const LANGUAGES: [(&str, &str, &str); 7] = [
    (
        "c",
        "migration.c",
        r#"#include "mighost.h"

void upgrade(void) {
    mighost_run("insert into t values ($1, $2)", MIGHOST_PARAMETERS(mighost_integer(1), mighost_text_value("it's")));
    uint64_t changed = mighost_run_counted("update t set b = b || $1 where a = $2",
                                           MIGHOST_PARAMETERS(mighost_text_value("\\"), mighost_integer(1)));
    mighost_savepoint savepoint = mighost_open_savepoint();
    mighost_run("insert into t values ($1)", MIGHOST_PARAMETERS(mighost_integer(3)));
    mighost_roll_back(savepoint);
    savepoint = mighost_open_savepoint();
    mighost_run("insert into t values ($1)", MIGHOST_PARAMETERS(mighost_integer(4)));
    mighost_release(savepoint);
    mighost_error error;
    if (mighost_try("insert into t values ($1, $2)", MIGHOST_PARAMETERS(mighost_integer(-1), mighost_null()), NULL, &error)) {
        mighost_fail("it should have failed");
    }
    char *constraint = "";
    for (size_t i = 0; i < error.fields.len; i++) {
        if (mighost_equal(error.fields.ptr[i].f0, "constraint")) {
            constraint = mighost_string(error.fields.ptr[i].f1);
        }
    }
    mighost_rows rows;
    if (!mighost_try("insert into t values ($1, $2) returning a", MIGHOST_PARAMETERS(mighost_integer(2), mighost_null()), &rows, NULL)) {
        mighost_fail("it should not have failed");
    }
    mighost_run("insert into found values ($1, $2, $3, $4, $5, $6)",
                MIGHOST_PARAMETERS(mighost_integer((int64_t)changed), mighost_text_value(mighost_string(error.sqlstate)),
                                   mighost_text_value(constraint), mighost_integer((int64_t)rows.affected),
                                   mighost_text_value(mighost_string(rows.columns.ptr[0].name)),
                                   mighost_text_value(mighost_string(rows.columns.ptr[0].type_name))));
}
"#,
    ),
    (
        "cpp",
        "migration.cpp",
        r#"#include "mighost.hpp"

void upgrade() {
    const mighost_value row[] = {mighost_integer(1), mighost_text_value("it's")};
    mighost_run("insert into t values ($1, $2)", {row, 2});
    const mighost_value more[] = {mighost_text_value("\\"), mighost_integer(1)};
    auto changed = mighost_run_counted("update t set b = b || $1 where a = $2", {more, 2});
    {
        mighost::Savepoint savepoint;
        mighost::execute("insert into t values ({})", 3);
    }
    mighost::Savepoint savepoint;
    mighost::execute("insert into t values ({} -{})", 3, -1);
    savepoint.release();
    const mighost_value bad[] = {mighost_integer(-1), mighost_null()};
    mighost_error error;
    mighost::expect(!mighost_try("insert into t values ($1, $2)", {bad, 2}, nullptr, &error), "it should have failed");
    std::string constraint;
    for (size_t i = 0; i < error.fields.len; i++) {
        if (mighost::view(error.fields.ptr[i].f0) == "constraint") {
            constraint = mighost::view(error.fields.ptr[i].f1);
        }
    }
    const mighost_value good[] = {mighost_integer(2), mighost_null()};
    mighost_rows rows;
    mighost::expect(mighost_try("insert into t values ($1, $2) returning a", {good, 2}, &rows, nullptr), "it should not have failed");
    mighost::execute("insert into found values ({}, {}, {}, {}, {}, {})", changed, mighost::view(error.sqlstate), constraint, rows.affected,
                     mighost::view(rows.columns.ptr[0].name), mighost::view(rows.columns.ptr[0].type_name));
}
"#,
    ),
    (
        "zig",
        "migration.zig",
        r#"const std = @import("std");
const mighost = @import("mighost");

pub fn upgrade() !void {
    mighost.run("insert into t values ($1, $2)", .{ 1, "it's" });
    const changed = mighost.runCounted("update t set b = b || $1 where a = $2", .{ "\\", 1 });
    var savepoint = mighost.Savepoint.open();
    mighost.run("insert into t values ($1)", .{3});
    savepoint.rollBack();
    savepoint = mighost.Savepoint.open();
    mighost.run("insert into t values ($1)", .{4});
    savepoint.release();
    const refused = switch (mighost.tryQuery("insert into t values ($1, $2)", .{ -1, null })) {
        .rows => mighost.fail(@src(), "it should have failed", .{}),
        .refused => |refused| refused,
    };
    var constraint: []const u8 = "";
    for (refused.fields.ptr[0..refused.fields.len]) |field| {
        if (std.mem.eql(u8, mighost.string(field.f0), "constraint")) constraint = mighost.string(field.f1);
    }
    const rows = switch (mighost.tryQuery("insert into t values ($1, $2) returning a", .{ 2, null })) {
        .rows => |rows| rows,
        .refused => mighost.fail(@src(), "it should not have failed", .{}),
    };
    const column = rows.rows.columns.ptr[0];
    mighost.run("insert into found values ($1, $2, $3, $4, $5, $6)", .{
        changed,              mighost.string(refused.sqlstate), constraint,
        rows.rows.affected,   mighost.string(column.name),      mighost.string(column.type_name),
    });
}
"#,
    ),
    (
        "go",
        "migration.go",
        r#"package migration

import (
	"errors"
	"mighost"
)

func Upgrade() error {
	mighost.Run("insert into t values ($1, $2)", 1, "it's")
	changed := mighost.RunCounted("update t set b = b || $1 where a = $2", `\`, 1)
	undone := mighost.Savepoint(func() error {
		mighost.Run("insert into t values ($1)", 3)
		return errors.New("undo it")
	})
	kept := mighost.Savepoint(func() error {
		mighost.Run("insert into t values ($1)", 4)
		return nil
	})
	if undone == nil || undone.Error() != "undo it" || kept != nil {
		return errors.New("the errors are wrong")
	}
	_, err := mighost.TryExecute("insert into t values ($1, $2)", -1, nil)
	var refused *mighost.DatabaseError
	if !errors.As(err, &refused) {
		return errors.New("it should have failed")
	}
	rows, err := mighost.TryQuery("insert into t values ($1, $2) returning a", 2, nil)
	if err != nil {
		return err
	}
	mighost.Run("insert into found values ($1, $2, $3, $4, $5, $6)", changed, refused.SQLState, refused.Fields["constraint"], rows.Affected,
		rows.Columns[0].Name, rows.Columns[0].TypeName)
	return nil
}

func Downgrade() error { return nil }
"#,
    ),
    (
        "javascript",
        "migration.js",
        r#"import { DatabaseError, execute, run, runCounted, savepoint, tryQuery, tryRun } from "mighost";

export function upgrade() {
    run`insert into t values (${1}, ${"it's"})`;
    const changed = runCounted("update t set b = b || $1 where a = $2", "\\", 1);
    try {
        savepoint(() => {
            run`insert into t values (${3})`;
            throw new RangeError("undo it");
        });
    } catch (error) {
        if (!(error instanceof RangeError)) throw error;
    }
    savepoint(() => execute`insert into t values (${3} -${-1})`);
    let refused;
    try {
        tryRun`insert into t values (${-1}, ${null})`;
    } catch (error) {
        if (!(error instanceof DatabaseError)) throw error;
        refused = error;
    }
    const rows = tryQuery("insert into t values ($1, $2) returning a", 2, null);
    const [name] = Object.keys(rows[0]);
    run`insert into found values (${changed}, ${refused.sqlstate}, ${refused.fields.constraint}, ${rows.length}, ${name}, ${null})`;
}
"#,
    ),
    (
        "typescript",
        "migration.ts",
        r#"import { context, cursor, DatabaseError, run, runCounted, savepoint, tryQuery, tryRun } from "mighost";

export function upgrade(): void {
    run`insert into t values (${1}, ${"it's"})`;
    const changed: number = runCounted`update t set b = b || ${"\\"} where a = ${1}`;
    try {
        savepoint(() => {
            run`insert into t values (${3})`;
            throw new RangeError("undo it");
        });
    } catch (error) {
        if (!(error instanceof RangeError)) throw error;
    }
    const four: number = savepoint(() => 4);
    savepoint(() => run`insert into t values (${four})`);
    let refused: DatabaseError | undefined;
    try {
        tryRun("insert into t values ($1, $2)", -1, null);
    } catch (error) {
        if (!(error instanceof DatabaseError)) throw error;
        refused = error;
    }
    const rows = tryQuery<{ a: number }>`insert into t values (${2}, ${null}) returning a`;
    if (context.direction() !== "upgrade" || context.dialect() !== "postgresql") throw new Error("the context is wrong");
    for (const { a } of cursor<{ a: number }>("select a from t where a = $1", [2])) {
        run`insert into found values (${changed}, ${refused!.sqlstate}, ${refused!.fields.constraint}, ${rows.length}, ${a === 2 ? Object.keys(rows[0]!)[0] : "none"}, ${null})`;
    }
}
"#,
    ),
    (
        "python",
        "migration.py",
        r#"from mighost import DatabaseError, context, cursor, execute, run, run_counted, savepoint, try_query, try_run


def upgrade():
    run("insert into t values ($1, $2)", 1, "it's")
    changed = run_counted("update t set b = b || $1 where a = $2", "\\", 1)
    try:
        with savepoint():
            run("insert into t values ($1)", 3)
            raise LookupError("undo it")
    except LookupError:
        pass
    with savepoint():
        execute("insert into t values ({} -{})", 3, -1)
    try:
        try_run("insert into t values ($1, $2)", -1, None)
    except DatabaseError as error:
        refused = error
    rows = try_query("insert into t values ($1, $2) returning a", 2, None)
    assert context.current_direction() == context.Direction.UPGRADE and context.dialect() == "postgresql"
    for row in cursor("select a from t where a = $1", 2):
        name = "a" if row.a == 2 and rows[0].a == 2 else "none"
        run("insert into found values ($1, $2, $3, $4, $5, $6)", changed, refused.sqlstate, refused.fields["constraint"], len(rows), name, None)
"#,
    ),
];

#[test]
fn every_language_has_parameters_savepoints_and_soft_failures() {
    for (language, file, code) in LANGUAGES {
        let project = Project::on_server();
        project.sql(
            "create table t (a int constraint positive check (a > 0), b text);
             create table found (changed int, sqlstate text, \"constraint\" text, affected int, name text, type text)",
        );
        project.write("migrations/a1/migration.toml", "revision = \"a1\"\n");
        project.write(&format!("migrations/a1/{file}"), code);
        let outcome = project.run(&["upgrade", "head"]);
        assert_eq!(outcome.code, 0, "{language}: {}", outcome.stderr);
        // In scripting languages rows have names, and no types.
        let type_name = if ["javascript", "typescript", "python"].contains(&language) {
            ""
        } else {
            "int4"
        };
        assert_eq!(
            project.sql("select * from found"),
            format!("1|23514|positive|1|a|{type_name}"),
            "{language}"
        );
        assert_eq!(
            project.sql("select string_agg(concat(a, b), ' ' order by a) from t"),
            r"1it's\ 2 4",
            "{language}"
        );
    }
}
