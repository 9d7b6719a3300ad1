//! A view that others stand on is replaced, with a column in its middle: its dependants come down and go up again with it.

use mighost_sdk::prelude::*;

struct ObservedStationsWithPeriod;

impl Migration for ObservedStationsWithPeriod {
    fn upgrade() {
        replaceable::replace(observed_stations());
    }

    fn downgrade() {
        replaceable::restore(observed_stations());
    }

    fn objects() -> Vec<(&'static str, Object)> {
        vec![("observed_stations", observed_stations())]
    }
}

fn observed_stations() -> Object {
    view(
        "observed_stations",
        "select s.station_id, s.network_id, s.native_id, h.start_date as since,
                h.station_name, h.longitude, h.latitude, h.elevation
         from stations s
         join histories h using (station_id)
         where h.end_date is null and s.max_obs_time is not null",
    )
    .option(
        "comment",
        "Stations that have observations, where they stand now and since when",
    )
}

mighost_sdk::export_migration!(ObservedStationsWithPeriod);
