//! Spreading of branch labels.

use std::collections::{BTreeSet, HashMap};

use super::error::GraphError;
use super::graph::Graph;

/// The labels of each revision.
#[derive(Debug)]
pub(super) struct Spread {
    /// Sorted.
    labels: Vec<String>,
    /// For each revision, positions in `labels`.
    carried: Vec<BTreeSet<u32>>,
}

impl Graph {
    /// The labels of a revision, sorted: those that it declares and those that have spread to it.
    ///
    /// A label spreads to all descendants. From the last of these it also spreads back down the line, to the first branch or merge point,
    /// so that every revision of an unbranched line carries the labels of all others: Alembic's rule.
    pub fn labels(&self, revision: &str) -> Result<Vec<&str>, GraphError> {
        let index = self.identify(revision, None)?;
        Ok(self.carried(index).collect())
    }

    pub(super) fn carries(&self, index: usize, label: &str) -> bool {
        self.carried(index).any(|carried| carried == label)
    }

    pub(super) fn carried(&self, index: usize) -> impl Iterator<Item = &str> {
        let spread = self.spread.get_or_init(|| self.spread_labels());
        spread.carried[index]
            .iter()
            .map(|&label| spread.labels[label as usize].as_str())
    }

    fn spread_labels(&self) -> Spread {
        let declared = self.entries.iter().flat_map(|entry| &entry.node.branch_labels);
        let labels: Vec<String> = declared.cloned().collect::<BTreeSet<_>>().into_iter().collect();
        let numbers: HashMap<&str, u32> = labels.iter().map(String::as_str).zip(0..).collect();
        let mut carried: Vec<BTreeSet<u32>> = self
            .entries
            .iter()
            .map(|entry| {
                let declared = entry.node.branch_labels.iter();
                declared
                    .filter_map(|label| numbers.get(label.as_str()).copied())
                    .collect()
            })
            .collect();
        for (index, entry) in self.entries.iter().enumerate() {
            if entry.node.branch_labels.is_empty() {
                continue;
            }
            let spreading = carried[index].clone();
            let mut last = index;
            let mut seen = self.empty_set();
            let mut todo = vec![index];
            while let Some(index) = todo.pop() {
                if seen.insert(index) {
                    carried[index].extend(&spreading);
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
                carried[index].extend(&spreading);
                place = entry.down.first().copied();
            }
        }
        Spread { labels, carried }
    }
}
