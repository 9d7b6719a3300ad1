//! Comments, names and schemas of objects of any type.

use mighost_sdk::prelude::*;

use crate::bindings::exports::mighost::schema::objects::{Member, Object};
use crate::name::{Name, plain};
use crate::operation::{Operation, Reverse, Scope, undone_by};

/// The type of the object in SQL.
fn word(object: &Object) -> &'static str {
    match object {
        Object::Table(_) => "table",
        Object::Column(_) => "column",
        Object::Constraint(_) => "constraint",
        Object::Index(_) => "index",
        Object::Sequence(_) => "sequence",
        Object::View(_) => "view",
        Object::MaterializedView(_) => "materialized view",
        Object::Type(_) => "type",
        Object::Domain(_) => "domain",
        Object::Schema(_) => "schema",
        Object::Extension(_) => "extension",
        Object::Other(_) => "",
    }
}

fn shown(object: &Object) -> String {
    match object {
        Object::Column(member) | Object::Constraint(member) => {
            format!("{} {} of {}", word(object), member.name, member.table)
        }
        Object::Other(text) => text.clone(),
        _ => format!("{} {}", word(object), name_of(object).map_or("", String::as_str)),
    }
}

/// The name of an object that is not a part of another one.
fn name_of(object: &Object) -> Option<&String> {
    match object {
        Object::Table(name)
        | Object::Index(name)
        | Object::Sequence(name)
        | Object::View(name)
        | Object::MaterializedView(name)
        | Object::Type(name)
        | Object::Domain(name)
        | Object::Schema(name)
        | Object::Extension(name) => Some(name),
        Object::Column(_) | Object::Constraint(_) | Object::Other(_) => None,
    }
}

/// The same object under another name.
fn with_name(object: &Object, name: String) -> Object {
    let member = |member: &Member| Member {
        table: member.table.clone(),
        name: name.clone(),
    };
    match object {
        Object::Table(_) => Object::Table(name),
        Object::Column(of) => Object::Column(member(of)),
        Object::Constraint(of) => Object::Constraint(member(of)),
        Object::Index(_) => Object::Index(name),
        Object::Sequence(_) => Object::Sequence(name),
        Object::View(_) => Object::View(name),
        Object::MaterializedView(_) => Object::MaterializedView(name),
        Object::Type(_) => Object::Type(name),
        Object::Domain(_) => Object::Domain(name),
        Object::Schema(_) => Object::Schema(name),
        Object::Extension(_) => Object::Extension(name),
        Object::Other(_) => Object::Other(name),
    }
}

/// The name of an object that is directly in a schema.
fn schema_object(object: &Object, scope: &Scope) -> Result<Option<Name>, String> {
    match object {
        Object::Schema(_) | Object::Extension(_) | Object::Column(_) | Object::Constraint(_) | Object::Other(_) => {
            Ok(None)
        }
        object => name_of(object).map(|name| Name::parse(name, &scope.schema)).transpose(),
    }
}

pub(crate) struct Comment {
    pub object: Object,
    pub text: Option<String>,
    pub was: Option<String>,
}

impl Operation for Comment {
    fn title(&self) -> String {
        format!("comment on {}", shown(&self.object))
    }

    fn statements(&self, scope: &Scope) -> Result<Vec<String>, String> {
        let text = self.text.as_ref().map_or_else(|| raw("null"), |text| literal(text));
        let target = match &self.object {
            Object::Column(member) => sql!(
                "column {}.{}",
                Name::parse(&member.table, &scope.schema)?.sql(),
                identifier(&plain(&member.name)?)
            ),
            Object::Constraint(member) => sql!(
                "constraint {} on {}",
                identifier(&plain(&member.name)?),
                Name::parse(&member.table, &scope.schema)?.sql()
            ),
            Object::Other(target) => target.clone(),
            object => match (schema_object(object, scope)?, name_of(object)) {
                (Some(name), _) => sql!("{} {}", raw(word(object)), name.sql()),
                (None, name) => sql!(
                    "{} {}",
                    raw(word(object)),
                    identifier(&plain(name.map_or("", String::as_str))?)
                ),
            },
        };
        Ok(vec![sql!("comment on {} is {}", raw(target), text)])
    }

