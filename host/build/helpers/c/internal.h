/* What the parts of the helper share; not for guests. */
#ifndef MIGHOST_INTERNAL_H
#define MIGHOST_INTERNAL_H

#include "mighost.h"

/* The helper's own complaints are about a call whose place is not known. */
#define MIGHOST_COMPLAIN(...) mighost_fail_at("", 0, __VA_ARGS__)

/* A text that grows. */
typedef struct {
    char *start;
    size_t length, room;
} mighost_buffer;
void mighost_append(mighost_buffer *buffer, const char *bytes, size_t length);

/* As realloc; the run ends where there is no memory. */
void *mighost_allocate(void *old, size_t size);
/* Bytes as a C string. */
char *mighost_duplicate(const void *bytes, size_t length);

/* The text of the next argument for the conversion that `*format` is at, which moves past it; or a null pointer if that is not a number's. `text`
 * has 64 bytes. */
const char *mighost_number(const char **format, va_list *arguments, char *text);

/* The text that the arguments of a function with `format` as its last parameter make by `function`. */
#define MIGHOST_FORMATTED(text, function)                    \
    char *text;                                              \
    do {                                                     \
        va_list arguments;                                   \
        va_start(arguments, format);                         \
        text = function(format, arguments);                  \
        va_end(arguments);                                   \
    } while (0)
/* As mighost_sql. */
char *mighost_sql_list(const char *format, va_list arguments);

#endif
