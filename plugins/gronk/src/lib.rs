//! The kind `gronk`: a view with its comment, grants and indexes as one object. The README explains it line by line.

mod options;

use mighost_sdk::prelude::*;
use mighost_sdk::quote::in_schema;
use options::Options;

mighost_sdk::import_plugin!("../pg-objects/wit", mighost::pg_objects::dependants);

/// Ends the comment of every gronk. The catalog has no place for custom kinds, and dumps preserve comments.
const MARKER: &str = "[mighost:gronk]";

struct Gronk;

impl KindProvider for Gronk {
    fn create(object: &Object) -> Result<(), String> {
        let options = Options::read(object)?;
        let (name, word) = (in_schema(&object.name), options.word());
        execute!(
            "create {} {} as {}",
            word,
            name,
            raw(object.definition.trim().trim_end_matches(';'))
        );
        execute!(
            "comment on {} {} is {}",
            word,
            name,
            literal(format!("{} {MARKER}", options.comment).trim_start())
        );
        for (column, text) in &options.column_comments {
            execute!("comment on column {}.{} is {}", name, identifier(column), literal(text));
        }
        for (role, privileges) in &options.grants {
            execute!("grant {} on {} to {}", raw(privileges), name, identifier(role));
        }
        for (index, columns) in &options.indexes {
            execute!("create index {} on {} {}", identifier(index), name, raw(columns));
        }
        Ok(())
    }

    fn drop(object: &Object) -> Result<(), String> {
        execute!("drop {} {}", Options::read(object)?.word(), in_schema(&object.name));
        Ok(())
    }

    fn replace(old: &Object, new: &Object) -> Result<(), String> {
        let (before, after) = (Options::read(old)?, Options::read(new)?);
        // Dependants follow a renamed view and find the new one under its new name.
        if old.name != new.name {
            execute!(
                "alter {} {} rename to {}",
                before.word(),
                in_schema(&old.name),
                identifier(&new.name)
            );
        }
        let indexes: Vec<String> = before
            .indexes
            .iter()
            .chain(&after.indexes)
            .map(|(name, _)| name.clone())
            .collect();
        let saved = dependants::detach(before.kind(), &new.name, &indexes)?;
        execute!("drop {} {}", before.word(), in_schema(&new.name));
        Self::create(new)?;
        if !saved.owner.is_empty() {
            execute!(
                "alter {} {} owner to {}",
                after.word(),
                in_schema(&new.name),
                identifier(&saved.owner)
            );
        }
        dependants::attach(&saved)
    }

    fn introspect(_kind: &str, schema: &str) -> Result<Vec<Object>, String> {
        let gronks =
            query_as::<(i64, String, String, bool, String)>(include_str!("gronks.sql"), params![schema, MARKER]);
        let object = |(oid, name, definition, materialized, comment): (i64, String, String, bool, String)| {
            let mut object = mighost_sdk::objects::object("gronk", &name, definition.trim());
            if materialized {
                object = object.option("materialized", "true");
            }
            let comment = comment.trim_end_matches(MARKER).trim_end();
            if !comment.is_empty() {
                object = object.option("comment", comment);
            }
            let parts = query_as::<(String, String)>(include_str!("parts.sql"), params![oid]);
            parts
                .iter()
                .fold(object, |object, (option, value)| object.option(option, value))
        };
        Ok(gronks.into_iter().map(object).collect())
    }
}

mighost_sdk::export_kinds!(Gronk);
