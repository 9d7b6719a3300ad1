/* What stands behind mighost.h, compiled into each guest by mighost build. */
#include "mighost.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Defined by the guest or, where it has none, here. */
#define MIGHOST_OPTIONAL __attribute__((weak))

static void *mighost_allocate(void *old, size_t size) {
    void *memory = realloc(old, size ? size : 1);
    if (!memory) {
        mighost_fail("the guest has no memory left");
    }
    return memory;
}

static char *mighost_copy(const void *bytes, size_t length) {
    char *text = mighost_allocate(NULL, length + 1);
    memcpy(text, bytes, length);
    text[length] = '\0';
    return text;
}

mighost_text mighost_borrow(const char *text) {
    mighost_text borrowed;
    guest_string_set(&borrowed, text ? text : "");
    return borrowed;
}

char *mighost_string(mighost_text text) {
    return mighost_copy(text.ptr, text.len);
}

bool mighost_equal(mighost_text text, const char *other) {
    return text.len == strlen(other) && memcmp(text.ptr, other, text.len) == 0;
}

/* A text that grows. */
typedef struct {
    char *start;
    size_t length, room;
} mighost_buffer;

static void mighost_append(mighost_buffer *buffer, const char *bytes, size_t length) {
    if (buffer->room - buffer->length <= length) {
        buffer->room = (buffer->length + length + 1) * 2;
        buffer->start = mighost_allocate(buffer->start, buffer->room);
    }
    memcpy(buffer->start + buffer->length, bytes, length);
    buffer->length += length;
    buffer->start[buffer->length] = '\0';
}

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

char *mighost_identifier(const char *name) {
    mighost_buffer buffer = {0};
    mighost_append_quoted(&buffer, name, '"');
    return buffer.start;
}

char *mighost_literal(const char *text) {
    mighost_buffer buffer = {0};
    mighost_append_literal(&buffer, text);
    return buffer.start;
}

char *mighost_format_list(const char *format, va_list arguments) {
    mighost_buffer buffer = {0};
    char number[64];
    mighost_append(&buffer, "", 0);
    while (*format) {
        size_t plain = strcspn(format, "%");
        mighost_append(&buffer, format, plain);
        format += plain;
        if (!*format) {
            break;
        }
        const char *conversion = ++format;
        size_t width = strspn(format, "lz");
        format += width;
        bool wide = width == 2;
        int length = -1;
        switch (*format++) {
        case '%': mighost_append(&buffer, "%", 1); continue;
        case 's': {
            const char *text = va_arg(arguments, const char *);
            mighost_append(&buffer, text ? text : "(null)", strlen(text ? text : "(null)"));
            continue;
        }
        case 'T': {
            mighost_text text = va_arg(arguments, mighost_text);
            mighost_append(&buffer, (const char *)text.ptr, text.len);
            continue;
        }
        case 'I': {
            const char *name = va_arg(arguments, const char *);
            if (!name) {
                mighost_fail("%%I in the format was given a null pointer, which is no name");
            }
            mighost_append_quoted(&buffer, name, '"');
            continue;
        }
        case 'L': mighost_append_literal(&buffer, va_arg(arguments, const char *)); continue;
        case 'c': number[0] = (char)va_arg(arguments, int); length = 1; break;
        case 'g': length = snprintf(number, sizeof number, "%.17g", va_arg(arguments, double)); break;
        case 'd':
        case 'i':
            length = snprintf(number, sizeof number, "%lld",
                              wide ? va_arg(arguments, long long)
                                   : width ? (long long)va_arg(arguments, long) : (long long)va_arg(arguments, int));
            break;
        case 'u':
        case 'x': {
            unsigned long long value = wide ? va_arg(arguments, unsigned long long)
                                       : width ? va_arg(arguments, unsigned long) : va_arg(arguments, unsigned);
            length = snprintf(number, sizeof number, format[-1] == 'u' ? "%llu" : "%llx", value);
            break;
        }
        default: break;
        }
        if (length < 0) {
            mighost_fail("mighost_format knows no conversion that begins with %c%c; it has s d i u x c g I L T", '%', *conversion);
        }
        mighost_append(&buffer, number, (size_t)length);
    }
    return buffer.start;
}

/* The text that the arguments of a function with `format` as its last parameter make. */
#define MIGHOST_FORMATTED(text)                              \
    char *text;                                              \
    do {                                                     \
        va_list arguments;                                   \
        va_start(arguments, format);                         \
        text = mighost_format_list(format, arguments);       \
        va_end(arguments);                                   \
    } while (0)

char *mighost_format(const char *format, ...) {
    MIGHOST_FORMATTED(text);
    return text;
}

