// mighost.hpp: what a guest in C++ writes with.
//
// It is thin: `guest.h`, which it includes by way of `mighost.h`, has the bindings of everything that the guest imports and exports, with the
// documentation of mighost's WIT. This file adds strings, statements, quoting, rows, objects, and errors with file and line. Guests are compiled
// as C++20 without exceptions: what is wrong ends the run, by `mighost::fail`. `mighost build` writes both headers beside the guest's code;
// nothing is to be installed or copied.
//
// A migration:
//
//     #include "mighost.hpp"
//
//     void upgrade() {
//         mighost::execute("create table {} (id integer primary key)", mighost::identifier("stations"));
//     }
//
//     void downgrade() {
//         mighost::execute("drop table {}", mighost::identifier("stations"));
//     }
//
// A statement that fails ends the run: there is no error to handle. `upgrade`, `downgrade` and `objects`, and the functions of a plugin with
// kinds, are those of mighost.h.
#pragma once

#include <cmath>
#include <concepts>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mighost.h"

// They are functions here, and macros in C.
#undef mighost_fail
#undef mighost_expect
#undef mighost_test_passes
#undef mighost_test_fails
#undef mighost_test_sends

namespace mighost {

// ---- Texts ----

// An argument of the bindings. It is not copied, so `text` must live as long as the call.
inline mighost_text borrow(std::string_view text) {
    return {reinterpret_cast<uint8_t *>(const_cast<char *>(text.data())), text.size()};
}

// A result for the bindings: a copy that they free.
inline mighost_text give(std::string_view text) {
    mighost_text copy;
    guest_string_dup_n(&copy, text.data(), text.size());
    return copy;
}

// A text of the bindings. It is not copied.
inline std::string_view view(mighost_text text) {
    return {reinterpret_cast<const char *>(text.ptr), text.len};
}

// What the bindings answered, which they would not free.
inline std::string take(mighost_text text) {
    std::string taken(view(text));
    guest_string_free(&text);
    return taken;
}

// ---- Errors and messages ----

// Ends the run with a message, which is told with the file and line of the call.
[[noreturn]] inline void fail(std::string_view message, std::source_location place = std::source_location::current()) {
    std::string text = std::string(place.file_name()) + ":" + std::to_string(place.line()) + ": " + std::string(message);
    mighost_text reason = borrow(text);
    mighost_host_context_fail(&reason);
    std::abort();
}

// Ends the run unless `condition` holds.
inline void expect(bool condition, std::string_view message, std::source_location place = std::source_location::current()) {
    if (!condition) {
        fail(message, place);
    }
}

// ---- SQL ----

// A piece of SQL that goes into a statement as it is. Made by `identifier`, `literal`, `raw` and `sql`.
class Sql {
  public:
    operator std::string_view() const { return text; }
    const std::string &str() const { return text; }

  private:
    explicit Sql(std::string text) : text(std::move(text)) {}
    friend Sql raw(std::string_view text);

