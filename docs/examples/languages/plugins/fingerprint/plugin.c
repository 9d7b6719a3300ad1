// Seed data that is written again and again, and touched only where it changed: each row carries a hash of its values.

#include <string.h>

#include "mighost.h"

typedef exports_mighost_fingerprint_rows_row_t row;

static const uint64_t FNV_START = 14695981039346656037u, FNV_PRIME = 1099511628211u;

static uint64_t mix(uint64_t hash, const void *bytes, size_t length) {
    const uint8_t *byte = bytes;
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ byte[i]) * FNV_PRIME;
    }
    return hash;
}

int64_t exports_mighost_fingerprint_rows_fingerprint(row *values) {
    uint64_t hash = FNV_START;
    for (size_t i = 0; i < values->len; i++) {
        // The length keeps ("a", "bc") and ("ab", "c") apart, and its highest value NULL from the empty text.
        uint64_t length = values->ptr[i].is_some ? values->ptr[i].val.len : UINT64_MAX;
        hash = mix(hash, &length, sizeof length);
        if (values->ptr[i].is_some) {
            hash = mix(hash, values->ptr[i].val.ptr, values->ptr[i].val.len);
        }
    }
    return (int64_t)hash;
}

// `text` with `next` after it.
static char *and(const char *text, const char *separator, const char *next) {
    return mighost_format("%s%s%s", text, *text ? separator : "", next);
}

void exports_mighost_fingerprint_rows_write(guest_string_t *table, guest_string_t *key, guest_list_string_t *columns,
                                            exports_mighost_fingerprint_rows_list_row_t *rows) {
    char *names = "", *changes = "", *key_name = mighost_string(*key);
    for (size_t i = 0; i < columns->len; i++) {
        char *name = mighost_string(columns->ptr[i]);
        names = and(names, ", ", mighost_identifier(name));
        changes = and(changes, ", ", mighost_sql("%I = excluded.%I", name, name));
    }
    for (size_t i = 0; i < rows->len; i++) {
        row *values = &rows->ptr[i];
        mighost_expect(values->len == columns->len, "row %zu has %zu values for %zu columns", i + 1, values->len, columns->len);
        char *list = "";
        for (size_t j = 0; j < values->len; j++) {
            list = and(list, ", ", mighost_literal(values->ptr[j].is_some ? mighost_string(values->ptr[j].val) : NULL));
        }
        mighost_execute("insert into %I as t (%R, fingerprint) values (%R, %lld) "
                        "on conflict (%I) do update set %R, fingerprint = excluded.fingerprint "
                        "where t.fingerprint is distinct from excluded.fingerprint",
                        mighost_string(*table), names, list, (long long)exports_mighost_fingerprint_rows_fingerprint(values),
                        key_name, changes);
    }
}
