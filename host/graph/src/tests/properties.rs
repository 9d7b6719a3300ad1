//! Properties of any graph.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::super::{Graph, GraphError, Node, Plan};
use mighost_core::{Direction, RowChange};

const COUNT: usize = 24;

/// Any graph without cycles: down revisions and dependencies point to what is declared before, and then the order of
/// declaration is shuffled.
fn nodes() -> impl Strategy<Value = Vec<Node>> {
    let parents = prop::collection::vec(any::<prop::sample::Index>(), 0..4);
    let needs = prop::collection::vec(any::<prop::sample::Index>(), 0..2);
    let one = (parents, needs, any::<bool>());
    prop::collection::vec(one, 1..COUNT)
        .prop_map(|choices| {
            let mut nodes: Vec<Node> = Vec::new();
            for (index, (parents, needs, labelled)) in choices.into_iter().enumerate() {
                let pick = |chosen: Vec<prop::sample::Index>| -> Vec<String> {
                    let ids: BTreeSet<usize> = match index {
                        0 => BTreeSet::new(),
                        index => chosen.into_iter().map(|choice| choice.index(index)).collect(),
                    };
                    ids.into_iter().map(|id| format!("r{id}")).collect()
                };
                nodes.push(Node {
                    revision: format!("r{index}"),
                    down_revisions: pick(parents),
                    depends_on: pick(needs),
                    branch_labels: if labelled {
                        vec![format!("label{index}")]
                    } else {
                        Vec::new()
                    },
                });
            }
            nodes
        })
        .prop_shuffle()
}

/// Replays the changes strictly: each must affect exactly one row.
fn replay(plan: &Plan) -> BTreeSet<String> {
    let mut rows: BTreeSet<String> = plan.start.iter().cloned().collect();
    for (step, number) in plan.steps.iter().zip(1..) {
        for change in &step.changes {
            match change {
                RowChange::Insert(row) => assert!(rows.insert(row.clone()), "{row} is there already"),
                RowChange::Delete(row) => assert!(rows.remove(row), "{row} is not there"),
                RowChange::Update { from, to } => {
                    assert!(rows.remove(from), "{from} is not there");
                    assert!(rows.insert(to.clone()), "{to} is there already");
                }
            }
        }
        assert_eq!(plan.rows_after(number), rows.iter().cloned().collect::<Vec<_>>());
    }
    rows
}

fn needs(nodes: &[Node]) -> BTreeMap<&str, Vec<&str>> {
    let required = |node: &'_ Node| {
        node.down_revisions
            .iter()
            .chain(&node.depends_on)
            .cloned()
            .collect::<Vec<_>>()
    };
    nodes
        .iter()
        .map(|node| {
            let ids = required(node);
            let known = nodes
                .iter()
                .map(|node| node.revision.as_str())
                .filter(|id| ids.iter().any(|need| need == id));
            (node.revision.as_str(), known.collect())
        })
        .collect()
}

fn closure<'a>(needs: &BTreeMap<&'a str, Vec<&'a str>>, starts: &[&'a str]) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    let mut todo = starts.to_vec();
    while let Some(id) = todo.pop() {
        if seen.insert(id) {
            todo.extend(&needs[id]);
        }
    }
    seen
}

/// The applied revisions that no applied one needs.
fn tips(needs: &BTreeMap<&str, Vec<&str>>, applied: &BTreeSet<&str>) -> BTreeSet<String> {
    applied
        .iter()
        .filter(|id| !applied.iter().any(|other| needs[other].contains(id)))
        .map(|&id| id.to_owned())
        .collect()
}

