//! Stamping: changes the version table without running anything.

use super::error::GraphError;
use super::graph::Graph;
use super::heads::Heads;
use super::plan::{Plan, Step};
use super::range::parse_online;
use mighost_core::Direction;

impl Graph {
    /// The steps that set the version table to the targets. Rows of lineages without a target remain. With `purge` the table is emptied
    /// first, whatever its contents: that plan starts without rows.
    pub fn stamp(&self, rows: &[String], targets: &[&str], purge: bool) -> Result<Plan, GraphError> {
        parse_online(targets)?;
        let rows = if purge { &[] } else { rows };
        let current = self.rows(rows)?;
        let mut destinations = Vec::new();
        let mut leaving = Vec::new();
        for target in targets {
            let related = self.in_lineage(current.clone(), target, true)?;
            let found = self.revisions(target)?;
            if found.is_empty() {
                leaving.extend(related);
            }
            destinations.extend(found);
        }
        // A destination below another one is implied by it; rows of its lineage are removed all the same.
        let parents: Vec<usize> = destinations
            .iter()
            .flat_map(|&destination| &self.entries[destination].requires)
            .copied()
            .collect();
        let implied = self.needed_by(&parents);
        let dropped: Vec<usize> = destinations
            .iter()
            .copied()
            .filter(|&destination| implied.contains(destination))
            .collect();
        if !dropped.is_empty() {
            let lineage = self.lineage_set(&dropped, true);
            leaving.extend(current.iter().copied().filter(|&row| lineage.contains(row)));
        }
        let mut arrived = self.empty_set();
        destinations.retain(|&destination| !implied.contains(destination) && arrived.insert(destination));
        leaving.retain(|&row| !arrived.contains(row));

        let there = self.set_of(&current);
        destinations.retain(|&destination| !there.contains(destination));
        let mut moving: Vec<usize> = current.clone();
        moving.retain(|&row| !arrived.contains(row));
        moving.dedup();
        let mut heads = Heads::new(self, &current);
        let mut steps = Vec::new();
        for (&destination, from) in destinations.iter().zip(self.related(&destinations, &moving)) {
            let gone: Vec<usize> = from.iter().copied().filter(|&row| heads.has(row)).collect();
            steps.push(Step {
                direction: Direction::Stamp,
                revision: self.id(destination).to_owned(),
                from: self.owned_ids(&from),
                to: vec![self.id(destination).to_owned()],
                changes: heads.replace(&gone, &[destination])?,
            });
        }
        for row in leaving {
            if heads.has(row) {
                steps.push(Step {
                    direction: Direction::Stamp,
                    revision: self.id(row).to_owned(),
                    from: vec![self.id(row).to_owned()],
                    to: Vec::new(),
                    changes: heads.replace(&[row], &[])?,
                });
            }
        }
        Ok(Plan {
            start: rows.to_vec(),
            steps,
            passed: Vec::new(),
        })
    }
}
