//! A new version of a function. The host finds the earlier one in history.

use mighost_sdk::prelude::*;

struct ClosestStandingStation;

impl Migration for ClosestStandingStation {
    fn upgrade() {
        replaceable::replace(closest_station());
    }

    fn downgrade() {
        replaceable::restore(closest_station());
    }

    fn objects() -> Vec<(&'static str, Object)> {
        vec![("closest_station", closest_station())]
    }
}

fn closest_station() -> Object {
    function(
        "closest_station(double precision, double precision)",
        "(longitude double precision, latitude double precision)
         returns integer
         language plpgsql stable
         as $$
         declare
             found_id integer;
         begin
             -- Stations at the same distance: the one that was there first.
             select h.station_id into found_id
             from histories h
             where h.end_date is null
             order by great_circle_distance(
                 closest_station.longitude, closest_station.latitude, h.longitude, h.latitude), h.station_id
             limit 1;
             if found_id is null then
                 raise no_data_found using message = 'no station stands now';
             end if;
             return found_id;
         end
         $$",
    )
    .option("comment", "The station that stands closest to a place now")
}

mighost_sdk::export_migration!(ClosestStandingStation);
