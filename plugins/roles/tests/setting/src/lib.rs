//! A test that is a component: it calls the plugin as a migration would, and looks at what is sent.

use mighost_sdk::params;
use mighost_sdk::test::{
    Database, Settings, answer, assert_sent, call, count, fails_with, prepare, refused, statements,
};

mighost_sdk::import_plugin!("../../wit", mighost::roles::roles);

/// Through the plugin's own interface: its types are checked when the test is compiled.
fn a_role_is_set_and_reset() {
    roles::set_role("weather_admin");
    roles::reset_role();
    assert_sent(&[r#"set role "weather_admin""#, "reset role"]);
}

/// Names that no one would choose, quoted or not.
fn every_name_is_quoted() {
    for name in ["a b", "select", "o\"brien", "Ä", "$1", "x'; drop table stations --"] {
        prepare(&Settings::new(), &[]);
        roles::set_role(name);
        assert_eq!(statements(), [format!("set role \"{}\"", name.replace('"', "\"\""))]);
    }
}

/// Through `call`, which gives errors back.
fn a_role_needs_a_name() {
    fails_with(call("plugin roles", r#"set-role("")"#), "needs the name of a role");
    assert_sent(&[]);
}

/// What the server would say.
fn a_refusal_reaches_the_caller() {
    answer(&[
        refused("set role ...", "22023", "role \"nobody\" does not exist"),
        count("reset role", 0),
    ]);
    let failure = call("plugin roles", r#"set-role("nobody")"#).unwrap_err();
    assert_eq!(failure.error.unwrap().sqlstate, "22023");
}

/// On a real server: a role that is set makes what is created its own.
fn what_is_created_belongs_to_the_role() {
    let database = Database::new("create role keeper; grant create on schema test to keeper");
    database.call("plugin roles", r#"set-role("keeper")"#);
    // The role ended with the call's transaction.
    let rows = database.query("select current_user::text <> $1", params!["keeper"]);
    let mut rows = rows.into_iter();
    assert!(rows.next().is_some_and(|row| row.get::<bool>(0)));
    database.execute("drop owned by keeper; drop role keeper");
}

mighost_sdk::export_tests!(
    a_role_is_set_and_reset,
    every_name_is_quoted,
    a_role_needs_a_name,
    a_refusal_reaches_the_caller,
    what_is_created_belongs_to_the_role,
);
