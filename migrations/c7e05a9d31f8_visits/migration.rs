//! Visits to stations, by the builders of the plugin `schema`. There is no `downgrade`: each operation knows its reverse.

use mighost_sdk::prelude::*;
use mighost_sdk::rows;
use mighost_sdk::schema::*;

struct Visits;

impl Migration for Visits {
    fn upgrade() {
        enumeration("visit_purpose").create(["inspection", "repair", "removal"]);
        table("observers")
            .column("observer_id", integer().primary_key())
            .column("name", text().not_null().unique())
            .create();
        table("visits")
            .column("visit_id", bigint().identity_always().primary_key())
            .column(
                "station_id",
                integer()
                    .not_null()
                    .references("stations", "station_id")
                    .on_delete(Action::Cascade),
            )
            .column("observer_id", integer().references("observers", "observer_id"))
            .column("during", typed("tstzrange").not_null())
            .column("purpose", typed("visit_purpose").not_null().default("'inspection'"))
            .column("note", text().comment("What the observer found"))
            .constraint(unique(["station_id", "during"]).deferrable())
            .constraint(check("not isempty(during)").named("visits_during_check"))
            .comment("Who was at a station, when, and what for")
            .create();
        table("visits")
            .index([key("station_id"), expression("lower(during)").descending()])
            .named("visits_repairs_idx")
            .filter("purpose = 'repair'")
            .comment("The last repairs of a station")
            .create();
        table("stations").add_column("visited", date().comment("The day of the last visit"));
        table("stations")
            .alter_column("visited")
            .rename_to("last_visited")
            .apply();
        table("observers").insert_by(
            ["observer_id"],
            ["observer_id", "name"],
            rows![
                1, "The network itself";
                2, "A volunteer";
            ],
        );
    }
}

mighost_sdk::export_migration!(Visits);
