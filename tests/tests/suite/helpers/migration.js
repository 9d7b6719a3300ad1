import * as mighost from "mighost";
import { DatabaseError, context, execute, identifier, postgres, query, queryOne, queryValue, run, runCounted, savepoint, session, sql } from "mighost";

const HOSTILE = 'it\'s \\ "x"';

// What was found, under a name.
const see = (what, value) => run`insert into seen values (${what}, ${String(value)})`;

function statements() {
    run`insert into t values (${1}, ${"it's"})`;
    see("changed", runCounted("update t set b = b || $1 where a = $2", "\\", 1));
    execute`create table ${identifier(HOSTILE)} (a text default ${HOSTILE}, b int default 2 -${-1}, c bytea)`;
    run`insert into ${identifier(HOSTILE)} (c) values (${new Uint8Array([0, 120])})`;
    const one = queryOne(sql`select 1 as a, ${HOSTILE} as b`);
    see("one", `${one.a} ${one.b}`);
    see("qualified", queryValue`select count(*) from ${mighost.qualified(context.schema(), HOSTILE)}`);
    mighost.executeScript("insert into seen values ('argument', :'colour')");
    mighost.executeAsset("more.sql");
}

function failures() {
    try {
        savepoint(() => {
            run`insert into t values (${3})`;
            throw new RangeError("undo it");
        });
    } catch (error) {
        if (!(error instanceof RangeError)) throw error;
    }
    savepoint(() => execute`insert into t values (${3} -${-1})`);
    try {
        mighost.tryRun`insert into t values (${-1})`;
    } catch (error) {
        if (!(error instanceof DatabaseError)) throw error;
        see("error", `${error.sqlstate} ${error.fields.constraint}`);
    }
    const affected = mighost.tryExecute`insert into t values (${5})`;
    const [row] = mighost.tryQuery("insert into t values ($1, $2) returning a", 2, null);
    see("tried", `${affected} ${Object.keys(row)[0]} ${row.a}`);
}

function* numbers(last) {
    for (let i = 1; i <= last; i++) yield [i, HOSTILE];
}

function manyRows() {
    let [count, sum] = [0, 0];
    for (const { n } of mighost.cursor("select n from generate_series(1, $1) n", [25], 10)) {
        count++;
        sum += n;
        mighost.progress(count, 25);
    }
    see("cursor", `${count} ${sum}`);
    const copied = mighost.copyIn("copied", ["a", "b"], numbers(600));
    const csv = mighost.copyAsset("from_csv", ["a", "b"], "rows.csv", { format: "csv", header: true });
    const queried = mighost.copyQuery("queried", ["a"], "select a from copied where a > $1", [590], 3);
    see("copies", `${copied} ${csv} ${queried}`);
}

function settings() {
    session.setLockTimeout(1234);
    session.setStatementTimeout(60000);
    see("timeouts", queryValue`select current_setting('lock_timeout') || ' ' || current_setting('statement_timeout')`);
    session.setSearchPath("pg_catalog");
    const [{ path }] = query`select current_schemas(false)::text as path`;
    session.setSearchPath(context.schema(), "pg_catalog");
    see("path", path);
    postgres.setRole("pg_monitor");
    const role = queryValue`select current_user`;
    postgres.resetRole();
    see("role", `${role} ${queryValue`select (current_user = session_user)::text`}`);
    see(
        "server",
        queryValue`select (current_setting('server_version_num')::int = ${postgres.serverVersion()} and session_user = ${postgres.superuserRole()})::text`,
    );
}

function about() {
    const online = context.offline() ? "offline" : "online";
    see("context", [context.direction(), context.dialect(), context.revision(), context.schema(), online, context.argument("colour")].join(" "));
    see("assets", [...mighost.assetNames(), mighost.assetText("rows.csv").slice(0, 3)].join(" "));
}

export function upgrade() {
    statements();
    failures();
    manyRows();
    settings();
    about();
    mighost.debug("nearly done");
    mighost.outsideTransaction(() => execute("vacuum t"));
}