    std::string text;
};

// SQL as it is, e.g. an expression. The caller vouches for it.
inline Sql raw(std::string_view text) {
    return Sql(std::string(text));
}

// A name quoted for SQL, e.g. `"order"`.
inline Sql identifier(std::string_view name) {
    std::string quoted = "\"";
    for (char c : name) {
        quoted.append(c == '"' ? 2 : 1, c);
    }
    return raw(quoted + '"');
}

// A text quoted for SQL as a literal, e.g. `'it''s'`.
inline Sql literal(std::string_view text) {
    // With the E a backslash that is doubled means itself, whatever the server's settings.
    bool escapes = text.find('\\') != text.npos;
    std::string quoted = escapes ? " E'" : "'";
    for (char c : text) {
        quoted.append(c == '\'' || (escapes && c == '\\') ? 2 : 1, c);
    }
    return raw(quoted + '\'');
}

// None is NULL.
template <std::same_as<std::optional<std::string>> Text> Sql literal(const Text &text) {
    return text ? literal(std::string_view(*text)) : raw("NULL");
}

inline Sql literal(const char *text) {
    return literal(std::string_view(text));
}

inline std::string text_of(std::string_view text) {
    return std::string(text);
}

template <typename Number>
    requires std::integral<Number>
std::string text_of(Number number) {
    return std::to_string(number);
}

// As many digits as it takes to read the same number back.
inline std::string text_of(double number) {
    char *text = mighost_format("%g", number);
    std::string taken = text;
    std::free(text);
    return taken;
}

// What stands for a value in SQL: pieces and numbers as they are, truth values by name, texts as literals.
template <typename Value> std::string sql_of(const Value &value) {
    if constexpr (std::same_as<Value, Sql>) {
        return value.str();
    } else if constexpr (std::same_as<Value, bool>) {
        return value ? "true" : "false";
    } else if constexpr (std::integral<Value> || std::floating_point<Value>) {
        std::string number = text_of(value);
        return std::isfinite(static_cast<double>(value)) ? number : literal(number).str();
    } else {
        return literal(value).str();
    }
}

// `format` with the next of `texts` at each `{}`.
inline std::string filled(std::string_view format, const std::vector<std::string> &texts) {
    std::string text;
    size_t used = 0;
    for (size_t at = 0; at < format.size(); at++) {
        if (format.substr(at, 2) == "{}" && used < texts.size()) {
            text += texts[used++];
            at++;
        } else {
            text += format[at];
        }
    }
    if (used < texts.size()) {
        fail("the format has fewer {} than there are arguments: " + std::string(format));
    }
    return text;
}

// A message: each `{}` of `format` is the next argument, a text as it is or a number.
template <typename... Arguments> std::string format(std::string_view format, const Arguments &...arguments) {
    return filled(format, {text_of(arguments)...});
}

// A statement, or a piece of one: each `{}` of `format` is the next argument. Texts are quoted as literals; a name is given as
// `identifier(...)`, and SQL as it is as `raw(...)`.
template <typename... Arguments> Sql sql(std::string_view format, const Arguments &...arguments) {
    // Behind a minus sign, that of a negative number would begin a comment.
    std::string apart;
    for (size_t at = 0; at < format.size(); at++) {
        apart += format[at];
        if (format[at] == '-' && format.substr(at + 1, 2) == "{}") {
            apart += ' ';
        }
    }
    return raw(filled(apart, {sql_of(arguments)...}));
}

// Sends a statement, put together as by `sql`.
template <typename... Arguments> void execute(std::string_view statement, const Arguments &...arguments) {
    Sql whole = sql(statement, arguments...);
    mighost_text text = borrow(whole);
    mighost_host_database_list_value_t none = {};
    mighost_host_database_execute(&text, &none);
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

// A value of a row in PostgreSQL's text form; none is NULL.
using Value = std::optional<std::string>;
using Row = std::vector<Value>;

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

// All rows of a query, put together as by `sql`.
template <typename... Arguments> std::vector<Row> query(std::string_view statement, const Arguments &...arguments) {
    Sql whole = sql(statement, arguments...);
    mighost_text text = borrow(whole);
    mighost_host_database_list_value_t none{};
    mighost_host_database_rows_t answer;
    mighost_host_database_query(&text, &none, &answer);
    std::vector<Row> rows(answer.rows.len);
    for (size_t i = 0; i < rows.size(); i++) {
        for (size_t j = 0; j < answer.rows.ptr[i].len; j++) {
            rows[i].push_back(value_of(answer.rows.ptr[i].ptr[j]));
        }
    }
    mighost_host_database_rows_free(&answer);
    return rows;
}

// ---- The run ----

// The schema that the run targets, unquoted.
inline std::string schema() {
    mighost_text text;
    mighost_host_context_schema(&text);
    return take(text);
}

// The role for statements that need high privilege, unquoted.
inline std::string superuser_role() {
    mighost_text text;
    mighost_host_context_superuser_role(&text);
    return take(text);
}

// The revision that is run: of several in one folder, the one that is asked for.
inline std::string revision() {
    mighost_text text;
    mighost_host_context_revision(&text);
    return take(text);
}

// The value of `-x name=value`.
inline std::optional<std::string> argument(std::string_view name) {
    mighost_text asked = borrow(name), text;
    return mighost_host_context_argument(&asked, &text) ? std::optional(take(text)) : std::nullopt;
}

// A message for the person who watches the run.
inline void info(std::string_view message) {
    mighost_text text = borrow(message);
    mighost_host_log_message(MIGHOST_HOST_LOG_LEVEL_INFO, &text);
}

inline void warn(std::string_view message) {
    mighost_text text = borrow(message);
    mighost_host_log_message(MIGHOST_HOST_LOG_LEVEL_WARN, &text);
}

// ---- Objects ----

#if defined(MIGHOST_MIGRATION) || defined(MIGHOST_OBJECT_TYPE)
// A replaceable object, made step by step: `Object("view", "high_stations", "select ...").option("comment", "...")`.
class Object {
  public:
    Object(const std::string &kind, const std::string &name, const std::string &definition)
        : raw(mighost_new_object(kind.c_str(), name.c_str(), definition.c_str())) {}
    explicit Object(const mighost_object &object) : raw(object) {}

    Object &option(const std::string &name, const std::string &value) {
        mighost_add_option(&raw, name.c_str(), value.c_str());
        return *this;
    }

    // The value of the first option of this name.
    std::optional<std::string> option(const std::string &name) const {
        const char *value = mighost_option(&raw, name.c_str());
        return value ? std::optional<std::string>(value) : std::nullopt;
    }

    std::string_view kind() const { return view(raw.kind); }
    std::string_view name() const { return view(raw.name); }
    std::string_view definition() const { return view(raw.definition); }

    mighost_object raw;
};
#endif

#ifdef MIGHOST_MIGRATION
inline void create(const Object &object) { mighost_create(object.raw); }
inline void drop(const Object &object) { mighost_drop(object.raw); }
// The earlier version is the one that `version` names as `REVISION.KEY` or, without it, that of the nearest ancestor.
inline void replace(const Object &object, const char *version = nullptr) { mighost_replace(object.raw, version); }
inline void restore(const Object &object, const char *version = nullptr) { mighost_restore(object.raw, version); }
// For `objects`: an object with its key in this revision.
inline void define(const std::string &key, const Object &object) { mighost_define(key.c_str(), object.raw); }
#endif

// Texts of the bindings, such as `step->heads_after` of a hook's step, copied.
inline std::vector<std::string> texts(const guest_list_string_t &list) {
    std::vector<std::string> texts;
    for (size_t i = 0; i < list.len; i++) {
        texts.emplace_back(view(list.ptr[i]));
    }
    return texts;
}

} // namespace mighost

#ifdef MIGHOST_TEST
#include "testing.hpp"
#endif
