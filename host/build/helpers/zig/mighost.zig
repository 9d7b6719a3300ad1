//! What a guest in Zig writes with: `@import("mighost")`.
//!
//! It is thin: `mighost.bindings` is what the guest imports and exports, as C declares it (`mighost build` makes it of mighost's WIT). This file
//! adds slices, formatted statements, quoting, rows, objects, and errors: an error that `upgrade` returns, a panic and `fail` all reach the
//! person who watches the run, the latter with file and line. Nothing is to be installed or copied.
//!
//! A migration, `migration.zig`:
//!
//!     const mighost = @import("mighost");
//!
//!     pub fn upgrade() !void {
//!         mighost.execute("create table {f} (id integer primary key)", .{mighost.identifier("stations")});
//!     }
//!
//!     pub fn downgrade() !void {
//!         mighost.execute("drop table {f}", .{mighost.identifier("stations")});
//!     }
//!
//! It may have `pub fn objects() ![]const mighost.Definition` as well. A plugin with `kinds` in its plugin.toml is a `plugin.zig` with
//! `pub fn create(object: Object) !void` and `drop`, and maybe `replace(before, after)` and `introspect(kind, schema) ![]const Object`.
//! A plugin with operations has an `export fn` for each function of its `wit/`, under the name that `bindings` declares it by; one with hooks has
//! `pub fn onVersionApply(step: mighost.Step) !void`. What a test that is a component has is in `testing.zig`: `mighost.testing`.
//!
//! A statement that fails ends the run: there is no error to handle. What is allocated here is never freed: a guest lives as long as its call.

const std = @import("std");

/// For tests that are components.
pub const testing = @import("testing.zig");

/// What the guest imports and exports, as C has it.
pub const bindings = @import("bindings");

/// Memory of the guest, which is given back when its call ends.
/// It is plain malloc: the bindings free what they are given.
pub const allocator = std.heap.raw_c_allocator;

/// A text as the bindings have it.
pub const Text = bindings.guest_string_t;

/// A slice as an argument of the bindings. It is not copied.
pub fn borrow(slice: []const u8) Text {
    return .{ .ptr = @constCast(start(slice)), .len = slice.len };
}

/// Where a slice begins. That of an empty one may be anywhere, and the host wants it in the guest's memory.
pub fn start(slice: anytype) @TypeOf(slice.ptr) {
    return if (slice.len == 0) @ptrFromInt(@alignOf(std.meta.Child(@TypeOf(slice)))) else slice.ptr;
}

/// A text of the bindings as a slice. It is not copied.
pub fn string(text: Text) []const u8 {
    return if (text.len == 0) "" else text.ptr[0..text.len];
}

/// Formats a text, as `std.fmt` does.
pub fn print(comptime format: []const u8, arguments: anytype) []const u8 {
    return std.fmt.allocPrint(allocator, format, arguments) catch noMemory();
}

fn noMemory() noreturn {
    failWith("the guest has no memory left");
}

// ---- SQL ----

/// A name that `{f}` writes quoted for SQL, e.g. `"order"`.
pub fn identifier(name: []const u8) Identifier {
    return .{ .name = name };
}

pub const Identifier = struct {
    name: []const u8,

    pub fn format(self: Identifier, writer: *std.Io.Writer) std.Io.Writer.Error!void {
        try writeQuoted(writer, self.name, '"', false);
    }
};

/// A text that `{f}` writes quoted for SQL as a literal, e.g. `'it''s'`; null is NULL.
pub fn literal(text: ?[]const u8) Literal {
    return .{ .text = text };
}

pub const Literal = struct {
    text: ?[]const u8,

    pub fn format(self: Literal, writer: *std.Io.Writer) std.Io.Writer.Error!void {
        const text = self.text orelse return writer.writeAll("NULL");
        // With the E a backslash that is doubled means itself, whatever the server's settings.
        const escapes = std.mem.indexOfScalar(u8, text, '\\') != null;
        if (escapes) try writer.writeAll(" E");
        try writeQuoted(writer, text, '\'', escapes);
    }
};

fn writeQuoted(writer: *std.Io.Writer, text: []const u8, quote: u8, escapes: bool) std.Io.Writer.Error!void {
    try writer.writeByte(quote);
    for (text) |byte| {
        if (byte == quote or (escapes and byte == '\\')) try writer.writeByte(byte);
        try writer.writeByte(byte);
    }
    try writer.writeByte(quote);
}

