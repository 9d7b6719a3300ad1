//! Operations on tables, constraints and indexes; `wit/world.wit` documents them.

mod render;

use mighost_sdk::prelude::*;
use mighost_sdk::quote::Sql;

use crate::tables::{Dependants, Index, Table};

struct Tables;

impl tables::Guest for Tables {
    fn create_table_if_not_exists(table: Table) {
        let schema = context::schema();
        let name = render::table_name(&schema, &table.name);
        let comments = render::comments(&schema, &table);
        // Without comments, IF NOT EXISTS suffices, and no round trip is needed. With comments, an existing table must be kept as a
        // whole, so the catalog is queried.
        if !comments.is_empty() && !context::offline() {
            let exists: bool = query_value("select to_regclass($1) is not null", params![name.as_str()]);
            if exists {
                debug!("the table {name} exists and is left as it is");
                return;
            }
        }
        execute(&render::create_table(&schema, &table));
        for comment in comments {
            execute(&comment);
        }
    }

    fn drop_table_if_exists(name: String, dependants: Dependants) {
        let table = render::table_name(&context::schema(), &name);
        execute!("drop table if exists {}{}", table, render::drop_behavior(dependants));
    }

    fn drop_constraint_if_exists(table: String, name: String, dependants: Dependants) {
        execute!(
            "alter table if exists {} drop constraint if exists {}{}",
            render::table_name(&context::schema(), &table),
            identifier(&name),
            render::drop_behavior(dependants)
        );
    }

    fn create_index_if_not_exists(index: Index) {
        let schema = context::schema();
        let statement = render::create_index(&schema, &index);
        execute(&statement);
        if index.concurrently && !context::offline() {
            rebuild_if_invalid(&render::index_name(&schema, &index), &statement);
        }
    }
}

/// A concurrent build that fails leaves an invalid index, and IF NOT EXISTS would accept it as the real one. The check is made after the
/// build and not before it: in a resumed run, queries return the results that they returned before.
fn rebuild_if_invalid(name: &Sql, statement: &str) {
    let invalid: bool = query_value(
        "select exists (select from pg_index where indexrelid = to_regclass($1) and not indisvalid)",
        params![name.as_str()],
    );
    if invalid {
        warn!("the index {name} is left over from a build that failed: it is built again");
        execute!("drop index concurrently {}", name);
        execute(statement);
    }
}

mighost_sdk::export_operations!("wit", Tables, mighost::tables::tables);
