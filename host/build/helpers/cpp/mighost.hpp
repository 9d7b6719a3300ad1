// mighost.hpp: what a guest in C++ writes with.
//
// It is thin: `guest.h`, which it includes by way of `mighost.h`, has the bindings of everything that the guest imports and exports, with the
// documentation of mighost's WIT. This file adds strings, quoting, objects, and errors with file and line; `database.hpp`, which it includes, adds
// statements, rows, cursors and COPY. Guests are compiled as C++20 without exceptions: what is wrong ends the run, by `mighost::fail`.
// `mighost build` writes the headers beside the guest's code; nothing is to be installed or copied.
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
#include <cstdint>
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

// Ends the run with a message, which is reported with the file and line of the call.
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

// A piece of SQL that goes into a statement as it is. Made by `identifier`, `qualified`, `literal`, `raw` and `sql`.
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

// A name with its schema, both quoted.
inline Sql qualified(std::string_view schema, std::string_view name) {
    return raw(identifier(schema).str() + "." + identifier(name).str());
}

// Bytes as a value or a parameter.
using Bytes = std::vector<uint8_t>;

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

// A null pointer is NULL, too.
inline Sql literal(const char *text) {
    return text ? literal(std::string_view(text)) : raw("NULL");
}

inline Sql literal(std::nullopt_t) {
    return raw("NULL");
}

inline Sql literal(const Bytes &bytes) {
    std::string text = "\\x";
    for (uint8_t byte : bytes) {
        text += {"0123456789abcdef"[byte / 16], "0123456789abcdef"[byte % 16]};
    }
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

// `format` with the next of `texts` at each `{}`. `{{` and `}}` stand for braces.
inline std::string filled(std::string_view format, const std::vector<std::string> &texts) {
    if (texts.empty()) {
        return std::string(format);
    }
    std::string text;
    size_t used = 0;
    for (size_t at = 0; at < format.size(); at++) {
        std::string_view pair = format.substr(at, 2);
        if (pair == "{{" || pair == "}}") {
            text += format[at++];
        } else if (pair == "{}" && used < texts.size()) {
            text += texts[used++];
            at++;
        } else if (format[at] == '{' || format[at] == '}') {
            fail("the format has more {} than there are arguments, or a single brace, which is written twice: " + std::string(format));
        } else {
            text += format[at];
        }
    }
    if (used < texts.size()) {
        fail("the format has fewer {} than there are arguments: " + std::string(format));
    }
    return text;
}

// A message: each `{}` of `format` is the next argument, a text as it is or a number. Without arguments braces mean nothing. Not for statements.
template <typename... Arguments> std::string format(std::string_view format, const Arguments &...arguments) {
    return filled(format, {text_of(arguments)...});
}

// A statement, or a piece of one: each `{}` of `format` is the next argument. Texts are quoted as literals; a name is given as
// `identifier(...)`, and SQL as it is as `raw(...)`. Without arguments braces mean nothing.
template <typename... Arguments> Sql sql(std::string_view format, const Arguments &...arguments) {
    // After a minus sign, that of a negative number would begin a comment.
    std::string apart;
    for (size_t at = 0; at < format.size(); at++) {
        apart += format[at];
        if (sizeof...(arguments) && format[at] == '-' && format.substr(at + 1, 2) == "{}") {
            apart += ' ';
        }
    }
    return raw(filled(apart, {sql_of(arguments)...}));
}

// ---- The run ----

// `upgrade`, `downgrade` or, which only hooks see, `stamp`.
inline std::string_view direction() {
    return mighost_current_direction();
}

// The SQL dialect of the database: `postgresql`.
inline std::string dialect() {
    mighost_text text;
    mighost_host_context_dialect(&text);
    return take(text);
}

// Whether statements go into a script, and there is no database to ask.
inline bool offline() {
    return mighost_host_context_offline();
}

// The schema that the run targets, unquoted.
inline std::string schema() {
    mighost_text text;
    mighost_host_context_schema(&text);
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

// The file `assets/NAME` beside the code.
inline std::optional<std::string> asset(std::string_view name) {
    mighost_text asked = borrow(name);
    guest_list_u8_t content;
    if (!mighost_host_assets_read(&asked, &content)) {
        return std::nullopt;
    }
    return take({content.ptr, content.len});
}

// Texts of the bindings, such as `step->heads_after` of a hook's step, copied.
inline std::vector<std::string> texts(const guest_list_string_t &list) {
    std::vector<std::string> texts;
    for (size_t i = 0; i < list.len; i++) {
        texts.emplace_back(view(list.ptr[i]));
    }
    return texts;
}

inline std::vector<std::string> asset_names() {
    return texts(mighost_asset_names());
}

// A message that is shown with --verbose only.
inline void debug(std::string_view message) {
    mighost_text text = borrow(message);
    mighost_host_log_message(MIGHOST_HOST_LOG_LEVEL_DEBUG, &text);
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

// `done` of `total` units of your choice; without a total it is not known.
inline void progress(uint64_t done, std::optional<uint64_t> total = std::nullopt) {
    mighost_host_log_progress(done, total ? &*total : nullptr);
}

// ---- Objects ----

#if defined(MIGHOST_MIGRATION) || defined(MIGHOST_KIND_PROVIDER)
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

} // namespace mighost

#include "database.hpp"

#ifdef MIGHOST_TEST
#include "testing.hpp"
#endif
