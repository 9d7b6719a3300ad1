//! Simple queries.

use super::super::{NewRevision, parse_offline};
use super::{graph, rows, run};
use mighost_core::{Direction, RowChange};

/// Two branches from a common base, and a third one that depends on the first.
const SHOP: &str = "base1; cart1 < base1 # cart; cart2 < cart1; bill1 < base1 # bill; bill2 < bill1; \
                    net1 & cart2 # net; net2 < net1";

#[test]
fn heads_and_bases() {
    let graph = graph(SHOP);
    assert_eq!(graph.heads(), ["cart2", "bill2", "net2"]);
    assert_eq!(graph.real_heads(), ["bill2", "net2"]);
    assert_eq!(graph.bases(), ["base1", "net1"]);
    assert_eq!(graph.branch_points(), [("base1", vec!["cart1", "bill1"])]);
    assert_eq!(graph.merge_points(), Vec::<&str>::new());
}

#[test]
fn names_and_prefixes() {
    let graph = graph(SHOP);
    assert_eq!(graph.get("cart2").unwrap(), "cart2");
    assert_eq!(graph.get("cart").unwrap(), "cart1");
    assert_eq!(graph.get("base").unwrap(), "base1");
    assert!(graph.get("c").is_err());
    assert_eq!(graph.find("net").unwrap().revision, "net1");
    assert!(graph.find("ne").is_none());
}

#[test]
fn ancestors_are_nearest_first() {
    let graph = graph("a1; b1 < a1; b2 < a1; b3 < b2; m1 < b1 b3 & d1; d1");
    assert_eq!(graph.ancestors("m1").unwrap(), ["b1", "b3", "d1", "b2", "a1"]);
    assert_eq!(graph.ancestors("a1").unwrap(), Vec::<&str>::new());
}

#[test]
fn a_newer_ancestor_comes_before_an_older_one_that_is_fewer_steps_away() {
    let graph = graph("old1; new1 < old1; mid1 < new1; m1 < old1 mid1");
    assert_eq!(graph.ancestors("m1").unwrap(), ["mid1", "new1", "old1"]);
}

#[test]
fn lineage_leaves_dependencies_out() {
    let graph = graph(SHOP);
    assert_eq!(graph.lineage("cart1").unwrap(), ["cart2", "cart1", "base1"]);
    assert_eq!(graph.lineage("net2").unwrap(), ["net2", "net1"]);
}

#[test]
fn labels_spread_up_the_branch_and_down_to_its_beginning() {
    let graph = graph("a1; b1 < a1; b2 < b1 # left; b3 < b2; c1 < a1");
    assert_eq!(graph.labels("b3").unwrap(), ["left"]);
    assert_eq!(graph.labels("b1").unwrap(), ["left"]);
    assert!(graph.labels("a1").unwrap().is_empty());
    assert!(graph.labels("c1").unwrap().is_empty());
}

#[test]
fn a_dependency_takes_the_place_of_its_row() {
    let graph = graph(SHOP);
    let plan = graph.upgrade(&[], &["net@head"]).unwrap();
    assert_eq!(run(&plan), ["base1", "cart1", "cart2", "net1", "net2"]);
    assert_eq!(plan.rows_after(3), ["cart2"]);
    assert_eq!(plan.rows(), ["net2"]);
    assert_eq!(plan.steps[3].from, Vec::<String>::new());
}

#[test]
fn a_merge_deletes_and_updates_and_its_downgrade_inserts() {
    let graph = graph("a1; b1 < a1; b2 < a1; m1 < b1 b2");
    let up = graph.upgrade(&rows(&["b1", "b2"]), &["head"]).unwrap();
    let changes = [
        RowChange::Delete("b1".to_owned()),
        RowChange::Update {
            from: "b2".to_owned(),
            to: "m1".to_owned(),
        },
    ];
    assert_eq!(up.steps[0].changes, changes);
    let down = graph.downgrade(&up.rows(), "-1").unwrap_err();
    assert!(down.to_string().contains("'b1' and 'b2'"), "{down}");
    let down = graph.downgrade(&up.rows(), "b1").unwrap();
    assert_eq!(down.rows(), ["b1", "b2"]);
}

