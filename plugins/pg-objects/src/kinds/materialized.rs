//! The kind `materialized-view`.

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

const WORD: &str = "MATERIALIZED VIEW";
const OPTIONS: &[&str] = &["comment", "column-comment", "index", "with-data"];

fn statement(identity: &str, object: &Object, options: &Options) -> Result<String, String> {
    let with = if options.with_data == Some(false) {
        "WITH NO DATA"
    } else {
        "WITH DATA"
    };
    Ok(format!(
        "CREATE {WORD} {identity} AS\n{}\n{with}",
        single_query(&object.definition)?
    ))
}

/// Creates a materialized view and its indexes.
pub fn create(session: &dyn Session, object: &Object) -> Result<(), String> {
    let options = Options::parse(object, OPTIONS)?;
    let identity = in_schema(session, plain(&object.name)?);
    session.execute(&statement(&identity, object, &options)?);
    options
        .statements(WORD, &identity)
        .iter()
        .for_each(|statement| session.execute(statement));
    Ok(())
}

/// Drops a materialized view.
pub fn drop(session: &dyn Session, object: &Object) -> Result<(), String> {
    session.execute(&format!("DROP {WORD} {}", in_schema(session, plain(&object.name)?)));
    Ok(())
}

/// The materialized view in the database.
pub fn target(session: &dyn Session, name: &str) -> Result<Target, String> {
    let oid = lookup::relation(session, plain(name)?, "m")?;
    Ok(Target {
        class: "pg_class",
        oid,
        word: WORD,
        identity: in_schema(session, name),
    })
}

/// Replaces a materialized view. There is no CREATE OR REPLACE for it.
pub fn replace(session: &dyn Session, old: &Object, new: &Object) -> Result<(), String> {
    let old_options = Options::parse(old, OPTIONS)?;
    let options = Options::parse(new, OPTIONS)?;
    let identity = in_schema(session, plain(&new.name)?);
    let create_new = statement(&identity, new, &options)?;
    if session.offline() {
        warn_offline(session, old);
        drop(session, old)?;
        return create(session, new);
    }
    let found = target(session, &old.name)?;
    if old.name != new.name {
        session.execute(&format!(
            "ALTER {WORD} {} RENAME TO {}",
            found.identity,
            identifier(&new.name)
        ));
    }
    Rebuild {
        drop: format!("DROP {WORD} {identity}"),
        create: create_new,
        target: Target { identity, ..found },
        old: &old_options,
        new: &options,
    }
    .run(session)
}
