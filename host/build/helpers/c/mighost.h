/*
 * mighost.h: what a guest in C writes with.
 *
 * It is thin: `guest.h`, which it includes, has the bindings of everything that the guest imports and exports, with the documentation of
 * mighost's WIT. This file adds texts as C has them, statements in the manner of printf, quoting, rows, objects, and errors with file and line.
 * `mighost build` writes both beside the guest's code; nothing is to be installed or copied.
 *
 * A migration:
 *
 *     #include "mighost.h"
 *
 *     void upgrade(void) {
 *         mighost_execute("create table %I (id integer primary key)", "stations");
 *     }
 *
 *     void downgrade(void) {
 *         mighost_execute("drop table %I", "stations");
 *     }
 *
 * A statement that fails ends the run: there is no error to handle. What is allocated here is never freed: a guest lives as long as its call.
 */
#ifndef MIGHOST_H
#define MIGHOST_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MIGHOST_NO_RETURN __attribute__((noreturn))

/* A text as the bindings have it: bytes in UTF-8 and their number, with no NUL at the end. */
typedef guest_string_t mighost_text;
/* A replaceable object; see `objects` in mighost's WIT. */
#if defined(MIGHOST_MIGRATION) || defined(MIGHOST_OBJECT_TYPE)
typedef mighost_host_objects_object_t mighost_object;
#endif

/* ---- Texts ---- */

/* A C string as an argument of the bindings. It is not copied. */
mighost_text mighost_borrow(const char *text);
/* A text of the bindings as a C string, copied. */
char *mighost_string(mighost_text text);
/* Whether a text is equal to a C string. */
bool mighost_equal(mighost_text text, const char *other);

/*
 * Formats a text. Conversions are printf's, without width and precision: %s %d %i %u %x %c %g %%, with l, ll or z before d, i, u and x; and those
 * of PostgreSQL's format(): %I a quoted identifier, %L a quoted literal (NULL for a null pointer). All of %s, %I and %L take a C string; %T takes
 * a `mighost_text`.
 */
char *mighost_format(const char *format, ...);
char *mighost_format_list(const char *format, va_list arguments);
/* A name quoted for SQL, e.g. `"order"`. */
char *mighost_identifier(const char *name);
/* A text quoted for SQL as a literal, e.g. `'it''s'`. */
char *mighost_literal(const char *text);

/* ---- The database ---- */

/* Sends a statement, formatted as by mighost_format. */
void mighost_execute(const char *format, ...);
/* Sends a statement as it stands: a `%` means nothing. */
void mighost_execute_text(const char *statement);

/* A value of a parameter, made by one of the functions below; the texts are not copied. */
typedef mighost_host_database_value_t mighost_value;
mighost_value mighost_null(void);
mighost_value mighost_boolean(bool value);
mighost_value mighost_integer(int64_t value);
mighost_value mighost_real(double value);
/* A null pointer is NULL. */
mighost_value mighost_text_value(const char *value);

/* The values of $1, $2 and so on: MIGHOST_PARAMETERS(mighost_integer(1), mighost_text_value("a")). */
typedef struct {
    const mighost_value *values;
    size_t count;
} mighost_parameters;
#define MIGHOST_PARAMETERS(...)                                                        \
    ((mighost_parameters){(const mighost_value[]){__VA_ARGS__},                        \
                          sizeof((const mighost_value[]){__VA_ARGS__}) / sizeof(mighost_value)})

/* Sends one statement with parameters, without waiting for its result. */
void mighost_run(const char *statement, mighost_parameters parameters);
/* Waits for it, and returns the number of rows that it returned or changed. */
uint64_t mighost_run_counted(const char *statement, mighost_parameters parameters);

/* The rows of a query. */
typedef mighost_host_database_rows_t mighost_rows;
/* PostgreSQL's error; see `database` in mighost's WIT. */
typedef mighost_host_database_error_t mighost_error;
/* Runs one statement under a savepoint. On failure it is undone, the transaction goes on, and this returns false. `rows` and `error` may be null
 * pointers. */
