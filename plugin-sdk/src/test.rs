//! Tests that are components: they call the project's plugins and migrations and check the statements that these send.
//!
//! ```no_run
//! use mighost_sdk::test::{assert_sent, call, fails_with};
//!
//! fn a_role_is_quoted() {
//!     call("plugin roles", r#"set-role("o'brien")"#).unwrap();
//!     assert_sent(&[r#"set role "o'brien""#]);
//! }
//!
//! fn a_role_needs_a_name() {
//!     fails_with(call("plugin roles", r#"set-role("")"#), "needs the name of a role");
//! }
//!
//! mighost_sdk::export_tests!(a_role_is_quoted, a_role_needs_a_name);
//! # fn main() {}
//! ```
//!
//! The crate is in a folder below `tests/` of the plugin or migration that it tests, with a `test.toml`.
//! [`import_plugin!`](crate::import_plugin) imports a plugin's own functions, whose statements are recorded as well. `mighost test`
//! builds and runs the cases, each in an instance of its own.

use crate::bindings::test::mighost::host::testing;
use crate::database::{Column, Rows, Value};

pub use crate::bindings::mighost::host::database::Error;
pub use testing::{Answer, Failure, Reply, Settings};

/// Discards recorded statements and messages, and sets the settings and answers for the calls that follow.
///
/// ```no_run
/// use mighost_sdk::test::{Settings, prepare};
///
/// let settings = Settings::new();
/// settings.set_schema("crmp");
/// prepare(&settings, &[]);
/// ```
pub fn prepare(settings: &Settings, answers: &[Answer]) {
    testing::prepare(settings, answers);
}

/// Sets the answers and keeps the settings.
pub fn answer(answers: &[Answer]) {
    testing::set_answers(answers);
}

/// Answers a query with rows: `rows("select name from ...", &["name"], vec![vec!["Ridge".into()]])`. In the statement, `...` stands for
/// any text.
pub fn rows(statement: &str, columns: &[&str], rows: Vec<Vec<Value>>) -> Answer {
    Answer {
        statement: statement.to_owned(),
        reply: Reply::Rows(testing::Rows {
            columns: columns.iter().map(|&name| column(name)).collect(),
            affected: rows.len() as u64,
            rows,
        }),
    }
}

/// A column of an answer. The host adds the type, according to the values.
fn column(name: &str) -> Column {
    Column {
        name: name.to_owned(),
        type_name: String::new(),
        type_oid: 0,
    }
}

/// Answers a statement with the number of rows that it returned or changed.
pub fn count(statement: &str, count: u64) -> Answer {
    Answer {
        statement: statement.to_owned(),
        reply: Reply::Count(count),
    }
}

/// Answers a statement with an error of PostgreSQL.
pub fn refused(statement: &str, sqlstate: &str, message: &str) -> Answer {
    Answer {
        statement: statement.to_owned(),
        reply: Reply::Error(Error {
            severity: "ERROR".to_owned(),
            sqlstate: sqlstate.to_owned(),
            message: message.to_owned(),
            detail: None,
            hint: None,
            position: None,
            context: None,
            fields: Vec::new(),
        }),
    }
}

/// Calls a function of `component`, which is `plugin NAME` or `revision ID`, e.g. `call("plugin roles", "reset-role()")`. Returns its
/// result in WAVE.
///
/// # Errors
/// The error message that mighost would show.
pub fn call(component: &str, call: &str) -> Result<Option<String>, Failure> {
    testing::call(component, call)
}

/// The statements that were sent since the case began or [`prepare`] was called, in order.
pub fn statements() -> Vec<String> {
    testing::statements()
}

/// The messages that components sent to `log` since then.
pub fn log_messages() -> Vec<String> {
    testing::log_messages()
}

/// Asserts that exactly these statements were sent. Differences in white space do not matter.
///
/// # Panics
/// If other statements were sent; the message shows both lists.
#[track_caller]
pub fn assert_sent(expected: &[&str]) {
    let sent = statements();
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let same = sent.len() == expected.len()
        && sent
            .iter()
            .zip(expected)
            .all(|(sent, expected)| plain(sent) == plain(expected));
    if !same {
        let sent: Vec<&str> = sent.iter().map(String::as_str).collect();
        panic!(
            "the statements sent differ from the expected ones\nexpected:\n{}\nsent:\n{}",
            listed(expected),
            listed(&sent)
        );
    }
}

