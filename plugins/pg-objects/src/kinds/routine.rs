//! The kinds `function` and `procedure`.

use mighost_sdk::Object;

use super::warn_offline;
use crate::dependants::Target;
use crate::lookup;
use crate::name::Signature;
use crate::options::Options;
use crate::rebuild::Rebuild;
use crate::session::Session;
use crate::sql::{identifier, qualified};
use crate::tokens::tokens;

const OPTIONS: &[&str] = &["comment"];

/// The SQLSTATE of a CREATE OR REPLACE FUNCTION that changes the result or the parameters. Such an error has a hint.
const SIGNATURE_CHANGED: &str = "42P13";

fn word(object: &Object) -> &'static str {
    if object.kind == "procedure" {
        "PROCEDURE"
    } else {
        "FUNCTION"
    }
}

/// CREATE with the parameters of the definition; without any, with the types in the name.
fn statement(verb: &str, session: &dyn Session, signature: &Signature, object: &Object) -> Result<String, String> {
    let definition = object.definition.trim();
    let parsed = tokens(definition)?;
    let Some(first) = parsed.first() else {
        return Err("its definition is empty".to_owned());
    };
    let parameters = if first.text == "(" { "" } else { &signature.arguments };
    let name = qualified(&session.schema(), &signature.name);
    Ok(format!("{verb} {} {name}{parameters}\n{definition}", word(object)))
}

fn comments(options: &Options, object: &Object, identity: &str, session: &dyn Session) {
    options
        .statements(word(object), identity)
        .iter()
        .for_each(|statement| session.execute(statement));
}

/// Creates a function or procedure.
pub fn create(session: &dyn Session, object: &Object) -> Result<(), String> {
    let options = Options::parse(object, OPTIONS)?;
    let signature = Signature::parse(&object.name)?;
    let identity = signature.sql(&session.schema());
    session.execute(&statement("CREATE", session, &signature, object)?);
    if !session.offline() && lookup::routine(session, word(object), &identity)?.is_none() {
        return Err(mismatch(object));
    }
    comments(&options, object, &identity, session);
    Ok(())
}

/// Drops a function or procedure.
pub fn drop(session: &dyn Session, object: &Object) -> Result<(), String> {
    let identity = Signature::parse(&object.name)?.sql(&session.schema());
    session.execute(&format!("DROP {} {identity}", word(object)));
    Ok(())
}

/// The function or procedure in the database.
pub fn target(session: &dyn Session, word: &'static str, name: &str) -> Result<Target, String> {
    let identity = Signature::parse(name)?.sql(&session.schema());
    match lookup::routine(session, word, &identity)? {
        Some((oid, _)) => Ok(Target {
            class: "pg_proc",
            oid,
            word,
            identity,
        }),
        None => Err(format!("there is no {} {identity}", word.to_lowercase())),
    }
}

/// Replaces a function or procedure, by CREATE OR REPLACE where PostgreSQL allows it.
pub fn replace(session: &dyn Session, old: &Object, new: &Object) -> Result<(), String> {
    let schema = session.schema();
    let old_options = Options::parse(old, OPTIONS)?;
    let options = Options::parse(new, OPTIONS)?;
    let (old_signature, signature) = (Signature::parse(&old.name)?, Signature::parse(&new.name)?);
    let identity = signature.sql(&schema);
    let replace = statement("CREATE OR REPLACE", session, &signature, new)?;
    if session.offline() {
        if old_signature != signature {
            warn_offline(session, old);
            drop(session, old)?;
        }
        session.execute(&replace);
        comments(&options, new, &identity, session);
        return Ok(());
    }
    let found = target(session, word(old), &old.name)?;
    if old_signature.name != signature.name {
        session.execute(&format!(
            "ALTER {} {} RENAME TO {}",
            found.word,
            found.identity,
            identifier(&signature.name)
        ));
    }
    let renamed = Signature {
        name: signature.name.clone(),
        ..old_signature
    }
    .sql(&schema);
    let before = lookup::routine(session, found.word, &identity)?;
    if let Some((oid, place)) = before {
        if oid != found.oid {
            return Err(format!("{identity} is there already"));
        }
        match session.try_execute(&replace) {
            Ok(()) => {
                // A replaced function has a new row version in the catalog. An unchanged one shows that the definition creates another
                // function.
                if lookup::routine(session, found.word, &identity)?.is_none_or(|(_, now)| now == place) {
                    return Err(mismatch(new));
                }
                let forgotten = old_options.forgotten_comments(&options, found.word, &identity);
                forgotten.iter().for_each(|statement| session.execute(statement));
                comments(&options, new, &identity, session);
                return Ok(());
            }
            Err(refusal) if refusal.sqlstate == SIGNATURE_CHANGED && refusal.hint => {}
            Err(refusal) => return Err(format!("{} ({})", refusal.message, refusal.sqlstate)),
        }
    }
    Rebuild {
        drop: format!("DROP {} {renamed}", found.word),
        create: statement("CREATE", session, &signature, new)?,
        target: Target {
            identity: identity.clone(),
            ..found.clone()
        },
        old: &old_options,
        new: &options,
    }
    .run(session)?;
    match lookup::routine(session, found.word, &identity)? {
        Some(_) => Ok(()),
        None => Err(mismatch(new)),
    }
}

fn mismatch(object: &Object) -> String {
    format!(
        "the parameters in its definition are not those of its name, `{}`",
        object.name
    )
}
