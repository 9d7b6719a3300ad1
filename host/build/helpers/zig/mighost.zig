//! What a guest in Zig writes with: `@import("mighost")`.
//!
//! It is thin: `mighost.bindings` is what the guest imports and exports, as C declares it (`mighost build` makes it of mighost's WIT). This file
//! adds slices, objects, and errors: an error that `upgrade` returns, a panic and `fail` all reach the person who watches the run, the latter with
//! file and line. `sql.zig` has quoting and statements put together of parts, `database.zig` statements, rows, cursors and COPY; all of it is used
//! as `mighost.NAME`. Nothing is to be installed or copied.
//!
//! A migration, `migration.zig`:
//!
//!     const mighost = @import("mighost");
//!
//!     pub fn upgrade() !void {
//!         mighost.execute("create table {} (id integer primary key)", .{mighost.identifier("stations")});
//!     }
//!
//!     pub fn downgrade() !void {
//!         mighost.execute("drop table {}", .{mighost.identifier("stations")});
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

/// Formats a text that is no SQL, as `std.fmt` does. `{f}` writes what `identifier` and its like made.
pub fn print(comptime format: []const u8, arguments: anytype) []const u8 {
    return std.fmt.allocPrint(allocator, format, arguments) catch noMemory();
}

pub fn noMemory() noreturn {
    failWith("the guest has no memory left");
}

// ---- SQL, in sql.zig ----

const parts = @import("sql.zig");
pub const Sql = parts.Sql;
pub const Bytes = parts.Bytes;
pub const bytes = parts.bytes;
pub const identifier = parts.identifier;
pub const qualified = parts.qualified;
pub const literal = parts.literal;
pub const raw = parts.raw;
pub const sql = parts.sql;

// ---- The database, in database.zig ----

const database = @import("database.zig");
pub const execute = database.execute;
pub const executeText = database.executeText;
pub const executeScript = database.executeScript;
pub const executeAsset = database.executeAsset;
pub const run = database.run;
pub const runCounted = database.runCounted;
pub const Column = database.Column;
pub const Rows = database.Rows;
pub const Row = database.Row;
pub const query = database.query;
pub const queryOne = database.queryOne;
pub const queryValue = database.queryValue;
pub const DatabaseError = database.DatabaseError;
pub const TriedQuery = database.TriedQuery;
pub const TriedRun = database.TriedRun;
pub const tryRun = database.tryRun;
pub const tryQuery = database.tryQuery;
pub const Savepoint = database.Savepoint;
pub const outsideTransaction = database.outsideTransaction;
pub const Cursor = database.Cursor;
pub const CopyIn = database.CopyIn;
pub const CopyOption = database.CopyOption;
pub const copyAsset = database.copyAsset;
pub const copyQuery = database.copyQuery;
pub const setSearchPath = database.setSearchPath;
pub const setLockTimeout = database.setLockTimeout;
pub const setStatementTimeout = database.setStatementTimeout;
pub const serverVersion = database.serverVersion;
pub const superuserRole = database.superuserRole;
pub const setRole = database.setRole;
pub const resetRole = database.resetRole;

// ---- The run ----

/// The direction of a step. Only hooks see a stamp.
pub const Direction = enum { upgrade, downgrade, stamp };

pub fn direction() Direction {
    return switch (bindings.mighost_host_context_current_direction()) {
        bindings.MIGHOST_HOST_CONTEXT_DIRECTION_UPGRADE => .upgrade,
        bindings.MIGHOST_HOST_CONTEXT_DIRECTION_DOWNGRADE => .downgrade,
        else => .stamp,
    };
}

/// The SQL dialect of the database: `postgresql`.
pub fn dialect() []const u8 {
    return asked(bindings.mighost_host_context_dialect);
}

/// The schema that the run targets, unquoted.
pub fn schema() []const u8 {
    return asked(bindings.mighost_host_context_schema);
}

/// The revision that is run: of several in one folder, the one that is asked for.
pub fn revision() []const u8 {
    return asked(bindings.mighost_host_context_revision);
}

