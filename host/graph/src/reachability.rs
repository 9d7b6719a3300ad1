//! Sets of revisions, and reachability.

use super::graph::{Entry, Graph};

/// A set of positions in a graph.
#[derive(Clone, Debug)]
pub(super) struct NodeSet(Vec<bool>);

impl NodeSet {
    /// Whether it was absent before.
    pub(super) fn insert(&mut self, index: usize) -> bool {
        !std::mem::replace(&mut self.0[index], true)
    }

    pub(super) fn remove(&mut self, index: usize) {
        self.0[index] = false;
    }

    pub(super) fn contains(&self, index: usize) -> bool {
        self.0[index]
    }

    /// Members in order of declaration.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> {
        self.0
            .iter()
            .enumerate()
            .filter_map(|(index, &member)| member.then_some(index))
    }

    /// Keeps the members for which `keep` returns true.
    pub(super) fn retain(&mut self, keep: impl Fn(usize) -> bool) {
        for (index, member) in self.0.iter_mut().enumerate() {
            *member = *member && keep(index);
        }
    }
}

impl Graph {
    pub(super) fn empty_set(&self) -> NodeSet {
        NodeSet(vec![false; self.entries.len()])
    }

    pub(super) fn full_set(&self) -> NodeSet {
        NodeSet(vec![true; self.entries.len()])
    }

    /// `starts` and all revisions that they need, by down revisions and dependencies.
    pub(super) fn needed_by(&self, starts: &[usize]) -> NodeSet {
        self.reach(starts, |entry| &entry.requires)
    }

    /// `starts` and all revisions that need them, by down revisions and dependencies.
    pub(super) fn needing(&self, starts: &[usize]) -> NodeSet {
        self.reach(starts, |entry| &entry.dependents)
    }

    /// `starts` and their ancestors by down revisions only.
    pub(super) fn below(&self, starts: &[usize]) -> NodeSet {
        self.reach(starts, |entry| &entry.down)
    }

    /// `starts` and their descendants by down revisions only.
    pub(super) fn above(&self, starts: &[usize]) -> NodeSet {
        self.reach(starts, |entry| &entry.children)
    }

    /// Ancestors and descendants of `starts`, including `starts`.
    pub(super) fn lineage_set(&self, starts: &[usize], dependencies: bool) -> NodeSet {
        let (mut all, other) = if dependencies {
            (self.needed_by(starts), self.needing(starts))
        } else {
            (self.below(starts), self.above(starts))
        };
        for index in other.iter() {
            all.insert(index);
        }
        all
    }

    fn reach(&self, starts: &[usize], edges: impl Fn(&Entry) -> &Vec<usize>) -> NodeSet {
        let mut seen = self.empty_set();
        let mut todo: Vec<usize> = starts.iter().copied().filter(|&start| seen.insert(start)).collect();
        while let Some(index) = todo.pop() {
            todo.extend(
                edges(&self.entries[index])
                    .iter()
                    .copied()
                    .filter(|&next| seen.insert(next)),
            );
        }
        seen
    }

    /// For each of `starts` those of `members` that it needs or that need it, in the order of `members`.
    ///
    /// Each pass over the graph handles sixty-four elements of the shorter list.
    pub(super) fn related(&self, starts: &[usize], members: &[usize]) -> Vec<Vec<usize>> {
        let mut related = vec![Vec::new(); starts.len()];
        let members_are_fewer = members.len() <= starts.len();
        let (fewer, more) = if members_are_fewer {
            (members, starts)
        } else {
            (starts, members)
        };
        for (batch, offset) in fewer.chunks(64).zip((0..).step_by(64)) {
            let mut below = vec![0_u64; self.entries.len()];
            for (bit, &index) in batch.iter().enumerate() {
                below[index] |= 1 << bit;
            }
            let mut above = below.clone();
            for &index in &self.order {
                let parents = self.entries[index].requires.iter();
                below[index] = parents.fold(below[index], |mask, &parent| mask | below[parent]);
            }
            for &index in self.order.iter().rev() {
                let dependents = self.entries[index].dependents.iter();
                above[index] = dependents.fold(above[index], |mask, &dependent| mask | above[dependent]);
            }
            for (place, &index) in more.iter().enumerate() {
                let mut mask = below[index] | above[index];
                while mask != 0 {
                    let bit = offset + mask.trailing_zeros() as usize;
                    mask &= mask - 1;
                    if members_are_fewer {
                        related[place].push(fewer[bit]);
                    } else {
                        related[bit].push(index);
                    }
                }
            }
        }
        related
    }

    pub(super) fn set_of(&self, members: &[usize]) -> NodeSet {
        let mut set = self.empty_set();
        for &member in members {
            set.insert(member);
        }
        set
    }

    /// Two of `members`, the second of which needs the first, if there are any: one of them is then redundant.
    pub(super) fn overlap(&self, members: &[usize]) -> Option<(usize, usize)> {
        if members.len() < 2 {
            return None;
        }
        let parents: Vec<usize> = members
            .iter()
            .flat_map(|&member| &self.entries[member].requires)
            .copied()
            .collect();
        let needed = self.needed_by(&parents);
        let lower = members.iter().copied().find(|&member| needed.contains(member))?;
        let needing = self.needing(&[lower]);
        let upper = members
            .iter()
            .copied()
            .find(|&member| member != lower && needing.contains(member))?;
        Some((lower, upper))
    }
}
