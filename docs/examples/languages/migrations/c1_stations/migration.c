// Stations and what they measure. The stations that are known from the beginning are written by the plugin `fingerprint`.

#include "mighost.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

static char *COLUMNS[] = {"station_id", "name", "latitude", "longitude", "elevation"};

static char *STATIONS[][COUNT(COLUMNS)] = {
    {"1", "Harbour", "48.4244", "-123.3656", "3"},
    {"2", "Ridge", "49.3967", "-123.2031", "1210"},
    // Nobody has measured how high it stands.
    {"3", "O'Brien's Field", "53.9171", "-122.7497", NULL},
};

static void write_stations(void) {
    guest_string_t columns[COUNT(COLUMNS)];
    for (size_t i = 0; i < COUNT(COLUMNS); i++) {
        columns[i] = mighost_borrow(COLUMNS[i]);
    }
    guest_option_string_t values[COUNT(STATIONS)][COUNT(COLUMNS)];
    mighost_fingerprint_rows_row_t rows[COUNT(STATIONS)];
    for (size_t i = 0; i < COUNT(STATIONS); i++) {
        for (size_t j = 0; j < COUNT(COLUMNS); j++) {
            values[i][j].is_some = STATIONS[i][j] != NULL;
            values[i][j].val = mighost_borrow(STATIONS[i][j]);
        }
        rows[i] = (mighost_fingerprint_rows_row_t){values[i], COUNT(COLUMNS)};
    }
    guest_string_t table = mighost_borrow("stations"), key = mighost_borrow("station_id");
    guest_list_string_t names = {columns, COUNT(COLUMNS)};
    mighost_fingerprint_rows_list_row_t list = {rows, COUNT(STATIONS)};
    mighost_fingerprint_rows_write(&table, &key, &names, &list);
}

void upgrade(void) {
    mighost_execute_text("create table stations ("
                         "    station_id integer primary key,"
                         "    name text not null,"
                         "    latitude double precision not null,"
                         "    longitude double precision not null,"
                         "    elevation real,"
                         "    fingerprint bigint not null)");
    mighost_execute_text("create table observations ("
                         "    station_id integer not null references stations,"
                         "    time timestamp not null,"
                         "    variable text not null,"
                         "    value real not null,"
                         "    primary key (station_id, time, variable))");
    write_stations();
    mighost_info("%zu stations", COUNT(STATIONS));
}

void downgrade(void) {
    mighost_execute("drop table %I, %I", "observations", "stations");
}
