//! The dependants of an object as a graph, and the order in which they are created.

use std::collections::{BTreeMap, BTreeSet};

use super::Target;
use crate::session::{Row, Session, column};

/// A catalog and an OID, e.g. `pg_class 16412`.
pub type Key = String;

/// Something that depends on the object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    pub class: String,
    pub oid: String,
    /// Its type in ALTER, COMMENT and DROP.
    pub word: String,
    /// The object as SQL, qualified.
    pub identity: String,
    /// The object as PostgreSQL describes it.
    pub description: String,
    /// The reason why it cannot be restored.
    pub refusal: Option<String>,
    /// The OID of the table or view that it is a part of.
    pub host: String,
    /// True for an index.
    pub index: bool,
    /// The larger object that it is an inner part of, e.g. the view for its row type.
    pub whole: Option<Key>,
    /// The nodes that it depends on.
    pub references: Vec<Key>,
}

impl Node {
    fn read(row: &Row) -> Self {
        let text = |index| column(row, index).to_owned();
        let some = |index| Some(text(index)).filter(|text| !text.is_empty());
        Self {
            class: text(0),
            oid: text(1),
            word: text(2),
            identity: text(3),
            description: text(4),
            whole: some(5),
            references: text(6)
                .split(',')
                .filter(|key| !key.is_empty())
                .map(str::to_owned)
                .collect(),
            refusal: some(7),
            index: some(8).is_some(),
            host: text(9),
        }
    }

    fn key(&self) -> Key {
        format!("{} {}", self.class, self.oid)
    }
}

/// The node of the object itself and those of its dependants, in the order in which they can be created.
pub fn dependants(session: &dyn Session, target: &Target) -> Result<(Node, Vec<Node>), String> {
    let rows = session.query(include_str!("nodes.sql"), &[target.class, &target.oid]);
    let root = format!("{} {}", target.class, target.oid);
    let nodes: BTreeMap<Key, Node> = rows.iter().map(Node::read).map(|node| (node.key(), node)).collect();
    let Some(own) = nodes.get(&root).cloned() else {
        return Err(format!("{} is not there any more", target.identity));
    };
    let order = order(&nodes, &root)?;
    Ok((
        own,
        order.into_iter().filter_map(|key| nodes.get(&key).cloned()).collect(),
    ))
}

/// The outermost whole that a node is a part of.
fn whole_of<'a>(nodes: &'a BTreeMap<Key, Node>, key: &'a Key) -> &'a Key {
    let mut at = key;
    // There are at most three levels; the bound protects against a damaged catalog.
    for _ in 0..8 {
        match nodes.get(at).and_then(|node| node.whole.as_ref()) {
            Some(whole) if nodes.contains_key(whole) => at = whole,
            _ => break,
        }
    }
    at
}

fn order(nodes: &BTreeMap<Key, Node>, root: &Key) -> Result<Vec<Key>, String> {
    let mut needs: BTreeMap<&Key, BTreeSet<&Key>> = BTreeMap::new();
    for (key, node) in nodes {
        let whole = whole_of(nodes, key);
        let references = node.references.iter().map(|reference| whole_of(nodes, reference));
        needs
            .entry(whole)
            .or_default()
            .extend(references.filter(|&reference| reference != whole && reference != root));
    }
    needs.remove(root);
    let mut ordered: Vec<Key> = Vec::new();
    while !needs.is_empty() {
        // Oldest first: the order in which they were created.
        let ready = needs
            .iter()
            .filter(|(_, missing)| missing.is_empty())
            .map(|(&key, _)| key)
            .min_by_key(|key| nodes.get(*key).and_then(|node| node.oid.parse::<u32>().ok()));
        let Some(ready) = ready else {
            let names: Vec<&str> = needs
                .keys()
                .filter_map(|&key| nodes.get(key))
                .map(|node| &*node.description)
                .collect();
            return Err(format!(
                "what depends on it also depends on each other in a circle: {}",
                names.join(", ")
            ));
        };
        needs.remove(ready);
        for missing in needs.values_mut() {
            missing.remove(ready);
        }
        ordered.push(ready.clone());
    }
    Ok(ordered)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &[(&str, &[&str], Option<&str>)]) -> BTreeMap<Key, Node> {
        edges
            .iter()
            .map(|&(key, references, whole)| {
                let node = Node {
                    oid: key.trim_start_matches(char::is_alphabetic).to_owned(),
                    description: key.to_owned(),
                    references: references.iter().map(|&key| key.to_owned()).collect(),
                    whole: whole.map(str::to_owned),
                    ..Node::default()
                };
                (key.to_owned(), node)
            })
            .collect()
    }

    #[test]
    fn parts_stand_for_their_wholes() {
        // A view depends on the root through its rule, a function through the row type of the view, and an old index through both.
        let nodes = graph(&[
            ("root1", &[], None),
            ("rule9", &["root1", "view8"], Some("view8")),
            ("view8", &[], None),
            ("type10", &["view8"], Some("view8")),
            ("function7", &["type10"], None),
            ("index2", &["function7", "root1"], None),
        ]);
        assert_eq!(
            order(&nodes, &"root1".to_owned()).unwrap(),
            ["view8", "function7", "index2"]
        );
    }

    #[test]
    fn circles_are_refused() {
        let nodes = graph(&[
            ("root1", &[], None),
            ("a2", &["b3", "root1"], None),
            ("b3", &["a2"], None),
        ]);
        assert!(
            order(&nodes, &"root1".to_owned())
                .unwrap_err()
                .contains("circle: a2, b3")
        );
    }
}
