// The database's part of mighost.hpp, which includes it: statements, rows, cursors, COPY, and settings of the session.
#pragma once

#include <map>
#include <type_traits>

namespace mighost {

// ---- Statements ----

// Sends a statement, put together as by `sql`. Without arguments it may be several.
template <typename... Arguments> void execute(std::string_view statement, const Arguments &...arguments) {
    Sql whole = sql(statement, arguments...);
    mighost_text text = borrow(whole);
    mighost_host_database_list_value_t none = {};
    mighost_host_database_execute(&text, &none);
}

// Sends a script with psql's variables filled in.
inline void execute_script(std::string_view script) {
    mighost_text text = borrow(script);
    mighost_host_database_execute_script(&text);
}

// The same for a script below assets/.
inline void execute_asset(std::string_view name) {
    mighost_text text = borrow(name);
    mighost_host_database_execute_asset(&text);
}

// A parameter: NULL as `std::nullopt`, a truth value, a number, a text or bytes. Texts and bytes are not copied.
template <typename Given> mighost_value parameter(const Given &given) {
    if constexpr (std::same_as<Given, mighost_value>) {
        return given;
    } else if constexpr (std::same_as<Given, std::nullopt_t>) {
        return mighost_null();
    } else if constexpr (requires { given.has_value(); }) {
        return given ? parameter(*given) : mighost_null();
    } else if constexpr (std::same_as<Given, bool>) {
        return mighost_boolean(given);
    } else if constexpr (std::integral<Given>) {
        return mighost_integer(static_cast<int64_t>(given));
    } else if constexpr (std::floating_point<Given>) {
        return mighost_real(given);
    } else if constexpr (std::same_as<Given, Bytes>) {
        return mighost_bytes(given.data(), given.size());
    } else if constexpr (std::is_pointer_v<Given>) {
        return mighost_text_value(given);
    } else {
        return {.tag = MIGHOST_HOST_DATABASE_VALUE_TEXT, .val = {.text = borrow(given)}};
    }
}

// The values of $1 and so on, for the functions of mighost.h. It must live as long as their call.
template <typename... Values> struct Parameters {
    explicit Parameters(const Values &...given) : values{parameter(given)...} {}
    operator mighost_parameters() const { return {values, sizeof...(Values)}; }

    // One more, since there are no arrays of none.
    mighost_value values[sizeof...(Values) + 1];
};

// Sends one statement with parameters, written `$1` and so on, without waiting for its result.
template <typename... Values> void run(const std::string &statement, const Values &...values) {
    mighost_run(statement.c_str(), Parameters(values...));
}

// Waits for it, and returns the number of rows that it returned or changed.
template <typename... Values> uint64_t run_counted(const std::string &statement, const Values &...values) {
    return mighost_run_counted(statement.c_str(), Parameters(values...));
}

// ---- Rows ----

// A value of a row in PostgreSQL's text form; none is NULL.
using Value = std::optional<std::string>;
using Row = std::vector<Value>;

// A column of a result.
struct Column {
    std::string name;
    // As `pg_type.typname` has it, e.g. `int4`.
    std::string type_name;
    uint32_t type_oid;
};

inline Value value_of(const mighost_host_database_value_t &value) {
    switch (value.tag) {
    case MIGHOST_HOST_DATABASE_VALUE_BOOLEAN: return value.val.boolean ? "t" : "f";
    case MIGHOST_HOST_DATABASE_VALUE_INTEGER: return std::to_string(value.val.integer);
    case MIGHOST_HOST_DATABASE_VALUE_REAL: return text_of(value.val.real);
    case MIGHOST_HOST_DATABASE_VALUE_TEXT: return std::string(view(value.val.text));
    case MIGHOST_HOST_DATABASE_VALUE_BYTES:
        return std::string(reinterpret_cast<const char *>(value.val.bytes.ptr), value.val.bytes.len);
    default: return std::nullopt;
    }
}

inline Row row_of(const mighost_host_database_row_t &values) {
    Row row;
    for (size_t i = 0; i < values.len; i++) {
        row.push_back(value_of(values.ptr[i]));
    }
    return row;
}

// Rows of the bindings, which are freed.
inline std::vector<Row> rows_of(mighost_host_database_list_row_t &list) {
    std::vector<Row> rows;
    for (size_t i = 0; i < list.len; i++) {
        rows.push_back(row_of(list.ptr[i]));
    }
    mighost_host_database_list_row_free(&list);
    return rows;
}

inline std::vector<Column> columns_of(mighost_host_database_list_column_t &list) {
    std::vector<Column> columns;
    for (size_t i = 0; i < list.len; i++) {
        columns.push_back({std::string(view(list.ptr[i].name)), std::string(view(list.ptr[i].type_name)), list.ptr[i].type_oid});
    }
    mighost_host_database_list_column_free(&list);
    return columns;
}

// All rows of a query, put together as by `sql`.
template <typename... Arguments> std::vector<Row> query(std::string_view statement, const Arguments &...arguments) {
    Sql whole = sql(statement, arguments...);
    mighost_text text = borrow(whole);
    mighost_host_database_list_value_t none{};
    mighost_host_database_rows_t answer;
    mighost_host_database_query(&text, &none, &answer);
    mighost_host_database_list_column_free(&answer.columns);
    return rows_of(answer.rows);
}

// The only row of a query: the run ends unless there is exactly one.
template <typename... Arguments> Row query_one(std::string_view statement, const Arguments &...arguments) {
    std::vector<Row> rows = query(statement, arguments...);
    if (rows.size() != 1) {
        fail("one row was expected, " + std::to_string(rows.size()) + " came: " + std::string(statement));
    }
    return std::move(rows[0]);
}

// The first value of the only row.
template <typename... Arguments> Value query_value(std::string_view statement, const Arguments &...arguments) {
    Row row = query_one(statement, arguments...);
    return row.empty() ? std::nullopt : std::move(row[0]);
}

// PostgreSQL's error; see `database` in mighost's WIT.
struct DatabaseError {
    std::string severity, sqlstate, message;
    std::optional<std::string> detail, hint, context;
    std::optional<uint32_t> position;
    // What the error is about: `schema`, `table`, `column`, `datatype`, `constraint`.
    std::map<std::string, std::string> fields;
};

// What became of a statement that may fail. It is true where the statement succeeded.
struct Tried {
    std::vector<Column> columns;
    std::vector<Row> rows;
    // How many rows it returned or changed.
    uint64_t affected = 0;
    std::optional<DatabaseError> error;

