//! A gronk: a view with its comment, grants and indexes as one object.

use mighost_sdk::prelude::*;

struct StationCatalogue;

impl Migration for StationCatalogue {
    fn upgrade() {
        replaceable::create(station_catalogue());
    }

    fn downgrade() {
        replaceable::drop(station_catalogue());
    }

    fn objects() -> Vec<(&'static str, Object)> {
        vec![("station_catalogue", station_catalogue())]
    }
}

fn station_catalogue() -> Object {
    object(
        "gronk",
        "station_catalogue",
        "select o.station_id, n.name as network, o.native_id, o.station_name, o.longitude, o.latitude,
                array(select distinct v.standard_name
                      from histories h
                      join monthly_values m using (history_id)
                      join variables v using (variable_id)
                      where h.station_id = o.station_id
                      order by 1) as measures
         from observed_stations o
         join networks n using (network_id)",
    )
    .option(
        "comment",
        "What the public portal lists: each station with what it measures",
    )
    .option("materialized", "true")
    .option("index", "station_catalogue_station_idx (station_id)")
    .option("index", "station_catalogue_network_idx (network, native_id)")
    .option("grant", "viewer: SELECT")
    .option("grant", "inspector: SELECT")
}

mighost_sdk::export_migration!(StationCatalogue);
