// What migrations and plugins in JavaScript and TypeScript use; `mighost.d.ts` documents it.

import * as database from "mighost:host/database@0.1.0";
import * as hostContext from "mighost:host/context@0.1.0";
import * as hostAssets from "mighost:host/assets@0.1.0";
import * as hostPostgres from "mighost:host/postgres@0.1.0";
import * as hostSession from "mighost:host/session@0.1.0";
import * as log from "mighost:host/log@0.1.0";
/*REPLACEABLE*/

// ---- Quoting

export class Sql {
    constructor(text) {
        this.text = text;
    }
    toString() {
        return this.text;
    }
}

export const identifier = (name) => new Sql('"' + String(name).replaceAll('"', '""') + '"');
export const identifiers = (names) => new Sql([...names].map((name) => identifier(name).text).join(", "));
export const qualified = (schema, name) => new Sql(identifier(schema).text + "." + identifier(name).text);
export const inSchema = (name) => qualified(hostContext.schema(), name);
export const raw = (text) => new Sql(String(text));

export function literal(value) {
    if (value === null || value === undefined) return new Sql("NULL");
    if (value instanceof Date) return literal(value.toISOString());
    if (value instanceof Uint8Array) return literal("\\x" + [...value].map((byte) => byte.toString(16).padStart(2, "0")).join(""));
    switch (typeof value) {
        case "boolean":
        case "bigint":
            return new Sql(String(value));
        case "number":
            return Number.isFinite(value) ? new Sql(String(value)) : literal(String(value));
        case "string": {
            const text = value.replaceAll("'", "''");
            return new Sql(text.includes("\\") ? "E'" + text.replaceAll("\\", "\\\\") + "'" : "'" + text + "'");
        }
        default:
            throw new TypeError(`${describeType(value)} cannot be written as SQL: make it a string, a number or null first`);
    }
}

// Tagged templates: pieces go in as they are, anything else as a literal.
export function sql(strings, ...values) {
    if (!Array.isArray(strings)) return raw(strings);
    let text = strings[0];
    for (let i = 0; i < values.length; i++) {
        // After a minus sign, that of a negative number would begin a comment.
        if (text.endsWith("-")) text += " ";
        text += (values[i] instanceof Sql ? values[i] : literal(values[i])).text + strings[i + 1];
    }
    return new Sql(text);
}

// ---- Statements and queries

export const execute = (strings, ...values) => database.execute(sql(strings, ...values).text, []);
export const executeScript = (script) => database.executeScript(script);
export const executeAsset = (name) => database.executeAsset(name);

// Templates make parameters of their values; pieces of SQL stay pieces.
function parameters(strings, values) {
    if (!Array.isArray(strings)) return [String(strings), values.map(toDatabase)];
    const params = [];
    let text = strings[0];
    for (let i = 0; i < values.length; i++) {
        text += values[i] instanceof Sql ? values[i].text : "$" + params.push(toDatabase(values[i]));
        text += strings[i + 1];
    }
    return [text, params];
}

export const run = (strings, ...values) => database.execute(...parameters(strings, values));
export const runCounted = (strings, ...values) => database.executeCounted(...parameters(strings, values));

function rowsOf({ columns, rows }) {
    return rows.map((row) => Object.fromEntries(row.map((value, i) => [columns[i].name, fromDatabase(value, columns[i].name)])));
}

export const query = (strings, ...values) => rowsOf(database.query(...parameters(strings, values)));

function oneOf(strings, values) {
    const [statement, params] = parameters(strings, values);
    const found = database.query(statement, params);
    if (found.rows.length !== 1) {
        throw new RangeError(`one row was expected, ${found.rows.length || "none"} came: ${statement}`);
    }
    return found;
}

export const queryOne = (strings, ...values) => rowsOf(oneOf(strings, values))[0];

export function queryValue(strings, ...values) {
    const { columns, rows } = oneOf(strings, values);
    return fromDatabase(rows[0][0], columns[0].name);
}

export class DatabaseError extends Error {
    constructor(fields) {
        super(`${fields.message} (${fields.sqlstate})`);
        this.name = "DatabaseError";
        this.sqlstate = fields.sqlstate;
        this.detail = fields.detail ?? undefined;
        this.hint = fields.hint ?? undefined;
        this.position = fields.position ?? undefined;
        this.severity = fields.severity;
        this.context = fields.context ?? undefined;
        this.fields = Object.fromEntries(fields.fields);
    }
}

function attempt(statement, params) {
    try {
        return database.tryQuery(statement, params);
    } catch (error) {
        throw error?.payload?.sqlstate ? new DatabaseError(error.payload) : error;
    }
}

export const tryExecute = (strings, ...values) => attempt(sql(strings, ...values).text, []).affected;
export const tryRun = (strings, ...values) => attempt(...parameters(strings, values)).affected;
export const tryQuery = (strings, ...values) => rowsOf(attempt(...parameters(strings, values)));

export function* cursor(statement, params = [], batch = 1000) {
    const rows = database.Cursor.open(statement, params.map(toDatabase), batch);
    const columns = rows.columns();
    try {
        for (let found = rows.next(); found.length > 0; found = rows.next()) {
            yield* rowsOf({ columns, rows: found });
        }
    } finally {
        rows[Symbol.dispose]?.();
    }
}

