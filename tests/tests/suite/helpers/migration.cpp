#include "mighost.hpp"

using mighost::format, mighost::identifier;

namespace {

const std::string HOSTILE = "it's \\ \"x\"";

// What was found, under a name.
void see(std::string_view what, const mighost::Value &value) {
    mighost::run("insert into seen values ($1, $2)", what, value);
}

void statements() {
    mighost::run("insert into t values ($1, $2)", 1, "it's");
    see("changed", format("{}", mighost::run_counted("update t set b = b || $1 where a = $2", "\\", 1)));
    mighost::execute("create table {} (a text default {}, b int default 2 -{}, c bytea)", identifier(HOSTILE), HOSTILE, -1);
    mighost::run(mighost::sql("insert into {} (c) values ($1)", identifier(HOSTILE)).str(), mighost::Bytes{0, 'x'});
    mighost::Row one = mighost::query_one("select 1, {}, {}::text, '{{}}'", HOSTILE, std::nullopt);
    see("one", format("{} {}", *one[0], *one[1]));
    mighost::expect(!one[2] && one[3] == "{}", "the row is wrong");
    see("qualified", mighost::query_value("select count(*) from {}", mighost::qualified(mighost::schema(), HOSTILE)));
    mighost::execute_script("insert into seen values ('argument', :'colour')");
    mighost::execute_asset("more.sql");
}

void failures() {
    {
        mighost::Savepoint savepoint;
        mighost::run("insert into t values ($1)", 3);
    }
    mighost::Savepoint savepoint;
    mighost::run("insert into t values ($1)", 4);
    savepoint.release();
    auto refused = mighost::try_run("insert into t values ($1)", -1);
    mighost::expect(!refused, "it should have failed");
    see("error", format("{} {}", refused.error->sqlstate, refused.error->fields["constraint"]));
    auto done = mighost::try_run("insert into t values ($1)", 5);
    auto rows = mighost::try_query("insert into t values ($1, $2) returning a", 2, std::nullopt);
    mighost::expect(done && rows, "it should not have failed");
    see("tried", format("{} {} {}", done.affected, rows.columns[0].name, *rows.rows[0][0]));
}

void many_rows() {
    int count = 0, sum = 0;
    for (const auto &row : mighost::Cursor(10, "select n from generate_series(1, $1) n", 25)) {
        count++;
        sum += std::atoi(row[0]->c_str());
        mighost::progress(count, 25);
    }
    see("cursor", format("{} {}", count, sum));
    mighost::CopyIn copy("copied", {"a", "b"});
    for (int i = 1; i <= 600; i++) {
        copy.write(i, HOSTILE);
    }
    uint64_t copied = copy.finish();
    uint64_t csv = mighost::copy_asset("from_csv", {"a", "b"}, "rows.csv", {{"format", "csv"}, {"header", "true"}});
    uint64_t queried = mighost::copy_query("queried", {"a"}, 3, "select a from copied where a > $1", 590);
    see("copies", format("{} {} {}", copied, csv, queried));
}

void session() {
    mighost::set_lock_timeout(1234);
    mighost::set_statement_timeout(60000);
    see("timeouts", mighost::query_value("select current_setting('lock_timeout') || ' ' || current_setting('statement_timeout')"));
    mighost::set_search_path({"pg_catalog"});
    auto path = mighost::query_value("select current_schemas(false)::text");
    mighost::set_search_path({mighost::schema(), "pg_catalog"});
    see("path", path);
    mighost::set_role("pg_monitor");
    auto role = mighost::query_value("select current_user");
    mighost::reset_role();
    see("role", format("{} {}", *role, *mighost::query_value("select (current_user = session_user)::text")));
    see("server", mighost::query_value("select (current_setting('server_version_num')::int = {} and session_user = {})::text",
                                       *mighost::server_version(), mighost::superuser_role()));
}

void run() {
    see("context", format("{} {} {} {} {} {}", mighost::direction(), mighost::dialect(), mighost::revision(), mighost::schema(),
                          mighost::offline() ? "offline" : "online", *mighost::argument("colour")));
    std::string names;
    for (const auto &name : mighost::asset_names()) {
        names += name + " ";
    }
    see("assets", names + mighost::asset("rows.csv")->substr(0, 3));
}

} // namespace

void upgrade() {
    statements();
    failures();
    many_rows();
    session();
    run();
    mighost::debug(format("nearly {}", "done"));
    mighost::outside_transaction([] { mighost::execute("vacuum t"); });
}
