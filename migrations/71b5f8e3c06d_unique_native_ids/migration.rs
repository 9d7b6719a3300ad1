//! A constraint that some deployments have already, by one name or another: the catalog is asked first.

use mighost_sdk::prelude::*;

use crate::tables::Dependants;

mighost_sdk::import_plugin!("../../plugins/tables/wit", mighost::tables::tables);

const CONSTRAINT: &str = "stations_network_id_native_id_key";

struct UniqueNativeIds;

impl Migration<Result<(), String>> for UniqueNativeIds {
    fn upgrade() -> Result<(), String> {
        if context::offline() {
            warn!("the script adds the constraint {CONSTRAINT}, whatever constraints the database has");
            add_constraint();
            return Ok(());
        }
        if let Some(name) = existing_constraint() {
            info!("the constraint {name} says it already");
            return Ok(());
        }
        let doubles = query_as::<(String, String, i64)>(
            "select n.name, s.native_id, count(*)
             from stations s join networks n using (network_id)
             group by 1, 2 having count(*) > 1 order by 1, 2 limit 20",
            &[],
        );
        if !doubles.is_empty() {
            let doubles: Vec<String> = doubles
                .iter()
                .map(|(network, id, count)| format!("{network} {id} ({count} times)"))
                .collect();
            return Err(format!(
                "stations that are there more than once must be merged first: {}",
                doubles.join(", ")
            ));
        }
        add_constraint();
        Ok(())
    }

    fn downgrade() -> Result<(), String> {
        // A constraint of another name was there before this revision, and stays.
        tables::drop_constraint_if_exists("stations", CONSTRAINT, Dependants::Keep);
        Ok(())
    }
}

fn add_constraint() {
    execute!(
        "alter table stations add constraint {} unique (network_id, native_id)",
        identifier(CONSTRAINT)
    );
}

/// The name of a unique constraint over just the two columns.
fn existing_constraint() -> Option<String> {
    let constraints = query(
        "select tc.constraint_name, array_agg(kcu.column_name::text order by kcu.column_name)::text[] as columns
         from information_schema.table_constraints tc
         join information_schema.key_column_usage kcu using (constraint_schema, constraint_name)
         where tc.table_schema = $1 and tc.table_name = 'stations' and tc.constraint_type = 'UNIQUE'
         group by tc.constraint_name",
        params![context::schema()],
    );
    constraints
        .into_iter()
        .find(|row| row.get::<Vec<String>>("columns") == ["native_id", "network_id"])
        .map(|row| row.get("constraint_name"))
}

mighost_sdk::export_migration!(UniqueNativeIds);
