// The tests' part of mighost.hpp, which includes it: what a test that is a component calls, and how it says what is not as it should be.
//
//     #include "mighost.hpp"
//
//     namespace test = mighost::test;
//
//     static void a_role_is_set() {
//         test::passes(test::call("plugin roles", "set-role(\"weather\")"));
//         test::sends({"set role \"weather\""});
//     }
//
//     MIGHOST_CASES({"a role is set", a_role_is_set})
#pragma once

#include <initializer_list>

namespace mighost::test {

// Why something did not succeed.
struct Failure {
    std::string text;
    // Where PostgreSQL, or an answer in its place, refused a statement.
    std::optional<std::string> sqlstate;
};

// What became of a call, of a step or of a query.
struct Outcome {
    // What a call returned, in WAVE, or a query's first value.
    std::optional<std::string> value;
    std::optional<Failure> failure;
};

inline std::optional<std::string> optional(const char *text) {
    return text ? std::optional<std::string>(text) : std::nullopt;
}

inline Outcome outcome(const mighost_outcome &raw) {
    if (!raw.error) {
        return {optional(raw.value), std::nullopt};
    }
    return {std::nullopt, Failure{raw.error, optional(raw.sqlstate)}};
}

// Calls a function of `plugin NAME` or `revision ID`, written in WAVE: `call("plugin roles", "reset-role()")`.
inline Outcome call(const std::string &component, const std::string &call) {
    return outcome(mighost_test_call(component.c_str(), call.c_str()));
}

// The statements that were sent, in order.
inline std::vector<std::string> statements() {
    guest_list_string_t list;
    mighost_host_testing_statements(&list);
    return texts(list);
}

// What was said by messages.
inline std::vector<std::string> log_messages() {
    guest_list_string_t list;
    mighost_host_testing_log_messages(&list);
    return texts(list);
}

// Answers a statement, in which `...` stands for any text, with rows of as many values. mighost_host_testing_set_answers has the
// other answers, and mighost_host_testing_prepare the settings.
inline void answer(const std::string &statement, const std::vector<Row> &rows) {
    size_t columns = rows.empty() ? 0 : rows[0].size();
    // Kept: an answer lives as long as its case.
    std::vector<const char *> values;
    for (const auto &row : rows) {
        expect(row.size() == columns, "the rows of an answer have as many values as the first");
        for (const auto &value : row) {
            values.push_back(value ? strdup(value->c_str()) : nullptr);
        }
    }
    mighost_test_answer(strdup(statement.c_str()), columns, rows.size(), values.data());
}

// A new and empty database with the project's history, which is gone when this is.
class Database {
  public:
    // `setup` is SQL.
    explicit Database(const std::string &setup = "") : handle(mighost_test_database(setup.c_str())) {}
    Database(const Database &) = delete;
    Database &operator=(const Database &) = delete;
    ~Database() { mighost_host_testing_test_database_drop_own(handle); }

    Outcome upgrade(const std::string &target) { return outcome(mighost_test_upgrade(handle, target.c_str())); }
    Outcome downgrade(const std::string &target) { return outcome(mighost_test_downgrade(handle, target.c_str())); }
    Outcome call(const std::string &component, const std::string &call) {
        return outcome(mighost_test_call_in(handle, component.c_str(), call.c_str()));
    }
    Outcome execute(const std::string &script) { return outcome(mighost_test_execute(handle, script.c_str())); }
    Outcome query(const std::string &query) { return outcome(mighost_test_query(handle, query.c_str())); }

  private:
    mighost_database handle;
};

// Ends the case unless the outcome is good; its value, or an empty text where there is none.
inline std::string passes(const Outcome &outcome, std::source_location place = std::source_location::current()) {
    if (outcome.failure) {
        fail(outcome.failure->text, place);
    }
    return outcome.value.value_or("");
}

// Ends the case unless the outcome is a failure with this text in it.
inline void fails(const Outcome &outcome, std::string_view part,
                  std::source_location place = std::source_location::current()) {
    if (!outcome.failure) {
        fail(format("it should have failed with \"{}\", and succeeded", part), place);
    }
    if (outcome.failure->text.find(part) == std::string::npos) {
        fail(format("it should have failed with \"{}\", and failed with: {}", part, outcome.failure->text), place);
    }
}

// Ends the case unless exactly these statements were sent, whatever their white space.
inline void sends(std::initializer_list<const char *> statements,
                  std::source_location place = std::source_location::current()) {
    std::vector<const char *> list(statements);
    list.push_back(nullptr);
    mighost_test_sends_at(place.file_name(), static_cast<int>(place.line()), list.data());
}

} // namespace mighost::test
