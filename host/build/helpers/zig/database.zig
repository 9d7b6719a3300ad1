//! Statements, rows, cursors, COPY and settings of the session; used as `mighost.execute` and so on.

const std = @import("std");
const mighost = @import("mighost.zig");
const parts = @import("sql.zig");
const bindings = mighost.bindings;

const RawValue = bindings.mighost_host_database_value_t;
const RawRow = bindings.mighost_host_database_row_t;
const RawValues = bindings.mighost_host_database_list_value_t;

// ---- Statements ----

/// Sends a statement, put together as by `sql`.
pub fn execute(comptime format: []const u8, arguments: anytype) void {
    executeText(parts.sql(format, arguments).text);
}

/// Sends a statement, or several, as they are.
pub fn executeText(statement: []const u8) void {
    run(statement, .{});
}

/// Sends a script with psql's variables filled in.
pub fn executeScript(script: []const u8) void {
    var text = mighost.borrow(script);
    bindings.mighost_host_database_execute_script(&text);
}

/// The same for a script below assets/.
pub fn executeAsset(name: []const u8) void {
    var text = mighost.borrow(name);
    bindings.mighost_host_database_execute_asset(&text);
}

/// A parameter: null, a truth value, a number, a text or `bytes`.
fn lowered(parameter: anytype) RawValue {
    const Parameter = @TypeOf(parameter);
    var value: RawValue = undefined;
    switch (@typeInfo(Parameter)) {
        .null => value.tag = bindings.MIGHOST_HOST_DATABASE_VALUE_NULL,
        .optional => return if (parameter) |inner| lowered(inner) else lowered(null),
        .bool => {
            value.tag = bindings.MIGHOST_HOST_DATABASE_VALUE_BOOLEAN;
            value.val.boolean = parameter;
        },
        .int, .comptime_int => {
            value.tag = bindings.MIGHOST_HOST_DATABASE_VALUE_INTEGER;
            value.val.integer = @intCast(parameter);
        },
        .float, .comptime_float => {
            value.tag = bindings.MIGHOST_HOST_DATABASE_VALUE_REAL;
            value.val.real = @floatCast(parameter);
        },
        else => if (Parameter == parts.Bytes) {
            value.tag = bindings.MIGHOST_HOST_DATABASE_VALUE_BYTES;
            value.val.bytes = .{ .ptr = mighost.borrow(parameter.slice).ptr, .len = parameter.slice.len };
        } else {
            value.tag = bindings.MIGHOST_HOST_DATABASE_VALUE_TEXT;
            value.val.text = mighost.borrow(parameter);
        },
    }
    return value;
}

fn allLowered(allocator: std.mem.Allocator, parameters: anytype) RawValues {
    const list = allocator.alloc(RawValue, parameters.len) catch mighost.noMemory();
    inline for (parameters, 0..) |parameter, number| list[number] = lowered(parameter);
    return .{ .ptr = mighost.start(list), .len = list.len };
}

/// Sends one statement with parameters, written `$1` and so on: `run("delete from t where a = $1", .{1})`. Does not wait for its result.
pub fn run(statement: []const u8, parameters: anytype) void {
    var text = mighost.borrow(statement);
    var list = allLowered(mighost.allocator, parameters);
    bindings.mighost_host_database_execute(&text, &list);
}

/// Waits for it, and returns the number of rows that it returned or changed.
pub fn runCounted(statement: []const u8, parameters: anytype) u64 {
    var text = mighost.borrow(statement);
    var list = allLowered(mighost.allocator, parameters);
    return bindings.mighost_host_database_execute_counted(&text, &list);
}

// ---- Rows ----

/// A column of a result; the name of its type is as `pg_type.typname` has it, e.g. `int4`.
pub const Column = struct { name: []const u8, type_name: []const u8, type_oid: u32 };