/// Sends a statement, formatted as by `print`.
pub fn execute(comptime format: []const u8, arguments: anytype) void {
    executeText(print(format, arguments));
}

/// Sends a statement as it stands.
pub fn executeText(statement: []const u8) void {
    run(statement, .{});
}

/// A parameter: null, a truth value, a number or a text.
fn lowered(parameter: anytype) bindings.mighost_host_database_value_t {
    const Parameter = @TypeOf(parameter);
    var raw: bindings.mighost_host_database_value_t = undefined;
    switch (@typeInfo(Parameter)) {
        .null => raw.tag = bindings.MIGHOST_HOST_DATABASE_VALUE_NULL,
        .optional => return if (parameter) |inner| lowered(inner) else lowered(null),
        .bool => {
            raw.tag = bindings.MIGHOST_HOST_DATABASE_VALUE_BOOLEAN;
            raw.val.boolean = parameter;
        },
        .int, .comptime_int => {
            raw.tag = bindings.MIGHOST_HOST_DATABASE_VALUE_INTEGER;
            raw.val.integer = @intCast(parameter);
        },
        .float, .comptime_float => {
            raw.tag = bindings.MIGHOST_HOST_DATABASE_VALUE_REAL;
            raw.val.real = @floatCast(parameter);
        },
        else => {
            raw.tag = bindings.MIGHOST_HOST_DATABASE_VALUE_TEXT;
            raw.val.text = borrow(parameter);
        },
    }
    return raw;
}

fn allLowered(parameters: anytype) bindings.mighost_host_database_list_value_t {
    const list = allocator.alloc(bindings.mighost_host_database_value_t, parameters.len) catch noMemory();
    inline for (parameters, 0..) |parameter, number| list[number] = lowered(parameter);
    return .{ .ptr = start(list), .len = list.len };
}

/// Sends one statement with parameters, written `$1` and so on: `run("delete from t where a = $1", .{1})`. Does not wait for its result.
pub fn run(statement: []const u8, parameters: anytype) void {
    var text = borrow(statement);
    var list = allLowered(parameters);
    bindings.mighost_host_database_execute(&text, &list);
}

/// Waits for it, and returns the number of rows that it returned or changed.
pub fn runCounted(statement: []const u8, parameters: anytype) u64 {
    var text = borrow(statement);
    var list = allLowered(parameters);
    return bindings.mighost_host_database_execute_counted(&text, &list);
}

/// The result of a statement that may fail.
pub const Tried = union(enum) { rows: Rows, refused: bindings.mighost_host_database_error_t };

/// Runs one statement with parameters under a savepoint. On failure it is undone and the transaction goes on.
pub fn tryQuery(statement: []const u8, parameters: anytype) Tried {
    var text = borrow(statement);
    var list = allLowered(parameters);
    var found: bindings.mighost_host_database_rows_t = undefined;
    var refused: bindings.mighost_host_database_error_t = undefined;
    return if (bindings.mighost_host_database_try_query(&text, &list, &found, &refused))
        .{ .rows = .{ .rows = found } }
    else
        .{ .refused = refused };
}

/// A savepoint: what is done while it is open can be undone without ending the run. `errdefer savepoint.rollBack();` undoes it with an error.
pub const Savepoint = struct {
    handle: bindings.mighost_host_database_own_savepoint_t,

    pub fn open() Savepoint {
        return .{ .handle = bindings.mighost_host_database_constructor_savepoint() };
    }

    /// Closes it and keeps what was done.
    pub fn release(self: Savepoint) void {
        bindings.mighost_host_database_static_savepoint_release(self.handle);
    }

    /// Closes it and undoes what was done since.
    pub fn rollBack(self: Savepoint) void {
        bindings.mighost_host_database_static_savepoint_roll_back(self.handle);
    }
};

