// A test that is a component. Its main file is called as a plugin's.

#include <string.h>

#include "mighost.h"

static int64_t fingerprint_of(const char *text, size_t cut) {
    guest_option_string_t values[] = {
        {.is_some = true, .val = {(uint8_t *)text, cut}},
        {.is_some = true, .val = {(uint8_t *)text + cut, strlen(text) - cut}},
    };
    mighost_fingerprint_rows_row_t row = {values, 2};
    return mighost_fingerprint_rows_fingerprint(&row);
}

static void every_cut_is_another_row(void) {
    const char *text = "stations";
    int64_t seen[9];
    for (size_t cut = 0; cut < 9; cut++) {
        seen[cut] = fingerprint_of(text, cut);
        for (size_t earlier = 0; earlier < cut; earlier++) {
            mighost_expect(seen[cut] != seen[earlier], "%s cut at %zu and at %zu is the same", text, cut, earlier);
        }
    }
    mighost_test_sends();
}

static void as_written_by_write(void) {
    char *hash = mighost_test_passes(mighost_test_call("plugin fingerprint", "fingerprint([some(\"1\"), none])"));
    mighost_test_passes(mighost_test_call("plugin fingerprint", "write(\"t\", \"id\", [\"id\", \"name\"], [[some(\"1\"), none]])"));
    mighost_expect(strstr(mighost_test_statements(), hash), "%s is not in %s", hash, mighost_test_statements());
}

static void a_row_that_is_too_short(void) {
    mighost_test_fails(mighost_test_call("plugin fingerprint", "write(\"t\", \"id\", [\"id\"], [[]])"), "row 1 has 0 values for 1 columns");
}

MIGHOST_CASES({"every cut is another row", every_cut_is_another_row}, {"a fingerprint is what is written", as_written_by_write},
              {"a row that is too short is refused", a_row_that_is_too_short})