void mighost_execute_text(const char *statement) {
    mighost_run(statement, (mighost_parameters){0});
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

bool mighost_try(const char *statement, mighost_parameters parameters, mighost_rows *rows, mighost_error *error) {
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

void mighost_execute(const char *format, ...) {
    MIGHOST_FORMATTED(statement);
    mighost_execute_text(statement);
    free(statement);
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

static mighost_rows mighost_ask(const char *query) {
    mighost_rows rows;
    mighost_text text = mighost_borrow(query);
    mighost_host_database_list_value_t none = {0};
    mighost_host_database_query(&text, &none, &rows);
    return rows;
}

mighost_rows mighost_query(const char *format, ...) {
    MIGHOST_FORMATTED(query);
    return mighost_ask(query);
}

char *mighost_cell(const mighost_rows *rows, size_t row, size_t column) {
    if (row >= rows->rows.len || column >= rows->rows.ptr[row].len) {
        mighost_fail("the query's answer has no row %zu with a column %zu, counted from 0", row, column);
    }
    const mighost_host_database_value_t *value = &rows->rows.ptr[row].ptr[column];
    switch (value->tag) {
    case MIGHOST_HOST_DATABASE_VALUE_BOOLEAN: return mighost_copy(value->val.boolean ? "t" : "f", 1);
    case MIGHOST_HOST_DATABASE_VALUE_INTEGER: return mighost_format("%lld", (long long)value->val.integer);
    case MIGHOST_HOST_DATABASE_VALUE_REAL: return mighost_format("%g", value->val.real);
    case MIGHOST_HOST_DATABASE_VALUE_TEXT: return mighost_string(value->val.text);
    case MIGHOST_HOST_DATABASE_VALUE_BYTES: return mighost_copy(value->val.bytes.ptr, value->val.bytes.len);
    default: return NULL;
    }
}

char *mighost_query_one(const char *format, ...) {
    MIGHOST_FORMATTED(query);
    mighost_rows rows = mighost_ask(query);
    return rows.rows.len && rows.rows.ptr[0].len ? mighost_cell(&rows, 0, 0) : NULL;
}

char *mighost_schema(void) {
    mighost_text schema;
    mighost_host_context_schema(&schema);
    return mighost_string(schema);
}

char *mighost_superuser_role(void) {
    mighost_text role;
    mighost_host_context_superuser_role(&role);
    return mighost_string(role);
}

char *mighost_revision(void) {
    mighost_text revision;
    mighost_host_context_revision(&revision);
    return mighost_string(revision);
}

char *mighost_argument(const char *name) {
    mighost_text asked = mighost_borrow(name), value;
    return mighost_host_context_argument(&asked, &value) ? mighost_string(value) : NULL;
}

char *mighost_asset(const char *name) {
    mighost_text asked = mighost_borrow(name);
    guest_list_u8_t content;
    return mighost_host_assets_read(&asked, &content) ? mighost_copy(content.ptr, content.len) : NULL;
}

static void mighost_say(mighost_host_log_level_t level, const char *message) {
    mighost_text text = mighost_borrow(message);
    mighost_host_log_message(level, &text);
}

void mighost_info(const char *format, ...) {
    MIGHOST_FORMATTED(text);
    mighost_say(MIGHOST_HOST_LOG_LEVEL_INFO, text);
}

void mighost_warn(const char *format, ...) {
    MIGHOST_FORMATTED(text);
    mighost_say(MIGHOST_HOST_LOG_LEVEL_WARN, text);
}

MIGHOST_NO_RETURN void mighost_fail_at(const char *file, int line, const char *format, ...) {
    MIGHOST_FORMATTED(message);
    /* The helper's own complaints are about a call whose place is not known. */
    const char *name = strrchr(file, '/') ? strrchr(file, '/') + 1 : file;
    bool own = strcmp(name, "mighost.c") == 0;
    mighost_text reason = mighost_borrow(own ? message : mighost_format("%s:%d: %s", file, line, message));
    mighost_host_context_fail(&reason);
    __builtin_trap();
}

#if defined(MIGHOST_MIGRATION) || defined(MIGHOST_OBJECT_TYPE)
mighost_object mighost_new_object(const char *kind, const char *name, const char *definition) {
    mighost_object object = {0};
    guest_string_dup(&object.kind, kind);
    guest_string_dup(&object.name, name);
    guest_string_dup(&object.definition, definition);
    return object;
}

void mighost_add_option(mighost_object *object, const char *name, const char *value) {
    size_t length = object->options.len++;
    object->options.ptr = mighost_allocate(object->options.ptr, (length + 1) * sizeof *object->options.ptr);
    guest_string_dup(&object->options.ptr[length].f0, name);
    guest_string_dup(&object->options.ptr[length].f1, value);
}

char *mighost_option(const mighost_object *object, const char *name) {
    for (size_t i = 0; i < object->options.len; i++) {
        if (mighost_equal(object->options.ptr[i].f0, name)) {
            return mighost_string(object->options.ptr[i].f1);
        }
    }
    return NULL;
}
#endif

#ifdef MIGHOST_MIGRATION
MIGHOST_OPTIONAL void downgrade(void) {
    mighost_fail("this revision has no downgrade");
}

MIGHOST_OPTIONAL void objects(void) {}

static exports_mighost_host_revision_list_tuple2_string_object_t mighost_defined;

void mighost_define(const char *key, mighost_object object) {
    size_t length = mighost_defined.len++;
    mighost_defined.ptr = mighost_allocate(mighost_defined.ptr, (length + 1) * sizeof *mighost_defined.ptr);
    guest_string_dup(&mighost_defined.ptr[length].f0, key);
    mighost_defined.ptr[length].f1 = object;
}

void mighost_create(mighost_object object) {
    mighost_host_replaceable_create(&object);
}

void mighost_drop(mighost_object object) {
    mighost_host_replaceable_drop(&object);
}

void mighost_replace(mighost_object object, const char *version) {
    mighost_text named = mighost_borrow(version);
    mighost_host_replaceable_replace(&object, version ? &named : NULL);
}

void mighost_restore(mighost_object object, const char *version) {
    mighost_text named = mighost_borrow(version);
    mighost_host_replaceable_restore(&object, version ? &named : NULL);
}

bool exports_mighost_host_revision_upgrade(guest_string_t *error) {
    (void)error;
    upgrade();
    return true;
}

bool exports_mighost_host_revision_downgrade(guest_string_t *error) {
    (void)error;
    downgrade();
    return true;
}

void exports_mighost_host_revision_objects(exports_mighost_host_revision_list_tuple2_string_object_t *list) {
    mighost_defined.ptr = NULL;
    mighost_defined.len = 0;
    objects();
    *list = mighost_defined;
}
#endif

#ifdef MIGHOST_OBJECT_TYPE
MIGHOST_OPTIONAL void replace_object(const mighost_object *before, const mighost_object *after) {
    drop_object(before);
    create_object(after);
}

MIGHOST_OPTIONAL void introspect_objects(const char *kind, const char *schema) {
    (void)kind;
    (void)schema;
}

static exports_mighost_host_object_type_list_object_t mighost_there;

void mighost_found(mighost_object object) {
    size_t length = mighost_there.len++;
    mighost_there.ptr = mighost_allocate(mighost_there.ptr, (length + 1) * sizeof *mighost_there.ptr);
    mighost_there.ptr[length] = object;
}

bool exports_mighost_host_object_type_create(mighost_object *object, guest_string_t *error) {
    (void)error;
    create_object(object);
    return true;
}

bool exports_mighost_host_object_type_drop(mighost_object *object, guest_string_t *error) {
    (void)error;
    drop_object(object);
    return true;
}

bool exports_mighost_host_object_type_replace(mighost_object *before, mighost_object *after, guest_string_t *error) {
    (void)error;
    replace_object(before, after);
    return true;
}

bool exports_mighost_host_object_type_introspect(guest_string_t *kind, guest_string_t *schema,
                                                 exports_mighost_host_object_type_list_object_t *list,
                                                 guest_string_t *error) {
    (void)error;
    mighost_there.ptr = NULL;
    mighost_there.len = 0;
    introspect_objects(mighost_string(*kind), mighost_string(*schema));
    *list = mighost_there;
    return true;
}
#endif

char *mighost_join(const guest_list_string_t *texts, const char *separator) {
    mighost_buffer buffer = {0};
    mighost_append(&buffer, "", 0);
    for (size_t i = 0; i < texts->len; i++) {
        mighost_append(&buffer, separator, i ? strlen(separator) : 0);
        mighost_append(&buffer, (const char *)texts->ptr[i].ptr, texts->ptr[i].len);
    }
    return buffer.start;
}

#ifdef MIGHOST_HOOK
const char *mighost_direction(const mighost_step *step) {
    switch (step->direction) {
    case MIGHOST_HOST_CONTEXT_DIRECTION_UPGRADE: return "upgrade";
    case MIGHOST_HOST_CONTEXT_DIRECTION_DOWNGRADE: return "downgrade";
    default: return "stamp";
    }
}

bool exports_mighost_host_version_hook_on_version_apply(guest_string_t *error) {
    mighost_step step;
    (void)error;
    step.direction = mighost_host_context_current_direction();
    mighost_host_context_revision(&step.revision);
    mighost_host_step_info_message(&step.message);
    mighost_host_step_info_down_revisions(&step.down_revisions);
    mighost_host_step_info_heads_before(&step.heads_before);
    mighost_host_step_info_heads_after(&step.heads_after);
    mighost_host_step_info_operator(&step.operator_);
    step.number = mighost_host_step_info_number();
    step.total = mighost_host_step_info_total();
    on_version_apply(&step);
    return true;
}
#endif
