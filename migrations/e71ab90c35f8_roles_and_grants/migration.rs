//! The roles of the project's standard, and what they may do with the tables.

use mighost_sdk::prelude::*;

mighost_sdk::import_plugin!("../../plugins/roles/wit", mighost::roles::roles);
mighost_sdk::import_plugin!("../../plugins/grants/wit", mighost::grants::grants);

/// The roles that the standard in `mighost.toml` names.
const ROLES: [&str; 3] = ["inspector", "viewer", "steward"];
/// The comment of a role that this migration has created.
const MARK: &str = "Created by the migration e71ab90c35f8";
const TABLES: [&str; 5] = ["networks", "stations", "histories", "variables", "observations"];

struct RolesAndGrants;

impl Migration for RolesAndGrants {
    fn upgrade() {
        // Roles belong to the whole cluster: they are created where they are missing, with no login, and marked, so that the
        // downgrade drops no others.
        roles::set_role(&postgres::superuser_role());
        for role in ROLES {
            execute!(
                "do $body$ begin
                     if not exists (select from pg_catalog.pg_roles where rolname = {}) then
                         create role {} nologin;
                         comment on role {} is {};
                     end if;
                 end $body$",
                literal(role),
                identifier(role),
                identifier(role),
                literal(MARK)
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
        roles::set_role(&postgres::superuser_role());
        for role in ROLES {
            // A role that another database of the cluster has granted something stays.
            execute!(
                "do $body$ begin
                     if pg_catalog.shobj_description(pg_catalog.to_regrole({}), 'pg_authid') = {} then
                         drop role {};
                     end if;
                 exception when dependent_objects_still_exist then
                     raise notice 'the role % stays: something else depends on it', {};
                 end $body$",
                literal(&identifier(role).to_string()),
                literal(MARK),
                identifier(role),
                literal(role)
            );
        }
        roles::reset_role();
    }
}

mighost_sdk::export_migration!(RolesAndGrants);