bool mighost_try(const char *statement, mighost_parameters parameters, mighost_rows *rows, mighost_error *error);
/* Asks a query, formatted as by mighost_format. */
mighost_rows mighost_query(const char *format, ...);
/* The text of a value, counted from 0; a null pointer for SQL's NULL. Numbers and truth values are written as PostgreSQL writes them. */
char *mighost_cell(const mighost_rows *rows, size_t row, size_t column);
/* The first value of the first row; a null pointer where there is none. */
char *mighost_query_one(const char *format, ...);

/* A savepoint: what is done while it is open can be undone without ending the run. They are nested; each is closed by one of the functions. */
typedef mighost_host_database_own_savepoint_t mighost_savepoint;
mighost_savepoint mighost_open_savepoint(void);
void mighost_release(mighost_savepoint savepoint);
void mighost_roll_back(mighost_savepoint savepoint);

/* ---- The run ---- */

/* The schema that the run targets, and the role for statements that need high privilege. Neither is quoted. */
char *mighost_schema(void);
char *mighost_superuser_role(void);
/* The revision that is run: of several in one folder, the one that is asked for. */
char *mighost_revision(void);
/* The value of `-x name=value`, or a null pointer. */
char *mighost_argument(const char *name);
/* An asset of this guest as a C string, or a null pointer. */
char *mighost_asset(const char *name);

/* A message for the person who watches the run. */
void mighost_info(const char *format, ...);
void mighost_warn(const char *format, ...);

/* Ends the run with a message, which is told with this file and line. */
#define mighost_fail(...) mighost_fail_at(__FILE__, __LINE__, __VA_ARGS__)
MIGHOST_NO_RETURN void mighost_fail_at(const char *file, int line, const char *format, ...);
/* Ends the run unless `condition` holds. */
#define mighost_expect(condition, ...) ((condition) ? (void)0 : mighost_fail(__VA_ARGS__))

/* ---- Objects ---- */

#if defined(MIGHOST_MIGRATION) || defined(MIGHOST_OBJECT_TYPE)
/* A new object of a kind, e.g. `view`. */
mighost_object mighost_new_object(const char *kind, const char *name, const char *definition);
/* Adds an option. */
void mighost_add_option(mighost_object *object, const char *name, const char *value);
/* The value of the first option of this name, or a null pointer. */
char *mighost_option(const mighost_object *object, const char *name);
#endif

#ifdef MIGHOST_MIGRATION
/* What the migration defines. Only `upgrade` must be there; without `downgrade` the revision cannot be taken back. */
void upgrade(void);
void downgrade(void);
/* Lists the versions of objects that this revision defines, by mighost_define. */
void objects(void);
/* For `objects`: an object with its key in this revision. */
void mighost_define(const char *key, mighost_object object);

/* Creates, drops, replaces an object, and puts the version before it back. The earlier version is the one that `version` names as `REVISION.KEY` or,
 * where that is a null pointer, that of the nearest ancestor. */
void mighost_create(mighost_object object);
void mighost_drop(mighost_object object);
void mighost_replace(mighost_object object, const char *version);
void mighost_restore(mighost_object object, const char *version);
#endif

#ifdef MIGHOST_OBJECT_TYPE
/* What a plugin defines that has `kinds` in its plugin.toml. The first two must be there. Without `replace_object` the old one is dropped and
 * the new one created; without `introspect_objects` none is found. */
void create_object(const mighost_object *object);
void drop_object(const mighost_object *object);
void replace_object(const mighost_object *before, const mighost_object *after);
void introspect_objects(const char *kind, const char *schema);
/* For `introspect_objects`: an object that is there. */
void mighost_found(mighost_object object);
#endif

/* ---- Hooks ---- */

