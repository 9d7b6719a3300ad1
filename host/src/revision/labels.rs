//! How branch labels spread.

use std::collections::BTreeSet;

use super::error::RevisionError;
use super::graph::Graph;

impl Graph {
    /// The labels that a revision carries, sorted: those that it declares and those that have spread to it.
    ///
    /// A label spreads to all descendants. From the last of these it also spreads back down the line, up to the first
    /// branch or merge point, so that all of an unbranched line carries the label of any revision in it: Alembic's rule.
    pub fn labels(&self, revision: &str) -> Result<Vec<&str>, RevisionError> {
        let index = self.identify(revision, None)?;
        Ok(self.carried(index).iter().map(String::as_str).collect())
    }

    pub(super) fn carries(&self, index: usize, label: &str) -> bool {
        self.carried(index).iter().any(|carried| carried == label)
    }

    pub(super) fn carried(&self, index: usize) -> &[String] {
        &self.spread.get_or_init(|| self.spread_labels())[index]
    }

    fn spread_labels(&self) -> Vec<Vec<String>> {
        let mut labels: Vec<BTreeSet<String>> = self
            .entries
            .iter()
            .map(|entry| entry.node.branch_labels.iter().cloned().collect())
            .collect();
        for (index, entry) in self.entries.iter().enumerate() {
            if entry.node.branch_labels.is_empty() {
                continue;
            }
            let spreading = labels[index].clone();
            let mut last = index;
            let mut seen = self.empty_set();
            let mut todo = vec![index];
            while let Some(index) = todo.pop() {
                if seen.insert(index) {
                    labels[index].extend(spreading.iter().cloned());
                    todo.extend(&self.entries[index].children);
                    last = index;
                }
            }
            let mut place = Some(last);
            while let Some(index) = place {
                let entry = &self.entries[index];
                if entry.named_by > 1 || entry.down.len() > 1 {
                    break;
                }
                labels[index].extend(spreading.iter().cloned());
                place = entry.down.first().copied();
            }
        }
        labels.into_iter().map(|labels| labels.into_iter().collect()).collect()
    }
}
