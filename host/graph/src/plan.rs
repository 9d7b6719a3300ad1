//! Plans: the ordered steps from the rows of the version table to a target, as plain data.

use std::collections::BTreeMap;

use serde::Serialize;

use super::error::GraphError;
use super::graph::Graph;
use super::heads::Heads;
use super::range::parse_online;
use super::targets::Origin;
use mighost_core::{Direction, RowChange};

/// One revision to run, or one change of the version table by a stamp.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    pub direction: Direction,
    /// The revision to run; in a stamp, the one that is added to the version table or removed from it.
    pub revision: String,
    /// The revisions before the step, by down revisions; empty for the base.
    pub from: Vec<String>,
    /// The revisions after the step, by down revisions; empty for the base.
    pub to: Vec<String>,
    /// The changes of the version table, in this order.
    pub changes: Vec<RowChange>,
}

/// The steps of a command.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// The rows of the version table before the first step.
    pub start: Vec<String>,
    pub steps: Vec<Step>,
    /// Targets of an upgrade below the current revision. They need no step; the user may have meant a downgrade.
    pub passed: Vec<String>,
}

impl Plan {
    /// The rows of the version table after the first `steps` steps, sorted. Each step contains only its changes, because with many
    /// branches all rows after each step would take quadratic space.
    pub fn rows_after(&self, steps: usize) -> Vec<String> {
        let mut rows: BTreeMap<&str, usize> = BTreeMap::new();
        for row in &self.start {
            *rows.entry(row).or_default() += 1;
        }
        for change in self.steps.iter().take(steps).flat_map(|step| &step.changes) {
            let (gone, new) = match change {
                RowChange::Insert(row) => (None, Some(row)),
                RowChange::Delete(row) => (Some(row), None),
                RowChange::Update { from, to } => (Some(from), Some(to)),
            };
            if let Some(row) = gone {
                rows.remove(row.as_str());
            }
            if let Some(row) = new {
                rows.insert(row, 1);
            }
        }
        rows.into_iter()
            .flat_map(|(row, count)| std::iter::repeat_n(row.to_owned(), count))
            .collect()
    }

    /// The rows of the version table at the end, sorted.
    pub fn rows(&self) -> Vec<String> {
        self.rows_after(self.steps.len())
    }

    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

impl Graph {
    /// The rows of a version table as revisions. They must be ids: a prefix there means a damaged table.
    pub(super) fn rows(&self, rows: &[String]) -> Result<Vec<usize>, GraphError> {
        rows.iter()
            .map(|row| match self.names.get(row) {
                Some(&index) if self.id(index) == row => Ok(index),
                _ => Err(GraphError::UnknownRow { row: row.clone() }),
            })
            .collect()
    }

    /// The steps that take a database with these rows to the targets: all revisions that they need and that are not applied, each after
    /// those that it needs.
    pub fn upgrade(&self, rows: &[String], targets: &[&str]) -> Result<Plan, GraphError> {
        parse_online(targets)?;
        let current = self.rows(rows)?;
        let mut wanted = Vec::new();
        for target in targets {
            wanted.extend(self.upgrade_targets(Origin::Rows(&current), target, true)?);
        }
        self.refuse_overlap(&wanted)?;
        self.refuse_overlapping_rows(&current)?;
        let applied = self.needed_by(&current);
        let rows_set = self.set_of(&current);
        let mut passed = wanted.clone();
        passed.retain(|&target| applied.contains(target) && !rows_set.contains(target));
        let mut todo = self.needed_by(&wanted);
        todo.retain(|index| !applied.contains(index));
        let mut order = self.sort(&todo, &wanted);
        order.reverse();
        let mut heads = Heads::new(self, &current);
        let steps = order
            .into_iter()
            .map(|index| {
                let entry = &self.entries[index];
                Ok(Step {
                    direction: Direction::Upgrade,
                    revision: entry.node.revision.clone(),
                    from: self.owned_ids(&entry.down),
                    to: vec![entry.node.revision.clone()],
                    changes: heads.up(index)?,
                })
            })
            .collect::<Result<_, GraphError>>()?;
        Ok(Plan {
            start: rows.to_vec(),
            steps,
            passed: self.owned_ids(&passed),
        })
    }

    /// The steps that revert all applied revisions above the target, including those that depend on them.
    pub fn downgrade(&self, rows: &[String], target: &str) -> Result<Plan, GraphError> {
        parse_online(&[target])?;
        let current = self.rows(rows)?;
        let floor = self.downgrade_floor(&current, target)?;
        let mut roots = match floor.target {
            None => self.base_indices(),
            Some(index) => self.entries[index].children.clone(),
        };
        if let Some(branch) = floor.branch
            && roots.len() > 1
        {
            let line = self.below(&[branch]);
            roots.retain(|&root| line.contains(root));
            if roots.is_empty() {
                return Err(GraphError::NotDowngradeTarget {
                    target: target.to_owned(),
                    rows: rows.to_vec(),
                });
            }
        }
        let applied = self.needed_by(&current);
        let mut todo = self.needing(&roots);
        todo.retain(|index| applied.contains(index));
        let order = self.sort(&todo, &current);
        if let Some(index) = floor.target
            && order.is_empty()
            && !current.contains(&index)
        {
            return Err(GraphError::NotDowngradeTarget {
                target: target.to_owned(),
                rows: rows.to_vec(),
            });
        }
        let mut heads = Heads::new(self, &current);
        let steps = order
            .into_iter()
            .map(|index| {
                let entry = &self.entries[index];
                Ok(Step {
                    direction: Direction::Downgrade,
                    revision: entry.node.revision.clone(),
                    from: vec![entry.node.revision.clone()],
                    to: self.owned_ids(&entry.down),
                    changes: heads.down(index)?,
                })
            })
            .collect::<Result<_, GraphError>>()?;
        Ok(Plan {
            start: rows.to_vec(),
            steps,
            passed: Vec::new(),
        })
    }

    fn refuse_overlapping_rows(&self, rows: &[usize]) -> Result<(), GraphError> {
        let Some((lower, upper)) = self.overlap(rows) else {
            return Ok(());
        };
        let parents: Vec<usize> = rows
            .iter()
            .flat_map(|&row| &self.entries[row].requires)
            .copied()
            .collect();
        let needed = self.needed_by(&parents);
        let kept: Vec<usize> = rows.iter().copied().filter(|&row| !needed.contains(row)).collect();
        Err(GraphError::OverlappingRows {
            lower: self.id(lower).to_owned(),
            upper: self.id(upper).to_owned(),
            rows: self.owned_ids(&kept),
        })
    }

    fn refuse_overlap(&self, members: &[usize]) -> Result<(), GraphError> {
        match self.overlap(members) {
            None => Ok(()),
            Some((lower, upper)) => Err(GraphError::Overlap {
                lower: self.id(lower).to_owned(),
                upper: self.id(upper).to_owned(),
            }),
        }
    }
}
