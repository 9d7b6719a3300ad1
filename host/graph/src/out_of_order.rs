//! Revisions that were inserted below applied ones: according to the version table they count as applied, so they would never be run.

use super::error::GraphError;
use super::graph::Graph;

/// A revision that was never run, and an applied one that depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutOfOrder {
    pub revision: String,
    pub above: String,
}

/// The ledger's information on a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LedgerEntryKind {
    Upgraded,
    /// Stamped: the operator vouches for it and for all that it needs.
    Stamped,
}

impl Graph {
    /// The revisions that rows imply and that no run has applied, according to a ledger: it has no entry of them, but entries of one that
    /// they need and of one that needs them. Revisions below the ledger's first entry, or below a stamp, are taken for applied.
    ///
    /// # Errors
    /// If a row is not a revision.
    pub fn late(
        &self,
        rows: &[String],
        remembered: impl Fn(&str) -> Option<LedgerEntryKind>,
    ) -> Result<Vec<OutOfOrder>, GraphError> {
        let applied = self.needed_by(&self.rows(rows)?);
        let (mut upgraded, mut stamped, mut silent) = (Vec::new(), Vec::new(), Vec::new());
        for index in applied.iter() {
            match remembered(self.id(index)) {
                Some(LedgerEntryKind::Upgraded) => upgraded.push(index),
                Some(LedgerEntryKind::Stamped) => stamped.push(index),
                None => silent.push(index),
            }
        }
        if silent.is_empty() || upgraded.is_empty() {
            return Ok(Vec::new());
        }
        let (before, after) = (self.needing(&upgraded), self.needed_by(&upgraded));
        let settled = self.needed_by(&stamped);
        silent.retain(|&index| before.contains(index) && after.contains(index) && !settled.contains(index));
        // From the newest down: for each the nearest revision above it that was run.
        let runs = self.set_of(&upgraded);
        let mut above: Vec<Option<usize>> = vec![None; self.entries.len()];
        for &index in self.order.iter().rev() {
            if runs.contains(index) {
                above[index] = Some(index);
            }
            let Some(run) = above[index].filter(|_| applied.contains(index)) else {
                continue;
            };
            for &below in &self.entries[index].requires {
                above[below] = Some(run);
            }
        }
        Ok(silent
            .into_iter()
            .filter_map(|index| {
                Some(OutOfOrder {
                    revision: self.id(index).to_owned(),
                    above: self.id(above[index]?).to_owned(),
                })
            })
            .collect())
    }
}
