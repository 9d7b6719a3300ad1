//! Functions, as replaceable objects: a later revision replaces one of them.

use mighost_sdk::prelude::*;

struct StationFunctions;

impl Migration for StationFunctions {
    fn upgrade() {
        for (_, object) in Self::objects() {
            replaceable::create(object);
        }
    }

    fn downgrade() {
        for (_, object) in Self::objects().into_iter().rev() {
            replaceable::drop(object);
        }
    }

    fn objects() -> Vec<(&'static str, Object)> {
        let distance = function(
            "great_circle_distance(double precision, double precision, double precision, double precision)",
            "(from_longitude double precision, from_latitude double precision,
              to_longitude double precision, to_latitude double precision)
             returns double precision
             language sql immutable strict parallel safe
             as $$
                 select 2 * 6371.0088 * asin(least(1, sqrt(
                     sin(radians(to_latitude - from_latitude) / 2) ^ 2
                     + cos(radians(from_latitude)) * cos(radians(to_latitude))
                       * sin(radians(to_longitude - from_longitude) / 2) ^ 2)))
             $$",
        )
        .option(
            "comment",
            "Kilometres between two places on a sphere of the earth's mean radius",
        );
        let closest = function(
            "closest_station(double precision, double precision)",
            "(longitude double precision, latitude double precision)
             returns integer
             language plpgsql stable
             as $$
             declare
                 found_id integer;
             begin
                 select h.station_id into found_id
                 from histories h
                 order by great_circle_distance(
                     closest_station.longitude, closest_station.latitude, h.longitude, h.latitude)
                 limit 1;
                 return found_id;
             end
             $$",
        )
        .option("comment", "The station that stands, or stood, closest to a place");
        vec![("great_circle_distance", distance), ("closest_station", closest)]
    }
}

mighost_sdk::export_migration!(StationFunctions);
