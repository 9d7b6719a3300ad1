//! The rows of the version table as steps are done: one object keeps them.

use std::collections::HashMap;

use super::error::GraphError;
use super::graph::Graph;
use mighost_core::RowChange;

/// The version table during a plan. It holds what was applied and has nothing applied above it.
///
/// Rules, for a revision and the revisions that it requires (down revisions and dependencies):
/// upwards, the rows among the required ones give way to the new one; downwards, those required ones come back that nothing
/// else that is applied requires.
pub(super) struct Heads<'a> {
    graph: &'a Graph,
    /// How many rows each has. More than one is a defect of the table; it is reported when such a row is touched.
    rows: HashMap<usize, usize>,
    applied: Vec<bool>,
    /// How many applied revisions require each.
    required: Vec<usize>,
}

impl<'a> Heads<'a> {
    pub(super) fn new(graph: &'a Graph, rows: &[usize]) -> Self {
        let mut heads = Self {
            graph,
            rows: HashMap::new(),
            applied: vec![false; graph.entries.len()],
            required: vec![0; graph.entries.len()],
        };
        for &row in rows {
            *heads.rows.entry(row).or_default() += 1;
        }
        for index in graph.needed_by(rows).iter() {
            heads.set_applied(index, true);
        }
        heads
    }

    pub(super) fn has(&self, index: usize) -> bool {
        self.rows.contains_key(&index)
    }

    /// The changes of the rows when `index` was upgraded.
    pub(super) fn up(&mut self, index: usize) -> Result<Vec<RowChange>, GraphError> {
        let gone: Vec<usize> = self.graph.entries[index]
            .requires
            .iter()
            .copied()
            .filter(|&parent| self.has(parent))
            .collect();
        self.set_applied(index, true);
        self.replace(&gone, &[index])
    }

    /// The changes of the rows when `index` was downgraded.
    pub(super) fn down(&mut self, index: usize) -> Result<Vec<RowChange>, GraphError> {
        self.set_applied(index, false);
        let back: Vec<usize> = self.graph.entries[index]
            .requires
            .iter()
            .copied()
            .filter(|&parent| self.required[parent] == 0 && !self.has(parent))
            .collect();
        self.replace(&[index], &back)
    }

    /// Exchanges rows with as few statements as do it: as Alembic, one UPDATE and the rest as DELETE and INSERT.
    pub(super) fn replace(&mut self, gone: &[usize], new: &[usize]) -> Result<Vec<RowChange>, GraphError> {
        for row in gone {
            let found = self.rows.remove(row).unwrap_or(0);
            if found != 1 {
                return Err(GraphError::RowMismatch {
                    row: self.name(*row),
                    found,
                });
            }
        }
        for row in new {
            if self.rows.insert(*row, 1).is_some() {
                return Err(GraphError::RowTaken { row: self.name(*row) });
            }
        }
        let mut changes = Vec::new();
        match (gone.split_last(), new.split_last()) {
            (Some((from, gone)), Some((to, new))) => {
                changes.extend(gone.iter().map(|row| RowChange::Delete(self.name(*row))));
                changes.extend(new.iter().map(|row| RowChange::Insert(self.name(*row))));
                changes.push(RowChange::Update {
                    from: self.name(*from),
                    to: self.name(*to),
                });
            }
            _ => {
                changes.extend(gone.iter().map(|row| RowChange::Delete(self.name(*row))));
                changes.extend(new.iter().map(|row| RowChange::Insert(self.name(*row))));
            }
        }
        Ok(changes)
    }

    fn set_applied(&mut self, index: usize, applied: bool) {
        if self.applied[index] == applied {
            return;
        }
        self.applied[index] = applied;
        for &parent in &self.graph.entries[index].requires {
            if applied {
                self.required[parent] += 1;
            } else {
                self.required[parent] -= 1;
            }
        }
    }

    fn name(&self, index: usize) -> String {
        self.graph.id(index).to_owned()
    }
}
