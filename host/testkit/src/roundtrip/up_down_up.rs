//! Up, down and up again, revision by revision: on an empty database, or on one with seeds.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc;

use super::failure_text::{self, named};
use super::track::Track;
use super::{Cases, HistoryError, Reached, Shared, names, outcome, relative, rows};
use crate::report::{Failure, Outcome};
use mighost_graph::Step;
use mighost_postgres::catalog::Catalog;

pub(super) async fn walk(
    shared: &Shared<'_>,
    cases: &Cases<'_>,
    seeded: bool,
    listeners: Vec<mpsc::Sender<Reached>>,
) -> Result<(), HistoryError> {
    let mut lane = Track::begin(shared).await?;
    // The catalog after the last revision; `None` if it was not read.
    let mut before: Option<Arc<Catalog>> = None;
    for (number, step) in shared.steps() {
        let begun = Instant::now();
        if !seeded {
            cases.reached(number);
        }
        if !shared.chosen(step) {
            if let Err(failure) = lane.up(step).await {
                let failure = failure_text::run_failure("the upgrade failed", &failure);
                cases.of_step(
                    number,
                    named(names::UP, seeded),
                    begun,
                    lane.take_said(),
                    outcome(Some(failure)),
                );
                cases.not_reached(number, &named(names::UP, seeded));
                return Ok(());
            }
            if seeded && let Err(error) = lane.seed(&step.revision).await {
                let failure = seed_failure(shared, error)?;
                cases.of_step(number, names::SEED, begun, Vec::new(), outcome(Some(failure)));
            }
            before = None;
            continue;
        }
        let earlier = match before.take() {
            Some(catalog) => catalog,
            None => lane.catalog().await?,
        };
        let walker = Walker {
            shared,
            cases,
            seeded,
            number,
            step,
        };
        let Some((reached, later)) = walker.step(&mut lane, earlier).await? else {
            cases.not_reached(number, &named(names::UP, seeded));
            return Ok(());
        };
        before = Some(later);
        for listener in &listeners {
            // A receiver that has stopped has reported why.
            let _ = listener.send(reached.clone()).await;
        }
    }
    Ok(())
}

/// A failing seed is the author's fault; other failures with a seed are not.
fn seed_failure(shared: &Shared<'_>, error: HistoryError) -> Result<Failure, HistoryError> {
    let HistoryError::Script { path, reason } = error else {
        return Err(error);
    };
    let path = relative(&shared.settings.root, &path);
    Ok(Failure::new(format!("the seed {} failed: {reason}", path.display())))
}

/// One step of a track.
struct Walker<'w> {
    shared: &'w Shared<'w>,
    cases: &'w Cases<'w>,
    seeded: bool,
    number: usize,
    step: &'w Step,
}

