//! What was observed, by station, variable and month: an object of the kind `rollup`, which a plugin in Zig teaches.

const mighost = @import("mighost");

const monthly: mighost.Object = .{
    .kind = "rollup",
    .name = "monthly",
    .definition = "observations",
    .options = &.{
        .{ .name = "time", .value = "time" },
        .{ .name = "period", .value = "month" },
        .{ .name = "value", .value = "value" },
        .{ .name = "by", .value = "station_id" },
        .{ .name = "by", .value = "variable" },
    },
};

pub fn upgrade() !void {
    mighost.create(monthly);
    const names = mighost.query("select name from stations order by station_id", .{});
    if (names.len() == 0) return error.NoStations;
    mighost.info("{d} stations, the first is {s}", .{ names.len(), names.get(0, 0).? });
}

pub fn downgrade() !void {
    mighost.drop(monthly);
}

pub fn objects() ![]const mighost.Definition {
    return &.{.{ .key = "monthly", .object = monthly }};
}