fn columnsOf(list: bindings.mighost_host_database_list_column_t) []const Column {
    const columns = mighost.allocator.alloc(Column, list.len) catch mighost.noMemory();
    for (columns, 0..) |*column, number| {
        const own = list.ptr[number];
        column.* = .{ .name = mighost.string(own.name), .type_name = mighost.string(own.type_name), .type_oid = own.type_oid };
    }
    return columns;
}

/// The text of a value; null for SQL's NULL. Numbers and truth values are written as PostgreSQL writes them.
fn textOf(allocator: std.mem.Allocator, value: RawValue) ?[]const u8 {
    return switch (value.tag) {
        bindings.MIGHOST_HOST_DATABASE_VALUE_BOOLEAN => if (value.val.boolean) "t" else "f",
        bindings.MIGHOST_HOST_DATABASE_VALUE_INTEGER => std.fmt.allocPrint(allocator, "{d}", .{value.val.integer}) catch mighost.noMemory(),
        bindings.MIGHOST_HOST_DATABASE_VALUE_REAL => std.fmt.allocPrint(allocator, "{d}", .{value.val.real}) catch mighost.noMemory(),
        bindings.MIGHOST_HOST_DATABASE_VALUE_TEXT => mighost.string(value.val.text),
        bindings.MIGHOST_HOST_DATABASE_VALUE_BYTES => mighost.string(.{ .ptr = value.val.bytes.ptr, .len = value.val.bytes.len }),
        else => null,
    };
}

/// The rows of a query.
pub const Rows = struct {
    rows: bindings.mighost_host_database_rows_t,

    pub fn len(self: Rows) usize {
        return self.rows.rows.len;
    }

    /// How many rows the statement returned or changed.
    pub fn affected(self: Rows) u64 {
        return self.rows.affected;
    }

    pub fn columns(self: Rows) []const Column {
        return columnsOf(self.rows.columns);
    }

    /// The text of a value, counted from 0; null for SQL's NULL. Numbers and truth values are written as PostgreSQL writes them.
    pub fn get(self: Rows, row: usize, column: usize) ?[]const u8 {
        if (row >= self.len() or column >= self.rows.rows.ptr[row].len) {
            mighost.failWith(mighost.print("the query's answer has no row {d} with a column {d}, counted from 0", .{ row, column }));
        }
        return textOf(mighost.allocator, self.rows.rows.ptr[row].ptr[column]);
    }
};

fn asked(statement: []const u8) Rows {
    var text = mighost.borrow(statement);
    var none: RawValues = .{ .ptr = null, .len = 0 };
    var rows: bindings.mighost_host_database_rows_t = undefined;
    bindings.mighost_host_database_query(&text, &none, &rows);
    return .{ .rows = rows };
}

/// Asks a query, put together as by `sql`.
pub fn query(comptime format: []const u8, arguments: anytype) Rows {
    return asked(parts.sql(format, arguments).text);
}

/// The only row of a query: the run ends unless there is exactly one.
pub fn queryOne(comptime format: []const u8, arguments: anytype) Rows {
    const statement = parts.sql(format, arguments).text;
    const rows = asked(statement);
    if (rows.len() != 1) mighost.failWith(mighost.print("one row was expected, {d} came: {s}", .{ rows.len(), statement }));
    return rows;
}

/// The first value of the only row; null for SQL's NULL.
pub fn queryValue(comptime format: []const u8, arguments: anytype) ?[]const u8 {
    return queryOne(format, arguments).get(0, 0);
}

