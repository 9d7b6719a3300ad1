//! The kind `rollup`: a view that sums a table up by period.
//!
//! Its definition is the table's name. Its options:
//! - `time`: the column that says when;
//! - `period`: what PostgreSQL's date_trunc takes, e.g. `month`;
//! - `value`: the column to sum up;
//! - `by`: a further column to group by; may be there several times.
//!
//! The view has the columns of `by`, the period under its name, and `count`, `mean`, `least` and `greatest`.

const std = @import("std");
const mighost = @import("mighost");

const periods = [_][]const u8{ "hour", "day", "week", "month", "quarter", "year", "decade" };

const Problem = error{ MissingOption, UnknownPeriod, UnknownOption };

pub fn create(object: mighost.Object) !void {
    const time = try required(object, "time");
    const value = try required(object, "value");
    const period = try required(object, "period");
    if (!known(&periods, period)) {
        mighost.warn("the rollup {s} has the period {s}", .{ object.name, period });
        return Problem.UnknownPeriod;
    }
    var groups = mighost.raw("");
    for (object.options) |option| {
        if (std.mem.eql(u8, option.name, "by")) {
            groups = mighost.sql("{}{}, ", .{ groups, mighost.identifier(option.value) });
        } else if (!known(&.{ "time", "period", "value" }, option.name)) {
            mighost.warn("the rollup {s} has the option {s}", .{ object.name, option.name });
            return Problem.UnknownOption;
        }
    }
    const truncated = mighost.sql("date_trunc({}, {})", .{ period, mighost.identifier(time) });
    const column = mighost.identifier(value);
    mighost.execute(
        "create view {} as select {}{} as {}, count({}), avg({}) as mean, min({}) as least, max({}) as greatest from {} group by {}{}",
        .{ mighost.identifier(object.name), groups, truncated, mighost.identifier(period), column, column, column, column, mighost.identifier(object.definition), groups, truncated },
    );
    mighost.execute("comment on view {} is {}", .{ mighost.identifier(object.name), description(object) });
}

pub fn drop(object: mighost.Object) !void {
    mighost.execute("drop view {}", .{mighost.identifier(object.name)});
}

/// The rollups of a schema are known by their comments.
pub fn introspect(_: []const u8, schema: []const u8) ![]const mighost.Object {
    const rows = mighost.query(
        "select relname, obj_description(pg_class.oid) from pg_class join pg_namespace on pg_namespace.oid = relnamespace " ++
            "where nspname = {} and relkind = 'v' and obj_description(pg_class.oid) like 'rollup of %' order by relname",
        .{schema},
    );
    const found = try mighost.allocator.alloc(mighost.Object, rows.len());
    for (found, 0..) |*object, row| object.* = try read(rows.get(row, 0).?, rows.get(row, 1).?);
    return found;
}

fn known(names: []const []const u8, name: []const u8) bool {
    for (names) |one| {
        if (std.mem.eql(u8, one, name)) return true;
    }
    return false;
}

fn required(object: mighost.Object, name: []const u8) ![]const u8 {
    return object.option(name) orelse {
        mighost.warn("the rollup {s} has no option {s}", .{ object.name, name });
        return Problem.MissingOption;
    };
}

/// One line for the definition and one for each option.
fn description(object: mighost.Object) []const u8 {
    var text = mighost.print("rollup of {s}", .{object.definition});
    for (object.options) |option| text = mighost.print("{s}\n{s}: {s}", .{ text, option.name, option.value });
    return text;
}

fn read(name: []const u8, text: []const u8) !mighost.Object {
    var lines = std.mem.splitScalar(u8, text, '\n');
    const definition = lines.first()["rollup of ".len..];
    var options: std.ArrayList(mighost.Object.Option) = .empty;
    while (lines.next()) |line| {
        const colon = std.mem.indexOf(u8, line, ": ") orelse continue;
        try options.append(mighost.allocator, .{ .name = line[0..colon], .value = line[colon + 2 ..] });
    }
    return .{ .kind = "rollup", .name = name, .definition = definition, .options = options.items };
}