    fn reverse(&self, _: &Scope) -> Result<Reverse, String> {
        if self.text.is_none() && self.was.is_none() {
            return Err("`was` does not tell the comment that it takes away".to_owned());
        }
        undone_by(Self {
            object: self.object.clone(),
            text: self.was.clone(),
            was: self.text.clone(),
        })
    }
}

pub(crate) struct Rename {
    pub object: Object,
    pub new_name: String,
}

impl Operation for Rename {
    fn title(&self) -> String {
        format!("rename {}", shown(&self.object))
    }

    fn statements(&self, scope: &Scope) -> Result<Vec<String>, String> {
        let new_name = identifier(&plain(&self.new_name)?);
        let statement = match &self.object {
            Object::Column(member) | Object::Constraint(member) => sql!(
                "alter table {} rename {} {} to {}",
                Name::parse(&member.table, &scope.schema)?.sql(),
                raw(word(&self.object)),
                identifier(&plain(&member.name)?),
                new_name
            ),
            Object::Schema(name) => sql!("alter schema {} rename to {}", identifier(&plain(name)?), new_name),
            Object::Extension(_) => return Err("PostgreSQL cannot rename an extension".to_owned()),
            Object::Other(target) => sql!("alter {} rename to {}", raw(target), new_name),
            object => match schema_object(object, scope)? {
                Some(name) => sql!("alter {} {} rename to {}", raw(word(object)), name.sql(), new_name),
                None => return Err("it has no name of its own".to_owned()),
            },
        };
        Ok(vec![statement])
    }

    fn reverse(&self, scope: &Scope) -> Result<Reverse, String> {
        let (object, new_name) = match &self.object {
            Object::Other(_) => return Err("nobody knows which name in it is the object's".to_owned()),
            Object::Column(member) | Object::Constraint(member) => {
                (with_name(&self.object, self.new_name.clone()), member.name.clone())
            }
            object => match (schema_object(object, scope)?, name_of(object)) {
                (Some(name), _) => {
                    let renamed = Name::new(&name.schema, &self.new_name).spelled();
                    (with_name(object, renamed), name.name)
                }
                (None, name) => (
                    with_name(object, self.new_name.clone()),
                    name.cloned().unwrap_or_default(),
                ),
            },
        };
        undone_by(Self { object, new_name })
    }
}

pub(crate) struct SetSchema {
    pub object: Object,
    pub schema: String,
}

impl Operation for SetSchema {
    fn title(&self) -> String {
        format!("set-schema of {}", shown(&self.object))
    }

    fn statements(&self, scope: &Scope) -> Result<Vec<String>, String> {
        let schema = identifier(&plain(&self.schema)?);
        let statement = match &self.object {
            Object::Extension(name) => sql!("alter extension {} set schema {}", identifier(&plain(name)?), schema),
            Object::Other(target) => sql!("alter {} set schema {}", raw(target), schema),
            Object::Index(_) => return Err("an index goes where its table goes".to_owned()),
            object => match schema_object(object, scope)? {
                Some(name) => sql!("alter {} {} set schema {}", raw(word(object)), name.sql(), schema),
                None => return Err("it lies in no schema by itself".to_owned()),
            },
        };
        Ok(vec![statement])
    }

    fn reverse(&self, scope: &Scope) -> Result<Reverse, String> {
        match schema_object(&self.object, scope)? {
            Some(name) => undone_by(Self {
                object: with_name(&self.object, Name::new(&self.schema, &name.name).spelled()),
                schema: name.schema,
            }),
            None => Err("its name does not tell the schema that it was in".to_owned()),
        }
    }
}
