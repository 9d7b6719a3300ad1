/* Statements: how they are put together, sent and asked. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

static void mighost_append_quoted(mighost_buffer *buffer, const char *text, char quote) {
    /* A backslash means itself in a literal that begins with E and has it doubled, whatever the server's settings. */
    bool escapes = quote == '\'' && strchr(text, '\\');
    if (escapes) {
        mighost_append(buffer, " E", 2);
    }
    mighost_append(buffer, &quote, 1);
    for (; *text; text++) {
        if (*text == quote || (escapes && *text == '\\')) {
            mighost_append(buffer, text, 1);
        }
        mighost_append(buffer, text, 1);
    }
    mighost_append(buffer, &quote, 1);
}

static void mighost_append_literal(mighost_buffer *buffer, const char *text) {
    if (text) {
        mighost_append_quoted(buffer, text, '\'');
    } else {
        mighost_append(buffer, "NULL", 4);
    }
}

/* A number of SQL. After a minus sign, that of a negative number would begin a comment; what is not finite is written as a literal. */
static void mighost_append_number(mighost_buffer *buffer, const char *number) {
    if (*number == '-' && buffer->length && buffer->start[buffer->length - 1] == '-') {
        mighost_append(buffer, " ", 1);
    }
    if (strspn(number, "+-.0123456789e") == strlen(number)) {
        mighost_append(buffer, number, strlen(number));
    } else {
        mighost_append_quoted(buffer, number, '\'');
    }
}

char *mighost_identifier(const char *name) {
    mighost_buffer buffer = {0};
    mighost_append_quoted(&buffer, name, '"');
    return buffer.start;
}

char *mighost_qualified(const char *schema, const char *name) {
    return mighost_sql("%I.%I", schema, name);
}

char *mighost_literal(const char *text) {
    mighost_buffer buffer = {0};
    mighost_append_literal(&buffer, text);
    return buffer.start;
}

char *mighost_sql_list(const char *format, va_list given) {
    mighost_buffer buffer = {0};
    va_list arguments;
    va_copy(arguments, given);
    mighost_append(&buffer, "", 0);
    while (*format) {
        size_t plain = strcspn(format, "%");
        mighost_append(&buffer, format, plain);
        format += plain;
        if (!*format) {
            break;
        }
        char conversion = *++format;
        if (conversion == '%') {
            mighost_append(&buffer, "%", 1);
            format++;
            continue;
        }
        if (conversion == 'I' || conversion == 'L' || conversion == 'R') {
            const char *text = va_arg(arguments, const char *);
            format++;
            if (conversion == 'L') {
                mighost_append_literal(&buffer, text);
            } else if (!text) {
                MIGHOST_COMPLAIN("%%%c in a statement was given a null pointer", conversion);
            } else if (conversion == 'I') {
                mighost_append_quoted(&buffer, text, '"');
            } else {
                mighost_append(&buffer, text, strlen(text));
            }
            continue;
        }
        char space[64];
        const char *number = conversion == 'x' ? NULL : mighost_number(&format, &arguments, space);
        if (!number) {
            MIGHOST_COMPLAIN("a statement has no conversion %%%c: %%L quotes a text, %%I a name, %%R takes SQL as it is, and numbers are %%d %%i %%u %%g",
                             conversion);
        }
        mighost_append_number(&buffer, number);
    }
    va_end(arguments);
    return buffer.start;
}

char *mighost_sql(const char *format, ...) {
    MIGHOST_FORMATTED(text, mighost_sql_list);
    return text;
}

void mighost_execute(const char *format, ...) {
    MIGHOST_FORMATTED(statement, mighost_sql_list);
    mighost_execute_text(statement);
    free(statement);
}

void mighost_execute_text(const char *statement) {
    mighost_run(statement, MIGHOST_NO_PARAMETERS);
}

void mighost_execute_script(const char *script) {
    mighost_text text = mighost_borrow(script);
    mighost_host_database_execute_script(&text);
}

void mighost_execute_asset(const char *name) {
    mighost_text text = mighost_borrow(name);
    mighost_host_database_execute_asset(&text);
}

mighost_value mighost_null(void) {
    return (mighost_value){.tag = MIGHOST_HOST_DATABASE_VALUE_NULL};
}

mighost_value mighost_boolean(bool value) {
    return (mighost_value){.tag = MIGHOST_HOST_DATABASE_VALUE_BOOLEAN, .val.boolean = value};
}

mighost_value mighost_integer(int64_t value) {
    return (mighost_value){.tag = MIGHOST_HOST_DATABASE_VALUE_INTEGER, .val.integer = value};
}

mighost_value mighost_real(double value) {
    return (mighost_value){.tag = MIGHOST_HOST_DATABASE_VALUE_REAL, .val.real = value};
}

mighost_value mighost_text_value(const char *value) {
    return value ? (mighost_value){.tag = MIGHOST_HOST_DATABASE_VALUE_TEXT, .val.text = mighost_borrow(value)} : mighost_null();
}

