//! Poolers: each transaction may run in another session, and the session is then given to another client.

use super::LiveSink;
use crate::tables::{CLEAN_POOLED, DRIVER_STATEMENTS};
use mighost_core::{SinkError, quote_identifier};

impl LiveSink {
    /// The statements for the end of a transaction, besides resetting settings: none if the session is our own.
    pub(super) fn clean_pooled(&self) -> &'static str {
        if self.settings.pooler { CLEAN_POOLED } else { "" }
    }

    /// The statements for the beginning of a transaction in a session that others have used before.
    pub(super) fn begin_pooled(&self) -> String {
        if !self.settings.pooler {
            return String::new();
        }
        let mut batch = format!("{CLEAN_POOLED}; ");
        for statement in &self.prepared.driver_statements {
            batch.push_str(statement);
            batch.push_str("; ");
        }
        batch
    }

    /// The driver prepares its queries for types once and assumes that they stay prepared. So those that it has prepared in this session
    /// are recorded, to be prepared in the next one before the driver uses them.
    pub(super) async fn remember_driver_statements(&mut self) -> Result<(), SinkError> {
        if !std::mem::take(&mut self.prepared.described) || !self.settings.pooler {
            return Ok(());
        }
        self.drain().await?;
        let found = self.ask_now(DRIVER_STATEMENTS).await?;
        self.prepared.driver_statements = found
            .iter()
            .filter_map(|row| {
                let (name, types, statement) = (row.get(0)?, row.get(1)?, row.get(2)?);
                let types = if types.is_empty() {
                    String::new()
                } else {
                    format!(" ({types})")
                };
                Some(format!("PREPARE {}{types} AS {statement}", quote_identifier(name)))
            })
            .collect();
        Ok(())
    }
}
