#include <stdlib.h>

#include "mighost.h"

static const char *const HOSTILE = "it's \\ \"x\"";

// What was found, under a name.
static void see(const char *what, const char *value) {
    mighost_run("insert into seen values ($1, $2)", MIGHOST_PARAMETERS(mighost_text_value(what), mighost_text_value(value)));
}

static void statements(void) {
    mighost_run("insert into t values ($1, $2)", MIGHOST_PARAMETERS(mighost_integer(1), mighost_text_value("it's")));
    uint64_t changed = mighost_run_counted("update t set b = b || $1 where a = $2",
                                           MIGHOST_PARAMETERS(mighost_text_value("\\"), mighost_integer(1)));
    see("changed", mighost_format("%llu", (unsigned long long)changed));
    mighost_execute("create table %I (a text default %L, b int default 2 -%d, c bytea)", HOSTILE, HOSTILE, -1);
    mighost_run(mighost_sql("insert into %R (c) values ($1)", mighost_identifier(HOSTILE)), MIGHOST_PARAMETERS(mighost_bytes("\0x", 2)));
    mighost_rows one = mighost_query_one("select 1, %L", HOSTILE);
    see("one", mighost_format("%s %s", mighost_cell(&one, 0, 0), mighost_cell(&one, 0, 1)));
    see("qualified", mighost_query_value("select count(*) from %R", mighost_qualified(mighost_schema(), HOSTILE)));
    mighost_execute_script("insert into seen values ('argument', :'colour')");
    mighost_execute_asset("more.sql");
}

static void failures(void) {
    mighost_savepoint savepoint = mighost_open_savepoint();
    mighost_run("insert into t values ($1)", MIGHOST_PARAMETERS(mighost_integer(3)));
    mighost_roll_back(savepoint);
    savepoint = mighost_open_savepoint();
    mighost_run("insert into t values ($1)", MIGHOST_PARAMETERS(mighost_integer(4)));
    mighost_release(savepoint);
    mighost_error error;
    mighost_expect(!mighost_try_run("insert into t values ($1)", MIGHOST_PARAMETERS(mighost_integer(-1)), NULL, &error), "it should have failed");
    see("error", mighost_format("%T %s", error.sqlstate, mighost_error_field(&error, "constraint")));
    uint64_t affected;
    mighost_expect(mighost_try_run("insert into t values ($1)", MIGHOST_PARAMETERS(mighost_integer(5)), &affected, NULL), "it should not have failed");
    mighost_rows rows;
    mighost_expect(mighost_try_query("insert into t values ($1, $2) returning a", MIGHOST_PARAMETERS(mighost_integer(2), mighost_null()), &rows, NULL),
                   "it should not have failed");
    see("tried", mighost_format("%llu %T %s", (unsigned long long)affected, rows.columns.ptr[0].name, mighost_cell(&rows, 0, 0)));
}

static void many_rows(void) {
    long long count = 0, sum = 0;
    mighost_cursor cursor = mighost_open_cursor("select n from generate_series(1, $1) n", MIGHOST_PARAMETERS(mighost_integer(25)), 10);
    while (mighost_next(&cursor)) {
        count++;
        sum += atoll(mighost_cursor_cell(&cursor, 0));
        mighost_progress((uint64_t)count, 25);
    }
    mighost_close_cursor(&cursor);
    see("cursor", mighost_format("%lld %lld", count, sum));
    mighost_copy copy = mighost_open_copy("copied", MIGHOST_NAMES("a", "b"));
    for (int i = 1; i <= 600; i++) {
        mighost_write_row(&copy, MIGHOST_PARAMETERS(mighost_integer(i), mighost_text_value(HOSTILE)));
    }
    uint64_t copied = mighost_finish_copy(&copy);
    uint64_t csv = mighost_copy_asset("from_csv", MIGHOST_NAMES("a", "b"), "rows.csv", MIGHOST_COPY_OPTIONS({"format", "csv"}, {"header", "true"}));
    uint64_t queried = mighost_copy_query("queried", MIGHOST_NAMES("a"), "select a from copied where a > $1",
                                          MIGHOST_PARAMETERS(mighost_integer(590)), 3);
    see("copies", mighost_format("%llu %llu %llu", copied, csv, queried));
}

static void session(void) {
    mighost_set_lock_timeout(1234);
    mighost_set_statement_timeout(60000);
    see("timeouts", mighost_query_value("select current_setting('lock_timeout') || ' ' || current_setting('statement_timeout')"));
    mighost_set_search_path(MIGHOST_NAMES("pg_catalog"));
    char *path = mighost_query_value("select current_schemas(false)::text");
    mighost_set_search_path(MIGHOST_NAMES(mighost_schema(), "pg_catalog"));
    see("path", path);
    mighost_set_role("pg_monitor");
    char *role = mighost_query_value("select current_user");
    mighost_reset_role();
    see("role", mighost_format("%s %s", role, mighost_query_value("select (current_user = session_user)::text")));
    see("server", mighost_query_value("select (current_setting('server_version_num')::int = %u and session_user = %L)::text",
                                      mighost_server_version(), mighost_superuser_role()));
}

static void run(void) {
    see("context", mighost_format("%s %s %s %s %s %s", mighost_current_direction(), mighost_dialect(), mighost_revision(), mighost_schema(),
                                  mighost_offline() ? "offline" : "online", mighost_argument("colour")));
    guest_list_string_t names = mighost_asset_names();
    char *csv = mighost_asset("rows.csv");
    csv[3] = '\0';
    see("assets", mighost_format("%s %s", mighost_join(&names, " "), csv));
}

void upgrade(void) {
    statements();
    failures();
    many_rows();
    session();
    run();
    mighost_debug("nearly %s", "done");
    bool left = mighost_suspend_transaction();
    mighost_execute_text("vacuum t");
    mighost_resume_transaction(left);
}
