//! Tracks the rows of the version table while steps are done.

use std::collections::HashMap;

use super::error::GraphError;
use super::graph::Graph;
use mighost_core::RowChange;

/// The version table during a plan. Its rows are the applied revisions with no applied revision above them.
///
/// Rules, for a revision and the revisions that it requires (down revisions and dependencies): an upgrade replaces the rows of required
/// revisions by the new one; a downgrade restores the rows of those required revisions that no other applied revision requires.
pub(super) struct Heads<'a> {
    graph: &'a Graph,
    /// The number of rows of each revision. More than one is a defect of the table; it is reported when such a row is changed.
    rows: HashMap<usize, usize>,
    applied: Vec<bool>,
    /// The number of applied revisions that require each revision.
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

    /// The changes of the rows by an upgrade of `index`.
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

    /// The changes of the rows by a downgrade of `index`.
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

    /// Replaces rows with as few statements as possible: like Alembic, one UPDATE and the rest as DELETE and INSERT.
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
