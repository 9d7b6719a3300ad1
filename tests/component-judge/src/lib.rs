//! Cases that fail, and some that do not: what `mighost test` makes of each is looked at by `tests/tests/suite/test_components.rs`.

use mighost_sdk::hooks::Direction;
use mighost_sdk::params;
use mighost_sdk::test::{Database, Settings, answer, assert_sent, call, fails_with, log_messages, prepare, rows, statements};

mighost_sdk::import_plugin!("../../plugins/roles/wit", mighost::roles::roles);

fn panics() {
    panic!("one is not two\nsecond line");
}

fn returns_an_error() -> Result<(), String> {
    Err("it said no".into())
}

fn sends_something_else() {
    roles::set_role("a");
    assert_sent(&[r#"set role "b""#]);
}

/// An error in a plugin's own interface ends the case.
fn is_ended_by_the_plugin() {
    roles::set_role("");
}

fn never_ends() {
    let mut number = 0_u64;
    loop {
        number = std::hint::black_box(number.wrapping_add(1));
    }
}

fn unknown_things_are_errors() {
    fails_with(call("plugin nobody", "x()"), "nobody");
    fails_with(call("roles", "x()"), "is not a component");
    fails_with(call("plugin roles", "set-rol(\"x\")"), "did you mean set-role?");
    fails_with(call("plugin roles", "set-role(5)"), "set-role: func(name: string)");
    fails_with(call("revision a1", "downgrades()"), "did you mean downgrade?");
}

/// After a failure the next call begins with fresh instances.
fn goes_on_after_a_failure() {
    fails_with(call("plugin roles", r#"set-role("")"#), "needs the name");
    call("plugin roles", r#"set-role("x")"#).unwrap();
    assert_sent(&[r#"set role "x""#]);
}

fn migrations_are_called() {
    call("revision a1", "upgrade").unwrap();
    assert_sent(&["create table stations (station_id integer primary key, name text)"]);
    let settings = Settings::new();
    settings.set_schema("other");
    prepare(&settings, &[]);
    call("revision a1", "downgrade()").unwrap();
    assert_eq!(statements(), ["drop table stations"]);
    assert!(log_messages().is_empty());
    answer(&[rows("select ...", &["a"], vec![vec![1.into()]])]);
    // The settings are kept.
    call("revision a1", "downgrade()").unwrap();
    assert_eq!(statements().len(), 2);
}

/// What a hook asks of its step is what the test says, and step 1 of 1 otherwise.
fn hooks_see_the_step_of_the_test() {
    let settings = Settings::new();
    settings.set_schema("crmp");
    settings.set_revision("b2");
    settings.set_direction(Direction::Downgrade);
    settings.set_message("stations");
    settings.set_heads_before(&["b2".to_owned()]);
    settings.set_operator("me@here");
    prepare(&settings, &[]);
    call("plugin audit", "on-version-apply()").unwrap();
    let sent = statements();
    assert!(
        sent[1].ends_with(r#"values ('downgrade', 'b2', 'stations', '{"b2"}', '{}', 'me@here')"#),
        "{sent:?}"
    );
}

fn a_database_goes_up_and_down() {
    let database = Database::new("create table before (a integer)");
    database.upgrade("head");
    database.execute("insert into stations values (1, 'Ridge'), (2, 'Harbour')");
    let names = database.query("select name from stations where station_id > $1 order by 1", params![1]);
    let names: Vec<String> = names.into_iter().map(|row| row.get("name")).collect();
    assert_eq!(names, ["Harbour"]);
    let failure = database.handle().execute("insert into stations values (1, 'again')").unwrap_err();
    let error = failure.error.unwrap();
    assert_eq!(error.sqlstate, "23505");
    assert!(error.fields.contains(&("constraint".to_owned(), "stations_pkey".to_owned())), "{:?}", error.fields);
    database.downgrade("base");
    let failure = database.handle().query("select * from stations", &[]).unwrap_err();
    assert_eq!(failure.error.unwrap().sqlstate, "42P01");
    fails_with(database.handle().upgrade("nowhere"), "nowhere");
}

mighost_sdk::export_tests!(
    panics,
    returns_an_error,
    sends_something_else,
    is_ended_by_the_plugin,
    never_ends,
    unknown_things_are_errors,
    goes_on_after_a_failure,
    migrations_are_called,
    hooks_see_the_step_of_the_test,
    a_database_goes_up_and_down,
);
