/**
 * What migrations and plugins in JavaScript and TypeScript use.
 *
 * ```js
 * import { execute, identifier, info, query } from "mighost";
 *
 * export function upgrade() {
 *     execute`create table ${identifier("stations")} (station_id integer primary key, name text default ${"it's new"})`;
 *     for (const { station_id, name } of query`select station_id, name from stations where name = ${"Harbour"}`) {
 *         info(`${station_id}: ${name}`);
 *     }
 * }
 * ```
 *
 * A statement that fails ends the run: the host rolls back and reports it, so there is no error to handle. What is thrown, and not caught,
 * ends the run as well, and is reported with file and line.
 *
 * The operations of plugins that the manifest names under `uses` are modules: `import { setRole } from "mighost:roles/roles"`.
 *
 * The sandbox has the language and no more: no files, no network, no timers; the clock stands still.
 */
declare module "mighost" {
    // ---- Quoting

    /** A piece of SQL that goes into a statement as it stands. Made by `identifier`, `qualified`, `literal`, `raw`, `sql`. */
    export class Sql {
        private constructor(text: string);
        readonly text: string;
        toString(): string;
    }

    /** What can be a literal or a parameter; a `Date` is its ISO text. */
    export type Input = string | number | bigint | boolean | null | undefined | Date | Uint8Array;

    /** What a query answers: smallint to bigint, real and double precision are numbers, bytea is bytes, all else PostgreSQL's text. */
    export type Output = string | number | boolean | null | Uint8Array;

    /** A row, by the names of its columns. */
    export type Row = Record<string, Output>;

    /** A name in double quotes: `crmp` gives `"crmp"`. */
    export function identifier(name: string): Sql;
    /** Names with commas between them, each quoted. */
    export function identifiers(names: Iterable<string>): Sql;
    /** `schema.name`, both quoted. */
    export function qualified(schema: string, name: string): Sql;
    /** `name` in the schema that the run targets, both quoted. */
    export function inSchema(name: string): Sql;
    /** A value as SQL writes it: a string in single quotes, a number as it is, null as NULL. */
    export function literal(value: Input): Sql;
    /** SQL as it is, e.g. an expression. The caller vouches for it. */
    export function raw(text: string): Sql;
    /** A piece of SQL from a template: pieces go in as they are, other values as literals. */
    export function sql(strings: TemplateStringsArray, ...values: (Sql | Input)[]): Sql;

    // ---- Statements and queries

    /** Sends a statement, or several separated by semicolons. In a template, pieces go in as they are, other values as literals. */
    export function execute(strings: TemplateStringsArray, ...values: (Sql | Input)[]): void;
    export function execute(statement: string | Sql): void;
    /** Sends a script with psql's variables filled in: `:"schema"`, `:'name'`, `:name` for the run's arguments. */
    export function executeScript(script: string): void;
    /** Sends a script below `assets/`, as `executeScript` does. */
    export function executeAsset(name: string): void;
    /**
     * Sends one statement without waiting for its result. In a template, values become parameters; in a string, parameters are written `$1`,
     * `$2` and their values follow.
     */
    export function run(strings: TemplateStringsArray, ...values: (Sql | Input)[]): void;
    export function run(statement: string | Sql, ...params: Input[]): void;
    /** Runs one statement, waits for it, and returns the number of rows that it returned or changed; parameters as with `run`. */
    export function runCounted(strings: TemplateStringsArray, ...values: (Sql | Input)[]): number;
    export function runCounted(statement: string | Sql, ...params: Input[]): number;
    /** All rows of a query; parameters as with `run`. Results beyond 64 MiB end the run: `cursor` is for those. */
    export function query<R = Row>(strings: TemplateStringsArray, ...values: (Sql | Input)[]): R[];
    export function query<R = Row>(statement: string | Sql, ...params: Input[]): R[];
    /** The only row of a query. */
    export function queryOne<R = Row>(strings: TemplateStringsArray, ...values: (Sql | Input)[]): R;
    export function queryOne<R = Row>(statement: string | Sql, ...params: Input[]): R;
    /** The first column of the only row of a query. */
    export function queryValue<T = Output>(strings: TemplateStringsArray, ...values: (Sql | Input)[]): T;
    export function queryValue<T = Output>(statement: string | Sql, ...params: Input[]): T;

