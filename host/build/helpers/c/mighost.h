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
 * A statement that fails ends the run: there is no error to handle. What is allocated here is not freed unless it says so: a guest lives as
 * long as its call. SPEC.md beside mighost's helpers lists what the helpers of all languages have, and by which names.
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
#if defined(MIGHOST_MIGRATION) || defined(MIGHOST_KIND_PROVIDER)
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
 * Formats a text that is no SQL, e.g. a message. Conversions are printf's, without width and precision: %s %d %i %u %x %c %g %%, with l, ll or z
 * before d, i, u and x; %T takes a `mighost_text`.
 */
char *mighost_format(const char *format, ...);
char *mighost_format_list(const char *format, va_list arguments);

/* ---- SQL ---- */

/*
 * Formats a statement, or a piece of one. Conversions: %I a quoted identifier, %L a quoted literal (NULL for a null pointer), %R SQL as it is, e.g.
 * what this function made: the caller vouches for it. All of them take a C string. %d %i %u %g are numbers, with l, ll or z, and %% is a percent
 * sign. %s is refused, since it does not say how the text is to be quoted.
 */
char *mighost_sql(const char *format, ...);
/* A name quoted for SQL, e.g. `"order"`. */
char *mighost_identifier(const char *name);
/* A name with its schema, both quoted. */
char *mighost_qualified(const char *schema, const char *name);
/* A text quoted for SQL as a literal, e.g. `'it''s'`; NULL for a null pointer. */
char *mighost_literal(const char *text);

/* ---- Statements ---- */

/* Sends a statement, formatted as by mighost_sql. */
void mighost_execute(const char *format, ...);
/* Sends a statement, or several, as they are: a `%` means nothing. */
void mighost_execute_text(const char *statement);
/* Sends a script with psql's variables filled in; the second, one below assets/. */
void mighost_execute_script(const char *script);
void mighost_execute_asset(const char *name);

/* A value of a parameter, made by one of the functions below; texts and bytes are not copied. */
typedef mighost_host_database_value_t mighost_value;
mighost_value mighost_null(void);
mighost_value mighost_boolean(bool value);
mighost_value mighost_integer(int64_t value);
mighost_value mighost_real(double value);
/* A null pointer is NULL. */
mighost_value mighost_text_value(const char *value);
mighost_value mighost_bytes(const void *bytes, size_t length);

/* The values of $1, $2 and so on, or of a row: MIGHOST_PARAMETERS(mighost_integer(1), mighost_text_value("a")). */
typedef struct {
    const mighost_value *values;
    size_t count;
} mighost_parameters;
#define MIGHOST_PARAMETERS(...)                                                        \
    ((mighost_parameters){(const mighost_value[]){__VA_ARGS__},                        \
                          sizeof((const mighost_value[]){__VA_ARGS__}) / sizeof(mighost_value)})
#define MIGHOST_NO_PARAMETERS ((mighost_parameters){0, 0})

/* Sends one statement with parameters, without waiting for its result. */
void mighost_run(const char *statement, mighost_parameters parameters);
/* Waits for it, and returns the number of rows that it returned or changed. */
uint64_t mighost_run_counted(const char *statement, mighost_parameters parameters);

/* The rows of a query. */
typedef mighost_host_database_rows_t mighost_rows;
/* Asks a query, formatted as by mighost_sql. */
mighost_rows mighost_query(const char *format, ...);
/* The only row of a query: the run ends unless there is exactly one. */
mighost_rows mighost_query_one(const char *format, ...);
/* The first value of the only row; a null pointer for SQL's NULL. */
char *mighost_query_value(const char *format, ...);
/* The text of a value, counted from 0; a null pointer for SQL's NULL. Numbers and truth values are written as PostgreSQL writes them. */
char *mighost_cell(const mighost_rows *rows, size_t row, size_t column);

/* PostgreSQL's error; see `database` in mighost's WIT. */
typedef mighost_host_database_error_t mighost_error;
/* Run one statement under a savepoint. On failure it is undone, the transaction goes on, and they return false. The last two arguments may be null
 * pointers; `affected` is the number of rows that the statement returned or changed. */
bool mighost_try_run(const char *statement, mighost_parameters parameters, uint64_t *affected, mighost_error *error);
bool mighost_try_query(const char *statement, mighost_parameters parameters, mighost_rows *rows, mighost_error *error);
/* What the error is about, e.g. the name of the `constraint`; a null pointer where it does not say. */
char *mighost_error_field(const mighost_error *error, const char *name);

/* A savepoint: what is done while it is open can be undone without ending the run. They are nested; each is closed by one of the functions. */
typedef mighost_host_database_own_savepoint_t mighost_savepoint;
mighost_savepoint mighost_open_savepoint(void);
void mighost_release(mighost_savepoint savepoint);
void mighost_roll_back(mighost_savepoint savepoint);

/* Leaves the transaction, for statements that cannot run inside one: what was done so far is committed. Returns whether there was one to leave,
 * which is what mighost_resume_transaction takes. */
bool mighost_suspend_transaction(void);
void mighost_resume_transaction(bool left);

/* ---- Many rows ---- */

/*
 * A query whose rows are fetched in batches, for more than fits in memory:
 *
 *     mighost_cursor rows = mighost_open_cursor("select id, name from stations", MIGHOST_NO_PARAMETERS, 1000);
 *     while (mighost_next(&rows)) {
 *         mighost_info("%s: %s", mighost_cursor_cell(&rows, 0), mighost_cursor_cell(&rows, 1));
 *     }
 *     mighost_close_cursor(&rows);
 */
