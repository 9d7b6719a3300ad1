//! The kind `trigger`.

use mighost_sdk::Object;

use crate::lookup;
use crate::name::TriggerName;
use crate::options::Options;
use crate::session::Session;
use crate::sql::{identifier, literal, qualified};
use crate::tokens::{Token, tokens};

const OPTIONS: &[&str] = &["comment", "constraint", "enabled"];

/// The first version of PostgreSQL with CREATE OR REPLACE TRIGGER.
const OR_REPLACE_SINCE: u32 = 140_000;

/// CREATE TRIGGER, with the table from the name inserted between the events and the rest.
fn statement(
    verb: &str,
    name: &TriggerName,
    schema: &str,
    object: &Object,
    options: &Options,
) -> Result<String, String> {
    let definition = object.definition.trim().trim_end_matches(';').trim_end();
    let parsed = tokens(definition)?;
    if parsed.iter().any(|token| token.text == ";") {
        return Err("its definition holds several statements".to_owned());
    }
    let Some(rest) = (0..parsed.len()).find(|&at| ends_events(&parsed, at)) else {
        return Err("its definition should read like `BEFORE INSERT FOR EACH ROW EXECUTE FUNCTION f()`".to_owned());
    };
    if parsed[..rest].iter().any(|token| token.is("on")) {
        return Err(format!(
            "its definition names a table, which stands in its name already: `{}`",
            object.name
        ));
    }
    let (events, rest) = definition.split_at(parsed[rest].start);
    let constraint = if options.constraint { "CONSTRAINT " } else { "" };
    Ok(format!(
        "{verb} {constraint}TRIGGER {} {} ON {} {rest}",
        identifier(&name.name),
        events.trim_end(),
        qualified(schema, &name.table)
    ))
}

/// Whether the token at `at` begins the part after the table. Some of these words may be columns in `UPDATE OF`.
fn ends_events(tokens: &[Token<'_>], at: usize) -> bool {
    let token = |index: usize, words: &[&str]| {
        tokens
            .get(index)
            .is_some_and(|token| words.iter().any(|word| token.is(word)))
    };
    token(at, &["for", "from", "not", "deferrable", "initially", "when"])
        || (token(at, &["referencing"]) && token(at + 1, &["old", "new"]))
        || (token(at, &["execute"]) && token(at + 1, &["function", "procedure"]))
}

fn settings(options: &Options, name: &TriggerName, schema: &str) -> Vec<String> {
    let table = qualified(schema, &name.table);
    let comment = options
        .comment
        .iter()
        .map(|text| format!("COMMENT ON TRIGGER {} IS {}", name.sql(schema), literal(text)));
    let enabled = options
        .enabled
        .iter()
        .map(|clause| format!("ALTER TABLE {table} {clause} TRIGGER {}", identifier(&name.name)));
    comment.chain(enabled).collect()
}

/// Creates a trigger.
pub fn create(session: &dyn Session, object: &Object) -> Result<(), String> {
    let options = Options::parse(object, OPTIONS)?;
    let name = TriggerName::parse(&object.name)?;
    let schema = session.schema();
    session.execute(&statement("CREATE", &name, &schema, object, &options)?);
    settings(&options, &name, &schema)
        .iter()
        .for_each(|statement| session.execute(statement));
    Ok(())
}

/// Drops a trigger.
pub fn drop(session: &dyn Session, object: &Object) -> Result<(), String> {
    session.execute(&format!(
        "DROP TRIGGER {}",
        TriggerName::parse(&object.name)?.sql(&session.schema())
    ));
    Ok(())
}

/// Replaces a trigger. Nothing depends on triggers, so it can always be dropped; OR REPLACE takes a weaker lock.
pub fn replace(session: &dyn Session, old: &Object, new: &Object) -> Result<(), String> {
    let (old_options, mut options) = (Options::parse(old, OPTIONS)?, Options::parse(new, OPTIONS)?);
    let (old_name, name) = (TriggerName::parse(&old.name)?, TriggerName::parse(&new.name)?);
    let schema = session.schema();
    if !session.offline() {
        let Some((enabled, comment)) = lookup::trigger(session, &old_name.name, &old_name.table) else {
            return Err(format!(
                "table `{}` of schema `{schema}` has no such trigger",
                old_name.table
            ));
        };
        if old_options.comment.is_none() && options.comment.is_none() {
            options.comment = comment;
        }
        if old_options.enabled.is_none() && options.enabled.is_none() {
            options.enabled = clause(&enabled);
        }
    }
    let replaceable = session
        .server_version()
        .is_none_or(|version| version >= OR_REPLACE_SINCE)
        && old_name == name
        && !old_options.constraint
        && !options.constraint;
    if replaceable {
        session.execute(&statement("CREATE OR REPLACE", &name, &schema, new, &options)?);
        if old_options.comment.is_some() && options.comment.is_none() {
            session.execute(&format!("COMMENT ON TRIGGER {} IS NULL", name.sql(&schema)));
        }
    } else {
        let create = statement("CREATE", &name, &schema, new, &options)?;
        drop(session, old)?;
        session.execute(&create);
    }
    settings(&options, &name, &schema)
        .iter()
        .for_each(|statement| session.execute(statement));
    Ok(())
}

/// The clause of ALTER TABLE for a letter of `pg_trigger.tgenabled`; `None` for the state of a new trigger.
fn clause(tgenabled: &str) -> Option<&'static str> {
    match tgenabled {
        "D" => Some("DISABLE"),
        "R" => Some("ENABLE REPLICA"),
        "A" => Some("ENABLE ALWAYS"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn create(definition: &str) -> Result<String, String> {
        let object = Object {
            kind: "trigger".into(),
            name: "t on s".into(),
            definition: definition.into(),
            options: vec![],
        };
        statement(
            "CREATE",
            &TriggerName::parse("t on s").unwrap(),
            "crmp",
            &object,
            &Options::default(),
        )
    }

    #[test]
    fn the_table_is_put_behind_the_events() {
        assert_eq!(
            create("BEFORE INSERT OR UPDATE OF execute, \"for\" REFERENCING NEW TABLE AS n EXECUTE FUNCTION f('for');")
                .unwrap(),
            "CREATE TRIGGER \"t\" BEFORE INSERT OR UPDATE OF execute, \"for\" ON \"crmp\".\"s\" REFERENCING NEW TABLE AS n \
             EXECUTE FUNCTION f('for')"
        );
        assert!(
            create("BEFORE INSERT ON s FOR EACH ROW EXECUTE FUNCTION f()")
                .unwrap_err()
                .contains("names a table")
        );
        assert!(create("").is_err() && create("before insert").is_err() && create("before 'x").is_err());
        assert!(create("before insert execute function f(); drop table s").is_err());
    }
}
