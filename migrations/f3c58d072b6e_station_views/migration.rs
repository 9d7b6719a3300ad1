//! A view, and a view on it.

use mighost_sdk::prelude::*;

mighost_sdk::import_plugin!("../../plugins/grants/wit", mighost::grants::grants);

struct StationViews;

impl Migration for StationViews {
    fn upgrade() {
        for (_, object) in Self::objects() {
            create_and_grant(&object);
        }
    }

    fn downgrade() {
        for (_, object) in Self::objects().into_iter().rev() {
            replaceable::drop(object);
        }
    }

    fn objects() -> Vec<(&'static str, Object)> {
        let observed = view(
            "observed_stations",
            "select s.station_id, s.network_id, s.native_id, h.station_name, h.longitude, h.latitude, h.elevation
             from stations s
             join histories h using (station_id)
             where h.end_date is null and s.max_obs_time is not null",
        )
        .option("comment", "Stations that have observations, where they stand now");
        let summary = view(
            "network_summary",
            "select n.network_id, n.name, count(o.station_id) as stations, max(o.elevation) as highest
             from networks n
             left join observed_stations o using (network_id)
             where n.publish
             group by n.network_id, n.name",
        )
        .option("comment", "Published networks with the number of their stations");
        vec![("observed_stations", observed), ("network_summary", summary)]
    }
}

fn create_and_grant(view: &Object) {
    replaceable::create(view);
    grants::grant_standard_table_privileges(&view.name);
}

mighost_sdk::export_migration!(StationViews);
