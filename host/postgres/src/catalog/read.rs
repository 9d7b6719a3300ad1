//! Reads a catalog by a few queries, which are sent together.

use std::collections::BTreeMap;

use serde_json::Value;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::{Catalog, Object, ObjectName, Scope};
use mighost_core::quote_literal;

const PRELUDE: &str = include_str!("prelude.sql");
const QUERIES: [&str; 2] = [include_str!("relations.sql"), include_str!("programs.sql")];
const CLUSTER: &str = include_str!("cluster.sql");
/// Roles that may set parameters which otherwise only superusers may set.
const PARAMETERS: &str = "SELECT 'parameter', parname, NULL, acl(10, 'p', paracl) FROM pg_parameter_acl";

/// Since PostgreSQL 15, a publication may filter the rows of a table, and parameters have privileges.
const FIFTEEN: u32 = 150_000;

/// Makes PostgreSQL print qualified names, whatever the search path of the session is.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL search_path = pg_catalog, pg_temp; \
    SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = 'postgres'; SET LOCAL timezone = 'UTC'; \
    SET LOCAL bytea_output = 'hex'; SET LOCAL quote_all_identifiers = off; SET LOCAL extra_float_digits = 1";

/// The reason why a catalog could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    #[error("the catalog cannot be read: {0}")]
    Query(#[from] tokio_postgres::Error),
    #[error("the catalog cannot be read: the server answered {0}")]
    Answer(String),
}

/// Reads the catalog of the database that `client` is connected to, in a transaction of its own.
///
/// `server_version` is the server's `server_version_num`.
///
/// # Errors
/// If the connection is lost, or a transaction is open and has failed.
pub async fn read(client: &Client, scope: &Scope, server_version: u32) -> Result<Catalog, CatalogError> {
    let read = client.simple_query(&text(scope, server_version)).await;
    let messages = match read {
        Ok(messages) => messages,
        Err(error) => {
            // The first failure is the one to report.
            let _ = client.batch_execute("ROLLBACK").await;
            return Err(error.into());
        }
    };
    let mut objects = BTreeMap::new();
    for message in messages {
        let SimpleQueryMessage::Row(row) = message else {
            continue;
        };
        let (Some(kind), Some(identity)) = (row.try_get(0)?, row.try_get(1)?) else {
            return Err(CatalogError::Answer("an object without a name".into()));
        };
        let parent = row.try_get(2)?.map(str::to_owned);
        let properties = properties(row.try_get(3)?.unwrap_or("{}"))?;
        let (kind, identity) = (kind.to_owned(), identity.to_owned());
        objects.insert(ObjectName { kind, identity }, Object { parent, properties });
    }
    Ok(Catalog { objects })
}

/// All queries, to be sent together.
fn text(scope: &Scope, server_version: u32) -> String {
    let own: Vec<String> = scope
        .own
        .iter()
        .map(|(schema, name)| format!("({}, {})", quote_literal(schema), quote_literal(name)))
        .collect();
    let own = if own.is_empty() {
        "(NULL, NULL)".to_owned()
    } else {
        own.join(", ")
    };
    let prelude = PRELUDE.replace(":own", &own);
    let member_where = if server_version >= FIFTEEN {
        "pg_get_expr(prqual, prrelid)"
    } else {
        "NULL"
    };
    let cluster = scope.cluster.then_some(CLUSTER);
    let mut text = format!("{BEGIN};\n");
    let parameters = (scope.cluster && server_version >= FIFTEEN).then_some(PARAMETERS);
    for query in QUERIES.into_iter().chain(cluster).chain(parameters).flat_map(queries) {
        let query = with_privileges(query).replace(":member_where", member_where);
        // Defaults are null, and need not be sent.
        text.push_str(&format!(
            "{prelude}\nSELECT kind, identity, parent, jsonb_strip_nulls(properties) FROM (\n{query}\n) \
             q (kind, identity, parent, properties);\n"
        ));
    }
    text.push_str("COMMIT");
    text
}

/// The queries of a file: texts in them have no semicolon at the end of a line.
fn queries(file: &'static str) -> impl Iterator<Item = &'static str> {
    file.split(";\n").map(str::trim).filter(|query| !query.is_empty())
}

/// Expands `acl(OWNER, LETTER, LIST)`: a property for each role that has privileges. LETTER is the kind of object as in `acldefault`; if
/// no privileges were ever granted, the owner's default privileges are used.
fn with_privileges(query: &str) -> String {
    let mut written = String::with_capacity(query.len());
    let mut rest = query;
    while let Some((before, after)) = rest.split_once("acl(") {
        // `relacl(` would be another word.
        let mut depth = 1_i32;
        let mut ends = Vec::new();
        for (at, character) in after.char_indices() {
            match character {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            if depth == 0 || (depth == 1 && character == ',') {
                ends.push(at);
            }
            if depth == 0 {
                break;
            }
        }
        let [first, second, end] = ends.as_slice() else {
            break;
        };
        let (owner, letter, list) = (&after[..*first], &after[first + 1..*second], &after[second + 1..*end]);
        written.push_str(before);
        written.push_str(&format!(
            "coalesce((SELECT jsonb_object_agg('privileges of ' || grantee, privileges) FROM (SELECT CASE grantee WHEN 0 \
             THEN 'public' ELSE grantee::regrole::text END, string_agg(lower(privilege_type) || CASE WHEN is_grantable THEN \
             ' with grant option' ELSE '' END, ', ' ORDER BY privilege_type) FROM aclexplode(coalesce({list}, \
             acldefault(({letter})::\"char\", {owner}))) GROUP BY grantee) p (grantee, privileges)), '{{}}')"
        ));
        rest = &after[end + 1..];
    }
    written.push_str(rest);
    written
}

/// The properties of an object: those that are null are omitted.
fn properties(json: &str) -> Result<BTreeMap<String, String>, CatalogError> {
    let object: BTreeMap<String, Value> =
        serde_json::from_str(json).map_err(|error| CatalogError::Answer(error.to_string()))?;
    let texts = object.into_iter().filter_map(|(name, value)| {
        let text = match value {
            Value::Null => return None,
            Value::String(text) => text,
            other => other.to_string(),
        };
        (!text.is_empty()).then_some((name, text))
    });
    Ok(texts.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn privileges_are_written_out() {
        let written =
            with_privileges("SELECT acl(o, CASE a WHEN 'S' THEN f(1, 2) END, relacl) || acl(0, 'c', x) FROM y");
        assert!(written.contains("coalesce( relacl, acldefault(( CASE a WHEN 'S' THEN f(1, 2) END)::\"char\", o))"));
        assert!(written.contains("acldefault(( 'c')::\"char\", 0)") && written.ends_with(" FROM y"));
    }

    #[test]
    fn names_of_own_tables_are_quoted() {
        let scope = Scope {
            own: vec![("a'b".into(), "v".into())],
            cluster: false,
        };
        let text = text(&scope, 140_000);
        assert!(text.contains("(VALUES ('a''b', 'v'))") && !text.contains("pg_auth_members"));
        assert!(!text.contains("prqual, prrelid"));
    }
}
