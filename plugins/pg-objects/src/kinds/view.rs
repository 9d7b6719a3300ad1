//! The kind `view`.

use mighost_sdk::Object;

use super::warn_offline;
use crate::dependants::Target;
use crate::lookup::{self, in_schema};
use crate::name::plain;
use crate::options::Options;
use crate::rebuild::Rebuild;
use crate::session::Session;
use crate::sql::identifier;
use crate::tokens::single_query;

const OPTIONS: &[&str] = &[
    "comment",
    "column-comment",
    "check-option",
    "security-barrier",
    "security-invoker",
];

/// The SQLSTATE of a CREATE OR REPLACE VIEW that removes or changes columns.
const COLUMNS_CHANGED: &str = "42P16";

fn statement(verb: &str, identity: &str, object: &Object, options: &Options) -> Result<String, String> {
    let parameters: Vec<String> = options
        .view_parameters
        .iter()
        .map(|(name, value)| format!("{name} = '{value}'"))
        .collect();
    let with = if parameters.is_empty() {
        String::new()
    } else {
        format!(" WITH ({})", parameters.join(", "))
    };
    Ok(format!(
        "{verb} VIEW {identity}{with} AS\n{}",
        single_query(&object.definition)?
    ))
}

/// Creates a view.
pub fn create(session: &dyn Session, object: &Object) -> Result<(), String> {
    let options = Options::parse(object, OPTIONS)?;
    let identity = in_schema(session, plain(&object.name)?);
    session.execute(&statement("CREATE", &identity, object, &options)?);
    options
        .statements("VIEW", &identity)
        .iter()
        .for_each(|statement| session.execute(statement));
    Ok(())
}

/// Drops a view.
pub fn drop(session: &dyn Session, object: &Object) -> Result<(), String> {
    session.execute(&format!("DROP VIEW {}", in_schema(session, plain(&object.name)?)));
    Ok(())
}

/// The view in the database.
pub fn target(session: &dyn Session, name: &str) -> Result<Target, String> {
    let oid = lookup::relation(session, plain(name)?, "v")?;
    Ok(Target {
        class: "pg_class",
        oid,
        word: "VIEW",
        identity: in_schema(session, name),
    })
}

/// Replaces a view, by CREATE OR REPLACE where PostgreSQL allows it.
pub fn replace(session: &dyn Session, old: &Object, new: &Object) -> Result<(), String> {
    let old_options = Options::parse(old, OPTIONS)?;
    let options = Options::parse(new, OPTIONS)?;
    let identity = in_schema(session, plain(&new.name)?);
    let replace = statement("CREATE OR REPLACE", &identity, new, &options)?;
    if session.offline() {
        warn_offline(session, old);
        drop(session, old)?;
        return create(session, new);
    }
    let found = target(session, &old.name)?;
    if old.name != new.name {
        // The dependants of a view follow it to its new name.
        session.execute(&format!(
            "ALTER VIEW {} RENAME TO {}",
            found.identity,
            identifier(&new.name)
        ));
    }
    match session.try_execute(&replace) {
        Ok(()) => {
            let forgotten = old_options.forgotten_comments(&options, "VIEW", &identity);
            let comments = options.statements("VIEW", &identity);
            forgotten
                .iter()
                .chain(&comments)
                .for_each(|statement| session.execute(statement));
            Ok(())
        }
        Err(refusal) if refusal.sqlstate == COLUMNS_CHANGED => Rebuild {
            drop: format!("DROP VIEW {identity}"),
            create: statement("CREATE", &identity, new, &options)?,
            target: Target { identity, ..found },
            old: &old_options,
            new: &options,
        }
        .run(session),
        Err(refusal) => Err(format!("{} ({})", refusal.message, refusal.sqlstate)),
    }
}
