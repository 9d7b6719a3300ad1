//! The roles of the project's standard, and what they may do with the tables.

use mighost_sdk::prelude::*;

mighost_sdk::import_plugin!("../../plugins/roles/wit", mighost::roles::roles);
mighost_sdk::import_plugin!("../../plugins/grants/wit", mighost::grants::grants);

/// The roles that the standard in `mighost.toml` names.
const ROLES: [&str; 3] = ["inspector", "viewer", "steward"];
const TABLES: [&str; 5] = ["networks", "stations", "histories", "variables", "observations"];

struct RolesAndGrants;

impl Migration for RolesAndGrants {
    fn upgrade() {
        // Roles belong to the whole cluster: they are created where they are missing, with no login, and the downgrade leaves them.
        roles::set_role(&context::superuser_role());
        for role in ROLES {
            execute!(
                "do $body$ begin
                     if not exists (select from pg_catalog.pg_roles where rolname = {}) then
                         create role {} nologin;
                     end if;
                 end $body$",
                literal(role),
                identifier(role)
            );
        }
        roles::reset_role();
        for role in ROLES {
            execute!(
                "grant usage on schema {} to {}",
                identifier(&context::schema()),
                identifier(role)
            );
        }
        for table in TABLES {
            grants::grant_standard_table_privileges(table);
        }
    }

    fn downgrade() {
        for table in TABLES {
            grants::revoke_standard_table_privileges(table);
        }
        for role in ROLES {
            execute!(
                "revoke usage on schema {} from {}",
                identifier(&context::schema()),
                identifier(role)
            );
        }
    }
}

mighost_sdk::export_migration!(RolesAndGrants);