    explicit operator bool() const { return !error; }
};

inline DatabaseError error_of(mighost_error &raw) {
    auto optional = [](const guest_option_string_t &text) {
        return text.is_some ? std::optional(std::string(view(text.val))) : std::nullopt;
    };
    DatabaseError error{std::string(view(raw.severity)), std::string(view(raw.sqlstate)), std::string(view(raw.message)),
                        optional(raw.detail),            optional(raw.hint),              optional(raw.context),
                        std::nullopt,                    {}};
    if (raw.position.is_some) {
        error.position = raw.position.val;
    }
    for (size_t i = 0; i < raw.fields.len; i++) {
        error.fields.emplace(view(raw.fields.ptr[i].f0), view(raw.fields.ptr[i].f1));
    }
    mighost_host_database_error_free(&raw);
    return error;
}

// Runs one statement with parameters under a savepoint. On failure it is undone and the transaction goes on.
template <typename... Values> Tried try_query(const std::string &statement, const Values &...values) {
    mighost_rows rows;
    mighost_error refused;
    Tried tried;
    if (mighost_try_query(statement.c_str(), Parameters(values...), &rows, &refused)) {
        tried.columns = columns_of(rows.columns);
        tried.rows = rows_of(rows.rows);
        tried.affected = rows.affected;
    } else {
        tried.error = error_of(refused);
    }
    return tried;
}

// The same, for a statement of which only the number of rows counts.
template <typename... Values> Tried try_run(const std::string &statement, const Values &...values) {
    return try_query(statement, values...);
}

// A savepoint: what is done while it is open can be undone without ending the run. It is undone with the value, unless it was released.
class Savepoint {
  public:
    Savepoint() : savepoint(mighost_open_savepoint()), open(true) {}
    Savepoint(const Savepoint &) = delete;
    Savepoint &operator=(const Savepoint &) = delete;
    ~Savepoint() { roll_back(); }

    void release() {
        if (std::exchange(open, false)) {
            mighost_release(savepoint);
        }
    }

    void roll_back() {
        if (std::exchange(open, false)) {
            mighost_roll_back(savepoint);
        }
    }

  private:
    mighost_savepoint savepoint;
    bool open;
};

// Leaves the transaction while `work` runs, for statements that cannot run inside one. What was done so far is committed.
template <typename Work> auto outside_transaction(Work work) {
    struct Outside {
        bool left = mighost_suspend_transaction();
        ~Outside() { mighost_resume_transaction(left); }
    } outside;
    return work();
}

// ---- Many rows ----

// A query whose rows are fetched `batch` at a time, for more than fits in memory:
// `for (const auto &row : mighost::Cursor(1000, "select id from stations where network = $1", 5))`.
class Cursor {
  public:
    template <typename... Values> Cursor(uint32_t batch, std::string_view statement, const Values &...values) {
        mighost_text text = borrow(statement);
        Parameters parameters(values...);
        mighost_host_database_list_value_t list = {parameters.values, sizeof...(Values)};
        handle = mighost_host_database_static_cursor_open(&text, &list, batch);
    }
    Cursor(const Cursor &) = delete;
    Cursor &operator=(const Cursor &) = delete;
    ~Cursor() { mighost_host_database_cursor_drop_own(handle); }

    std::vector<Column> columns() const {
        mighost_host_database_list_column_t list;
        mighost_host_database_method_cursor_columns(mighost_host_database_borrow_cursor(handle), &list);
        return columns_of(list);
    }

