//! Dependants of an object: found, saved, dropped and created again.
//!
//! Saving only reads. It finds everything that cannot be restored exactly, so a refusal leaves the database unchanged.

mod graph;
mod privileges;
mod save;

pub use save::save;

use crate::session::{Refusal, Session, column};

/// The search path for reading and running definitions: names outside `pg_catalog` are then qualified.
const NO_SEARCH_PATH: &str = "pg_catalog, pg_temp";

/// The object with the dependants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The catalog that lists it: `pg_class` or `pg_proc`.
    pub class: &'static str,
    /// Its oid.
    pub oid: String,
    /// Its type in ALTER, e.g. `VIEW`.
    pub word: &'static str,
    /// The object as SQL, after the replacement.
    pub identity: String,
}

/// A statement that restores something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The object that it belongs to, as PostgreSQL describes it.
    pub dependant: String,
    /// The statement.
    pub text: String,
}

/// A statement about the object itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// `owner`, `setting`, `comment`, `column-comment` or `privilege`.
    pub what: String,
    /// The column that it is about.
    pub column: Option<String>,
    /// The statements, to be run in order.
    pub statements: Vec<String>,
}

/// An index, trigger, rule, ... of the object itself that counts as a dependant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependant {
    /// The object as PostgreSQL describes it.
    pub description: String,
    /// The statement that drops it.
    pub drop: String,
    /// The name of an index of the object itself.
    pub own_index: Option<String>,
}

/// The dependants of an object, and the properties of the object itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Saved {
    /// In the order in which they are created; they are dropped in the reverse order.
    pub dependants: Vec<Dependant>,
    /// See the WIT.
    pub definitions: Vec<Statement>,
    /// See the WIT.
    pub computations: Vec<Statement>,
    /// The object's owner, unquoted.
    pub owner: String,
    /// Owner, privileges, comments and settings of the object itself.
    pub attributes: Vec<Attribute>,
}

impl Saved {
    /// Drops the dependants.
    pub fn drop_all(&self, session: &dyn Session) {
        for dependant in self.dependants.iter().rev() {
            session.execute(&dependant.drop);
        }
    }

    /// Discards indexes of the object itself that its new version creates again or does not have. For those in `kept`, only the index is
    /// discarded: its comment, statistics targets and similar properties are restored.
    pub fn forget_indexes(&mut self, names: &[String], kept: &[String]) {
        let index_of = |statement: &Statement| {
            let dependant = self
                .dependants
                .iter()
                .find(|dependant| dependant.description == statement.dependant)?;
            dependant.own_index.as_deref()
        };
        self.computations.retain(|statement| match index_of(statement) {
            Some(name) if kept.iter().any(|kept| kept == name) => !statement.text.starts_with("CREATE "),
            Some(name) => !names.iter().any(|forgotten| forgotten == name),
            None => true,
        });
    }

    /// Restores the properties of the object itself for which `wanted` is true. Those of a column that no longer exists are omitted.
    pub fn restore_attributes(&self, session: &dyn Session, target: &Target, wanted: impl Fn(&Attribute) -> bool) {
        let columns: Option<Vec<String>> = self.attributes.iter().any(|a| a.column.is_some()).then(|| {
            let rows = session.query(
                "SELECT attname::text FROM pg_catalog.pg_attribute \
                 WHERE attrelid = $1::text::pg_catalog.regclass AND attnum > 0 AND NOT attisdropped",
                &[&target.identity],
            );
            rows.iter().map(|row| column(row, 0).to_owned()).collect()
        });
        for attribute in self.attributes.iter().filter(|attribute| wanted(attribute)) {
            if let Some(name) = &attribute.column
                && !columns.as_ref().is_some_and(|columns| columns.contains(name))
            {
                continue;
            }
            for statement in &attribute.statements {
                session.execute(statement);
            }
        }
    }
}

/// Runs statements that restore dependants.
pub fn attach(session: &dyn Session, definitions: &[Statement], computations: &[Statement]) -> Result<(), String> {
    if definitions.is_empty() && computations.is_empty() {
        return Ok(());
    }
    without_search_path(session, || {
        // Function bodies in strings may use unqualified names: these are checked when the function is called, as before.
        let checked = setting(session, "check_function_bodies");
        set(session, "check_function_bodies", "off");
        run_all(session, definitions)?;
        set(session, "check_function_bodies", &checked);
        Ok(())
    })?;
    run_all(session, computations)
}

fn run_all(session: &dyn Session, statements: &[Statement]) -> Result<(), String> {
    for Statement { dependant, text } in statements {
        // The rest only repeats the former state; if it fails, the run may end with the server's own error.
        if text.starts_with("CREATE") || text.starts_with("REFRESH") || text.contains(" ADD CONSTRAINT ") {
            session.try_execute(text).map_err(|Refusal { message, sqlstate, .. }| {
                format!("{dependant} depends on it and cannot be created again: {message} ({sqlstate})")
            })?;
        } else {
            session.execute(text);
        }
    }
    Ok(())
}

/// Runs `work` with nothing but `pg_catalog` in the search path.
pub fn without_search_path<T>(session: &dyn Session, work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    with_search_path(session, NO_SEARCH_PATH, work)
}

/// Runs `work` with another search path. After an error the run ends, and the host resets the path.
pub fn with_search_path<T>(
    session: &dyn Session,
    path: &str,
    work: impl FnOnce() -> Result<T, String>,
) -> Result<T, String> {
    let before = setting(session, "search_path");
    set(session, "search_path", path);
    let result = work()?;
    set(session, "search_path", &before);
    Ok(result)
}

fn setting(session: &dyn Session, name: &str) -> String {
    let rows = session.query("SELECT pg_catalog.current_setting($1)", &[name]);
    rows.first().map(|row| column(row, 0).to_owned()).unwrap_or_default()
}

fn set(session: &dyn Session, name: &str, value: &str) {
    session.query("SELECT pg_catalog.set_config($1, $2, false)", &[name, value]);
}
