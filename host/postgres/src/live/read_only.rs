//! Answers for a script (`--sql --online-reads`): questions only, in one transaction that cannot write.

use super::journal::Journal;
use super::{LiveSink, Phase};
use crate::tables::{RESET_SESSION, step_settings};
use mighost_core::SinkError;
use mighost_core::StepContext;

/// The first query fixes the snapshot; from then on the server lets nobody turn the transaction into one that writes.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SELECT 1";

impl LiveSink {
    /// Makes ready for the questions of `step`. The first one begins the transaction, in which all later ones are answered
    /// alike: by the database as it was then, without what the script does.
    pub(crate) async fn begin_reading(&mut self, step: &StepContext) -> Result<(), SinkError> {
        if !self.in_transaction {
            self.ask_now(BEGIN).await?;
            self.in_transaction = true;
        }
        // Not in the journal: nothing is done that could be done twice.
        self.journal = Journal::idle();
        self.phase = Phase::Transaction;
        self.step = Some(step.clone());
        self.cursors.clear();
        self.savepoints.clear();
        let settings = step_settings(&self.settings.schema, step.lock_timeout, step.statement_timeout).join("; ");
        self.ask_now(&format!("{RESET_SESSION}; {settings}")).await?;
        Ok(())
    }

    /// Ends the transaction.
    pub(crate) async fn end_reading(&mut self) {
        self.phase = Phase::Idle;
        self.roll_back().await;
    }
}