typedef struct {
    mighost_host_database_own_cursor_t handle;
    /* Its columns, and the rows that were fetched last. */
    mighost_rows batch;
    /* The row that mighost_next went to, counted from 1, and the texts that were made of it. */
    size_t row;
    char **cells;
} mighost_cursor;
mighost_cursor mighost_open_cursor(const char *statement, mighost_parameters parameters, uint32_t batch);
/* Goes to the next row; false at the end. */
bool mighost_next(mighost_cursor *cursor);
/* As mighost_cell, of the current row. The text is valid until the next row. */
const char *mighost_cursor_cell(mighost_cursor *cursor, size_t column);
void mighost_close_cursor(mighost_cursor *cursor);

/* Names, unquoted: MIGHOST_NAMES("id", "name"). */
typedef struct {
    const char *const *names;
    size_t count;
} mighost_names;
#define MIGHOST_NAMES(...)                                                             \
    ((mighost_names){(const char *const[]){__VA_ARGS__},                               \
                     sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)})

/* Rows sent by COPY, the fastest way to insert many. Nothing else may be sent before mighost_finish_copy, which must be called: it returns the
 * number of rows. `table` may be qualified as `schema.table`. */
typedef struct {
    mighost_host_postgres_own_copy_in_t handle;
    /* They reach the host some hundreds at a time. */
    mighost_host_postgres_list_row_t waiting;
} mighost_copy;
mighost_copy mighost_open_copy(const char *table, mighost_names columns);
/* Sends a row, with one value per column, which is copied. */
void mighost_write_row(mighost_copy *copy, mighost_parameters row);
uint64_t mighost_finish_copy(mighost_copy *copy);

/* COPY's options, name and value: MIGHOST_COPY_OPTIONS({"format", "csv"}, {"header", "true"}). */
typedef struct {
    const char *name, *value;
} mighost_copy_option;
typedef struct {
    const mighost_copy_option *options;
    size_t count;
} mighost_copy_options;
#define MIGHOST_COPY_OPTIONS(...)                                                      \
    ((mighost_copy_options){(const mighost_copy_option[]){__VA_ARGS__},                \
                            sizeof((const mighost_copy_option[]){__VA_ARGS__}) / sizeof(mighost_copy_option)})
/* Without options an asset is in COPY's text format. */
#define MIGHOST_NO_COPY_OPTIONS ((mighost_copy_options){0, 0})

/* Send a file below assets/, or the rows of a query `batch` at a time, by COPY, and return the number of rows. They do not pass through the guest. */
uint64_t mighost_copy_asset(const char *table, mighost_names columns, const char *asset, mighost_copy_options options);
uint64_t mighost_copy_query(const char *table, mighost_names columns, const char *statement, mighost_parameters parameters, uint32_t batch);

/* ---- The session and PostgreSQL ---- */

/* Settings hold for the rest of the revision. Time is in milliseconds; 0 removes a limit. */
void mighost_set_search_path(mighost_names schemas);
void mighost_set_lock_timeout(uint32_t milliseconds);
void mighost_set_statement_timeout(uint32_t milliseconds);
/* E.g. 150018 for 15.18; 0 offline. */
uint32_t mighost_server_version(void);
/* The role for statements that need high privilege, unquoted. */
char *mighost_superuser_role(void);
/* Runs the statements that follow as a role, named unquoted; and as the run's own again. */
void mighost_set_role(const char *name);
void mighost_reset_role(void);

/* ---- The run ---- */

/* `upgrade`, `downgrade` or, which only hooks see, `stamp`. */
const char *mighost_current_direction(void);
/* The SQL dialect of the database: `postgresql`. */
char *mighost_dialect(void);
/* The schema that the run targets, unquoted. */
char *mighost_schema(void);
/* Whether statements go into a script, and there is no database to ask. */
bool mighost_offline(void);
/* The revision that is run: of several in one folder, the one that is asked for. */
char *mighost_revision(void);
/* The value of `-x name=value`, or a null pointer. */
char *mighost_argument(const char *name);
/* An asset of this guest as a C string, or a null pointer. */
char *mighost_asset(const char *name);
/* The names of all of them, for mighost_string and mighost_join. */
guest_list_string_t mighost_asset_names(void);

/* A message for the person who watches the run, formatted as by mighost_format; `debug` is shown with --verbose only. */
void mighost_debug(const char *format, ...);
void mighost_info(const char *format, ...);
void mighost_warn(const char *format, ...);
/* `done` of `total` units of your choice; a total of 0 is not known. */
void mighost_progress(uint64_t done, uint64_t total);

/* Ends the run with a message, which is reported with this file and line. */
#define mighost_fail(...) mighost_fail_at(__FILE__, __LINE__, __VA_ARGS__)
MIGHOST_NO_RETURN void mighost_fail_at(const char *file, int line, const char *format, ...);
/* Ends the run unless `condition` holds. */
#define mighost_expect(condition, ...) ((condition) ? (void)0 : mighost_fail(__VA_ARGS__))

/* ---- Objects ---- */

#if defined(MIGHOST_MIGRATION) || defined(MIGHOST_KIND_PROVIDER)
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

#ifdef MIGHOST_KIND_PROVIDER
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
char *mighost_test_statements(void);
char *mighost_test_log_messages(void);
/* Answers a statement, in which `...` stands for any text, with rows of text: `values` has `count` rows of `columns` each, and a null pointer for
 * NULL. mighost_host_testing_set_answers has the other answers, and mighost_host_testing_prepare the settings. */
void mighost_test_answer(const char *statement, size_t columns, size_t count, const char *const *values);

/* A new and empty database with the project's history; `setup` is SQL. */
typedef mighost_host_testing_own_test_database_t mighost_database;
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
