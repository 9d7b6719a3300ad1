/* What stands behind mighost.h, with statements.c and rows.c: compiled into each guest by mighost build. */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Defined by the guest or, where it has none, here. */
#define MIGHOST_OPTIONAL __attribute__((weak))

void *mighost_allocate(void *old, size_t size) {
    void *memory = realloc(old, size ? size : 1);
    if (!memory) {
        MIGHOST_COMPLAIN("the guest has no memory left");
    }
    return memory;
}

char *mighost_duplicate(const void *bytes, size_t length) {
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
    return mighost_duplicate(text.ptr, text.len);
}

bool mighost_equal(mighost_text text, const char *other) {
    return text.len == strlen(other) && memcmp(text.ptr, other, text.len) == 0;
}

void mighost_append(mighost_buffer *buffer, const char *bytes, size_t length) {
    if (buffer->room - buffer->length <= length) {
        buffer->room = (buffer->length + length + 1) * 2;
        buffer->start = mighost_allocate(buffer->start, buffer->room);
    }
    memcpy(buffer->start + buffer->length, bytes, length);
    buffer->length += length;
    buffer->start[buffer->length] = '\0';
}

const char *mighost_number(const char **format, va_list *arguments, char *text) {
    size_t width = strspn(*format, "lz");
    char conversion = (*format)[width];
    switch (conversion) {
    case 'd':
    case 'i': {
        long long value = width == 2 ? va_arg(*arguments, long long) : width ? va_arg(*arguments, long) : va_arg(*arguments, int);
        snprintf(text, 64, "%lld", value);
        break;
    }
    case 'u':
    case 'x': {
        unsigned long long value = width == 2 ? va_arg(*arguments, unsigned long long)
                                   : width ? va_arg(*arguments, unsigned long) : va_arg(*arguments, unsigned);
        snprintf(text, 64, conversion == 'u' ? "%llu" : "%llx", value);
        break;
    }
    case 'g': snprintf(text, 64, "%.17g", va_arg(*arguments, double)); break;
    default: return NULL;
    }
    *format += width + 1;
    return text;
}

char *mighost_format_list(const char *format, va_list given) {
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
        char space[64];
        format++;
        const char *number = mighost_number(&format, &arguments, space);
        if (number) {
            mighost_append(&buffer, number, strlen(number));
            continue;
        }
        switch (*format++) {
        case '%': mighost_append(&buffer, "%", 1); break;
        case 's': {
            const char *text = va_arg(arguments, const char *);
            mighost_append(&buffer, text ? text : "(null)", strlen(text ? text : "(null)"));
            break;
        }
        case 'T': {
            mighost_text text = va_arg(arguments, mighost_text);
            mighost_append(&buffer, (const char *)text.ptr, text.len);
            break;
        }
        case 'c': {
            char one = (char)va_arg(arguments, int);
            mighost_append(&buffer, &one, 1);
            break;
        }
        default: MIGHOST_COMPLAIN("mighost_format knows no conversion %%%c; it has s d i u x c g T, and mighost_sql has those of SQL", format[-1]);
        }
    }
    va_end(arguments);
    return buffer.start;
}

char *mighost_format(const char *format, ...) {
    MIGHOST_FORMATTED(text, mighost_format_list);
    return text;
}

static const char *mighost_direction_name(mighost_host_context_direction_t direction) {
    switch (direction) {
    case MIGHOST_HOST_CONTEXT_DIRECTION_UPGRADE: return "upgrade";
    case MIGHOST_HOST_CONTEXT_DIRECTION_DOWNGRADE: return "downgrade";
    default: return "stamp";
    }
}

const char *mighost_current_direction(void) {
    return mighost_direction_name(mighost_host_context_current_direction());
}

char *mighost_dialect(void) {
    mighost_text dialect;
    mighost_host_context_dialect(&dialect);
    return mighost_string(dialect);
}

char *mighost_schema(void) {
    mighost_text schema;
    mighost_host_context_schema(&schema);
    return mighost_string(schema);
}

bool mighost_offline(void) {
    return mighost_host_context_offline();
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
    return mighost_host_assets_read(&asked, &content) ? mighost_duplicate(content.ptr, content.len) : NULL;
}

guest_list_string_t mighost_asset_names(void) {
    guest_list_string_t names;
    mighost_host_assets_names(&names);
    return names;
}

static void mighost_say(mighost_host_log_level_t level, const char *message) {
    mighost_text text = mighost_borrow(message);
    mighost_host_log_message(level, &text);
}

void mighost_debug(const char *format, ...) {
    MIGHOST_FORMATTED(text, mighost_format_list);
    mighost_say(MIGHOST_HOST_LOG_LEVEL_DEBUG, text);
}

void mighost_info(const char *format, ...) {
    MIGHOST_FORMATTED(text, mighost_format_list);
    mighost_say(MIGHOST_HOST_LOG_LEVEL_INFO, text);
}

void mighost_warn(const char *format, ...) {
    MIGHOST_FORMATTED(text, mighost_format_list);
    mighost_say(MIGHOST_HOST_LOG_LEVEL_WARN, text);
}

void mighost_progress(uint64_t done, uint64_t total) {
    mighost_host_log_progress(done, total ? &total : NULL);
}

MIGHOST_NO_RETURN void mighost_fail_at(const char *file, int line, const char *format, ...) {
    MIGHOST_FORMATTED(message, mighost_format_list);
    mighost_text reason = mighost_borrow(*file ? mighost_format("%s:%d: %s", file, line, message) : message);
    mighost_host_context_fail(&reason);
    __builtin_trap();
}

#if defined(MIGHOST_MIGRATION) || defined(MIGHOST_KIND_PROVIDER)
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
    MIGHOST_COMPLAIN("this revision has no downgrade");
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

#ifdef MIGHOST_KIND_PROVIDER
MIGHOST_OPTIONAL void replace_object(const mighost_object *before, const mighost_object *after) {
    drop_object(before);
    create_object(after);
}

MIGHOST_OPTIONAL void introspect_objects(const char *kind, const char *schema) {
    (void)kind;
    (void)schema;
}

static exports_mighost_host_kind_provider_list_object_t mighost_there;

void mighost_found(mighost_object object) {
    size_t length = mighost_there.len++;
    mighost_there.ptr = mighost_allocate(mighost_there.ptr, (length + 1) * sizeof *mighost_there.ptr);
    mighost_there.ptr[length] = object;
}

bool exports_mighost_host_kind_provider_create(mighost_object *object, guest_string_t *error) {
    (void)error;
    create_object(object);
    return true;
}

bool exports_mighost_host_kind_provider_drop(mighost_object *object, guest_string_t *error) {
    (void)error;
    drop_object(object);
    return true;
}

bool exports_mighost_host_kind_provider_replace(mighost_object *before, mighost_object *after, guest_string_t *error) {
    (void)error;
    replace_object(before, after);
    return true;
}

bool exports_mighost_host_kind_provider_introspect(guest_string_t *kind, guest_string_t *schema,
                                                 exports_mighost_host_kind_provider_list_object_t *list,
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
    return mighost_direction_name(step->direction);
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