#[test]
fn downgrade_of_a_branch_takes_what_depends_on_it() {
    let graph = graph(SHOP);
    let all = rows(&["bill2", "net2"]);
    assert_eq!(run(&graph.downgrade(&all, "cart1").unwrap()), ["net2", "net1", "cart2"]);
    assert_eq!(graph.downgrade(&all, "net@base").unwrap().rows(), ["bill2", "cart2"]);
    assert_eq!(run(&graph.downgrade(&all, "net@-1").unwrap()), ["net2"]);
    assert_eq!(graph.downgrade(&all, "base").unwrap().rows(), Vec::<String>::new());
}

#[test]
fn relative_upgrades() {
    let graph = graph(SHOP);
    assert_eq!(run(&graph.upgrade(&[], &["bill@+2"]).unwrap()), ["base1", "bill1"]);
    assert_eq!(
        run(&graph.upgrade(&[], &["cart+1"]).unwrap()),
        ["base1", "cart1", "cart2"]
    );
    assert_eq!(run(&graph.upgrade(&rows(&["bill1"]), &["+1"]).unwrap()), ["bill2"]);
    assert_eq!(run(&graph.upgrade(&[], &["cart@head", "bill1"]).unwrap()).len(), 4);
    assert!(graph.upgrade(&rows(&["net2"]), &["cart2"]).unwrap().is_empty());
}

#[test]
fn a_stamp_sets_rows_of_its_lineage_only() {
    let graph = graph(SHOP);
    let plan = graph.stamp(&rows(&["cart1", "bill1"]), &["cart2"], false).unwrap();
    assert_eq!(plan.rows(), ["bill1", "cart2"]);
    assert_eq!(plan.steps[0].direction, Direction::Stamp);
    let plan = graph.stamp(&rows(&["lost"]), &["heads"], true).unwrap();
    assert_eq!(plan.rows(), ["bill2", "net2"]);
    assert_eq!(plan.start, Vec::<String>::new());
}

#[test]
fn history_ranges() {
    let graph = graph(SHOP);
    let at = rows(&["cart1"]);
    assert_eq!(
        graph.history(&at, Some("base1:cart@head")).unwrap(),
        ["cart2", "cart1", "base1"]
    );
    assert_eq!(
        graph.history(&at, Some("current:cart@head")).unwrap(),
        ["cart2", "cart1"]
    );
    assert_eq!(graph.history(&at, Some(":current")).unwrap(), ["cart1", "base1"]);
    assert_eq!(graph.history(&at, None).unwrap().len(), 7);
    assert!(graph.history(&at, Some("bill2:cart2")).is_err());
}

#[test]
fn offline_ranges_start_where_they_say() {
    let graph = graph(SHOP);
    let plan = graph.offline(Direction::Upgrade, &["cart1:net@head"], false).unwrap();
    assert_eq!(plan.start, ["cart1"]);
    assert_eq!(run(&plan), ["cart2", "net1", "net2"]);
    let parsed = parse_offline(Direction::Stamp, &["a:b", "c"], false).unwrap();
    assert_eq!((parsed.start, parsed.targets), (Some("a"), vec!["b", "c"]));
}

#[test]
fn a_new_revision_stands_on_heads() {
    let graph = graph(SHOP);
    let new = NewRevision {
        revision: "new1",
        heads: &["cart@head"],
        depends_on: &["net", "bill2"],
        ..NewRevision::default()
    };
    let parents = graph.parents(&new).unwrap();
    assert_eq!(parents.down_revisions, ["cart2"]);
    assert_eq!(parents.depends_on, ["net", "bill2"]);
    let inner = NewRevision {
        heads: &["cart1"],
        ..new
    };
    assert!(graph.parents(&inner).is_err());
    assert!(graph.parents(&NewRevision { splice: true, ..inner }).is_ok());
    let base = NewRevision {
        heads: &["base"],
        ..new
    };
    assert!(graph.parents(&base).unwrap().down_revisions.is_empty());
}