    /** What `tryExecute`, `tryRun` and `tryQuery` throw: PostgreSQL's error. */
    export class DatabaseError extends Error {
        private constructor();
        /** Five characters, e.g. `42P01`. */
        readonly sqlstate: string;
        readonly detail?: string;
        readonly hint?: string;
        /** Where in the statement, counted in characters from 1. */
        readonly position?: number;
        /** `ERROR`, `FATAL` or `PANIC`. */
        readonly severity: string;
        /** The call stack of functions on the server. */
        readonly context?: string;
        /** What the error is about: `schema`, `table`, `column`, `datatype`, `constraint`. */
        readonly fields: Record<string, string>;
    }
    /**
     * Runs one statement under a savepoint and returns the number of rows it returned or changed. On failure it is undone, the transaction goes on, and
     * `DatabaseError` is thrown.
     */
    export function tryExecute(strings: TemplateStringsArray, ...values: (Sql | Input)[]): number;
    export function tryExecute(statement: string | Sql): number;
    /** The same with parameters, as with `run`. */
    export function tryRun(strings: TemplateStringsArray, ...values: (Sql | Input)[]): number;
    export function tryRun(statement: string | Sql, ...params: Input[]): number;
    /** All rows of a query that may fail; parameters as with `run`. */
    export function tryQuery<R = Row>(strings: TemplateStringsArray, ...values: (Sql | Input)[]): R[];
    export function tryQuery<R = Row>(statement: string | Sql, ...params: Input[]): R[];

    /** The rows of a query, fetched `batch` at a time. */
    export function cursor<R = Row>(statement: string, params?: Input[], batch?: number): Generator<R>;
    /** Inserts rows by COPY, the fastest way to insert many. Returns how many there were. */
    export function copyIn(table: string, columns: string[], rows: Iterable<Iterable<Input>>): number;
    /** Inserts the rows of a file below `assets/` by COPY, and returns how many there were. Options are COPY's, e.g. `{ format: "csv" }`. */
    export function copyAsset(table: string, columns: string[], name: string, options?: Record<string, string | boolean>): number;
    /** Inserts the rows of a query by COPY, `batch` at a time, and returns how many there were. */
    export function copyQuery(table: string, columns: string[], statement: string, params?: Input[], batch?: number): number;
    /** Undoes what `work` has done, if it throws, and throws the same; the run goes on. */
    export function savepoint<T>(work: () => T): T;
    /** Leaves the transaction while `work` runs, for statements that cannot run inside one. What was done so far is committed. */
    export function outsideTransaction<T>(work: () => T): T;

    // ---- Objects that are replaced as a whole

    /** A replaceable object. */
    export interface ReplaceableObject {
        kind: string;
        name: string;
        definition: string;
        options: Array<[string, string]>;
    }
    /** Options of a kind; those that repeat take a list. */
    export type Options = Record<string, string | string[]>;

    /** An object of any kind. */
    export function object(kind: string, name: string, definition: string, options?: Options): ReplaceableObject;
    /** A view: its name and its SELECT. */
    export function view(name: string, query: string, options?: Options): ReplaceableObject;
    /** A materialized view: its name and its SELECT. */
    export function materializedView(name: string, query: string, options?: Options): ReplaceableObject;
    /** A function: its identity, e.g. `area(integer)`, and what follows the name in CREATE FUNCTION. */
    export function sqlFunction(identity: string, definition: string, options?: Options): ReplaceableObject;
    /** A procedure: its identity, and what follows the name in CREATE PROCEDURE. */
    export function procedure(identity: string, definition: string, options?: Options): ReplaceableObject;
    /** A trigger: its identity, and the rest of CREATE TRIGGER as the plugin documents it. */
    export function trigger(identity: string, definition: string, options?: Options): ReplaceableObject;