/// PostgreSQL's error; see `database` in mighost's WIT.
pub const DatabaseError = struct {
    severity: []const u8,
    sqlstate: []const u8,
    message: []const u8,
    detail: ?[]const u8,
    hint: ?[]const u8,
    position: ?u32,
    context: ?[]const u8,
    raw: bindings.mighost_host_database_error_t,

    /// What the error is about, e.g. the name of the `constraint`.
    pub fn field(self: DatabaseError, name: []const u8) ?[]const u8 {
        for (0..self.raw.fields.len) |number| {
            const pair = self.raw.fields.ptr[number];
            if (std.mem.eql(u8, mighost.string(pair.f0), name)) return mighost.string(pair.f1);
        }
        return null;
    }

    fn of(raw: bindings.mighost_host_database_error_t) DatabaseError {
        return .{
            .severity = mighost.string(raw.severity),
            .sqlstate = mighost.string(raw.sqlstate),
            .message = mighost.string(raw.message),
            .detail = if (raw.detail.is_some) mighost.string(raw.detail.val) else null,
            .hint = if (raw.hint.is_some) mighost.string(raw.hint.val) else null,
            .position = if (raw.position.is_some) raw.position.val else null,
            .context = if (raw.context.is_some) mighost.string(raw.context.val) else null,
            .raw = raw,
        };
    }
};

/// The result of a query, and of a statement, that may fail.
pub const TriedQuery = union(enum) { rows: Rows, refused: DatabaseError };
pub const TriedRun = union(enum) { affected: u64, refused: DatabaseError };

/// Runs one statement with parameters under a savepoint. On failure it is undone and the transaction goes on.
pub fn tryQuery(statement: []const u8, parameters: anytype) TriedQuery {
    var text = mighost.borrow(statement);
    var list = allLowered(mighost.allocator, parameters);
    var found: bindings.mighost_host_database_rows_t = undefined;
    var refused: bindings.mighost_host_database_error_t = undefined;
    return if (bindings.mighost_host_database_try_query(&text, &list, &found, &refused))
        .{ .rows = .{ .rows = found } }
    else
        .{ .refused = DatabaseError.of(refused) };
}

