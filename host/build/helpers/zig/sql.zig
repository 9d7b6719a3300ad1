//! SQL put together of parts, each of them quoted; used as `mighost.sql` and so on.

const std = @import("std");
const mighost = @import("mighost.zig");

const Writer = std.Io.Writer;

/// A piece of SQL that goes into a statement as it is. Made by `identifier`, `qualified`, `literal`, `raw` and `sql`.
pub const Sql = union(enum) {
    text: []const u8,
    name: []const u8,
    names: [2][]const u8,
    literal: ?[]const u8,

    /// For `{f}` in a text.
    pub fn format(self: Sql, writer: *Writer) Writer.Error!void {
        switch (self) {
            .text => |text| try writer.writeAll(text),
            .name => |name| try writeQuoted(writer, name, '"', false),
            .names => |names| {
                try writeQuoted(writer, names[0], '"', false);
                try writer.writeByte('.');
                try writeQuoted(writer, names[1], '"', false);
            },
            .literal => |value| {
                const text = value orelse return writer.writeAll("NULL");
                // With the E a backslash that is doubled means itself, whatever the server's settings.
                const escapes = std.mem.indexOfScalar(u8, text, '\\') != null;
                if (escapes) try writer.writeAll(" E");
                try writeQuoted(writer, text, '\'', escapes);
            },
        }
    }
};

fn writeQuoted(writer: *Writer, text: []const u8, quote: u8, escapes: bool) Writer.Error!void {
    try writer.writeByte(quote);
    for (text) |byte| {
        if (byte == quote or (escapes and byte == '\\')) try writer.writeByte(byte);
        try writer.writeByte(byte);
    }
    try writer.writeByte(quote);
}

/// A name quoted for SQL, e.g. `"order"`.
pub fn identifier(name: []const u8) Sql {
    return .{ .name = name };
}

/// A name with its schema, both quoted.
pub fn qualified(schema: []const u8, name: []const u8) Sql {
    return .{ .names = .{ schema, name } };
}

/// A text quoted for SQL as a literal, e.g. `'it''s'`; null is NULL.
pub fn literal(text: ?[]const u8) Sql {
    return .{ .literal = text };
}

/// SQL as it is, e.g. an expression. The caller vouches for it.
pub fn raw(text: []const u8) Sql {
    return .{ .text = text };
}

/// Bytes as a value or a parameter; a slice without it is a text.
pub const Bytes = struct { slice: []const u8 };

pub fn bytes(slice: []const u8) Bytes {
    return .{ .slice = slice };
}

/// A statement, or a piece of one: each `{}` of `format` is the next argument. Pieces of SQL go in as they are, numbers and truth values as SQL
/// writes them, texts as quoted literals, null as NULL. `{{` and `}}` stand for braces. Without arguments braces mean nothing.
pub fn sql(comptime format: []const u8, arguments: anytype) Sql {
    if (arguments.len == 0) return raw(format);
    const pieces = comptime split(format, arguments.len);
    var buffer: Writer.Allocating = .init(mighost.allocator);
    inline for (pieces, 0..) |piece, number| {
        buffer.writer.writeAll(piece) catch mighost.noMemory();
        if (number < arguments.len) {
            // After a minus sign, that of a negative number would begin a comment.
            if (comptime std.mem.endsWith(u8, piece, "-")) buffer.writer.writeByte(' ') catch mighost.noMemory();
            write(&buffer.writer, arguments[number]) catch mighost.noMemory();
        }
    }
    return raw(buffer.written());
}

/// The texts around the places of a format.
fn split(comptime format: []const u8, comptime count: usize) [count + 1][]const u8 {
    @setEvalBranchQuota(1000 + 100 * format.len);
    var pieces: [count + 1][]const u8 = @splat("");
    var number: usize = 0;
    var at: usize = 0;
    while (at < format.len) : (at += 1) {
        const byte = format[at];
        const next: u8 = if (at + 1 < format.len) format[at + 1] else 0;
        if ((byte == '{' or byte == '}') and next == byte) {
            pieces[number] = pieces[number] ++ format[at .. at + 1];
            at += 1;
        } else if (byte == '{' and next == '}') {
            if (number == count) @compileError("the statement has more {} than there are arguments: " ++ format);
            number += 1;
            at += 1;
        } else if (byte == '{' or byte == '}') {
            @compileError("a statement takes its arguments at pairs of empty braces, which quote them, and a brace is written twice: " ++ format);
        } else {
            pieces[number] = pieces[number] ++ format[at .. at + 1];
        }
    }
    if (number < count) @compileError("the statement has fewer {} than there are arguments: " ++ format);
    return pieces;
}

fn write(writer: *Writer, value: anytype) Writer.Error!void {
    const Value = @TypeOf(value);
    switch (@typeInfo(Value)) {
        .null => try writer.writeAll("NULL"),
        .optional => if (value) |inner| try write(writer, inner) else try writer.writeAll("NULL"),
        .bool => try writer.writeAll(if (value) "true" else "false"),
        .int, .comptime_int => try writer.print("{d}", .{value}),
        .float => if (std.math.isFinite(value)) try writer.print("{d}", .{value}) else try writer.print("'{d}'", .{value}),
        .comptime_float => try write(writer, @as(f64, value)),
        else => if (Value == Sql) {
            try value.format(writer);
        } else if (Value == Bytes) {
            try literal(mighost.print("\\x{x}", .{value.slice})).format(writer);
        } else {
            try literal(value).format(writer);
        },
    }
}