/// The rows of a query.
pub const Rows = struct {
    rows: bindings.mighost_host_database_rows_t,

    pub fn len(self: Rows) usize {
        return self.rows.rows.len;
    }

    /// The text of a value, counted from 0; null for SQL's NULL. Numbers and truth values are written as PostgreSQL writes them.
    pub fn get(self: Rows, row: usize, column: usize) ?[]const u8 {
        if (row >= self.len() or column >= self.rows.rows.ptr[row].len) {
            failWith(print("the query's answer has no row {d} with a column {d}, counted from 0", .{ row, column }));
        }
        const value = self.rows.rows.ptr[row].ptr[column];
        return switch (value.tag) {
            bindings.MIGHOST_HOST_DATABASE_VALUE_BOOLEAN => if (value.val.boolean) "t" else "f",
            bindings.MIGHOST_HOST_DATABASE_VALUE_INTEGER => print("{d}", .{value.val.integer}),
            bindings.MIGHOST_HOST_DATABASE_VALUE_REAL => print("{d}", .{value.val.real}),
            bindings.MIGHOST_HOST_DATABASE_VALUE_TEXT => string(value.val.text),
            bindings.MIGHOST_HOST_DATABASE_VALUE_BYTES => string(.{ .ptr = value.val.bytes.ptr, .len = value.val.bytes.len }),
            else => null,
        };
    }
};

/// Asks a query, formatted as by `print`.
pub fn query(comptime format: []const u8, arguments: anytype) Rows {
    var text = borrow(print(format, arguments));
    var none: bindings.mighost_host_database_list_value_t = .{ .ptr = null, .len = 0 };
    var rows: bindings.mighost_host_database_rows_t = undefined;
    bindings.mighost_host_database_query(&text, &none, &rows);
    return .{ .rows = rows };
}

/// The first value of the first row; null where there is none.
pub fn queryOne(comptime format: []const u8, arguments: anytype) ?[]const u8 {
    const rows = query(format, arguments);
    return if (rows.len() == 0 or rows.rows.rows.ptr[0].len == 0) null else rows.get(0, 0);
}

// ---- The run ----

/// The schema that the run targets, unquoted.
pub fn schema() []const u8 {
    var text: Text = undefined;
    bindings.mighost_host_context_schema(&text);
    return string(text);
}

/// The revision that is run: of several in one folder, the one that is asked for.
pub fn revision() []const u8 {
    var text: Text = undefined;
    bindings.mighost_host_context_revision(&text);
    return string(text);
}

/// The role for statements that need high privilege, unquoted.
pub fn superuserRole() []const u8 {
    var text: Text = undefined;
    bindings.mighost_host_context_superuser_role(&text);
    return string(text);
}

/// The value of `-x name=value`.
pub fn argument(name: []const u8) ?[]const u8 {
    var wanted = borrow(name);
    var text: Text = undefined;
    return if (bindings.mighost_host_context_argument(&wanted, &text)) string(text) else null;
}

/// An asset of this guest.
pub fn asset(name: []const u8) ?[]const u8 {
    var wanted = borrow(name);
    var content: bindings.guest_list_u8_t = undefined;
    if (!bindings.mighost_host_assets_read(&wanted, &content)) return null;
    return string(.{ .ptr = content.ptr, .len = content.len });
}

/// A message for the person who watches the run.
pub fn info(comptime format: []const u8, arguments: anytype) void {
    say(bindings.MIGHOST_HOST_LOG_LEVEL_INFO, print(format, arguments));
}

pub fn warn(comptime format: []const u8, arguments: anytype) void {
    say(bindings.MIGHOST_HOST_LOG_LEVEL_WARN, print(format, arguments));
}

fn say(level: bindings.mighost_host_log_level_t, message: []const u8) void {
    var text = borrow(message);
    bindings.mighost_host_log_message(level, &text);
}

/// Ends the run with a message, which is told with the place: `mighost.fail(@src(), "no station {d}", .{id})`.
pub fn fail(place: std.builtin.SourceLocation, comptime format: []const u8, arguments: anytype) noreturn {
    failWith(print("{s}:{d}: " ++ format, .{ place.file, place.line } ++ arguments));
}

/// What `result` holds; its error ends the run. For functions that the bindings call, which return no errors.
pub fn check(place: std.builtin.SourceLocation, result: anytype) @typeInfo(@TypeOf(result)).error_union.payload {
    return result catch |problem| fail(place, "error.{s}", .{@errorName(problem)});
}

fn failWith(message: []const u8) noreturn {
    var text = borrow(message);
    bindings.mighost_host_context_fail(&text);
    @trap();
}

/// For the root of the program: a panic ends the run with its message.
pub fn panicked(message: []const u8, _: ?usize) noreturn {
    failWith(message);
}

// ---- Objects ----