/// The same, for a statement of which only the number of rows counts that it returned or changed.
pub fn tryRun(statement: []const u8, parameters: anytype) TriedRun {
    return switch (tryQuery(statement, parameters)) {
        .rows => |rows| .{ .affected = rows.affected() },
        .refused => |refused| .{ .refused = refused },
    };
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

/// The time outside the transaction.
const Outside = struct {
    left: bool,

    /// Begins a new transaction, if there was one.
    pub fn end(self: Outside) void {
        if (self.left) bindings.mighost_host_database_resume_transaction();
    }
};

/// Leaves the transaction, for statements that cannot run inside one: `const outside = mighost.outsideTransaction(); defer outside.end();`.
/// What was done so far is committed.
pub fn outsideTransaction() Outside {
    const left = bindings.mighost_host_database_in_transaction();
    if (left) bindings.mighost_host_database_suspend_transaction();
    return .{ .left = left };
}

// ---- Many rows ----

fn opened(statement: []const u8, parameters: anytype, batch: u32) bindings.mighost_host_database_own_cursor_t {
    var text = mighost.borrow(statement);
    var list = allLowered(mighost.allocator, parameters);
    return bindings.mighost_host_database_static_cursor_open(&text, &list, batch);
}

/// A query whose rows are fetched `batch` at a time, for more than fits in memory:
///
///     var rows = mighost.Cursor.open("select id, name from stations where network = $1", .{5}, 1000);
///     defer rows.close();
///     while (rows.next()) |row| mighost.info("{s}", .{row.get(1) orelse "no name"});
pub const Cursor = struct {
    handle: bindings.mighost_host_database_own_cursor_t,
    /// The rows that were fetched last, and how many of them `next` has returned.
    batch: bindings.mighost_host_database_list_row_t,
    done: usize,
    /// What was made of the current row.
    arena: std.heap.ArenaAllocator,

    pub fn open(statement: []const u8, parameters: anytype, batch: u32) Cursor {
        return .{
            .handle = opened(statement, parameters, batch),
            .batch = .{ .ptr = null, .len = 0 },
            .done = 0,
            .arena = .init(mighost.allocator),
        };
    }

    pub fn columns(self: *Cursor) []const Column {
        var list: bindings.mighost_host_database_list_column_t = undefined;
        bindings.mighost_host_database_method_cursor_columns(self.borrowed(), &list);
        return columnsOf(list);
    }

    /// The next row; null at the end. It and its texts are valid until the next call.
    pub fn next(self: *Cursor) ?Row {
        _ = self.arena.reset(.retain_capacity);
        if (self.done == self.batch.len) {
            bindings.mighost_host_database_list_row_free(&self.batch);
            bindings.mighost_host_database_method_cursor_next(self.borrowed(), &self.batch);
            self.done = 0;
            if (self.batch.len == 0) return null;
        }
        self.done += 1;
        return .{ .values = self.batch.ptr[self.done - 1], .allocator = self.arena.allocator() };
    }

    pub fn close(self: *Cursor) void {
        bindings.mighost_host_database_list_row_free(&self.batch);
        bindings.mighost_host_database_cursor_drop_own(self.handle);
        self.arena.deinit();
    }

    fn borrowed(self: *Cursor) bindings.mighost_host_database_borrow_cursor_t {
        return bindings.mighost_host_database_borrow_cursor(self.handle);
    }
};

/// A row of a cursor.
pub const Row = struct {
    values: RawRow,
    allocator: std.mem.Allocator,

    /// As `get` of `Rows`.
    pub fn get(self: Row, column: usize) ?[]const u8 {
        if (column >= self.values.len) mighost.failWith(mighost.print("the row has no column {d}, counted from 0", .{column}));
        return textOf(self.allocator, self.values.ptr[column]);
    }
};

fn borrowedAll(slices: []const []const u8) bindings.guest_list_string_t {
    const list = mighost.allocator.alloc(mighost.Text, slices.len) catch mighost.noMemory();
    for (list, slices) |*text, slice| text.* = mighost.borrow(slice);
    return .{ .ptr = mighost.start(list), .len = list.len };
}

/// Rows sent by COPY, the fastest way to insert many. `finish` must be called: without it the COPY is undone and the run ends. Nothing else may be
/// sent until then. `table` may be qualified as `schema.table`.
///
///     var copy = mighost.CopyIn.open("stations", &.{ "id", "name" });
///     copy.write(.{ 1, "Harbour" });
///     _ = copy.finish();
pub const CopyIn = struct {
    handle: bindings.mighost_host_postgres_own_copy_in_t,
    waiting: [rows_per_write]RawRow,
    count: usize,
    arena: std.heap.ArenaAllocator,

    /// How many rows go to the host at a time.
    const rows_per_write = 500;

    pub fn open(table: []const u8, columns: []const []const u8) CopyIn {
        var name = mighost.borrow(table);
        var list = borrowedAll(columns);
        return .{
            .handle = bindings.mighost_host_postgres_static_copy_in_open(&name, &list),
            .waiting = undefined,
            .count = 0,
            .arena = .init(mighost.allocator),
        };
    }

    /// Sends a row, with one value per column, which is copied.
    pub fn write(self: *CopyIn, row: anytype) void {
        const allocator = self.arena.allocator();
        const values = allLowered(allocator, row);
        for (0..values.len) |number| {
            const value = &values.ptr[number];
            switch (value.tag) {
                bindings.MIGHOST_HOST_DATABASE_VALUE_TEXT => {
                    const kept = allocator.dupe(u8, mighost.string(value.val.text)) catch mighost.noMemory();
                    value.val.text = mighost.borrow(kept);
                },
                bindings.MIGHOST_HOST_DATABASE_VALUE_BYTES => {
                    const kept = allocator.dupe(u8, value.val.bytes.ptr[0..value.val.bytes.len]) catch mighost.noMemory();
                    value.val.bytes.ptr = mighost.start(kept);
                },
                else => {},
            }
        }
        self.waiting[self.count] = .{ .ptr = values.ptr, .len = values.len };
        self.count += 1;
        if (self.count == rows_per_write) self.flush();
    }

    /// Ends the COPY and returns the number of rows.
    pub fn finish(self: *CopyIn) u64 {
        self.flush();
        self.arena.deinit();
        return bindings.mighost_host_postgres_static_copy_in_finish(self.handle);
    }

    fn flush(self: *CopyIn) void {
        if (self.count == 0) return;
        var rows: bindings.mighost_host_postgres_list_row_t = .{ .ptr = &self.waiting, .len = self.count };
        bindings.mighost_host_postgres_method_copy_in_write(bindings.mighost_host_postgres_borrow_copy_in(self.handle), &rows);
        self.count = 0;
        _ = self.arena.reset(.retain_capacity);
    }
};

/// An option of COPY.
pub const CopyOption = struct { name: []const u8, value: []const u8 };

/// Sends a file below assets/ by COPY and returns the number of rows: `copyAsset("t", &.{"a"}, "t.csv", &.{.{ .name = "format", .value = "csv" }})`.
/// The data does not pass through the guest.
pub fn copyAsset(table: []const u8, columns: []const []const u8, asset: []const u8, options: []const CopyOption) u64 {
    var name = mighost.borrow(table);
    var list = borrowedAll(columns);
    var file = mighost.borrow(asset);
    const pairs = mighost.allocator.alloc(bindings.guest_tuple2_string_string_t, options.len) catch mighost.noMemory();
    for (pairs, options) |*pair, option| pair.* = .{ .f0 = mighost.borrow(option.name), .f1 = mighost.borrow(option.value) };
    var settings: bindings.guest_list_tuple2_string_string_t = .{ .ptr = mighost.start(pairs), .len = pairs.len };
    return bindings.mighost_host_postgres_copy_asset(&name, &list, &file, &settings);
}

/// Sends the rows of a query by COPY, `batch` at a time, and returns the number of rows. They do not pass through the guest.
pub fn copyQuery(table: []const u8, columns: []const []const u8, statement: []const u8, parameters: anytype, batch: u32) u64 {
    var name = mighost.borrow(table);
    var list = borrowedAll(columns);
    const cursor = opened(statement, parameters, batch);
    defer bindings.mighost_host_database_cursor_drop_own(cursor);
    return bindings.mighost_host_postgres_copy_cursor(&name, &list, bindings.mighost_host_database_borrow_cursor(cursor));
}

// ---- The session and PostgreSQL ----

/// Sets the schemas that unqualified names are looked up in. Settings hold for the rest of the revision.
pub fn setSearchPath(schemas: []const []const u8) void {
    var list = borrowedAll(schemas);
    bindings.mighost_host_session_set_search_path(&list);
}

/// Limits how long a statement waits for a lock; 0 removes the limit.
pub fn setLockTimeout(milliseconds: u32) void {
    bindings.mighost_host_session_set_lock_timeout(milliseconds);
}

/// Limits how long a statement runs; 0 removes the limit.
pub fn setStatementTimeout(milliseconds: u32) void {
    bindings.mighost_host_session_set_statement_timeout(milliseconds);
}

/// E.g. 150018 for 15.18; offline there is none.
pub fn serverVersion() ?u32 {
    var version: u32 = undefined;
    return if (bindings.mighost_host_postgres_server_version(&version)) version else null;
}

/// The role for statements that need high privilege, unquoted.
pub fn superuserRole() []const u8 {
    return mighost.asked(bindings.mighost_host_postgres_superuser_role);
}

/// Runs the statements that follow as a role, named unquoted.
pub fn setRole(name: []const u8) void {
    var role = mighost.borrow(name);
    bindings.mighost_host_postgres_set_role(&role);
}

/// Returns to the role that the run connected as.
pub fn resetRole() void {
    bindings.mighost_host_postgres_reset_role();
}