    /** Operations on replaceable objects, for migrations. A migration's `objects()` returns its versions: `{ key: view(...) }`. */
    export const replaceable: {
        /** Creates an object that does not exist. */
        create(object: ReplaceableObject): void;
        /** Drops an object, but nothing that depends on it. */
        drop(object: ReplaceableObject): void;
        /** Replaces the version that `replaces` names as `REVISION.KEY` or, with none, the nearest ancestor's. */
        replace(object: ReplaceableObject, replaces?: string): void;
        /** The reverse of `replace`, for downgrades. */
        restore(object: ReplaceableObject, version?: string): void;
    };

    // ---- Hooks

    /** The step that a hook takes part in. */
    export interface Step {
        /** A stamp sets the version table without running anything. */
        direction: "upgrade" | "downgrade" | "stamp";
        /** The revision that was run, with its message, which may be empty, and its parents. */
        revision: string;
        message: string;
        downRevisions: string[];
        /** The rows of the version table, sorted. */
        headsBefore: string[];
        headsAfter: string[];
        /** Who runs it, as `user@machine`; empty if unknown. */
        operator: string;
        /** Which step of the run it is, counted from 1, and how many there are. */
        number: number;
        total: number;
    }

    // ---- The run, the artifact's files, messages

    /** The run that the guest takes part in. */
    export const context: {
        /** The direction of the step; only hooks see a stamp. */
        direction(): "upgrade" | "downgrade" | "stamp";
        /** The SQL dialect of the database: `postgresql`. */
        dialect(): string;
        revision(): string;
        /** The schema that the run targets, unquoted. */
        schema(): string;
        /** True where a script is written and there is no database to ask. */
        offline(): boolean;
        /** The value of `-x name=value`. */
        argument(name: string): string | undefined;
    };
    /** Settings of the session. A setting holds for the rest of the revision. */
    export const session: {
        /** The schemas that unqualified names are looked up in. */
        setSearchPath(...schemas: string[]): void;
        /** Limits how long a statement waits for a lock; 0 removes the limit. */
        setLockTimeout(milliseconds: number): void;
        /** Limits how long a statement runs; 0 removes the limit. */
        setStatementTimeout(milliseconds: number): void;
    };
    /** What only PostgreSQL has. On another database a call ends the run. */
    export const postgres: {
        /** E.g. 150018 for 15.18; undefined offline. */
        serverVersion(): number | undefined;
        /** The role for statements that need high privilege, unquoted. */
        superuserRole(): string;
        /** Runs the statements that follow as a role, named unquoted. */
        setRole(name: string): void;
        /** Returns to the role that the run connected as. */
        resetRole(): void;
    };
    /** The names of the files below `assets/` beside the code. */
    export function assetNames(): string[];
    /** The file `assets/NAME` beside the code. */
    export function asset(name: string): Uint8Array;
    /** The file `assets/NAME` beside the code, as text. */
    export function assetText(name: string): string;
    /** UTF-8 as text. */
    export function decodeUtf8(bytes: Uint8Array): string;

    /** A message that is shown with --verbose only. */
    export function debug(text: unknown): void;
    /** A message for the person who watches the run; `console.log` does the same. */
    export function info(text: unknown): void;
    /** A warning for the person who watches the run. */
    export function warn(text: unknown): void;
    /** `done` of `total` units of your choice. */
    export function progress(done: number, total?: number): void;
    /** Ends the run, with `reason` for the person who watches it. */
    export function fail(reason: unknown): never;
}

declare const console: {
    log(...values: unknown[]): void;
    info(...values: unknown[]): void;
    debug(...values: unknown[]): void;
    warn(...values: unknown[]): void;
    error(...values: unknown[]): void;
};
