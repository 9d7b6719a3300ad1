// A test that is a component. Its main file is called as a plugin's.

#include "mighost.hpp"

namespace test = mighost::test;

namespace {

std::string encode(double latitude, double longitude, uint8_t length) {
    mighost_text hash;
    mighost_geohash_geohash_encode(latitude, longitude, length, &hash);
    return mighost::take(hash);
}

void longer_is_nearer() {
    for (double latitude = -90; latitude <= 90; latitude += 15) {
        for (double longitude = -180; longitude <= 180; longitude += 15) {
            std::string whole = encode(latitude, longitude, 12);
            for (uint8_t length = 1; length < 12; length++) {
                mighost::expect(whole.starts_with(encode(latitude, longitude, length)),
                                mighost::format("{} characters of {}, {}", length, latitude, longitude));
            }
        }
    }
}

void each_place_is_asked_for_once() {
    test::answer("select distinct ... from \"sites\" ...", {{"48.5", "-123.5"}, {"0", "0"}});
    test::passes(test::call("plugin geohash", "add-column(\"sites\", \"hash\", \"lat\", \"lon\", 2)"));
    test::sends({
        R"(alter table "sites" add column "hash" varchar(2))",
        R"(update "sites" set "hash" = 'c2' where "lat" = 48.5 and "lon" = -123.5)",
        R"(update "sites" set "hash" = 's0' where "lat" = 0 and "lon" = 0)",
    });
}

void beyond_the_pole() {
    test::fails(test::call("plugin geohash", "encode(90.5, 0, 4)"), "there is no place at 90.5, 0");
}

} // namespace

MIGHOST_CASES({"a longer hash begins with a shorter one", longer_is_nearer}, {"each place is asked for once", each_place_is_asked_for_once},
              {"beyond the pole is no place", beyond_the_pole})