proptest! {
    #[test]
    fn an_upgrade_applies_what_is_needed_in_order(nodes in nodes(), first: prop::sample::Index, second: prop::sample::Index) {
        let graph = Graph::new(nodes.clone()).unwrap();
        let needs = needs(&nodes);
        let (first, second) = (first.get(&nodes), second.get(&nodes));

        let start = graph.upgrade(&[], &[&first.revision]).unwrap();
        let rows: Vec<String> = replay(&start).into_iter().collect();
        let plan = graph.upgrade(&rows, &[&second.revision]).unwrap();

        let mut applied = closure(&needs, &[&first.revision]);
        for step in &plan.steps {
            let id = step.revision.as_str();
            prop_assert_eq!(step.direction, Direction::Upgrade);
            prop_assert!(needs[id].iter().all(|need| applied.contains(need)), "{} comes too early", id);
            prop_assert!(applied.insert(id), "{} comes twice", id);
        }
        prop_assert_eq!(&applied, &closure(&needs, &[&first.revision, &second.revision]));
        prop_assert_eq!(replay(&plan), tips(&needs, &applied));
    }

    #[test]
    fn a_downgrade_takes_away_what_stands_above(nodes in nodes(), target: prop::sample::Index) {
        let graph = Graph::new(nodes.clone()).unwrap();
        let needs = needs(&nodes);
        let target = target.get(&nodes).revision.as_str();
        let all = graph.upgrade(&[], &["heads"]).unwrap();
        let plan = match graph.downgrade(&all.rows(), target) {
            // Revisions that are only dependencies of others have nothing above them that a downgrade to them could revert.
            Err(GraphError::NotDowngradeTarget { .. }) => {
                prop_assert!(graph.children(target).unwrap().is_empty() && !all.rows().iter().any(|row| row == target));
                return Ok(());
            }
            plan => plan.unwrap(),
        };

        let mut applied: BTreeSet<&str> = needs.keys().copied().collect();
        for step in &plan.steps {
            let id = step.revision.as_str();
            prop_assert!(applied.remove(id), "{} comes twice", id);
            prop_assert!(!applied.iter().any(|other| needs[other].contains(&id)), "{} comes too early", id);
        }
        prop_assert!(applied.contains(target));
        prop_assert_eq!(replay(&plan), tips(&needs, &applied));
    }

    #[test]
    fn up_and_down_again_is_nothing(nodes in nodes()) {
        let graph = Graph::new(nodes.clone()).unwrap();
        let up = graph.upgrade(&[], &["heads"]).unwrap();
        prop_assert_eq!(up.steps.len(), nodes.len());
        let down = graph.downgrade(&up.rows(), "base").unwrap();
        prop_assert_eq!(down.steps.len(), nodes.len());
        prop_assert!(replay(&down).is_empty());
    }

    #[test]
    fn a_stamp_to_heads_is_the_rows_of_an_upgrade(nodes in nodes(), at: prop::sample::Index) {
        let graph = Graph::new(nodes.clone()).unwrap();
        let rows = graph.upgrade(&[], &[&at.get(&nodes).revision]).unwrap().rows();
        let plan = graph.stamp(&rows, &["heads"], false).unwrap();
        prop_assert_eq!(replay(&plan).into_iter().collect::<Vec<_>>(), graph.upgrade(&[], &["heads"]).unwrap().rows());
    }

    #[test]
    fn a_stamp_sets_the_rows_of_the_lineages_it_names(nodes in nodes(), at: prop::sample::Index, to: [prop::sample::Index; 3]) {
        let graph = Graph::new(nodes.clone()).unwrap();
        let needs = needs(&nodes);
        let rows = graph.upgrade(&[], &[&at.get(&nodes).revision]).unwrap().rows();
        let targets = to.map(|to| to.get(&nodes).revision.as_str());
        let plan = graph.stamp(&rows, &targets, false).unwrap();

        let related = |row: &str| targets.iter().any(|target| {
            closure(&needs, &[target]).contains(row) || closure(&needs, &[row]).contains(target)
        });
        let mut expected = tips(&needs, &closure(&needs, &targets));
        expected.extend(rows.iter().filter(|row| !related(row)).cloned());
        prop_assert_eq!(replay(&plan), expected);
    }

    #[test]
    fn any_text_is_a_target_or_an_error(
        nodes in nodes(),
        at: prop::sample::Index,
        target in "(r[0-9]|label[0-9]|head|heads|base|current|x)?@?(r[0-9]|label|head|heads|base)?[-+:]?[0-9]{0,2}|\\PC{0,8}",
    ) {
        let graph = Graph::new(nodes.clone()).unwrap();
        let rows = graph.upgrade(&[], &[&at.get(&nodes).revision]).unwrap().rows();
        for plan in [
            graph.upgrade(&rows, &[&target]),
            graph.downgrade(&rows, &target),
            graph.stamp(&rows, &[&target], false),
            graph.offline(Direction::Upgrade, &[&target], false),
        ] {
            match plan {
                Ok(plan) => { replay(&plan); }
                Err(error) => prop_assert!(!error.to_string().is_empty()),
            }
        }
        let _ = (graph.show(&target), graph.history(&rows, Some(&target)), graph.labels(&target));
    }

    #[test]
    fn any_declarations_are_a_graph_or_an_error(
        declared in prop::collection::vec(("[a-e@ ]{0,2}", prop::collection::vec("[a-e]", 0..3), prop::collection::vec("[a-g]", 0..2)), 0..8),
    ) {
        let nodes = declared.into_iter().map(|(revision, down_revisions, depends_on)| Node {
            branch_labels: Vec::new(), revision, down_revisions, depends_on,
        });
        if let Ok(graph) = Graph::new(nodes) {
            prop_assert_eq!(graph.newest_first().len(), graph.len());
        }
    }
}
