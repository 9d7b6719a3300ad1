//! Builds the graph from declarations: names, edges, and all errors in them.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use super::cycle;
use super::error::GraphError;
use super::graph::{Entry, Graph, MAX_LABELS, MAX_NAME_CHARS, Node};

/// Words with a meaning in targets; a revision with such a name could never be selected.
const RESERVED: [&str; 4] = ["head", "heads", "base", "current"];

/// Names longer than this, in characters, may be abbreviated to a prefix: Alembic's rule.
const SHORTEST_WHOLE: usize = 3;

impl Graph {
    /// Builds the graph. Errors are those of the declarations: duplicate or invalid names, missing revisions, cycles.
    pub fn new(nodes: impl IntoIterator<Item = Node>) -> Result<Self, GraphError> {
        let nodes: Vec<Node> = nodes.into_iter().collect();
        let names = names(&nodes)?;
        let mut entries = nodes
            .into_iter()
            .map(|node| entry(node, &names))
            .collect::<Result<Vec<_>, _>>()?;
        for entry in &entries {
            for (name, &index) in entry.node.down_revisions.iter().zip(&entry.down) {
                if entries[index].node.revision != *name {
                    return Err(GraphError::DownRevisionIsLabel {
                        revision: entry.node.revision.clone(),
                        label: name.clone(),
                        declared: entries[index].node.revision.clone(),
                    });
                }
            }
        }

        let lines = cycle::order(entries.len(), |index| &entries[index].down)
            .map_err(|found| cycle_error(&entries, &found, false))?;
        for entry in &mut entries {
            entry.requires = with(&entry.down, &entry.dependencies);
        }
        let order = cycle::order(entries.len(), |index| &entries[index].requires)
            .map_err(|found| cycle_error(&entries, &found, true))?;

        for index in 0..entries.len() {
            for parent in entries[index].down.clone() {
                entries[parent].children.push(index);
            }
            for parent in entries[index].requires.clone() {
                entries[parent].named_by += 1;
            }
        }
        drop_inherited(&mut entries, &lines);
        for index in 0..entries.len() {
            for parent in entries[index].requires.clone() {
                entries[parent].dependents.push(index);
            }
        }

        let mut prefixed: Vec<(String, usize)> = names
            .iter()
            .filter(|(name, _)| name.chars().count() > SHORTEST_WHOLE)
            .map(|(name, &index)| (name.clone(), index))
            .collect();
        prefixed.sort_unstable();
        Ok(Self {
            entries,
            order,
            names,
            prefixed,
            spread: OnceLock::new(),
        })
    }
}

/// Ids and labels, which share a namespace.
fn names(nodes: &[Node]) -> Result<HashMap<String, usize>, GraphError> {
    let mut names = HashMap::with_capacity(nodes.len());
    for (index, node) in nodes.iter().enumerate() {
        let revision = &node.revision;
        if node.down_revisions.contains(revision) || node.depends_on.contains(revision) {
            return Err(GraphError::SelfLoop {
                revision: revision.clone(),
            });
        }
        check_id(revision)?;
        if names.insert(revision.clone(), index).is_some() {
            return Err(GraphError::DuplicateRevision {
                revision: revision.clone(),
            });
        }
    }
    for (index, node) in nodes.iter().enumerate() {
        for label in &node.branch_labels {
            if let Some(&other) = names.get(label) {
                let other = nodes[other].revision.clone();
                return Err(if other == *label {
                    GraphError::LabelIsRevision {
                        label: label.clone(),
                        revision: node.revision.clone(),
                    }
                } else {
                    GraphError::DuplicateLabel {
                        label: label.clone(),
                        first: other,
                        second: node.revision.clone(),
                    }
                });
            }
            check_label(label, &node.revision)?;
            names.insert(label.clone(), index);
            if names.len() > nodes.len() + MAX_LABELS {
                return Err(GraphError::TooManyLabels { limit: MAX_LABELS });
            }
        }
    }
    Ok(names)
}

/// Whether `id` can be the id of a revision: the same rule for the graph, for sources and for new revisions.
///
/// # Errors
/// [`GraphError::BadRevisionId`], with the reason.
pub fn check_id(id: &str) -> Result<(), GraphError> {
    // A folder of such a name is hidden, or may be the parent folder.
    let hidden = id.starts_with('.').then(|| "it begins with a '.'".to_owned());
    match hidden.or_else(|| fault(id, &['@', '-', '+', ':'])) {
        Some(reason) => Err(GraphError::BadRevisionId {
            revision: id.to_owned(),
            reason,
        }),
        None => Ok(()),
    }
}

