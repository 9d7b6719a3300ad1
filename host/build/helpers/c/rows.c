/* Many rows: cursors and COPY; and the settings of the session. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

/* How many rows of a COPY go to the host at a time. */
#define MIGHOST_ROWS_PER_WRITE 500

static mighost_host_database_own_cursor_t mighost_opened(const char *statement, mighost_parameters parameters, uint32_t batch) {
    mighost_text text = mighost_borrow(statement);
    mighost_host_database_list_value_t values = {(mighost_value *)parameters.values, parameters.count};
    return mighost_host_database_static_cursor_open(&text, &values, batch);
}

mighost_cursor mighost_open_cursor(const char *statement, mighost_parameters parameters, uint32_t batch) {
    mighost_cursor cursor = {.handle = mighost_opened(statement, parameters, batch)};
    mighost_host_database_method_cursor_columns(mighost_host_database_borrow_cursor(cursor.handle), &cursor.batch.columns);
    cursor.cells = calloc(cursor.batch.columns.len + 1, sizeof *cursor.cells);
    return cursor;
}

/* What was made of a row lives as long as the row: with more rows than fit in memory, so would their texts be. */
static void mighost_forget_cells(mighost_cursor *cursor) {
    for (size_t i = 0; i < cursor->batch.columns.len; i++) {
        free(cursor->cells[i]);
        cursor->cells[i] = NULL;
    }
}

bool mighost_next(mighost_cursor *cursor) {
    mighost_forget_cells(cursor);
    if (cursor->row < cursor->batch.rows.len) {
        cursor->row++;
        return true;
    }
    mighost_host_database_list_row_free(&cursor->batch.rows);
    mighost_host_database_method_cursor_next(mighost_host_database_borrow_cursor(cursor->handle), &cursor->batch.rows);
    cursor->row = cursor->batch.rows.len ? 1 : 0;
    return cursor->row;
}

const char *mighost_cursor_cell(mighost_cursor *cursor, size_t column) {
    if (!cursor->row || column >= cursor->batch.columns.len) {
        MIGHOST_COMPLAIN("the cursor is at no row with a column %zu, counted from 0", column);
    }
    if (!cursor->cells[column]) {
        cursor->cells[column] = mighost_cell(&cursor->batch, cursor->row - 1, column);
    }
    return cursor->cells[column];
}

void mighost_close_cursor(mighost_cursor *cursor) {
    mighost_forget_cells(cursor);
    free(cursor->cells);
    mighost_host_database_rows_free(&cursor->batch);
    mighost_host_database_cursor_drop_own(cursor->handle);
    *cursor = (mighost_cursor){0};
}

static guest_list_string_t mighost_lower_names(mighost_names names) {
    guest_list_string_t list = {mighost_allocate(NULL, names.count * sizeof *list.ptr), names.count};
    for (size_t i = 0; i < names.count; i++) {
        list.ptr[i] = mighost_borrow(names.names[i]);
    }
    return list;
}

mighost_copy mighost_open_copy(const char *table, mighost_names columns) {
    mighost_text name = mighost_borrow(table);
    guest_list_string_t list = mighost_lower_names(columns);
    mighost_copy copy = {.handle = mighost_host_postgres_static_copy_in_open(&name, &list)};
    copy.waiting.ptr = mighost_allocate(NULL, MIGHOST_ROWS_PER_WRITE * sizeof *copy.waiting.ptr);
    free(list.ptr);
    return copy;
}

static void mighost_flush(mighost_copy *copy) {
    if (copy->waiting.len) {
        mighost_host_postgres_method_copy_in_write(mighost_host_postgres_borrow_copy_in(copy->handle), &copy->waiting);
    }
    for (size_t i = 0; i < copy->waiting.len; i++) {
        mighost_host_postgres_row_free(&copy->waiting.ptr[i]);
    }
    copy->waiting.len = 0;
}

void mighost_write_row(mighost_copy *copy, mighost_parameters row) {
    mighost_host_postgres_row_t *kept = &copy->waiting.ptr[copy->waiting.len++];
    kept->ptr = mighost_allocate(NULL, row.count * sizeof *kept->ptr);
    kept->len = row.count;
    for (size_t i = 0; i < row.count; i++) {
        mighost_value *value = &kept->ptr[i];
        *value = row.values[i];
        if (value->tag == MIGHOST_HOST_DATABASE_VALUE_TEXT) {
            value->val.text.ptr = (uint8_t *)mighost_duplicate(value->val.text.ptr, value->val.text.len);
        } else if (value->tag == MIGHOST_HOST_DATABASE_VALUE_BYTES) {
            value->val.bytes.ptr = (uint8_t *)mighost_duplicate(value->val.bytes.ptr, value->val.bytes.len);
        }
    }
    if (copy->waiting.len == MIGHOST_ROWS_PER_WRITE) {
        mighost_flush(copy);
    }
}

uint64_t mighost_finish_copy(mighost_copy *copy) {
    mighost_flush(copy);
    free(copy->waiting.ptr);
    copy->waiting.ptr = NULL;
    return mighost_host_postgres_static_copy_in_finish(copy->handle);
}

uint64_t mighost_copy_asset(const char *table, mighost_names columns, const char *asset, mighost_copy_options options) {
    mighost_text name = mighost_borrow(table), file = mighost_borrow(asset);
    guest_list_string_t list = mighost_lower_names(columns);
    guest_list_tuple2_string_string_t pairs = {mighost_allocate(NULL, options.count * sizeof *pairs.ptr), options.count};
    for (size_t i = 0; i < options.count; i++) {
        pairs.ptr[i].f0 = mighost_borrow(options.options[i].name);
        pairs.ptr[i].f1 = mighost_borrow(options.options[i].value);
    }
    uint64_t rows = mighost_host_postgres_copy_asset(&name, &list, &file, &pairs);
    free(list.ptr);
    free(pairs.ptr);
    return rows;
}

uint64_t mighost_copy_query(const char *table, mighost_names columns, const char *statement, mighost_parameters parameters, uint32_t batch) {
    mighost_text name = mighost_borrow(table);
    guest_list_string_t list = mighost_lower_names(columns);
    mighost_host_database_own_cursor_t cursor = mighost_opened(statement, parameters, batch);
    uint64_t rows = mighost_host_postgres_copy_cursor(&name, &list, mighost_host_database_borrow_cursor(cursor));
    mighost_host_database_cursor_drop_own(cursor);
    free(list.ptr);
    return rows;
}

void mighost_set_search_path(mighost_names schemas) {
    guest_list_string_t list = mighost_lower_names(schemas);
    mighost_host_session_set_search_path(&list);
    free(list.ptr);
}

void mighost_set_lock_timeout(uint32_t milliseconds) {
    mighost_host_session_set_lock_timeout(milliseconds);
}

void mighost_set_statement_timeout(uint32_t milliseconds) {
    mighost_host_session_set_statement_timeout(milliseconds);
}

uint32_t mighost_server_version(void) {
    uint32_t version;
    return mighost_host_postgres_server_version(&version) ? version : 0;
}

char *mighost_superuser_role(void) {
    mighost_text role;
    mighost_host_postgres_superuser_role(&role);
    return mighost_string(role);
}

void mighost_set_role(const char *name) {
    mighost_text role = mighost_borrow(name);
    mighost_host_postgres_set_role(&role);
}

void mighost_reset_role(void) {
    mighost_host_postgres_reset_role();
}