/// A replaceable object; see `objects` in mighost's WIT.
pub const Object = struct {
    kind: []const u8,
    name: []const u8,
    definition: []const u8,
    options: []const Option = &.{},

    pub const Option = struct { name: []const u8, value: []const u8 };

    /// The value of the first option of this name.
    pub fn option(self: Object, name: []const u8) ?[]const u8 {
        for (self.options) |one| {
            if (std.mem.eql(u8, one.name, name)) return one.value;
        }
        return null;
    }

    fn of(raw: anytype) Object {
        const options = allocator.alloc(Option, raw.options.len) catch noMemory();
        for (options, 0..) |*one, number| {
            one.* = .{ .name = string(raw.options.ptr[number].f0), .value = string(raw.options.ptr[number].f1) };
        }
        return .{ .kind = string(raw.kind), .name = string(raw.name), .definition = string(raw.definition), .options = options };
    }

    fn lower(self: Object) bindings.mighost_host_objects_object_t {
        const options = allocator.alloc(bindings.guest_tuple2_string_string_t, self.options.len) catch noMemory();
        for (options, self.options) |*raw, one| raw.* = .{ .f0 = keep(one.name), .f1 = keep(one.value) };
        return .{
            .kind = keep(self.kind),
            .name = keep(self.name),
            .definition = keep(self.definition),
            .options = .{ .ptr = start(options), .len = options.len },
        };
    }
};

/// A text in memory that the bindings may free.
pub fn keep(slice: []const u8) Text {
    return borrow(allocator.dupe(u8, slice) catch noMemory());
}

/// A version of an object that a revision defines, with its key in it.
pub const Definition = struct { key: []const u8, object: Object };

/// Creates an object that does not exist yet.
pub fn create(object: Object) void {
    var raw = object.lower();
    bindings.mighost_host_replaceable_create(&raw);
}

/// Drops an object.
pub fn drop(object: Object) void {
    var raw = object.lower();
    bindings.mighost_host_replaceable_drop(&raw);
}

/// Puts `object` in the place of an earlier version: `version`, named as `REVISION.KEY`, or that of the nearest ancestor.
pub fn replace(object: Object, version: ?[]const u8) void {
    var raw = object.lower();
    var named = borrow(version orelse "");
    bindings.mighost_host_replaceable_replace(&raw, if (version == null) null else &named);
}

/// The reverse of `replace`, for downgrades.
pub fn restore(object: Object, version: ?[]const u8) void {
    var raw = object.lower();
    var named = borrow(version orelse "");
    bindings.mighost_host_replaceable_restore(&raw, if (version == null) null else &named);
}

// ---- Hooks ----

/// The step that a hook takes part in: see `step-info` in mighost's WIT.
pub const Step = struct {
    direction: enum { upgrade, downgrade, stamp },
    revision: []const u8,
    message: []const u8,
    down_revisions: []const []const u8,
    heads_before: []const []const u8,
    heads_after: []const []const u8,
    operator: []const u8,
    number: u32,
    total: u32,
};

/// The text that a function of the host answers.
fn asked(function: anytype) []const u8 {
    var text: Text = undefined;
    function(&text);
    return string(text);
}

/// The texts that a function of the host answers.
fn listed(function: anytype) []const []const u8 {
    var list: bindings.guest_list_string_t = undefined;
    function(&list);
    return strings(list);
}

/// Texts of the bindings as slices.
pub fn strings(list: bindings.guest_list_string_t) []const []const u8 {
    const slices = allocator.alloc([]const u8, list.len) catch noMemory();
    for (slices, 0..) |*slice, number| slice.* = string(list.ptr[number]);
    return slices;
}

// ---- Between the bindings and the guest's own file: used by the program's root, which mighost build writes ----

/// Returns an error as the bindings do: false, with its name.
fn returned(what: []const u8, result: anytype, text: [*c]Text) bool {
    result catch |problem| {
        text.* = keep(print("{s} failed: error.{s}", .{ what, @errorName(problem) }));
        return false;
    };
    return true;
}