/// Whether `label`, declared by `revision`, can be a branch label. Unlike an id it may contain a `-`.
pub(super) fn check_label(label: &str, revision: &str) -> Result<(), GraphError> {
    let reason = if label.starts_with('-') {
        Some("it begins with '-', as a step down does".to_owned())
    } else {
        fault(label, &['@', '+', ':'])
    };
    match reason {
        Some(reason) => Err(GraphError::BadLabel {
            label: label.to_owned(),
            revision: revision.to_owned(),
            reason,
        }),
        None => Ok(()),
    }
}

fn fault(name: &str, illegal: &[char]) -> Option<String> {
    if name.is_empty() {
        return Some("it is empty".to_owned());
    }
    if name.chars().count() > MAX_NAME_CHARS {
        return Some(format!("it has more than {MAX_NAME_CHARS} characters"));
    }
    if RESERVED.contains(&name) {
        return Some("the word is reserved for targets".to_owned());
    }
    // Names become parts of file names and of lines of output.
    let bad = |character: &char| {
        illegal.contains(character)
            || character.is_whitespace()
            || character.is_control()
            || matches!(character, '/' | '\\')
    };
    name.chars()
        .find(bad)
        .map(|character| format!("the character {character:?} is not allowed"))
}

fn entry(node: Node, names: &HashMap<String, usize>) -> Result<Entry, GraphError> {
    let mut down = Vec::with_capacity(node.down_revisions.len());
    let mut seen = HashSet::new();
    for name in &node.down_revisions {
        match names.get(name) {
            Some(index) if !seen.insert(index) => {
                return Err(GraphError::RepeatedDownRevision {
                    revision: node.revision,
                    down: name.clone(),
                });
            }
            Some(&index) => down.push(index),
            None => {
                return Err(GraphError::MissingDownRevision {
                    down: name.clone(),
                    revision: node.revision,
                });
            }
        }
    }
    let mut dependencies = Vec::with_capacity(node.depends_on.len());
    for name in &node.depends_on {
        match names.get(name) {
            Some(index) => dependencies.push(*index),
            None => {
                return Err(GraphError::MissingDependency {
                    dependency: name.clone(),
                    revision: node.revision,
                });
            }
        }
    }
    Ok(Entry {
        node,
        down,
        dependencies: with(&[], &dependencies),
        requires: Vec::new(),
        children: Vec::new(),
        dependents: Vec::new(),
        named_by: 0,
    })
}

/// `first`, followed by the new elements of `second`.
fn with(first: &[usize], second: &[usize]) -> Vec<usize> {
    let mut seen = HashSet::new();
    first
        .iter()
        .chain(second)
        .copied()
        .filter(|&index| seen.insert(index))
        .collect()
}

/// Removes from `requires` the dependencies that an ancestor by down revisions has already declared, like Alembic.
///
/// Each pass over the graph handles sixty-four dependencies, so that even thousands of shared ones are cheap. `lines` is an order in
/// which each revision comes after its down revisions.
fn drop_inherited(entries: &mut [Entry], lines: &[usize]) {
    let mut users: HashMap<usize, Vec<usize>> = HashMap::new();
    for (index, entry) in entries.iter().enumerate() {
        for &dependency in &entry.dependencies {
            users.entry(dependency).or_default().push(index);
        }
    }
    let shared: Vec<(usize, Vec<usize>)> = users.into_iter().filter(|(_, users)| users.len() > 1).collect();
    for batch in shared.chunks(64) {
        let mut declared = vec![0_u64; entries.len()];
        for (bit, (_, users)) in batch.iter().enumerate() {
            for &user in users {
                declared[user] |= 1 << bit;
            }
        }
        let mut inherited = vec![0_u64; entries.len()];
        for &index in lines {
            inherited[index] = entries[index]
                .down
                .iter()
                .fold(0, |all, &parent| all | inherited[parent] | declared[parent]);
        }
        for (bit, (dependency, users)) in batch.iter().enumerate() {
            for &user in users {
                let entry = &mut entries[user];
                if inherited[user] & (1 << bit) != 0 && !entry.down.contains(dependency) {
                    entry.requires.retain(|index| index != dependency);
                }
            }
        }
    }
}

fn cycle_error(entries: &[Entry], found: &[usize], dependencies: bool) -> GraphError {
    let revisions = found
        .iter()
        .map(|&index| entries[index].node.revision.clone())
        .collect();
    if dependencies {
        GraphError::DependencyCycle { revisions }
    } else {
        GraphError::Cycle { revisions }
    }
}
