//! Runs the history in sessions with other settings: the result of a revision must not depend on them.

use std::time::Instant;

use tokio::sync::mpsc;

use super::failure_text::{self, ELSEWHERE};
use super::track::Track;
use super::{Cases, HistoryError, Reached, Shared, names, outcome};
use mighost_core::quote_identifier;

/// The initial settings of the sessions, which RESET restores. mighost still sets the search path for each revision, so they only affect
/// a revision that resets it, or a function that runs without it.
const OPTIONS: &str = "-c search_path=mighost_elsewhere,public -c DateStyle=SQL,DMY -c IntervalStyle=sql_standard \
    -c TimeZone=XXX-12:45 -c bytea_output=escape -c default_transaction_isolation=serializable";

/// The description of the settings.
const TOLD: &str = "search_path=mighost_elsewhere, public; DateStyle=SQL, DMY; IntervalStyle=sql_standard; \
    TimeZone 12:45 east of Greenwich; bytea_output=escape; default_transaction_isolation=serializable";

pub(super) async fn compare(
    shared: &Shared<'_>,
    cases: &Cases<'_>,
    mut reached: mpsc::Receiver<Reached>,
) -> Result<(), HistoryError> {
    let make = format!("CREATE SCHEMA IF NOT EXISTS {}", quote_identifier(ELSEWHERE));
    let mut lane = Track::begin(shared).await?;
    lane.prepare(&make).await?;
    for (number, step) in shared.steps() {
        if !shared.chosen(step) {
            if lane.up(step).await.is_err() {
                return Ok(());
            }
            continue;
        }
        // The track on an empty database has reported why it ended.
        let Some(expected) = reached.recv().await else {
            return Ok(());
        };
        let begun = Instant::now();
        let ran = lane.up_with(step, OPTIONS).await;
        let mut log = lane.take_said();
        let mut anew = false;
        let failure = match &ran {
            Err(failure) => {
                anew = true;
                Some(failure_text::run_failure(
                    "the upgrade fails in a session with different settings",
                    failure,
                ))
            }
            Ok(_) => {
                let found = lane.catalog().await?;
                let found = found.as_ref().clone().without("schema", ELSEWHERE);
                let what = "the upgrade has a different result in a session with different settings".to_owned();
                let names = ("with mighost's settings", "with different settings");
                let failure = failure_text::catalogs(what, (&expected.after, &found), names, &mut log);
                anew |= failure.is_some();
                failure
            }
        };
        let failure = failure.map(|failure| {
            failure
                .detail(format!("the settings were: {TOLD}"))
                .hint("qualify names with schemas, and write dates and intervals in ISO form; do not RESET search_path")
        });
        cases.of_step(number, names::SESSION, begun, log, outcome(failure));
        if anew {
            lane.begin_anew(number + 1, false).await?;
            lane.prepare(&make).await?;
        }
    }
    Ok(())
}
