//! Behind a pooler, each transaction may run in another session, and somebody else is given the session next.

use super::LiveSink;
use crate::tables::{CLEAN_POOLED, DRIVER_STATEMENTS};
use mighost_core::SinkError;
use mighost_core::quote_identifier;

impl LiveSink {
    /// What the end of a transaction takes away beside the settings of the session: nothing where the session is ours.
    pub(super) fn clean_pooled(&self) -> &'static str {
        if self.settings.pooler { CLEAN_POOLED } else { "" }
    }

    /// What begins a transaction in a session that others have used before.
    pub(super) fn begin_pooled(&self) -> String {
        if !self.settings.pooler {
            return String::new();
        }
        let mut batch = format!("{CLEAN_POOLED}; ");
        for statement in &self.driver_statements {
            batch.push_str(statement);
            batch.push_str("; ");
        }
        batch
    }

    /// The driver prepares its questions for types once and believes them prepared from then on. So what it has prepared
    /// in this session is remembered, to be prepared in the next one before the driver uses it.
    pub(super) async fn remember_driver_statements(&mut self) -> Result<(), SinkError> {
        if !std::mem::take(&mut self.described) || !self.settings.pooler {
            return Ok(());
        }
        self.drain().await?;
        let found = self.ask_now(DRIVER_STATEMENTS).await?;
        self.driver_statements = found
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