mighost_value mighost_bytes(const void *bytes, size_t length) {
    return (mighost_value){.tag = MIGHOST_HOST_DATABASE_VALUE_BYTES, .val.bytes = {(uint8_t *)bytes, length}};
}

static mighost_host_database_list_value_t mighost_lower(mighost_parameters parameters) {
    mighost_host_database_list_value_t list = {(mighost_value *)parameters.values, parameters.count};
    return list;
}

void mighost_run(const char *statement, mighost_parameters parameters) {
    mighost_text text = mighost_borrow(statement);
    mighost_host_database_list_value_t values = mighost_lower(parameters);
    mighost_host_database_execute(&text, &values);
}

uint64_t mighost_run_counted(const char *statement, mighost_parameters parameters) {
    mighost_text text = mighost_borrow(statement);
    mighost_host_database_list_value_t values = mighost_lower(parameters);
    return mighost_host_database_execute_counted(&text, &values);
}

static mighost_rows mighost_ask(const char *query) {
    mighost_rows rows;
    mighost_text text = mighost_borrow(query);
    mighost_host_database_list_value_t none = {0};
    mighost_host_database_query(&text, &none, &rows);
    return rows;
}

static mighost_rows mighost_ask_one(const char *query) {
    mighost_rows rows = mighost_ask(query);
    if (rows.rows.len != 1) {
        MIGHOST_COMPLAIN("one row was expected, %zu came: %s", rows.rows.len, query);
    }
    return rows;
}

mighost_rows mighost_query(const char *format, ...) {
    MIGHOST_FORMATTED(query, mighost_sql_list);
    return mighost_ask(query);
}

mighost_rows mighost_query_one(const char *format, ...) {
    MIGHOST_FORMATTED(query, mighost_sql_list);
    return mighost_ask_one(query);
}

char *mighost_query_value(const char *format, ...) {
    MIGHOST_FORMATTED(query, mighost_sql_list);
    mighost_rows rows = mighost_ask_one(query);
    return mighost_cell(&rows, 0, 0);
}

char *mighost_cell(const mighost_rows *rows, size_t row, size_t column) {
    if (row >= rows->rows.len || column >= rows->rows.ptr[row].len) {
        MIGHOST_COMPLAIN("the query's answer has no row %zu with a column %zu, counted from 0", row, column);
    }
    const mighost_value *value = &rows->rows.ptr[row].ptr[column];
    switch (value->tag) {
    case MIGHOST_HOST_DATABASE_VALUE_BOOLEAN: return mighost_duplicate(value->val.boolean ? "t" : "f", 1);
    case MIGHOST_HOST_DATABASE_VALUE_INTEGER: return mighost_format("%lld", (long long)value->val.integer);
    case MIGHOST_HOST_DATABASE_VALUE_REAL: return mighost_format("%g", value->val.real);
    case MIGHOST_HOST_DATABASE_VALUE_TEXT: return mighost_string(value->val.text);
    case MIGHOST_HOST_DATABASE_VALUE_BYTES: return mighost_duplicate(value->val.bytes.ptr, value->val.bytes.len);
    default: return NULL;
    }
}

bool mighost_try_query(const char *statement, mighost_parameters parameters, mighost_rows *rows, mighost_error *error) {
    mighost_text text = mighost_borrow(statement);
    mighost_host_database_list_value_t values = mighost_lower(parameters);
    mighost_rows found;
    mighost_error refused;
    bool done = mighost_host_database_try_query(&text, &values, &found, &refused);
    if (done && rows) {
        *rows = found;
    } else if (!done && error) {
        *error = refused;
    }
    return done;
}

bool mighost_try_run(const char *statement, mighost_parameters parameters, uint64_t *affected, mighost_error *error) {
    mighost_rows rows;
    bool done = mighost_try_query(statement, parameters, &rows, error);
    if (done && affected) {
        *affected = rows.affected;
    }
    return done;
}

char *mighost_error_field(const mighost_error *error, const char *name) {
    for (size_t i = 0; i < error->fields.len; i++) {
        if (mighost_equal(error->fields.ptr[i].f0, name)) {
            return mighost_string(error->fields.ptr[i].f1);
        }
    }
    return NULL;
}

mighost_savepoint mighost_open_savepoint(void) {
    return mighost_host_database_constructor_savepoint();
}

void mighost_release(mighost_savepoint savepoint) {
    mighost_host_database_static_savepoint_release(savepoint);
}

void mighost_roll_back(mighost_savepoint savepoint) {
    mighost_host_database_static_savepoint_roll_back(savepoint);
}

bool mighost_suspend_transaction(void) {
    bool left = mighost_host_database_in_transaction();
    if (left) {
        mighost_host_database_suspend_transaction();
    }
    return left;
}

void mighost_resume_transaction(bool left) {
    if (left) {
        mighost_host_database_resume_transaction();
    }
}
