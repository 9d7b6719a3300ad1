//! A migration of data: every observation gets its time in UTC, batch by batch.

use mighost_sdk::prelude::*;

const BATCH: u32 = 100;

struct ObservationsInUtc;

impl Migration for ObservationsInUtc {
    fn upgrade() {
        execute("alter table observations add column observed_at timestamptz");
        execute(
            "comment on column observations.observed_at is 'When it was measured; obs_time is the same by the station''s clock'",
        );

        if context::offline() {
            // There is nothing to fetch and no progress to show: one statement for all rows.
            execute(
                "update observations o set observed_at = (o.obs_time - h.utc_offset) at time zone 'UTC'
                 from histories h where h.history_id = o.history_id",
            );
        } else {
            fill();
        }
        execute("alter table observations alter column observed_at set not null");
    }

    fn downgrade() {
        execute("alter table observations drop column observed_at");
    }
}

/// Fills the new column, batch by batch.
fn fill() {
    let total: u64 = query_value("select count(*) from observations", &[]);
    let mut done = 0;
    // The cursor is dropped by the end of the loop: PostgreSQL does not alter a table that one still reads.
    let observations = Cursor::<(i64, String, String)>::open(
        "select o.obs_id, o.obs_time, h.utc_offset
         from observations o join histories h using (history_id)
         order by o.obs_id",
        &[],
        BATCH,
    );
    for batch in observations.batches() {
        let ids: Vec<String> = batch.iter().map(|(id, ..)| id.to_string()).collect();
        let times: Vec<String> = batch.iter().map(|(_, time, offset)| in_utc(time, offset)).collect();
        done += run_counted(
            "update observations o set observed_at = new.observed_at
             from unnest($1::bigint[], $2::timestamptz[]) as new (obs_id, observed_at)
             where o.obs_id = new.obs_id",
            params![array(&ids), array(&times)],
        );
        log::progress(done, total);
    }
    info!("{done} observations have their time in UTC");

    let missing: i64 = query_value("select count(*) from observations where observed_at is null", &[]);
    assert!(missing == 0, "{missing} observations got no time in UTC");
}

/// A time by the station's clock, and what that clock is ahead of UTC, as one text: `2021-01-01 00:00:00` and `-08:00:00` give
/// `2021-01-01 00:00:00-08:00:00`.
fn in_utc(time: &str, offset: &str) -> String {
    let sign = if offset.starts_with('-') { "" } else { "+" };
    format!("{time}{sign}{offset}")
}

/// An array in PostgreSQL's text form, of elements that need no more than quotes.
fn array(elements: &[String]) -> String {
    format!("{{\"{}\"}}", elements.join("\",\""))
}

mighost_sdk::export_migration!(ObservationsInUtc);