/// Exports a migration's functions.
pub fn Migration(comptime guest: type) type {
    const Listed = bindings.exports_mighost_host_revision_tuple2_string_object_t;
    return struct {
        comptime {
            @export(&upgrade, .{ .name = "exports_mighost_host_revision_upgrade" });
            @export(&downgrade, .{ .name = "exports_mighost_host_revision_downgrade" });
            @export(&objects, .{ .name = "exports_mighost_host_revision_objects" });
        }

        fn upgrade(text: [*c]Text) callconv(.c) bool {
            return returned("upgrade", @as(anyerror!void, guest.upgrade()), text);
        }

        fn downgrade(text: [*c]Text) callconv(.c) bool {
            if (!@hasDecl(guest, "downgrade")) failWith("this revision has no downgrade");
            return returned("downgrade", @as(anyerror!void, guest.downgrade()), text);
        }

        fn objects(list: [*c]bindings.exports_mighost_host_revision_list_tuple2_string_object_t) callconv(.c) void {
            list.* = .{ .ptr = null, .len = 0 };
            if (!@hasDecl(guest, "objects")) return;
            const defined = @as(anyerror![]const Definition, guest.objects()) catch |problem|
                failWith(print("objects failed: error.{s}", .{@errorName(problem)}));
            const lowered_all = allocator.alloc(Listed, defined.len) catch noMemory();
            for (lowered_all, defined) |*raw, definition| raw.* = .{ .f0 = keep(definition.key), .f1 = definition.object.lower() };
            list.* = .{ .ptr = start(lowered_all), .len = lowered_all.len };
        }
    };
}

/// Exports the function of a plugin with a hook.
pub fn VersionHook(comptime guest: type) type {
    return struct {
        comptime {
            @export(&onVersionApply, .{ .name = "exports_mighost_host_version_hook_on_version_apply" });
        }

        fn onVersionApply(text: [*c]Text) callconv(.c) bool {
            const step: Step = .{
                .direction = switch (bindings.mighost_host_context_current_direction()) {
                    bindings.MIGHOST_HOST_CONTEXT_DIRECTION_UPGRADE => .upgrade,
                    bindings.MIGHOST_HOST_CONTEXT_DIRECTION_DOWNGRADE => .downgrade,
                    else => .stamp,
                },
                .revision = revision(),
                .message = asked(bindings.mighost_host_step_info_message),
                .down_revisions = listed(bindings.mighost_host_step_info_down_revisions),
                .heads_before = listed(bindings.mighost_host_step_info_heads_before),
                .heads_after = listed(bindings.mighost_host_step_info_heads_after),
                .operator = asked(bindings.mighost_host_step_info_operator),
                .number = bindings.mighost_host_step_info_number(),
                .total = bindings.mighost_host_step_info_total(),
            };
            return returned("on-version-apply", @as(anyerror!void, guest.onVersionApply(step)), text);
        }
    };
}

/// Exports the functions of a plugin that serves kinds.
pub fn ObjectType(comptime guest: type) type {
    const Raw = bindings.exports_mighost_host_object_type_object_t;
    return struct {
        comptime {
            const prefix = "exports_mighost_host_object_type_";
            @export(&createObject, .{ .name = prefix ++ "create" });
            @export(&dropObject, .{ .name = prefix ++ "drop" });
            @export(&replaceObject, .{ .name = prefix ++ "replace" });
            @export(&introspectObjects, .{ .name = prefix ++ "introspect" });
        }

        fn createObject(object: [*c]Raw, text: [*c]Text) callconv(.c) bool {
            return returned("create", @as(anyerror!void, guest.create(Object.of(object.*))), text);
        }

        fn dropObject(object: [*c]Raw, text: [*c]Text) callconv(.c) bool {
            return returned("drop", @as(anyerror!void, guest.drop(Object.of(object.*))), text);
        }

        fn replaceObject(before: [*c]Raw, after: [*c]Raw, text: [*c]Text) callconv(.c) bool {
            const old, const new = .{ Object.of(before.*), Object.of(after.*) };
            if (@hasDecl(guest, "replace")) {
                return returned("replace", @as(anyerror!void, guest.replace(old, new)), text);
            }
            return returned("drop", @as(anyerror!void, guest.drop(old)), text) and
                returned("create", @as(anyerror!void, guest.create(new)), text);
        }

        fn introspectObjects(
            kind: [*c]Text,
            in: [*c]Text,
            there: [*c]bindings.exports_mighost_host_object_type_list_object_t,
            text: [*c]Text,
        ) callconv(.c) bool {
            there.* = .{ .ptr = null, .len = 0 };
            if (!@hasDecl(guest, "introspect")) return true;
            const found = @as(anyerror![]const Object, guest.introspect(string(kind.*), string(in.*))) catch |problem|
                return returned("introspect", @as(anyerror!void, problem), text);
            const raw = allocator.alloc(Raw, found.len) catch noMemory();
            for (raw, found) |*one, object| one.* = object.lower();
            there.* = .{ .ptr = start(raw), .len = raw.len };
            return true;
        }
    };
}
