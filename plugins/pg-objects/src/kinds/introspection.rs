//! Reads the objects of a schema, as they would be declared.

use mighost_sdk::Object;

use super::manual::MARKER;
use crate::dependants::with_search_path;
use crate::session::{Row, Session, column};
use crate::sql::identifier;
use crate::tokens::tokens;

/// The objects of a kind. Names in the schema itself are unqualified, so that the declarations fit any schema.
pub fn objects(session: &dyn Session, kind: &str, schema: &str) -> Result<Vec<Object>, String> {
    let statement = match kind {
        "view" | "materialized-view" => include_str!("relations.sql"),
        "manual-materialized-view" => include_str!("manuals.sql"),
        "function" | "procedure" => include_str!("routines.sql"),
        "trigger" => include_str!("triggers.sql"),
        _ => return Err(super::unknown(kind)),
    };
    let parameter = match kind {
        "view" => "v",
        "materialized-view" => "m",
        "procedure" => "p",
        "function" => "f",
        _ => MARKER,
    };
    with_search_path(session, &identifier(schema), || {
        let rows = match kind {
            "trigger" => session.query(statement, &[schema]),
            _ => session.query(statement, &[schema, parameter]),
        };
        let mut objects: Vec<Object> = rows.iter().map(|row| object(kind, row)).collect();
        if !matches!(kind, "function" | "procedure" | "trigger") {
            let parts = session.query(include_str!("parts.sql"), &[schema]);
            for object in &mut objects {
                let own = parts.iter().filter(|row| column(row, 0) == object.name);
                object
                    .options
                    .extend(own.map(|row| (column(row, 1).to_owned(), column(row, 2).to_owned())));
            }
        }
        Ok(objects)
    })
}

/// An object from its name, its definition and pairs of options.
fn object(kind: &str, row: &Row) -> Object {
    let pairs = row.get(2..).unwrap_or_default().chunks(2);
    let options = pairs
        .filter_map(|pair| Some((pair.first()?.clone()?, pair.get(1)?.clone()?)))
        .collect();
    let definition = match kind {
        "trigger" => without_table(column(row, 1)),
        _ => column(row, 1).trim().to_owned(),
    };
    Object {
        kind: kind.to_owned(),
        name: column(row, 0).to_owned(),
        definition,
        options,
    }
}

/// The text of CREATE TRIGGER after its name, without the table, which is part of the object's name.
fn without_table(statement: &str) -> String {
    let tokens = tokens(statement).unwrap_or_default();
    let name = tokens
        .iter()
        .position(|token| token.is("trigger"))
        .map_or(0, |at| at + 1);
    let on = tokens
        .iter()
        .skip(name + 1)
        .position(|token| token.is("on"))
        .map(|at| at + name + 1);
    let cut = |name: usize, on: usize| {
        let table = if tokens.get(on + 2)?.text == "." {
            on + 3
        } else {
            on + 1
        };
        let events = statement.get(tokens.get(name)?.end()..tokens.get(on)?.start)?;
        let rest = statement.get(tokens.get(table)?.end()..)?;
        Some(format!("{} {}", events.trim(), rest.trim()))
    };
    on.and_then(|on| cut(name, on)).unwrap_or_else(|| statement.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_cut_out_of_a_trigger() {
        for table in ["crmp.stations", "\"Stations, on\"", "crmp.\"x\""] {
            let statement = format!(
                "CREATE CONSTRAINT TRIGGER \"on\" AFTER UPDATE OF a ON {table} FOR EACH ROW EXECUTE FUNCTION f()"
            );
            assert_eq!(
                without_table(&statement),
                "AFTER UPDATE OF a FOR EACH ROW EXECUTE FUNCTION f()"
            );
        }
        assert_eq!(without_table("nonsense"), "nonsense");
    }
}
