// Geohashes are computed here, not in the database: there is no extension to install, and a script (--sql) needs no server for `encode`.

#include <string>
#include <utility>

#include "mighost.hpp"

namespace {

constexpr std::string_view DIGITS = "0123456789bcdefghjkmnpqrstuvwxyz";

std::string encode(double latitude, double longitude, unsigned length) {
    mighost::expect(length >= 1 && length <= 12, mighost::format("a geohash has 1 to 12 characters, not {}", length));
    mighost::expect(latitude >= -90 && latitude <= 90 && longitude >= -180 && longitude <= 180,
                    mighost::format("there is no place at {}, {}", latitude, longitude));
    std::pair<double, double> north{-90, 90}, east{-180, 180};
    std::string hash;
    bool even = true;
    while (hash.size() < length) {
        unsigned digit = 0;
        for (int bit = 0; bit < 5; bit++, even = !even) {
            auto &[low, high] = even ? east : north;
            double value = even ? longitude : latitude, middle = (low + high) / 2;
            digit = digit * 2 + (value >= middle);
            (value >= middle ? low : high) = middle;
        }
        hash += DIGITS[digit];
    }
    return hash;
}

} // namespace

void exports_mighost_geohash_geohash_encode(double latitude, double longitude, uint8_t length, guest_string_t *hash) {
    *hash = mighost::give(encode(latitude, longitude, length));
}

void exports_mighost_geohash_geohash_add_column(guest_string_t *table, guest_string_t *column, guest_string_t *latitude,
                                                guest_string_t *longitude, uint8_t length) {
    using mighost::identifier, mighost::view;
    auto to = identifier(view(*table)), name = identifier(view(*column));
    mighost::execute("alter table {} add column {} varchar({})", to, name, length);
    auto places = mighost::query("select distinct {}::float8, {}::float8 from {} where {} is not null and {} is not null",
                                 identifier(view(*latitude)), identifier(view(*longitude)), to, identifier(view(*latitude)),
                                 identifier(view(*longitude)));
    for (const auto &place : places) {
        double north = std::atof(place[0]->c_str()), east = std::atof(place[1]->c_str());
        std::string hash = encode(north, east, length);
        mighost::execute("update {} set {} = {} where {} = {} and {} = {}", to, name, hash,
                         identifier(view(*latitude)), north, identifier(view(*longitude)), east);
    }
}
