//! Operations that grant and revoke privileges on tables; `wit/world.wit` documents them.

mod standard;

use mighost_sdk::prelude::*;
use mighost_sdk::quote::Sql;

use crate::grants::Privilege;

/// The argument that holds the project's standard.
const STANDARD: &str = "standard-table-privileges";

struct Grants;

impl grants::Guest for Grants {
    fn grant_table_privileges(table: String, privileges: Vec<Privilege>, role: String) {
        grant(&table, &privileges, &role);
    }

    fn revoke_table_privileges(table: String, privileges: Vec<Privilege>, role: String) {
        revoke(&table, &privileges, &role);
    }

    fn grant_standard_table_privileges(table: String) {
        for (role, privileges) in project_standard() {
            grant(&table, &privileges, &role);
        }
    }

    fn revoke_standard_table_privileges(table: String) {
        for (role, privileges) in project_standard() {
            revoke(&table, &privileges, &role);
        }
    }
}

fn project_standard() -> Vec<(String, Vec<Privilege>)> {
    let text = context::required_argument(STANDARD);
    match standard::parse(&text) {
        Ok(standard) => standard,
        Err(error) => panic!("the argument {STANDARD} cannot be used: {error}"),
    }
}

fn grant(table: &str, privileges: &[Privilege], role: &str) {
    if !privileges.is_empty() {
        execute!(
            "grant {} on table {} to {}",
            list(privileges),
            table_name(table),
            grantee(role)
        );
    }
}

fn revoke(table: &str, privileges: &[Privilege], role: &str) {
    if !privileges.is_empty() {
        execute!(
            "revoke {} on table {} from {}",
            list(privileges),
            table_name(table),
            grantee(role)
        );
    }
}

fn table_name(name: &str) -> Sql {
    match name.split_once('.') {
        Some((schema, table)) => qualified(schema, table),
        None => qualified(&context::schema(), name),
    }
}

/// PostgreSQL has no role named `public`, and not everywhere does it take the quoted name for all roles. So the name is not quoted.
fn grantee(role: &str) -> Sql {
    if role == "public" {
        raw("public")
    } else {
        identifier(role)
    }
}

fn list(privileges: &[Privilege]) -> Sql {
    let names: Vec<&str> = privileges.iter().map(|&privilege| standard::name(privilege)).collect();
    raw(names.join(", "))
}

mighost_sdk::export_operations!("wit", Grants, mighost::grants::grants);
