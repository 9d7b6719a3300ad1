//! Answers for a script (`--sql --online-reads`): queries only, in one read-only transaction.

use super::journal::Journal;
use super::{LiveSink, Phase};
use crate::tables::RESET_SESSION;
use mighost_core::{SinkError, StepContext};

/// The first query fixes the snapshot; from then on the server does not allow the transaction to become one that writes.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SELECT 1";

impl LiveSink {
    /// Prepares for the queries of `step`. The first one begins the transaction, in which all of them see the same state: that of the
    /// database at that time, without the changes of the script.
    pub(crate) async fn begin_reading(&mut self, step: &StepContext) -> Result<(), SinkError> {
        if !self.in_transaction {
            self.ask_now(BEGIN).await?;
            self.in_transaction = true;
        }
        // Not in the journal, because nothing is done that could be done twice.
        self.journal = Journal::idle();
        self.step.phase = Phase::Transaction;
        self.step.context = Some(step.clone());
        self.handles.transaction_ended();
        let settings = self.begin_settings(step);
        self.ask_now(&format!("{RESET_SESSION}; {settings}")).await?;
        Ok(())
    }

    /// Ends the transaction.
    pub(crate) async fn end_reading(&mut self) {
        self.step.phase = Phase::Idle;
        self.roll_back().await;
    }
}