#ifdef MIGHOST_HOOK
/* What a plugin defines that has `hooks = ["on-version-apply"]` in its plugin.toml. */
typedef struct {
    mighost_host_context_direction_t direction;
    mighost_text revision, message;
    guest_list_string_t down_revisions, heads_before, heads_after;
    /* Who runs it; `operator` is a word of C++. */
    mighost_text operator_;
    uint32_t number, total;
} mighost_step;
void on_version_apply(const mighost_step *step);
/* `upgrade`, `downgrade` or `stamp`. */
const char *mighost_direction(const mighost_step *step);
#endif
/* Texts of the bindings, e.g. `step->heads_after`, as one with `separator` between them. */
char *mighost_join(const guest_list_string_t *texts, const char *separator);

/* ---- Tests ---- */

#ifdef MIGHOST_TEST
/*
 * A test defines its cases, once:
 *
 *     MIGHOST_CASES({"a role is set", a_role_is_set}, {"a role needs a name", a_role_needs_a_name})
 *
 * Each is a function that ends the case where something is not as it should be: by mighost_expect, mighost_fail, or one of those below.
 */
typedef struct {
    const char *name;
    void (*run)(void);
} mighost_case;
extern const mighost_case mighost_cases[];
#define MIGHOST_CASES(...) const mighost_case mighost_cases[] = {__VA_ARGS__, {0, 0}};

/* What became of a call, of a step or of a query. */
typedef struct {
    /* What a call returned, in WAVE, or a query's first value; a null pointer where there is none. */
    char *value;
    /* What the person who runs mighost would be told; a null pointer where it succeeded. */
    char *error;
    /* Where PostgreSQL, or an answer in its place, refused a statement; else a null pointer. */
    char *sqlstate;
} mighost_outcome;

/* Calls a function of `plugin NAME` or `revision ID`, written in WAVE: mighost_test_call("plugin roles", "reset-role()"). */
mighost_outcome mighost_test_call(const char *component, const char *call);
/* The statements that were sent, in order, with a line break behind each; and what was said by messages. */
char *mighost_test_sent(void);
char *mighost_test_said(void);
/* Answers a statement, in which `...` stands for any text, with rows of text: `values` has `count` rows of `columns` each, and a null pointer for
 * NULL. What was sent before is forgotten. mighost_host_testing_prepare has the other answers, and what components are told. */
void mighost_test_answer(const char *statement, size_t columns, size_t count, const char *const *values);

/* A new and empty database with the project's history; `setup` is SQL. */
typedef mighost_host_testing_own_throw_away_t mighost_database;
mighost_database mighost_test_database(const char *setup);
mighost_outcome mighost_test_upgrade(mighost_database database, const char *target);
mighost_outcome mighost_test_downgrade(mighost_database database, const char *target);
mighost_outcome mighost_test_call_in(mighost_database database, const char *component, const char *call);
mighost_outcome mighost_test_execute(mighost_database database, const char *script);
mighost_outcome mighost_test_query(mighost_database database, const char *query);

/* Ends the case unless the outcome is good; its value. */
#define mighost_test_passes(outcome) mighost_test_passes_at(__FILE__, __LINE__, outcome)
char *mighost_test_passes_at(const char *file, int line, mighost_outcome outcome);
/* Ends the case unless the outcome is an error with this text in it. */
#define mighost_test_fails(outcome, part) mighost_test_fails_at(__FILE__, __LINE__, outcome, part)
void mighost_test_fails_at(const char *file, int line, mighost_outcome outcome, const char *part);
/* Ends the case unless exactly these statements were sent, whatever their white space. */
#define mighost_test_sends(...) mighost_test_sends_at(__FILE__, __LINE__, (const char *[]){__VA_ARGS__ __VA_OPT__(, ) 0})
void mighost_test_sends_at(const char *file, int line, const char *const *statements);
#endif

#ifdef __cplusplus
}
#endif
#endif
