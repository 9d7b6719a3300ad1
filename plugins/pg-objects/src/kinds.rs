//! The kinds that the plugin provides, one file each.

mod introspection;
pub mod manual;
pub mod materialized;
pub mod routine;
pub mod trigger;
pub mod view;

use mighost_sdk::Object;

use crate::dependants::Target;
use crate::session::Session;

/// The kinds, as `plugin.toml` lists them.
pub const KINDS: &[&str] = &[
    "function",
    "procedure",
    "view",
    "materialized-view",
    "manual-materialized-view",
    "trigger",
];

/// Creates an object.
pub fn create(session: &dyn Session, object: &Object) -> Result<(), String> {
    let created = match object.kind.as_str() {
        "function" | "procedure" => routine::create(session, object),
        "view" => view::create(session, object),
        "materialized-view" => materialized::create(session, object),
        "manual-materialized-view" => manual::create(session, object),
        "trigger" => trigger::create(session, object),
        _ => Err(unknown(&object.kind)),
    };
    created.map_err(|why| format!("{} `{}` cannot be created: {why}", object.kind, object.name))
}

/// Drops an object, but no dependants.
pub fn drop(session: &dyn Session, object: &Object) -> Result<(), String> {
    let dropped = match object.kind.as_str() {
        "function" | "procedure" => routine::drop(session, object),
        "view" => view::drop(session, object),
        "materialized-view" => materialized::drop(session, object),
        "manual-materialized-view" => manual::drop(session, object),
        "trigger" => trigger::drop(session, object),
        _ => Err(unknown(&object.kind)),
    };
    dropped.map_err(|why| format!("{} `{}` cannot be dropped: {why}", object.kind, object.name))
}

/// Replaces `old` by `new`.
pub fn replace(session: &dyn Session, old: &Object, new: &Object) -> Result<(), String> {
    let replaced = match (old.kind.as_str(), new.kind.as_str()) {
        (from, to) if from != to => Err(format!(
            "its new version is a {to}; only objects of one kind replace each other"
        )),
        ("function" | "procedure", _) => routine::replace(session, old, new),
        ("view", _) => view::replace(session, old, new),
        ("materialized-view", _) => materialized::replace(session, old, new),
        ("manual-materialized-view", _) => manual::replace(session, old, new),
        ("trigger", _) => trigger::replace(session, old, new),
        (kind, _) => Err(unknown(kind)),
    };
    replaced.map_err(|why| format!("{} `{}` cannot be replaced: {why}", old.kind, old.name))
}

/// The objects of a kind in a schema, sorted by name.
pub fn introspect(session: &dyn Session, kind: &str, schema: &str) -> Result<Vec<Object>, String> {
    if session.offline() {
        return Err("there is no database to read offline".to_owned());
    }
    let mut objects = introspection::objects(session, kind, schema)?;
    objects.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(objects)
}

/// The object of a kind and name in the database.
pub fn target(session: &dyn Session, kind: &str, name: &str) -> Result<Target, String> {
    match kind {
        "function" => routine::target(session, "FUNCTION", name),
        "procedure" => routine::target(session, "PROCEDURE", name),
        "view" => view::target(session, name),
        "materialized-view" => materialized::target(session, name),
        "manual-materialized-view" => manual::target(session, name),
        "trigger" => Err("nothing depends on a trigger".to_owned()),
        _ => Err(unknown(kind)),
    }
}

fn unknown(kind: &str) -> String {
    format!("pg-objects serves {}, not `{kind}`", KINDS.join(", "))
}

/// Warns that a script cannot keep the dependants of a replaced object.
fn warn_offline(session: &dyn Session, object: &Object) {
    session.warn(&format!(
        "{} `{}` is dropped and created again; a script cannot look for what depends on it, so it fails where something does",
        object.kind, object.name
    ));
}
