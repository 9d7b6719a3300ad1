//! What a test that is a component has: `mighost.testing`.
//!
//!     const mighost = @import("mighost");
//!     const testing = mighost.testing;
//!
//!     pub const cases = struct {
//!         pub fn @"a role is set"() !void {
//!             _ = testing.passes(@src(), testing.call("plugin roles", "set-role(\"weather\")"));
//!             testing.sends(@src(), &.{"set role \"weather\""});
//!         }
//!     };
//!
//! Each public function of `cases` is a case, of that name. It fails by an error that it returns, which is told by its name, by `mighost.fail`, which
//! says where, or by one of the functions here that are given `@src()`.

const std = @import("std");
const mighost = @import("mighost.zig");
const bindings = mighost.bindings;

/// Why something did not succeed.
pub const Failure = struct {
    text: []const u8,
    /// Where PostgreSQL, or an answer in its place, refused a statement.
    sqlstate: ?[]const u8,
};

/// What became of a call, of a step or of a query. Its value is what a call returned, in WAVE, or a query's first.
pub const Outcome = union(enum) { value: ?[]const u8, failure: Failure };

/// Calls a function of `plugin NAME` or `revision ID`, written in WAVE: `call("plugin roles", "reset-role()")`.
pub fn call(component: []const u8, text: []const u8) Outcome {
    var of, var what = .{ mighost.borrow(component), mighost.borrow(text) };
    var value: bindings.guest_option_string_t = .{};
    var failed: bindings.mighost_host_testing_failure_t = .{};
    return outcome(bindings.mighost_host_testing_call(&of, &what, &value, &failed), value, failed);
}

/// The statements that were sent, in order.
pub fn statements() []const []const u8 {
    var list: bindings.guest_list_string_t = .{};
    bindings.mighost_host_testing_statements(&list);
    return mighost.strings(list);
}

/// What was said by messages.
pub fn logMessages() []const []const u8 {
    var list: bindings.guest_list_string_t = .{};
    bindings.mighost_host_testing_log_messages(&list);
    return mighost.strings(list);
}

/// A statement, in which `...` stands for any text, with the rows that it is answered with; null is NULL.
pub const Answer = struct { statement: []const u8, rows: []const []const ?[]const u8 };

/// Sets how queries are answered from here on. `mighost_host_testing_set_answers` of the bindings has the other answers, and
/// `mighost_host_testing_prepare` the settings.
pub fn answer(answers: []const Answer) !void {
    const list = try mighost.allocator.alloc(bindings.mighost_host_testing_answer_t, answers.len);
    for (list, answers) |*raw, one| {
        const width = if (one.rows.len == 0) 0 else one.rows[0].len;
        const columns = try mighost.allocator.alloc(bindings.mighost_host_database_column_t, width);
        for (columns) |*column| column.* = .{ .name = mighost.borrow("?column?"), .type_name = mighost.borrow("text"), .type_oid = 25 };
        const rows = try mighost.allocator.alloc(bindings.mighost_host_database_list_value_t, one.rows.len);
        for (rows, one.rows) |*to, row| {
            const values = try mighost.allocator.alloc(bindings.mighost_host_database_value_t, row.len);
            for (values, row) |*value, text| {
                value.tag = if (text == null) bindings.MIGHOST_HOST_DATABASE_VALUE_NULL else bindings.MIGHOST_HOST_DATABASE_VALUE_TEXT;
                value.val.text = mighost.borrow(text orelse "");
            }
            to.* = .{ .ptr = mighost.start(values), .len = values.len };
        }
        raw.* = .{ .statement = mighost.borrow(one.statement) };
        raw.reply.tag = bindings.MIGHOST_HOST_TESTING_REPLY_ROWS;
        raw.reply.val.rows.columns = .{ .ptr = mighost.start(columns), .len = columns.len };
        raw.reply.val.rows.affected = rows.len;
        raw.reply.val.rows.rows = .{ .ptr = mighost.start(rows), .len = rows.len };
    }
    var raw: bindings.mighost_host_testing_list_answer_t = .{ .ptr = mighost.start(list), .len = list.len };
    bindings.mighost_host_testing_set_answers(&raw);
}