impl Walker<'_> {
    fn case(&self, name: &str, begun: Instant, log: Vec<String>, outcome: Outcome) {
        let name = named(name, self.seeded);
        self.cases.of_step(self.number, name, begun, log, outcome);
    }

    fn skipped(&self, name: &str, reason: &str) {
        self.cases.skipped(self.number, named(name, self.seeded), reason);
    }

    /// Up, down, up. Returns the results, and the catalog with which the next step begins; `None` if the upgrade failed.
    async fn step(
        &self,
        lane: &mut Track<'_>,
        before: Arc<Catalog>,
    ) -> Result<Option<(Reached, Arc<Catalog>)>, HistoryError> {
        let rows_before = lane.all_rows().await?;
        let begun = Instant::now();
        let up = lane.up(self.step).await;
        let failure = up
            .as_ref()
            .err()
            .map(|failure| failure_text::run_failure("the upgrade failed", failure));
        self.case(names::UP, begun, lane.take_said(), outcome(failure));
        let Ok(up) = up else {
            return Ok(None);
        };
        let after = lane.catalog().await?;
        let mut reached = Reached {
            before: before.clone(),
            after: after.clone(),
            up,
            down: None,
        };
        let irreversible = self.shared.irreversible(&self.step.revision);
        if let Some(reason) = &irreversible {
            for name in [names::TRACE, names::ROWS, names::AGAIN] {
                self.skipped(name, reason);
            }
        } else {
            self.down_and_up(lane, &mut reached, &rows_before).await?;
        }
        let later = self.seed(lane, irreversible.is_some(), after).await?;
        Ok(Some((reached, later)))
    }

    async fn down_and_up(
        &self,
        lane: &mut Track<'_>,
        reached: &mut Reached,
        rows_before: &rows::AllRows,
    ) -> Result<(), HistoryError> {
        let begun = Instant::now();
        match lane.down(self.step).await {
            Ok(down) => reached.down = Some(down),
            Err(failure) => {
                let failure = failure_text::run_failure("the downgrade failed", &failure);
                let failure = failure_text::declare_irreversible(failure, self.step);
                self.case(names::TRACE, begun, lane.take_said(), outcome(Some(failure)));
                for name in [names::ROWS, names::AGAIN] {
                    self.skipped(name, "the downgrade failed");
                }
                // A step that had left its transaction may be partly done.
                if lane.is_half_done().await? || *lane.catalog().await? != *reached.after {
                    lane.begin_anew(self.number + 1, self.seeded).await?;
                }
                return Ok(());
            }
        }
        let mut log = lane.take_said();
        let back = lane.catalog().await?;
        let what = "the database is not the same as before the upgrade".to_owned();
        let failure = failure_text::catalogs(
            what,
            (&reached.before, &back),
            ("before the upgrade", "after the downgrade"),
            &mut log,
        );
        self.case(names::TRACE, begun, log, outcome(failure));
        self.compare_rows(lane, rows_before).await?;

        let begun = Instant::now();
        let failure = match lane.up(self.step).await {
            Err(failure) => Some(failure_text::run_failure("the second upgrade failed", &failure)),
            Ok(_) => {
                let again = lane.catalog().await?;
                let what = "the second upgrade has a different result from the first".to_owned();
                let names = ("after the first upgrade", "after the second");
                failure_text::catalogs(what, (&reached.after, &again), names, &mut Vec::new())
            }
        };
        let wrong = failure.is_some();
        self.case(names::AGAIN, begun, lane.take_said(), outcome(failure));
        if wrong {
            lane.begin_anew(self.number + 1, self.seeded).await?;
        }
        Ok(())
    }

    async fn compare_rows(&self, lane: &Track<'_>, before: &rows::AllRows) -> Result<(), HistoryError> {
        if before.values().all(|table| table.count == 0) {
            return Ok(());
        }
        let begun = Instant::now();
        if failure_text::may_lose_rows(self.shared, &self.step.revision) {
            self.skipped(names::ROWS, "declared to lose rows in [test] of mighost.toml");
            return Ok(());
        }
        let failure = rows::difference(before, &lane.all_rows().await?).map(|(before, after)| {
            Failure::new("rows from before the upgrade are not the same after the downgrade")
                .difference(before, after)
                .names("before the upgrade", "after the downgrade")
                .hint(format!(
                    "if that is intended, declare it in mighost.toml: `[test] loses-rows = [\"{}\"]`",
                    self.step.revision
                ))
        });
        self.case(names::ROWS, begun, Vec::new(), outcome(failure));
        Ok(())
    }

    /// Loads the seed, and runs the step down and up with it; all of that is rolled back. Returns the catalog afterwards.
    async fn seed(
        &self,
        lane: &mut Track<'_>,
        irreversible: bool,
        after: Arc<Catalog>,
    ) -> Result<Arc<Catalog>, HistoryError> {
        if !self.seeded || self.shared.seeds(&self.step.revision).is_empty() {
            return Ok(after);
        }
        let begun = Instant::now();
        if let Err(error) = lane.seed(&self.step.revision).await {
            let failure = seed_failure(self.shared, error)?;
            self.cases
                .of_step(self.number, names::SEED, begun, Vec::new(), outcome(Some(failure)));
            return Ok(after);
        }
        // A seed should contain only rows, but that is not checked.
        let seeded = lane.catalog().await?;
        if irreversible {
            self.cases.skipped(self.number, names::SEED, "irreversible");
            return Ok(seeded);
        }
        let what = "downgrading and upgrading with its seed in the database failed";
        let failure = match lane.try_down_and_up(self.step).await {
            Ok(_) => None,
            // A step that cannot be rolled back is committed, and the track is restarted.
            Err(failure) if failure_text::cannot_suspend(&failure) => {
                let ran = match lane.down(self.step).await {
                    Ok(_) => lane.up(self.step).await,
                    Err(failure) => Err(failure),
                };
                let failure = ran.err().map(|failure| failure_text::run_failure(what, &failure));
                lane.begin_anew(self.number + 1, true).await?;
                failure
            }
            Err(failure) => Some(failure_text::run_failure(what, &failure)),
        };
        self.cases
            .of_step(self.number, names::SEED, begun, lane.take_said(), outcome(failure));
        Ok(seeded)
    }
}