/// Asserts that a call failed, with a message that contains `part`.
///
/// # Panics
/// If it succeeded, or failed with another message.
#[track_caller]
pub fn fails_with<T>(result: Result<T, Failure>, part: &str) {
    match result {
        Ok(_) => panic!("it should have failed with {part:?}, and succeeded"),
        Err(failure) if failure.text.contains(part) => {}
        Err(failure) => panic!(
            "it should have failed with {part:?}, and failed with {:?}",
            failure.text
        ),
    }
}

fn listed(lines: &[&str]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| format!("  {line}")).collect();
    if lines.is_empty() {
        "  nothing".to_owned()
    } else {
        lines.join("\n")
    }
}

/// A temporary database with the project's history. It is removed when this is dropped.
///
/// Its methods panic on failure. [`Database::handle`] has methods that return failures instead.
pub struct Database(testing::TestDatabase);

impl Database {
    /// Creates an empty database and runs `setup` in it.
    ///
    /// # Panics
    /// If no server can be started, or `setup` fails.
    #[track_caller]
    pub fn new(setup: &str) -> Self {
        Self(done(testing::TestDatabase::create(setup)))
    }

    /// The database with methods that return failures instead of panicking.
    pub fn handle(&self) -> &testing::TestDatabase {
        &self.0
    }

    /// `mighost upgrade TARGET`.
    ///
    /// # Panics
    /// If it fails.
    #[track_caller]
    pub fn upgrade(&self, target: &str) {
        done(self.0.upgrade(target));
    }

    /// `mighost downgrade TARGET`.
    ///
    /// # Panics
    /// If it fails.
    #[track_caller]
    pub fn downgrade(&self, target: &str) {
        done(self.0.downgrade(target));
    }

    /// Calls a plugin's function in a transaction of this database.
    ///
    /// # Panics
    /// If it fails.
    #[track_caller]
    pub fn call(&self, component: &str, call: &str) -> Option<String> {
        done(self.0.call(component, call))
    }

    /// Runs the test's own SQL.
    ///
    /// # Panics
    /// If PostgreSQL reports an error.
    #[track_caller]
    pub fn execute(&self, script: &str) {
        done(self.0.execute(script));
    }

    /// Runs a query: `database.query("select name from stations where id = $1", params![5])`.
    ///
    /// # Panics
    /// If PostgreSQL reports an error.
    #[track_caller]
    pub fn query(&self, statement: &str, params: &[Value]) -> Rows {
        Rows::new(done(self.0.query(statement, params)))
    }
}

#[track_caller]
fn done<T>(result: Result<T, Failure>) -> T {
    match result {
        Ok(value) => value,
        Err(failure) => match failure.error {
            Some(error) => panic!("{} (SQLSTATE {})", failure.text, error.sqlstate),
            None => panic!("{}", failure.text),
        },
    }
}

/// The name of a case, made from that of its function.
#[doc(hidden)]
pub fn case_name(function: &str) -> String {
    function.replace('_', " ")
}

/// Exports the cases of a test: functions without parameters that return nothing or a `Result`. A case has the name of its function, with
/// spaces for underscores. It fails if the function panics or returns an error.
#[macro_export]
macro_rules! export_tests {
    ($($case:ident),+ $(,)?) => {
        #[doc(hidden)]
        struct MighostTests;

        const _: () = {
            use $crate::Outcome as _;

            impl $crate::bindings::test::exports::mighost::host::tests::Guest for MighostTests {
                fn cases() -> ::std::vec::Vec<::std::string::String> {
                    $crate::install_panic_hook();
                    ::std::vec![$($crate::test::case_name(::std::stringify!($case))),+]
                }

                fn run(name: ::std::string::String) -> ::std::result::Result<(), ::std::string::String> {
                    $crate::install_panic_hook();
                    $(
                        if name == $crate::test::case_name(::std::stringify!($case)) {
                            return $case().into_result();
                        }
                    )+
                    ::std::result::Result::Err(::std::format!("there is no case `{name}`"))
                }
            }
        };

        $crate::bindings::test::export_tests_component!(MighostTests with_types_in $crate::bindings::test);
    };
}