    // The next row; null at the end. It lives until the next call.
    const Row *next() {
        if (at == rows.size()) {
            mighost_host_database_list_row_t list;
            mighost_host_database_method_cursor_next(mighost_host_database_borrow_cursor(handle), &list);
            rows = rows_of(list);
            at = 0;
        }
        return rows.empty() ? nullptr : &rows[at++];
    }

    // What a `for` needs.
    struct End {};
    struct Iterator {
        Cursor *cursor;
        const Row *row;

        const Row &operator*() const { return *row; }
        Iterator &operator++() {
            row = cursor->next();
            return *this;
        }
        bool operator!=(End) const { return row != nullptr; }
    };
    Iterator begin() { return {this, next()}; }
    End end() const { return {}; }

    mighost_host_database_own_cursor_t handle;

  private:
    std::vector<Row> rows;
    size_t at = 0;
};

// Names for the bindings, not copied.
inline std::vector<mighost_text> borrow_all(const std::vector<std::string> &texts) {
    std::vector<mighost_text> list;
    for (const auto &text : texts) {
        list.push_back(borrow(text));
    }
    return list;
}

// Rows sent by COPY, the fastest way to insert many. `finish` must be called: without it the COPY is undone and the run ends. Nothing else may be
// sent until then. `table` may be qualified as `schema.table`.
class CopyIn {
  public:
    CopyIn(const std::string &table, const std::vector<std::string> &columns) {
        std::vector<const char *> names;
        for (const auto &column : columns) {
            names.push_back(column.c_str());
        }
        copy = mighost_open_copy(table.c_str(), {names.data(), names.size()});
    }
    CopyIn(const CopyIn &) = delete;
    CopyIn &operator=(const CopyIn &) = delete;
    ~CopyIn() {
        if (open) {
            mighost_host_postgres_copy_in_drop_own(copy.handle);
        }
    }

    // Sends a row, with one value per column. Rows reach the host some hundreds at a time.
    template <typename... Values> void write(const Values &...values) { mighost_write_row(&copy, Parameters(values...)); }

    // Ends the COPY and returns the number of rows.
    uint64_t finish() {
        expect(std::exchange(open, false), "a COPY is finished once");
        return mighost_finish_copy(&copy);
    }

  private:
    mighost_copy copy;
    bool open = true;
};

// Sends a file below assets/ by COPY and returns the number of rows. Options are COPY's: `{{"format", "csv"}}`. It does not pass through the guest.
inline uint64_t copy_asset(std::string_view table, const std::vector<std::string> &columns, std::string_view asset,
                           const std::vector<std::pair<std::string, std::string>> &options = {}) {
    mighost_text name = borrow(table), file = borrow(asset);
    std::vector<mighost_text> names = borrow_all(columns);
    std::vector<guest_tuple2_string_string_t> pairs;
    for (const auto &[option, value] : options) {
        pairs.push_back({borrow(option), borrow(value)});
    }
    guest_list_string_t list = {names.data(), names.size()};
    guest_list_tuple2_string_string_t settings = {pairs.data(), pairs.size()};
    return mighost_host_postgres_copy_asset(&name, &list, &file, &settings);
}

// Sends the rows of a query by COPY, `batch` at a time, and returns the number of rows. They do not pass through the guest.
template <typename... Values>
uint64_t copy_query(std::string_view table, const std::vector<std::string> &columns, uint32_t batch, std::string_view statement,
                    const Values &...values) {
    mighost_text name = borrow(table);
    std::vector<mighost_text> names = borrow_all(columns);
    guest_list_string_t list = {names.data(), names.size()};
    Cursor rows(batch, statement, values...);
    return mighost_host_postgres_copy_cursor(&name, &list, mighost_host_database_borrow_cursor(rows.handle));
}

// ---- The session and PostgreSQL ----

// Sets the schemas that unqualified names are looked up in. Settings hold for the rest of the revision.
inline void set_search_path(const std::vector<std::string> &schemas) {
    std::vector<mighost_text> names = borrow_all(schemas);
    guest_list_string_t list = {names.data(), names.size()};
    mighost_host_session_set_search_path(&list);
}

// Limits how long a statement waits for a lock; 0 removes the limit.
inline void set_lock_timeout(uint32_t milliseconds) {
    mighost_host_session_set_lock_timeout(milliseconds);
}

// Limits how long a statement runs; 0 removes the limit.
inline void set_statement_timeout(uint32_t milliseconds) {
    mighost_host_session_set_statement_timeout(milliseconds);
}

// E.g. 150018 for 15.18; offline there is none.
inline std::optional<uint32_t> server_version() {
    uint32_t version;
    return mighost_host_postgres_server_version(&version) ? std::optional(version) : std::nullopt;
}

// The role for statements that need high privilege, unquoted.
inline std::string superuser_role() {
    mighost_text text;
    mighost_host_postgres_superuser_role(&text);
    return take(text);
}

// Runs the statements that follow as a role, named unquoted.
inline void set_role(std::string_view name) {
    mighost_text role = borrow(name);
    mighost_host_postgres_set_role(&role);
}

// Returns to the role that the run connected as.
inline void reset_role() {
    mighost_host_postgres_reset_role();
}

} // namespace mighost
