const std = @import("std");
const mighost = @import("mighost");

const hostile = "it's \\ \"x\"";

/// What was found, under a name.
fn see(what: []const u8, value: ?[]const u8) void {
    mighost.run("insert into seen values ($1, $2)", .{ what, value });
}

fn statements() void {
    mighost.run("insert into t values ($1, $2)", .{ 1, "it's" });
    const changed = mighost.runCounted("update t set b = b || $1 where a = $2", .{ "\\", 1 });
    see("changed", mighost.print("{d}", .{changed}));
    mighost.execute("create table {} (a text default {}, b int default 2 -{}, c bytea)", .{ mighost.identifier(hostile), hostile, -1 });
    mighost.run(mighost.sql("insert into {} (c) values ($1)", .{mighost.identifier(hostile)}).text, .{mighost.bytes("\x00x")});
    const one = mighost.queryOne("select 1, {}, {}::text, '{{}}'", .{ hostile, null });
    see("one", mighost.print("{s} {s}", .{ one.get(0, 0).?, one.get(0, 1).? }));
    if (one.get(0, 2) != null or !std.mem.eql(u8, one.get(0, 3).?, "{}")) mighost.fail(@src(), "the row is wrong", .{});
    see("qualified", mighost.queryValue("select count(*) from {}", .{mighost.qualified(mighost.schema(), hostile)}));
    mighost.executeScript("insert into seen values ('argument', :'colour')");
    mighost.executeAsset("more.sql");
}

fn failures() void {
    var savepoint = mighost.Savepoint.open();
    mighost.run("insert into t values ($1)", .{3});
    savepoint.rollBack();
    savepoint = mighost.Savepoint.open();
    mighost.run("insert into t values ($1)", .{4});
    savepoint.release();
    const refused = switch (mighost.tryRun("insert into t values ($1)", .{-1})) {
        .affected => mighost.fail(@src(), "it should have failed", .{}),
        .refused => |refused| refused,
    };
    see("error", mighost.print("{s} {s}", .{ refused.sqlstate, refused.field("constraint").? }));
    const affected = switch (mighost.tryRun("insert into t values ($1)", .{5})) {
        .affected => |affected| affected,
        .refused => mighost.fail(@src(), "it should not have failed", .{}),
    };
    const rows = switch (mighost.tryQuery("insert into t values ($1, $2) returning a", .{ 2, null })) {
        .rows => |rows| rows,
        .refused => mighost.fail(@src(), "it should not have failed", .{}),
    };
    see("tried", mighost.print("{d} {s} {s}", .{ affected, rows.columns()[0].name, rows.get(0, 0).? }));
}

fn manyRows() !void {
    var count: u64 = 0;
    var sum: u64 = 0;
    {
        var rows = mighost.Cursor.open("select n from generate_series(1, $1) n", .{25}, 10);
        defer rows.close();
        while (rows.next()) |row| {
            count += 1;
            sum += try std.fmt.parseInt(u64, row.get(0).?, 10);
            mighost.progress(count, 25);
        }
    }
    see("cursor", mighost.print("{d} {d}", .{ count, sum }));
    var copy = mighost.CopyIn.open("copied", &.{ "a", "b" });
    for (1..601) |number| copy.write(.{ number, hostile });
    const copied = copy.finish();
    const csv = mighost.copyAsset("from_csv", &.{ "a", "b" }, "rows.csv", &.{
        .{ .name = "format", .value = "csv" },
        .{ .name = "header", .value = "true" },
    });
    const queried = mighost.copyQuery("queried", &.{"a"}, "select a from copied where a > $1", .{590}, 3);
    see("copies", mighost.print("{d} {d} {d}", .{ copied, csv, queried }));
}

fn session() void {
    mighost.setLockTimeout(1234);
    mighost.setStatementTimeout(60000);
    see("timeouts", mighost.queryValue("select current_setting('lock_timeout') || ' ' || current_setting('statement_timeout')", .{}));
    mighost.setSearchPath(&.{"pg_catalog"});
    const path = mighost.queryValue("select current_schemas(false)::text", .{});
    mighost.setSearchPath(&.{ mighost.schema(), "pg_catalog" });
    see("path", path);
    mighost.setRole("pg_monitor");
    const role = mighost.queryValue("select current_user", .{});
    mighost.resetRole();
    see("role", mighost.print("{s} {s}", .{ role.?, mighost.queryValue("select (current_user = session_user)::text", .{}).? }));
    see("server", mighost.queryValue("select (current_setting('server_version_num')::int = {} and session_user = {})::text", .{
        mighost.serverVersion(), mighost.superuserRole(),
    }));
}

fn run() void {
    see("context", mighost.print("{s} {s} {s} {s} {s} {s}", .{
        @tagName(mighost.direction()), mighost.dialect(),                              mighost.revision(),
        mighost.schema(),              if (mighost.offline()) "offline" else "online", mighost.argument("colour").?,
    }));
    const names = std.mem.join(mighost.allocator, " ", mighost.assetNames()) catch unreachable;
    see("assets", mighost.print("{s} {s}", .{ names, mighost.asset("rows.csv").?[0..3] }));
}

pub fn upgrade() !void {
    statements();
    failures();
    try manyRows();
    session();
    run();
    mighost.debug("nearly {s}", .{"done"});
    const outside = mighost.outsideTransaction();
    defer outside.end();
    mighost.executeText("vacuum t");
}