export function copyIn(table, columns, rows) {
    const copy = hostPostgres.CopyIn.open(table, columns);
    let part = [];
    for (const row of rows) {
        if (part.push([...row].map(toDatabase)) === 1000) {
            copy.write(part);
            part = [];
        }
    }
    if (part.length > 0) copy.write(part);
    return hostPostgres.CopyIn.finish(copy);
}

export const copyAsset = (table, columns, name, options = {}) =>
    hostPostgres.copyAsset(
        table,
        columns,
        name,
        Object.entries(options).map(([option, value]) => [option, String(value)]),
    );

export function copyQuery(table, columns, statement, params = [], batch = 1000) {
    const rows = database.Cursor.open(statement, params.map(toDatabase), batch);
    try {
        return hostPostgres.copyCursor(table, columns, rows);
    } finally {
        rows[Symbol.dispose]?.();
    }
}

export function savepoint(work) {
    const savepoint = new database.Savepoint();
    let result;
    try {
        result = work();
    } catch (error) {
        database.Savepoint.rollBack(savepoint);
        throw error;
    }
    database.Savepoint.release(savepoint);
    return result;
}

export function outsideTransaction(work) {
    const left = database.inTransaction();
    if (left) database.suspendTransaction();
    const result = work();
    if (left) database.resumeTransaction();
    return result;
}

function toDatabase(value) {
    if (value === null || value === undefined) return { tag: "null" };
    if (value instanceof Date) return { tag: "text", val: value.toISOString() };
    if (value instanceof Uint8Array) return { tag: "bytes", val: value };
    switch (typeof value) {
        case "boolean":
            return { tag: "boolean", val: value };
        case "bigint":
            return { tag: "text", val: String(value) };
        case "number":
            return Number.isSafeInteger(value) ? { tag: "integer", val: value } : { tag: "real", val: value };
        case "string":
            return { tag: "text", val: value };
        default:
            throw new TypeError(`${describeType(value)} cannot be a parameter: make it a string, a number or null first`);
    }
}

function fromDatabase(value, column) {
    if (value.tag === "null") return null;
    if (value.tag === "integer" && !Number.isSafeInteger(value.val)) {
        throw new RangeError(`column ${column} holds an integer that is too large for a number: select it as text`);
    }
    return value.val;
}

const describeType = (value) => (Array.isArray(value) ? "an array" : typeof value === "object" ? "an object" : `a ${typeof value}`);

// ---- Objects that are replaced as a whole

export function object(kind, name, definition, options = {}) {
    const listed = [];
    for (const [option, values] of Object.entries(options)) {
        for (const value of Array.isArray(values) ? values : [values]) listed.push([option, String(value)]);
    }
    return { kind, name, definition, options: listed };
}

export const view = (name, query, options) => object("view", name, query, options);
export const materializedView = (name, query, options) => object("materialized-view", name, query, options);
export const sqlFunction = (identity, definition, options) => object("function", identity, definition, options);
export const procedure = (identity, definition, options) => object("procedure", identity, definition, options);
export const trigger = (identity, definition, options) => object("trigger", identity, definition, options);

export const replaceable = {
    create: (object) => hostReplaceable.create(object),
    drop: (object) => hostReplaceable.drop(object),
    replace: (object, replaces = null) => hostReplaceable.replace(object, replaces),
    restore: (object, version = null) => hostReplaceable.restore(object, version),
};

// ---- The run, the artifact's files, messages

export const context = {
    direction: () => hostContext.currentDirection(),
    dialect: () => hostContext.dialect(),
    revision: () => hostContext.revision(),
    schema: () => hostContext.schema(),
    offline: () => hostContext.offline(),
    argument: (name) => hostContext.argument(name) ?? undefined,
};

export const session = {
    setSearchPath: (...schemas) => hostSession.setSearchPath(schemas),
    setLockTimeout: (milliseconds) => hostSession.setLockTimeout(milliseconds),
    setStatementTimeout: (milliseconds) => hostSession.setStatementTimeout(milliseconds),
};

export const postgres = {
    serverVersion: () => hostPostgres.serverVersion() ?? undefined,
    superuserRole: () => hostPostgres.superuserRole(),
    setRole: (name) => hostPostgres.setRole(name),
    resetRole: () => hostPostgres.resetRole(),
};

export const assetNames = () => hostAssets.names().filter((name) => !name.startsWith("mighost:"));

export function asset(name) {
    const content = hostAssets.read(name);
    if (content === null) throw new Error(`there is no file assets/${name}`);
    return content instanceof Uint8Array ? content : new Uint8Array(content);
}

export const assetText = (name) => decodeUtf8(asset(name));

export function decodeUtf8(bytes) {
    const plain = bytes.every((byte) => byte < 128);
    let text = "";
    // In parts: a function takes so many arguments only.
    for (let i = 0; i < bytes.length; i += 4096) {
        const part = bytes.subarray(i, i + 4096);
        text += plain
            ? String.fromCharCode(...part)
            : Array.from(part, (byte) => "%" + byte.toString(16).padStart(2, "0")).join("");
    }
    return plain ? text : decodeURIComponent(text);
}

export const debug = (text) => log.message("debug", String(text));
export const info = (text) => log.message("info", String(text));
export const warn = (text) => log.message("warn", String(text));
export const progress = (done, total) => log.progress(done, total ?? null);
export const fail = (reason) => hostContext.fail(String(reason));
