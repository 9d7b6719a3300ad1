//! The graph, and queries that need no target.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::error::GraphError;
use super::labels::Spread;

/// The maximum length of an id or label, in characters. It is far above what users type and limits the messages that a malicious artifact
/// can cause.
pub const MAX_NAME_CHARS: usize = 200;

/// The maximum number of branch labels in a graph. Each may spread to every revision, so their number times that of the revisions is the
/// memory that a malicious artifact could make the host use.
pub const MAX_LABELS: usize = 500;

/// The declarations of one revision in an artifact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    pub revision: String,
    /// The direct parents; empty for a base, several for a merge point.
    pub down_revisions: Vec<String>,
    /// Dependencies outside the lineage: exact ids or labels.
    pub depends_on: Vec<String>,
    /// Labels that are declared here. They spread, see [`Graph::labels`].
    pub branch_labels: Vec<String>,
}

/// A node with its edges, as positions in the order of declaration.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) node: Node,
    /// Down revisions.
    pub(super) down: Vec<usize>,
    /// Dependencies, resolved, each once.
    pub(super) dependencies: Vec<usize>,
    /// Down revisions, followed by the dependencies that no ancestor has already.
    pub(super) requires: Vec<usize>,
    /// The revisions that have this one as a down revision.
    pub(super) children: Vec<usize>,
    /// The revisions that have this one in `requires`.
    pub(super) dependents: Vec<usize>,
    /// The number of revisions that name this one as a down revision or a dependency.
    pub(super) named_by: usize,
}

/// All revisions of a project. The order of declaration decides wherever the edges leave a choice.
#[derive(Debug)]
pub struct Graph {
    pub(super) entries: Vec<Entry>,
    /// An order in which each revision comes after those that it requires.
    pub(super) order: Vec<usize>,
    /// Ids and declared labels.
    pub(super) names: HashMap<String, usize>,
    /// Names that may be abbreviated to a prefix, sorted.
    pub(super) prefixed: Vec<(String, usize)>,
    /// The labels of each revision after spreading; only some queries need them.
    pub(super) spread: OnceLock<Spread>,
}

impl Graph {
    /// The number of revisions.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The revision with exactly this id or label.
    pub fn find(&self, name: &str) -> Option<&Node> {
        self.names.get(name).map(|&index| &self.entries[index].node)
    }

    /// All revisions in order of declaration.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.entries.iter().map(|entry| &entry.node)
    }

    /// Revisions that are not the down revision of any other.
    pub fn heads(&self) -> Vec<&str> {
        self.ids(&self.head_indices())
    }

    /// Revisions that are neither a down revision nor a dependency of any other: the version rows of a database that is up to date.
    pub fn real_heads(&self) -> Vec<&str> {
        self.ids(&self.real_head_indices())
    }

    /// Revisions without a down revision.
    pub fn bases(&self) -> Vec<&str> {
        self.ids(&self.base_indices())
    }

    /// Revisions with several children, and these, newest first.
    pub fn branch_points(&self) -> Vec<(&str, Vec<&str>)> {
        self.everything_newest_first()
            .into_iter()
            .filter(|&index| self.entries[index].children.len() > 1)
            .map(|index| (self.id(index), self.ids(&self.entries[index].children)))
            .collect()
    }

    /// Revisions with several down revisions, newest first.
    pub fn merge_points(&self) -> Vec<&str> {
        let mut points = self.everything_newest_first();
        points.retain(|&index| self.entries[index].down.len() > 1);
        self.ids(&points)
    }

    /// The children of a revision: those that name it as a down revision.
    pub fn children(&self, revision: &str) -> Result<Vec<&str>, GraphError> {
        let index = self.identify(revision, None)?;
        Ok(self.ids(&self.entries[index].children))
    }

    /// All revisions that `revision` needs, by down revisions and dependencies, nearest first, without `revision` itself.
    ///
    /// A revision comes after those that need it: of several that define an object, the first one found is the last one applied.
    /// Otherwise the smallest number of edges decides, and then the order in which parents are declared.
    pub fn ancestors(&self, revision: &str) -> Result<Vec<&str>, GraphError> {
        let start = self.identify(revision, None)?;
        let needed = self.needed_by(&[start]);
        let mut waiting = vec![0_usize; self.entries.len()];
        for index in needed.iter() {
            for &parent in &self.entries[index].requires {
                waiting[parent] += 1;
            }
        }
        let mut found = vec![start];
        let mut next = 0;
        while let Some(&index) = found.get(next) {
            next += 1;
            for &parent in &self.entries[index].requires {
                waiting[parent] -= 1;
                if waiting[parent] == 0 {
                    found.push(parent);
                }
            }
        }
        Ok(self.ids(&found[1..]))
    }

    /// The revisions of the same lineage, including itself: ancestors and descendants by down revisions, newest first.
    pub fn lineage(&self, revision: &str) -> Result<Vec<&str>, GraphError> {
        let start = self.identify(revision, None)?;
        let members = self.lineage_set(&[start], false);
        let mut all = self.everything_newest_first();
        all.retain(|&index| members.contains(index));
        Ok(self.ids(&all))
    }

    /// All ids, newest first, as `history` shows them: each comes after those that need it.
    pub fn newest_first(&self) -> Vec<&str> {
        self.ids(&self.everything_newest_first())
    }

    pub(super) fn everything_newest_first(&self) -> Vec<usize> {
        self.sort(&self.full_set(), &self.real_head_indices())
    }

    pub(super) fn head_indices(&self) -> Vec<usize> {
        self.indices(|entry| entry.children.is_empty())
    }

    pub(super) fn real_head_indices(&self) -> Vec<usize> {
        self.indices(|entry| entry.named_by == 0)
    }

    pub(super) fn base_indices(&self) -> Vec<usize> {
        self.indices(|entry| entry.down.is_empty())
    }

    fn indices(&self, wanted: impl Fn(&Entry) -> bool) -> Vec<usize> {
        (0..self.entries.len())
            .filter(|&index| wanted(&self.entries[index]))
            .collect()
    }

    pub(super) fn id(&self, index: usize) -> &str {
        &self.entries[index].node.revision
    }

    pub(super) fn ids(&self, indices: &[usize]) -> Vec<&str> {
        indices.iter().map(|&index| self.id(index)).collect()
    }

    pub(super) fn owned_ids(&self, indices: &[usize]) -> Vec<String> {
        indices.iter().map(|&index| self.id(index).to_owned()).collect()
    }
}
