//! Finds objects in the catalog.

use crate::session::{Session, column};
use crate::sql::qualified;

/// The OID of a view, materialized view or table in the run's schema; `relkind` is the letter that it must have in `pg_class`.
pub fn relation(session: &dyn Session, name: &str, relkind: &str) -> Result<String, String> {
    let schema = session.schema();
    let rows = session.query(
        "SELECT c.oid::text, c.relkind::text FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2",
        &[&schema, name],
    );
    match rows.first() {
        None => Err(format!(
            "schema `{schema}` has no {} of that name",
            relation_word(relkind)
        )),
        Some(row) if column(row, 1) != relkind => Err(format!(
            "in schema `{schema}` that name is a {}, not a {}",
            relation_word(column(row, 1)),
            relation_word(relkind)
        )),
        Some(row) => Ok(column(row, 0).to_owned()),
    }
}

fn relation_word(relkind: &str) -> &'static str {
    match relkind {
        "v" => "view",
        "m" => "materialized view",
        "r" => "table",
        "p" => "partitioned table",
        "S" => "sequence",
        "i" | "I" => "index",
        "f" => "foreign table",
        _ => "composite type",
    }
}

/// The OID and the `ctid` in `pg_proc` of a function or procedure (`word`), given as SQL; `None` if it does not exist.
pub fn routine(session: &dyn Session, word: &str, signature: &str) -> Result<Option<(String, String)>, String> {
    let rows = session.query(
        "SELECT oid::text, ctid::text, prokind::text FROM pg_catalog.pg_proc WHERE oid = pg_catalog.to_regprocedure($1)",
        &[signature],
    );
    let Some(row) = rows.first() else { return Ok(None) };
    let found = match column(row, 2) {
        "a" => "AGGREGATE",
        "p" => "PROCEDURE",
        _ => "FUNCTION",
    };
    if found == word {
        Ok(Some((column(row, 0).to_owned(), column(row, 1).to_owned())))
    } else {
        Err(format!(
            "{signature} is a {}, not a {}",
            found.to_lowercase(),
            word.to_lowercase()
        ))
    }
}

/// The current value of `enabled` of a trigger and its comment; `None` if it does not exist.
pub fn trigger(session: &dyn Session, name: &str, table: &str) -> Option<(String, Option<String>)> {
    let schema = session.schema();
    let rows = session.query(
        "SELECT t.tgenabled::text, pg_catalog.obj_description(t.oid, 'pg_trigger') FROM pg_catalog.pg_trigger t \
         JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE NOT t.tgisinternal AND n.nspname = $1 AND c.relname = $2 AND t.tgname = $3",
        &[&schema, table, name],
    );
    rows.first()
        .map(|row| (column(row, 0).to_owned(), row.get(1).cloned().flatten()))
}

/// `schema.name` in the run's schema, as SQL.
pub fn in_schema(session: &dyn Session, name: &str) -> String {
    qualified(&session.schema(), name)
}
