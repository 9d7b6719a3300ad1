//! Finds objects in the catalog by name, for `exists` and `missing`.

use mighost_core::{nearest, quote_literal};

/// The names of kinds of objects, with queries that find them: `{schema}`, `{name}`, `{table}` and `{whole}` stand for literals.
const KINDS: [(&str, &str); 25] = [
    ("table", RELATION_R),
    ("view", RELATION_V),
    ("materialized view", RELATION_M),
    ("index", RELATION_I),
    ("sequence", RELATION_S),
    ("column", COLUMN),
    ("constraint", CONSTRAINT),
    ("trigger", TRIGGER),
    ("policy", POLICY),
    (
        "function",
        "select exists (select from pg_catalog.pg_proc where oid = to_regprocedure({whole}) and prokind in ('f', 'w'))",
    ),
    (
        "procedure",
        "select exists (select from pg_catalog.pg_proc where oid = to_regprocedure({whole}) and prokind = 'p')",
    ),
    (
        "aggregate",
        "select exists (select from pg_catalog.pg_proc where oid = to_regprocedure({whole}) and prokind = 'a')",
    ),
    ("foreign table", RELATION_F),
    ("rule", RULE),
    (
        "domain",
        "select exists (select from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace \
              where n.nspname = {schema} and t.typname = {name} and t.typtype = 'd')",
    ),
    (
        "enum",
        "select exists (select from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace \
              where n.nspname = {schema} and t.typname = {name} and t.typtype = 'e')",
    ),
    (
        "statistics",
        "select exists (select from pg_catalog.pg_statistic_ext s join pg_catalog.pg_namespace n on n.oid = s.stxnamespace \
              where n.nspname = {schema} and s.stxname = {name})",
    ),
    (
        "collation",
        "select exists (select from pg_catalog.pg_collation c join pg_catalog.pg_namespace n on n.oid = c.collnamespace \
              where n.nspname = {schema} and c.collname = {name})",
    ),
    (
        "publication",
        "select exists (select from pg_catalog.pg_publication where pubname = {whole})",
    ),
    (
        "server",
        "select exists (select from pg_catalog.pg_foreign_server where srvname = {whole})",
    ),
    (
        "type",
        "select exists (select from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace \
              where n.nspname = {schema} and t.typname = {name})",
    ),
    (
        "schema",
        "select exists (select from pg_catalog.pg_namespace where nspname = {whole})",
    ),
    (
        "role",
        "select exists (select from pg_catalog.pg_roles where rolname = {whole})",
    ),
    (
        "extension",
        "select exists (select from pg_catalog.pg_extension where extname = {whole})",
    ),
    (
        "event trigger",
        "select exists (select from pg_catalog.pg_event_trigger where evtname = {whole})",
    ),
];

const RELATION_R: &str = "select exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
    where n.nspname = {schema} and c.relname = {name} and c.relkind in ('r', 'p', 'f'))";
const RELATION_V: &str = "select exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
    where n.nspname = {schema} and c.relname = {name} and c.relkind = 'v')";
const RELATION_M: &str = "select exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
    where n.nspname = {schema} and c.relname = {name} and c.relkind = 'm')";
const RELATION_F: &str = "select exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
    where n.nspname = {schema} and c.relname = {name} and c.relkind = 'f')";
const RULE: &str = "select exists (select from pg_catalog.pg_rewrite w join pg_catalog.pg_class c on c.oid = w.ev_class \
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
    where n.nspname = {schema} and c.relname = {table} and w.rulename = {name})";
const RELATION_I: &str = "select exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
    where n.nspname = {schema} and c.relname = {name} and c.relkind in ('i', 'I'))";
const RELATION_S: &str = "select exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
    where n.nspname = {schema} and c.relname = {name} and c.relkind = 'S')";
const COLUMN: &str = "select exists (select from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid \
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
    where n.nspname = {schema} and c.relname = {table} and a.attname = {name} and not a.attisdropped)";
const CONSTRAINT: &str = "select exists (select from pg_catalog.pg_constraint o join pg_catalog.pg_class c on c.oid = o.conrelid \
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
    where n.nspname = {schema} and c.relname = {table} and o.conname = {name})";
const TRIGGER: &str = "select exists (select from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid \
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
    where n.nspname = {schema} and c.relname = {table} and t.tgname = {name} and not t.tgisinternal)";
const POLICY: &str = "select exists (select from pg_catalog.pg_policy p join pg_catalog.pg_class c on c.oid = p.polrelid \
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
    where n.nspname = {schema} and c.relname = {table} and p.polname = {name})";

/// A query that returns whether `object`, e.g. `column stations.name`, exists. Names are unquoted; those of objects in a schema may be
/// qualified, and are otherwise in `schema`.
///
/// # Errors
/// The part of the text that is not understood.
pub(super) fn query(object: &str, schema: &str) -> Result<String, String> {
    let object = object.trim();
    let kinds = KINDS.iter().filter(|(word, _)| {
        let rest = object.strip_prefix(word);
        rest.is_some_and(|rest| rest.starts_with(' '))
    });
    let Some((word, query)) = kinds.max_by_key(|(word, _)| word.len()) else {
        let first = object.split(' ').next().unwrap_or_default();
        let known = KINDS.map(|(word, _)| word);
        let hint = match nearest(first, known) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("available: {}", known.join(", ")),
        };
        return Err(format!("`{object}` does not start with a kind of object; {hint}"));
    };
    let whole = object.get(word.len()..).unwrap_or_default().trim();
    let parts: Vec<&str> = whole.split('.').collect();
    let of_table = query.contains("{table}");
    let (schema, table, name) = match (parts.as_slice(), of_table) {
        ([name], false) => (schema, "", *name),
        ([schema, name], false) => (*schema, "", *name),
        ([table, name], true) => (schema, *table, *name),
        ([schema, table, name], true) => (*schema, *table, *name),
        _ if query.contains("{whole}") => (schema, "", ""),
        _ if of_table => return Err(format!("`{object}` should be written {word} TABLE.NAME")),
        _ => {
            return Err(format!(
                "`{object}` should be written {word} NAME or {word} SCHEMA.NAME"
            ));
        }
    };
    Ok(query
        .replace("{schema}", &quote_literal(schema))
        .replace("{table}", &quote_literal(table))
        .replace("{name}", &quote_literal(name))
        .replace("{whole}", &quote_literal(whole)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_put_into_the_right_places() {
        let column = query("column a.b.c", "s").unwrap();
        assert!(
            column.contains("nspname = 'a' and c.relname = 'b' and a.attname = 'c'"),
            "{column}"
        );
        assert!(
            query("table t", "s")
                .unwrap()
                .contains("nspname = 's' and c.relname = 't'")
        );
        assert!(query("materialized view t", "s").unwrap().contains("'m'"));
        assert!(
            query("function f(numeric(8, 3), a.t)", "s")
                .unwrap()
                .contains("'f(numeric(8, 3), a.t)'")
        );
    }

    #[test]
    fn what_is_not_understood_is_said() {
        assert_eq!(
            query("tabel t", "s").unwrap_err(),
            "`tabel t` does not start with a kind of object; did you mean table?"
        );
        assert_eq!(
            query("column c", "s").unwrap_err(),
            "`column c` should be written column TABLE.NAME"
        );
    }
}
