//! A function that runs with its owner's rights, created under the role for high privilege.

use mighost_sdk::prelude::*;

mighost_sdk::import_plugin!("../../plugins/roles/wit", mighost::roles::roles);

struct StorageReport;

impl Migration for StorageReport {
    fn upgrade() {
        roles::set_role(&postgres::superuser_role());
        for (_, object) in Self::objects() {
            replaceable::create(object);
        }
        execute("revoke all on function storage_report() from public");
        execute("grant execute on function storage_report() to inspector");
        roles::reset_role();
    }

    fn downgrade() {
        roles::set_role(&postgres::superuser_role());
        for (_, object) in Self::objects() {
            replaceable::drop(object);
        }
        roles::reset_role();
    }

    fn objects() -> Vec<(&'static str, Object)> {
        // A function that runs with its owner's rights must not look names up where its caller says.
        let report = function(
            "storage_report()",
            "()
             returns table (relation text, bytes bigint, written bigint)
             language sql stable security definer
             set search_path = pg_catalog, pg_temp
             as $$
                 select s.relname::text, pg_total_relation_size(s.relid), s.n_tup_ins + s.n_tup_upd
                 from pg_stat_all_tables s
                 where s.schemaname not like 'pg\\_%'
                 order by 2 desc
             $$",
        )
        .option(
            "comment",
            "What tables take on disk, also those that the caller may not read",
        );
        vec![("storage_report", report)]
    }
}

mighost_sdk::export_migration!(StorageReport);
