//! The kind `manual-materialized-view`: a table that is filled by a query, and a function that fills it again.

use mighost_sdk::Object;

use super::warn_offline;
use crate::dependants::Target;
use crate::lookup::{self, in_schema};
use crate::name::plain;
use crate::options::Options;
use crate::rebuild::Rebuild;
use crate::session::Session;
use crate::sql::{identifier, literal};
use crate::tokens::single_query;

/// The line before the query in the refresh function. Introspection finds the query by it.
pub const MARKER: &str = "-- mighost: manual-materialized-view";

const OPTIONS: &[&str] = &["comment", "column-comment", "index", "with-data"];

fn table_statement(identity: &str, object: &Object, options: &Options) -> Result<String, String> {
    let with = if options.with_data == Some(false) {
        "WITH NO DATA"
    } else {
        "WITH DATA"
    };
    Ok(format!(
        "CREATE TABLE {identity} AS\n{}\n{with}",
        single_query(&object.definition)?
    ))
}

/// The name of the refresh function of a table.
fn refresh_name(table: &str) -> Result<String, String> {
    let name = format!("refresh_{}", plain(table)?);
    plain(&name).map(str::to_owned)
}

/// DELETE instead of TRUNCATE, so that concurrent readers see the old rows until the end of the transaction.
fn refresh_statement(session: &dyn Session, verb: &str, object: &Object) -> Result<String, String> {
    let table = in_schema(session, plain(&object.name)?);
    let body = format!(
        "DELETE FROM {table};\nINSERT INTO {table}\n{MARKER}\n{}\n",
        single_query(&object.definition)?
    );
    let function = in_schema(session, &refresh_name(&object.name)?);
    Ok(format!(
        "{verb} FUNCTION {function}() RETURNS void LANGUAGE sql SET search_path FROM CURRENT AS {}",
        literal(&body)
    ))
}

/// Creates the table, its indexes and the function.
pub fn create(session: &dyn Session, object: &Object) -> Result<(), String> {
    let options = Options::parse(object, OPTIONS)?;
    let identity = in_schema(session, plain(&object.name)?);
    let function = refresh_statement(session, "CREATE", object)?;
    session.execute(&table_statement(&identity, object, &options)?);
    options
        .statements("TABLE", &identity)
        .iter()
        .for_each(|statement| session.execute(statement));
    session.execute(&function);
    Ok(())
}

/// Drops the function and the table.
pub fn drop(session: &dyn Session, object: &Object) -> Result<(), String> {
    let table = in_schema(session, plain(&object.name)?);
    session.execute(&format!(
        "DROP FUNCTION {}()",
        in_schema(session, &refresh_name(&object.name)?)
    ));
    session.execute(&format!("DROP TABLE {table}"));
    Ok(())
}

/// The table in the database.
pub fn target(session: &dyn Session, name: &str) -> Result<Target, String> {
    let oid = lookup::relation(session, plain(name)?, "r")?;
    let function = format!("{}()", in_schema(session, &refresh_name(name)?));
    if lookup::routine(session, "FUNCTION", &function)?.is_none() {
        // Any other table holds data that cannot be computed again, and must not be dropped like this.
        return Err(format!(
            "the table has no function {function}, so it is no manual materialized view"
        ));
    }
    Ok(Target {
        class: "pg_class",
        oid,
        word: "TABLE",
        identity: in_schema(session, name),
    })
}

/// Replaces the table and the function, and keeps the dependants of the table.
pub fn replace(session: &dyn Session, old: &Object, new: &Object) -> Result<(), String> {
    let old_options = Options::parse(old, OPTIONS)?;
    let options = Options::parse(new, OPTIONS)?;
    let identity = in_schema(session, plain(&new.name)?);
    let create_new = table_statement(&identity, new, &options)?;
    let function = refresh_statement(session, "CREATE OR REPLACE", new)?;
    if session.offline() {
        warn_offline(session, old);
        drop(session, old)?;
        return create(session, new);
    }
    let found = target(session, &old.name)?;
    if old.name != new.name {
        session.execute(&format!(
            "ALTER TABLE {} RENAME TO {}",
            found.identity,
            identifier(&new.name)
        ));
        session.execute(&format!(
            "ALTER FUNCTION {}() RENAME TO {}",
            in_schema(session, &refresh_name(&old.name)?),
            identifier(&refresh_name(&new.name)?)
        ));
    }
    Rebuild {
        drop: format!("DROP TABLE {identity}"),
        create: create_new,
        target: Target { identity, ..found },
        old: &old_options,
        new: &options,
    }
    .run(session)?;
    session.execute(&function);
    Ok(())
}
