//! A test that is a component: each function of `cases` is a case. Its main file is called as a plugin's.

const std = @import("std");
const mighost = @import("mighost");
const testing = mighost.testing;

const periods = [_][]const u8{ "hour", "day", "week", "month", "quarter", "year", "decade" };

fn rollup(function: []const u8, period: []const u8) []const u8 {
    return mighost.print(
        "{s}({{kind: \"rollup\", name: \"r\", definition: \"t\", options: [(\"time\", \"at\"), (\"period\", \"{s}\"), (\"value\", \"v\")]}})",
        .{ function, period },
    );
}

pub const cases = struct {
    pub fn @"every period has a column of its name"() !void {
        for (periods) |period| {
            _ = testing.passes(@src(), testing.call("plugin rollup", rollup("create", period)));
        }
        const sent = testing.statements();
        if (sent.len != 2 * periods.len) return error.OtherStatements;
        for (periods, 0..) |period, number| {
            const column = mighost.print("date_trunc('{s}', \"at\") as \"{s}\"", .{ period, period });
            if (std.mem.indexOf(u8, sent[2 * number], column) == null) {
                mighost.fail(@src(), "{s} is not in {s}", .{ column, sent[2 * number] });
            }
        }
    }

    pub fn @"a period that there is not is refused"() !void {
        testing.fails(@src(), testing.call("plugin rollup", rollup("create", "fortnight")), "error.UnknownPeriod");
        testing.sends(@src(), &.{});
    }

    pub fn @"a view is dropped"() !void {
        _ = testing.passes(@src(), testing.call("plugin rollup", rollup("drop", "day")));
        testing.sends(@src(), &.{"drop view \"r\""});
    }
};
