// Stations get a geohash, by which a map finds those that are near each other.

#include "mighost.hpp"

void upgrade() {
    auto table = mighost::borrow("stations"), column = mighost::borrow("geohash");
    auto latitude = mighost::borrow("latitude"), longitude = mighost::borrow("longitude");
    mighost_geohash_geohash_add_column(&table, &column, &latitude, &longitude, 7);
    mighost::execute("create index {} on stations (geohash)", mighost::identifier("stations_geohash_idx"));

    auto missing = mighost::query("select count(*) from stations where geohash is null");
    mighost::expect(missing[0][0] == "0", mighost::format("{} stations have no geohash", *missing[0][0]));
}

void downgrade() {
    mighost::execute("alter table stations drop column geohash");
}