/// A new and empty database with the project's history.
pub const Database = struct {
    handle: bindings.mighost_host_testing_own_test_database_t,

    /// `setup` is SQL.
    pub fn create(place: std.builtin.SourceLocation, setup: []const u8) Database {
        var script = mighost.borrow(setup);
        var made: Database = undefined;
        var failed: bindings.mighost_host_testing_failure_t = .{};
        if (!bindings.mighost_host_testing_static_test_database_create(&script, &made.handle, &failed)) {
            mighost.fail(place, "no database could be made: {s}", .{mighost.string(failed.text)});
        }
        return made;
    }

    pub fn drop(self: Database) void {
        bindings.mighost_host_testing_test_database_drop_own(self.handle);
    }

    pub fn upgrade(self: Database, target: []const u8) Outcome {
        return self.does(bindings.mighost_host_testing_method_test_database_upgrade, target);
    }

    pub fn downgrade(self: Database, target: []const u8) Outcome {
        return self.does(bindings.mighost_host_testing_method_test_database_downgrade, target);
    }

    /// Runs SQL of the test's own, of one statement or several.
    pub fn execute(self: Database, script: []const u8) Outcome {
        return self.does(bindings.mighost_host_testing_method_test_database_execute, script);
    }

    fn does(self: Database, comptime what: anytype, text: []const u8) Outcome {
        var asked = mighost.borrow(text);
        var failed: bindings.mighost_host_testing_failure_t = .{};
        return outcome(what(self.borrowed(), &asked, &failed), .{}, failed);
    }

    /// As `testing.call`, in a transaction of this database.
    pub fn call(self: Database, component: []const u8, text: []const u8) Outcome {
        var of, var what = .{ mighost.borrow(component), mighost.borrow(text) };
        var value: bindings.guest_option_string_t = .{};
        var failed: bindings.mighost_host_testing_failure_t = .{};
        return outcome(bindings.mighost_host_testing_method_test_database_call(self.borrowed(), &of, &what, &value, &failed), value, failed);
    }

    /// Asks the database, for the first value of the first row.
    pub fn query(self: Database, statement: []const u8) Outcome {
        var asked = mighost.borrow(statement);
        var none: bindings.mighost_host_testing_list_value_t = .{};
        var rows: mighost.Rows = undefined;
        var failed: bindings.mighost_host_testing_failure_t = .{};
        if (!bindings.mighost_host_testing_method_test_database_query(self.borrowed(), &asked, &none, &rows.rows, &failed)) {
            return outcome(false, .{}, failed);
        }
        return .{ .value = if (rows.len() == 0 or rows.rows.rows.ptr[0].len == 0) null else rows.get(0, 0) };
    }

    fn borrowed(self: Database) bindings.mighost_host_testing_borrow_test_database_t {
        return bindings.mighost_host_testing_borrow_test_database(self.handle);
    }
};

fn outcome(ok: bool, value: bindings.guest_option_string_t, failed: bindings.mighost_host_testing_failure_t) Outcome {
    if (ok) return .{ .value = if (value.is_some) mighost.string(value.val) else null };
    return .{ .failure = .{
        .text = mighost.string(failed.text),
        .sqlstate = if (failed.@"error".is_some) mighost.string(failed.@"error".val.sqlstate) else null,
    } };
}

/// Ends the case unless the outcome is good; its value.
pub fn passes(place: std.builtin.SourceLocation, of: Outcome) ?[]const u8 {
    return switch (of) {
        .value => |value| value,
        .failure => |failure| mighost.fail(place, "{s}", .{failure.text}),
    };
}

/// Ends the case unless the outcome is a failure with this text in it.
pub fn fails(place: std.builtin.SourceLocation, of: Outcome, part: []const u8) void {
    switch (of) {
        .value => mighost.fail(place, "it should have failed with \"{s}\", and succeeded", .{part}),
        .failure => |failure| if (std.mem.indexOf(u8, failure.text, part) == null) {
            mighost.fail(place, "it should have failed with \"{s}\", and failed with: {s}", .{ part, failure.text });
        },
    }
}

/// Ends the case unless exactly these statements were sent, whatever their white space.
pub fn sends(place: std.builtin.SourceLocation, expected: []const []const u8) void {
    const were = statements();
    const same = were.len == expected.len and for (were, expected) |one, other| {
        if (!alike(one, other)) break false;
    } else true;
    if (!same) {
        mighost.fail(place, "the statements sent differ from the expected ones\nexpected:{s}\nsent:{s}", .{ listed(expected), listed(were) });
    }
}

fn alike(one: []const u8, other: []const u8) bool {
    var first = std.mem.tokenizeAny(u8, one, " \t\r\n");
    var second = std.mem.tokenizeAny(u8, other, " \t\r\n");
    while (first.next()) |word| {
        if (!std.mem.eql(u8, word, second.next() orelse return false)) return false;
    }
    return second.next() == null;
}

fn listed(lines: []const []const u8) []const u8 {
    var text: []const u8 = if (lines.len == 0) "\n  nothing" else "";
    for (lines) |line| text = mighost.print("{s}\n  {s}", .{ text, line });
    return text;
}

/// For the root of the program: exports the cases of `guest`.
pub fn Test(comptime guest: type) type {
    const names = @typeInfo(guest.cases).@"struct".decls;
    return struct {
        comptime {
            @export(&list, .{ .name = "exports_mighost_host_tests_cases" });
            @export(&run, .{ .name = "exports_mighost_host_tests_run" });
        }

        fn list(texts: [*c]bindings.guest_list_string_t) callconv(.c) void {
            const listing = mighost.allocator.alloc(mighost.Text, names.len) catch @panic("the guest has no memory left");
            inline for (listing, names) |*text, name| text.* = mighost.keep(name.name);
            texts.* = .{ .ptr = mighost.start(listing), .len = listing.len };
        }

        fn run(wanted: [*c]mighost.Text, text: [*c]mighost.Text) callconv(.c) bool {
            inline for (names) |name| {
                if (std.mem.eql(u8, name.name, mighost.string(wanted.*))) {
                    @as(anyerror!void, @field(guest.cases, name.name)()) catch |problem| {
                        text.* = mighost.keep(mighost.print("error.{s}", .{@errorName(problem)}));
                        return false;
                    };
                    return true;
                }
            }
            text.* = mighost.keep("there is no case of this name");
            return false;
        }
    };
}
