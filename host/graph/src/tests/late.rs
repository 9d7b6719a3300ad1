//! Revisions that were inserted below applied ones.

use proptest::prelude::*;

use super::super::{Graph, LedgerEntryKind, Node, OutOfOrder};
use super::{graph, rows};

/// `late` for a ledger of `id` for upgraded and `!id` for stamped revisions.
fn late(graph: &Graph, at: &[&str], ledger: &str) -> String {
    let remembered = |id: &str| {
        ledger.split(' ').find_map(|line| match line.strip_prefix('!') {
            Some(stamped) => (stamped == id).then_some(LedgerEntryKind::Stamped),
            None => (line == id).then_some(LedgerEntryKind::Upgraded),
        })
    };
    let found = graph.late(&rows(at), remembered).unwrap();
    let found: Vec<String> = found
        .iter()
        .map(|OutOfOrder { revision, above }| format!("{revision}<{above}"))
        .collect();
    found.join(" ")
}

#[test]
fn between_and_beside() {
    let between = graph("a1; x1 < a1; b1 < x1; c1 < b1");
    assert_eq!(late(&between, &["c1"], "a1 b1 c1"), "x1<b1");
    assert_eq!(late(&between, &["a1"], "a1"), "");
    assert_eq!(
        late(&between, &["x1"], "a1"),
        "",
        "a row by other means, with nothing above"
    );
    let beside = graph("a1; b1 < a1; x1 < a1; x2 < x1; c1 < b1 x2; d1 < c1");
    assert_eq!(late(&beside, &["d1"], "a1 b1 c1 d1"), "x1<c1 x2<c1");
    assert_eq!(late(&beside, &["b1"], "a1 b1"), "");
    let dependency = graph("a1; b1 < a1; x1 < a1; c1 < b1 & x1");
    assert_eq!(late(&dependency, &["c1"], "a1 b1 c1"), "x1<c1");
}

#[test]
fn what_a_ledger_cannot_know() {
    let line = graph("a1; b1 < a1; c1 < b1; d1 < c1");
    assert_eq!(late(&line, &["d1"], ""), "", "another tool's database");
    assert_eq!(late(&line, &["d1"], "c1 d1"), "", "another tool's until b1");
    assert_eq!(late(&line, &["d1"], "a1 !c1 d1"), "", "a stamp answers for b1");
    assert_eq!(late(&line, &["d1"], "a1 d1"), "b1<d1 c1<d1");
}

proptest! {
    /// Revisions that are only added at the top are never out of order.
    #[test]
    fn growing_at_the_top(parents in proptest::collection::vec(proptest::collection::vec(any::<prop::sample::Index>(), 0..3), 1..20)) {
        let nodes = parents.iter().enumerate().map(|(number, parents)| {
            let mut down: Vec<String> = parents.iter().filter(|_| number > 0).map(|parent| format!("r{}", parent.index(number))).collect();
            down.sort();
            down.dedup();
            Node { revision: format!("r{number}"), down_revisions: down, ..Node::default() }
        });
        let graph = Graph::new(nodes).unwrap();
        let heads: Vec<String> = graph.real_heads().into_iter().map(str::to_owned).collect();
        prop_assert!(graph.late(&heads, |_| Some(LedgerEntryKind::Upgraded)).unwrap().is_empty());
        // One that the ledger does not have, with a line above it and one below.
        for node in graph.nodes() {
            let found = graph.late(&heads, |id| (id != node.revision).then_some(LedgerEntryKind::Upgraded)).unwrap();
            let inside = !graph.children(&node.revision).unwrap().is_empty() && !node.down_revisions.is_empty();
            prop_assert_eq!(found.len(), usize::from(inside));
        }
    }
}
