import mighost
from mighost import context, execute, identifier, postgres, query_one, query_value, run, run_counted, savepoint, session, sql

HOSTILE = 'it\'s \\ "x"'


def see(what, value):
    """What was found, under a name."""
    run("insert into seen values ($1, $2)", what, str(value))


def statements():
    run("insert into t values ($1, $2)", 1, "it's")
    see("changed", run_counted("update t set b = b || $1 where a = $2", "\\", 1))
    execute("create table {:i} (a text default {}, b int default 2 -{}, c bytea)", HOSTILE, HOSTILE, -1)
    run(sql("insert into {} (c) values ($1)", identifier(HOSTILE)), b"\0x")
    one = query_one(sql("select 1, {}, '{{}}'", HOSTILE))
    see("one", f"{one[0]} {one[1]}")
    see("qualified", query_value(sql("select count(*) from {}", mighost.qualified(context.schema(), HOSTILE))))
    mighost.execute_script("insert into seen values ('argument', :'colour')")
    mighost.execute_asset("more.sql")


def failures():
    try:
        with savepoint():
            run("insert into t values ($1)", 3)
            raise LookupError("undo it")
    except LookupError:
        pass
    with savepoint():
        execute("insert into t values ({} -{})", 3, -1)
    try:
        mighost.try_run("insert into t values ($1)", -1)
    except mighost.DatabaseError as error:
        see("error", f"{error.sqlstate} {error.fields['constraint']}")
    affected = mighost.try_execute("insert into t values ({})", 5)
    rows = mighost.try_query("insert into t values ($1, $2) returning a", 2, None)
    see("tried", f"{affected} {next(iter(rows[0].as_dict()))} {rows[0].a}")


def many_rows():
    count = total = 0
    for row in mighost.cursor("select n from generate_series(1, $1) n", 25, batch=10):
        count += 1
        total += row.n
        mighost.progress(count, 25)
    see("cursor", f"{count} {total}")
    copied = mighost.copy_in("copied", ["a", "b"], ((number, HOSTILE) for number in range(1, 601)))
    csv = mighost.copy_asset("from_csv", ["a", "b"], "rows.csv", format="csv", header="true")
    queried = mighost.copy_query("queried", ["a"], "select a from copied where a > $1", 590, batch=3)
    see("copies", f"{copied} {csv} {queried}")


def settings():
    session.set_lock_timeout(1234)
    session.set_statement_timeout(60000)
    see("timeouts", query_value("select current_setting('lock_timeout') || ' ' || current_setting('statement_timeout')"))
    session.set_search_path(["pg_catalog"])
    path = query_value("select current_schemas(false)::text")
    session.set_search_path([context.schema(), "pg_catalog"])
    see("path", path)
    postgres.set_role("pg_monitor")
    role = query_value("select current_user")
    postgres.reset_role()
    see("role", f"{role} {query_value('select (current_user = session_user)::text')}")
    server = "select (current_setting('server_version_num')::int = $1 and session_user = $2)::text"
    see("server", query_value(server, postgres.server_version(), postgres.superuser_role()))


def about():
    online = "offline" if context.offline() else "online"
    direction = context.current_direction().name.lower()
    see("context", " ".join([direction, context.dialect(), context.revision(), context.schema(), online, context.argument("colour")]))
    see("assets", " ".join([*mighost.asset_names(), mighost.asset_text("rows.csv")[:3]]))


def upgrade():
    statements()
    failures()
    many_rows()
    settings()
    about()
    mighost.debug("nearly done")
    with mighost.outside_transaction():
        execute("vacuum t")
