//! The exports of the component.

use mighost_sdk::prelude::{KindProvider, Object};

use crate::dependants::{self as inner};
use crate::kinds;
use crate::session::{Run, Session as _};

struct PgObjects;

impl KindProvider for PgObjects {
    fn create(object: &Object) -> Result<(), String> {
        kinds::create(&Run, object)
    }

    fn drop(object: &Object) -> Result<(), String> {
        kinds::drop(&Run, object)
    }

    fn replace(old: &Object, new: &Object) -> Result<(), String> {
        kinds::replace(&Run, old, new)
    }

    fn introspect(kind: &str, schema: &str) -> Result<Vec<Object>, String> {
        kinds::introspect(&Run, kind, schema)
    }
}

mighost_sdk::export_kinds!(PgObjects);

impl dependants::Guest for PgObjects {
    fn detach(kind: String, name: String, own_indexes: Vec<String>) -> Result<dependants::Saved, String> {
        if Run.offline() {
            Run.warn(&format!(
                "what depends on {kind} `{name}` cannot be looked for in a script; it fails where something does"
            ));
            return Ok(dependants::Saved {
                dependants: Vec::new(),
                owner: String::new(),
                definitions: Vec::new(),
                computations: Vec::new(),
            });
        }
        let mut saved = kinds::target(&Run, &kind, &name)
            .and_then(|target| inner::save(&Run, &target))
            .map_err(|why| format!("{kind} `{name}`: {why}"))?;
        saved.forget_indexes(&own_indexes, &[]);
        saved.drop_all(&Run);
        let out = |statements: Vec<inner::Statement>| {
            let out = |inner::Statement { dependant, text }| dependants::Statement { dependant, text };
            statements.into_iter().map(out).collect()
        };
        Ok(dependants::Saved {
            dependants: saved
                .dependants
                .into_iter()
                .map(|dependant| dependant.description)
                .collect(),
            owner: saved.owner,
            definitions: out(saved.definitions),
            computations: out(saved.computations),
        })
    }

    fn attach(saved: dependants::Saved) -> Result<(), String> {
        let read = |statements: Vec<dependants::Statement>| -> Vec<inner::Statement> {
            let read = |dependants::Statement { dependant, text }| inner::Statement { dependant, text };
            statements.into_iter().map(read).collect()
        };
        inner::attach(&Run, &read(saved.definitions), &read(saved.computations))
    }
}

mighost_sdk::export_operations!("wit", PgObjects, mighost::pg_objects::dependants);
