//! The branches of revisions: a label counts for its revision and everything above it.

use std::collections::{BTreeMap, BTreeSet};

use crate::manifest::Predicate;

impl Predicate {
    /// The labels of each revision and of those below it. A revision on a cycle or above a missing one is left out; such a release has no
    /// valid history and does not run.
    pub fn branches(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let revisions: Vec<_> = self
            .artifacts
            .iter()
            .filter_map(|artifact| artifact.revisions.as_ref())
            .flat_map(|metadata| &metadata.revisions)
            .collect();
        let mut above: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut missing: Vec<usize> = Vec::new();
        for (number, revision) in revisions.iter().enumerate() {
            for parent in &revision.down_revisions {
                above.entry(parent).or_default().push(number);
            }
            missing.push(revision.down_revisions.len());
        }
        let mut labels: Vec<BTreeSet<&str>> = revisions
            .iter()
            .map(|revision| revision.branch_labels.iter().map(String::as_str).collect())
            .collect();
        let mut ready: Vec<usize> = (0..revisions.len())
            .filter(|number| missing.get(*number) == Some(&0))
            .collect();
        let mut found = BTreeMap::new();
        while let Some(number) = ready.pop() {
            let (Some(revision), Some(own)) = (revisions.get(number), labels.get(number).cloned()) else {
                continue;
            };
            for child in above.get(revision.revision.as_str()).into_iter().flatten() {
                if let Some(inherited) = labels.get_mut(*child) {
                    inherited.extend(&own);
                }
                if let Some(count) = missing.get_mut(*child) {
                    *count = count.saturating_sub(1);
                    if *count == 0 {
                        ready.push(*child);
                    }
                }
            }
            found.insert(revision.revision.as_str(), own);
        }
        found
    }
}
