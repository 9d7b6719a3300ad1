/* The tests' part of mighost.h: compiled by mighost build into tests that are components. */
#include <stdlib.h>
#include <string.h>

#include "mighost.h"

void exports_mighost_host_tests_cases(guest_list_string_t *list) {
    list->len = 0;
    while (mighost_cases[list->len].name) {
        list->len++;
    }
    list->ptr = calloc(list->len + 1, sizeof *list->ptr);
    for (size_t i = 0; i < list->len; i++) {
        guest_string_dup(&list->ptr[i], mighost_cases[i].name);
    }
}

bool exports_mighost_host_tests_run(guest_string_t *name, guest_string_t *error) {
    for (const mighost_case *one = mighost_cases; one->name; one++) {
        if (mighost_equal(*name, one->name)) {
            one->run();
            return true;
        }
    }
    guest_string_dup(error, "there is no case of this name");
    return false;
}

typedef mighost_host_testing_failure_t failure;

/* An option that is none has nothing in it. */
static mighost_outcome outcome(bool ok, guest_option_string_t value, failure failed) {
    mighost_outcome outcome = {0};
    if (ok) {
        outcome.value = value.is_some ? mighost_string(value.val) : NULL;
    } else {
        outcome.error = mighost_string(failed.text);
        outcome.sqlstate = failed.error.is_some ? mighost_string(failed.error.val.sqlstate) : NULL;
    }
    return outcome;
}

/* The outcome of a call that writes into `value` and `failed`. */
#define OUTCOME(call)                         \
    guest_option_string_t value = {0};        \
    failure failed = {0};                     \
    bool ok = call;                           \
    return outcome(ok, value, failed)

#define TEXT(text) (&(mighost_text[]){mighost_borrow(text)}[0])
#define BORROWED mighost_host_testing_borrow_test_database(database)

mighost_outcome mighost_test_call(const char *component, const char *call) {
    OUTCOME(mighost_host_testing_call(TEXT(component), TEXT(call), &value, &failed));
}

mighost_outcome mighost_test_upgrade(mighost_database database, const char *target) {
    OUTCOME(mighost_host_testing_method_test_database_upgrade(BORROWED, TEXT(target), &failed));
}

mighost_outcome mighost_test_downgrade(mighost_database database, const char *target) {
    OUTCOME(mighost_host_testing_method_test_database_downgrade(BORROWED, TEXT(target), &failed));
}

mighost_outcome mighost_test_call_in(mighost_database database, const char *component, const char *call) {
    OUTCOME(mighost_host_testing_method_test_database_call(BORROWED, TEXT(component), TEXT(call), &value, &failed));
}

mighost_outcome mighost_test_execute(mighost_database database, const char *script) {
    OUTCOME(mighost_host_testing_method_test_database_execute(BORROWED, TEXT(script), &failed));
}

mighost_outcome mighost_test_query(mighost_database database, const char *query) {
    mighost_host_testing_list_value_t none = {0};
    mighost_rows rows = {0};
    failure failed = {0};
    bool ok = mighost_host_testing_method_test_database_query(BORROWED, TEXT(query), &none, &rows, &failed);
    mighost_outcome asked = outcome(ok, (guest_option_string_t){0}, failed);
    if (ok && rows.rows.len && rows.rows.ptr[0].len) {
        asked.value = mighost_cell(&rows, 0, 0);
    }
    return asked;
}

mighost_database mighost_test_database(const char *setup) {
    mighost_database database;
    failure failed = {0};
    if (!mighost_host_testing_static_test_database_create(TEXT(setup), &database, &failed)) {
        mighost_fail_at("", 0, "no database could be made: %T", failed.text);
    }
    return database;
}

static char *listed(void (*of)(guest_list_string_t *)) {
    guest_list_string_t texts;
    of(&texts);
    return texts.len ? mighost_format("%s\n", mighost_join(&texts, "\n")) : "";
}

char *mighost_test_statements(void) {
    return listed(mighost_host_testing_statements);
}

char *mighost_test_log_messages(void) {
    return listed(mighost_host_testing_log_messages);
}

void mighost_test_answer(const char *statement, size_t columns, size_t count, const char *const *values) {
    static mighost_host_testing_list_answer_t answers;
    mighost_host_testing_answer_t answer = {.statement = mighost_borrow(statement)};
    mighost_rows *rows = &answer.reply.val.rows;
    answer.reply.tag = MIGHOST_HOST_TESTING_REPLY_ROWS;
    rows->columns.ptr = calloc(columns + 1, sizeof *rows->columns.ptr);
    rows->rows.ptr = calloc(count + 1, sizeof *rows->rows.ptr);
    rows->columns.len = columns;
    rows->rows.len = count;
    rows->affected = count;
    for (size_t i = 0; i < columns; i++) {
        rows->columns.ptr[i].name = mighost_borrow("?column?");
        rows->columns.ptr[i].type_name = mighost_borrow("text");
        rows->columns.ptr[i].type_oid = 25;
    }
    for (size_t i = 0; i < count; i++) {
        rows->rows.ptr[i].ptr = calloc(columns + 1, sizeof *rows->rows.ptr[i].ptr);
        rows->rows.ptr[i].len = columns;
        for (size_t j = 0; j < columns; j++) {
            const char *text = values[i * columns + j];
            rows->rows.ptr[i].ptr[j].tag = text ? MIGHOST_HOST_DATABASE_VALUE_TEXT : MIGHOST_HOST_DATABASE_VALUE_NULL;
            rows->rows.ptr[i].ptr[j].val.text = mighost_borrow(text);
        }
    }
    answers.ptr = realloc(answers.ptr, (answers.len + 1) * sizeof *answers.ptr);
    answers.ptr[answers.len++] = answer;
    mighost_host_testing_set_answers(&answers);
}

char *mighost_test_passes_at(const char *file, int line, mighost_outcome outcome) {
    if (outcome.error) {
        mighost_fail_at(file, line, "%s", outcome.error);
    }
    return outcome.value;
}

void mighost_test_fails_at(const char *file, int line, mighost_outcome outcome, const char *part) {
    if (!outcome.error) {
        mighost_fail_at(file, line, "it should have failed with \"%s\", and succeeded", part);
    }
    if (!strstr(outcome.error, part)) {
        mighost_fail_at(file, line, "it should have failed with \"%s\", and failed with: %s", part, outcome.error);
    }
}

/* Whether two texts are the same but for how much white space there is where there is any. */
static bool alike(const char *one, const char *other) {
    static const char space[] = " \t\r\n";
    for (bool begun = false;; begun = true) {
        size_t first = strspn(one, space), second = strspn(other, space);
        one += first;
        other += second;
        if (!*one || !*other) {
            return *one == *other;
        }
        if ((begun && !first != !second) || *one++ != *other++) {
            return false;
        }
    }
}

void mighost_test_sends_at(const char *file, int line, const char *const *statements) {
    guest_list_string_t sent;
    mighost_host_testing_statements(&sent);
    size_t count = 0;
    bool same = true;
    char *expected = "";
    for (; statements[count]; count++) {
        same = same && count < sent.len && alike(mighost_string(sent.ptr[count]), statements[count]);
        expected = mighost_format("%s  %s\n", expected, statements[count]);
    }
    if (!same || count != sent.len) {
        mighost_fail_at(file, line, "the statements sent differ from the expected ones\nexpected:\n%ssent:\n  %s", expected,
                        sent.len ? mighost_join(&sent, "\n  ") : "nothing");
    }
}