/// Whether statements go into a script, and there is no database to ask.
pub fn offline() bool {
    return bindings.mighost_host_context_offline();
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

/// The names of all assets.
pub fn assetNames() []const []const u8 {
    return listed(bindings.mighost_host_assets_names);
}

/// A message that is shown with --verbose only.
pub fn debug(comptime format: []const u8, arguments: anytype) void {
    say(bindings.MIGHOST_HOST_LOG_LEVEL_DEBUG, print(format, arguments));
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

/// `done` of `total` units of your choice; null where the total is not known.
pub fn progress(done: u64, total: ?u64) void {
    var known = total orelse 0;
    bindings.mighost_host_log_progress(done, if (total == null) null else &known);
}

/// Ends the run with a message, which is reported with the place: `mighost.fail(@src(), "no station {d}", .{id})`.
pub fn fail(place: std.builtin.SourceLocation, comptime format: []const u8, arguments: anytype) noreturn {
    failWith(print("{s}:{d}: " ++ format, .{ place.file, place.line } ++ arguments));
}

/// What `result` holds; its error ends the run. For functions that the bindings call, which return no errors.
pub fn check(place: std.builtin.SourceLocation, result: anytype) @typeInfo(@TypeOf(result)).error_union.payload {
    return result catch |problem| fail(place, "error.{s}", .{@errorName(problem)});
}

/// Ends the run with a message, without a place.
pub fn failWith(message: []const u8) noreturn {
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

    fn of(lowered: anytype) Object {
        const options = allocator.alloc(Option, lowered.options.len) catch noMemory();
        for (options, 0..) |*one, number| {
            one.* = .{ .name = string(lowered.options.ptr[number].f0), .value = string(lowered.options.ptr[number].f1) };
        }
        return .{ .kind = string(lowered.kind), .name = string(lowered.name), .definition = string(lowered.definition), .options = options };
    }

    fn lower(self: Object) bindings.mighost_host_objects_object_t {
        const options = allocator.alloc(bindings.guest_tuple2_string_string_t, self.options.len) catch noMemory();
        for (options, self.options) |*lowered, one| lowered.* = .{ .f0 = keep(one.name), .f1 = keep(one.value) };
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
    var lowered = object.lower();
    bindings.mighost_host_replaceable_create(&lowered);
}

/// Drops an object.
pub fn drop(object: Object) void {
    var lowered = object.lower();
    bindings.mighost_host_replaceable_drop(&lowered);
}

/// Puts `object` in the place of an earlier version: `version`, named as `REVISION.KEY`, or that of the nearest ancestor.
pub fn replace(object: Object, version: ?[]const u8) void {
    var lowered = object.lower();
    var named = borrow(version orelse "");
    bindings.mighost_host_replaceable_replace(&lowered, if (version == null) null else &named);
}

/// The reverse of `replace`, for downgrades.
pub fn restore(object: Object, version: ?[]const u8) void {
    var lowered = object.lower();
    var named = borrow(version orelse "");
    bindings.mighost_host_replaceable_restore(&lowered, if (version == null) null else &named);
}

// ---- Hooks ----

/// The step that a hook takes part in: see `step-info` in mighost's WIT.
pub const Step = struct {
    direction: Direction,
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
pub fn asked(function: anytype) []const u8 {
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
            for (lowered_all, defined) |*lowered, definition| lowered.* = .{ .f0 = keep(definition.key), .f1 = definition.object.lower() };
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
                .direction = direction(),
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
pub fn KindProvider(comptime guest: type) type {
    const Raw = bindings.exports_mighost_host_kind_provider_object_t;
    return struct {
        comptime {
            const prefix = "exports_mighost_host_kind_provider_";
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
            there: [*c]bindings.exports_mighost_host_kind_provider_list_object_t,
            text: [*c]Text,
        ) callconv(.c) bool {
            there.* = .{ .ptr = null, .len = 0 };
            if (!@hasDecl(guest, "introspect")) return true;
            const found = @as(anyerror![]const Object, guest.introspect(string(kind.*), string(in.*))) catch |problem|
                return returned("introspect", @as(anyerror!void, problem), text);
            const lowered = allocator.alloc(Raw, found.len) catch noMemory();
            for (lowered, found) |*one, object| one.* = object.lower();
            there.* = .{ .ptr = start(lowered), .len = lowered.len };
            return true;
        }
    };
}
