//! Intentional differences from Alembic: `docs/alembic.md` gives the reasons.

use super::super::{Graph, GraphError, MAX_LABELS};
use super::{graph, node, rows, run, try_graph};

#[test]
fn a_dependency_that_is_an_ancestor_already_does_not_break_the_plan() {
    // Alembic fails with a bare KeyError.
    let graph = graph("a1; b1 < a1; b2 < a1; m1 < b1 b2 & a1");
    assert_eq!(graph.upgrade(&[], &["heads"]).unwrap().rows(), ["m1"]);
}

#[test]
fn a_downgrade_leaves_no_row_that_another_row_implies() {
    let graph = graph("a0; a1 < a0; a2 < a0 & a1; b1");
    let plan = graph.downgrade(&rows(&["a2", "b1"]), "a0").unwrap();
    assert_eq!(plan.rows_after(1), ["a1", "b1"]);
}

#[test]
fn a_missing_parent_is_named() {
    assert!(matches!(
        try_graph("a1; b1 < nope"),
        Err(GraphError::MissingDownRevision { down, revision }) if down == "nope" && revision == "b1"
    ));
    assert!(matches!(
        try_graph("a1; b1 & nope"),
        Err(GraphError::MissingDependency { .. })
    ));
}

#[test]
fn an_id_may_be_declared_once() {
    assert!(matches!(try_graph("a1; a1"), Err(GraphError::DuplicateRevision { .. })));
    assert!(matches!(
        try_graph("a1; b1 < a1 a1"),
        Err(GraphError::RepeatedDownRevision { .. })
    ));
}

#[test]
fn cycles_are_seen_wherever_they_are() {
    let Err(GraphError::DependencyCycle { revisions }) = try_graph("a1; a2 < a1 & a3; a3 < a2; a4 < a3") else {
        panic!("the cycle was not seen");
    };
    assert_eq!(revisions, ["a2", "a3"]);
    assert!(matches!(
        try_graph("a1 < a2; a2 < a1; b1"),
        Err(GraphError::Cycle { .. })
    ));
    assert!(matches!(
        try_graph("a1 & own # own"),
        Err(GraphError::DependencyCycle { .. })
    ));
}

#[test]
fn names_that_targets_could_not_say_are_refused() {
    for id in [
        "head",
        "current",
        "a-b",
        "a@b",
        "a:b",
        "a b",
        "a/b",
        "a\u{0}",
        &"a".repeat(201),
    ] {
        let node = super::super::Node {
            revision: id.to_owned(),
            ..Default::default()
        };
        assert!(
            matches!(Graph::new([node]), Err(GraphError::BadRevisionId { .. })),
            "{id}"
        );
    }
    assert!(Graph::new([super::super::Node::default()]).is_err());
    assert!(try_graph("a1 # heads").is_err());
    assert!(try_graph("a1 # -1").is_err());
    assert_eq!(graph("abc1 # release-2").get("release-2").unwrap(), "abc1");
}

#[test]
fn labels_are_bounded_in_number() {
    let nodes = |count| (0..count).map(|index| node(&format!("a{index} # label{index}")));
    assert!(Graph::new(nodes(MAX_LABELS)).is_ok());
    assert!(matches!(
        Graph::new(nodes(MAX_LABELS + 1)),
        Err(GraphError::TooManyLabels { .. })
    ));
}

#[test]
fn a_label_that_looks_like_a_step_is_a_label() {
    let graph = graph("abc1; abc2 < abc1 # release-2");
    assert_eq!(graph.upgrade(&[], &["release-2"]).unwrap().rows(), ["abc2"]);
}

#[test]
fn steps_from_an_id_with_a_dot_are_steps() {
    let graph = graph("w.2020.22; w.2020.23 < w.2020.22");
    assert_eq!(graph.upgrade(&[], &["w.2020.22+1"]).unwrap().rows(), ["w.2020.23"]);
    assert_eq!(graph.upgrade(&[], &["w.2020.23-1"]).unwrap().rows(), ["w.2020.22"]);
}

#[test]
fn relative_targets_end_with_their_number() {
    let graph = graph("a1; a2 < a1");
    for target in ["+1xyz", "+1+1", "++1", "+", "+1.5", "@+1"] {
        assert!(graph.upgrade(&[], &[target]).is_err(), "{target}");
    }
}

#[test]
fn steps_past_the_end_say_so() {
    let graph = graph("a1; a2 < a1");
    for target in ["a1+2", "+3", "a1-2", "base-1", "a1+99999999999999999999"] {
        let error = graph.upgrade(&[], &[target]).unwrap_err();
        assert!(matches!(error, GraphError::TooFar { .. }), "{target}: {error}");
    }
    assert!(graph.upgrade(&[], &["a1-1"]).unwrap().is_empty());
    assert!(matches!(graph.show("-2"), Err(GraphError::TooFar { .. })));
}

#[test]
fn a_step_down_from_several_rows_is_refused() {
    let graph = graph("a1; b1 < a1; b2 < a1");
    let both = rows(&["b1", "b2"]);
    assert!(matches!(
        graph.downgrade(&both, "-1"),
        Err(GraphError::AmbiguousStart { .. })
    ));
    assert_eq!(run(&graph.downgrade(&both, "b1@-1").unwrap()), ["b1"]);
}

#[test]
fn an_upgrade_to_what_the_database_is_past_says_so() {
    let graph = graph("a1; a2 < a1; a3 < a2");
    let plan = graph.upgrade(&rows(&["a3"]), &["a1"]).unwrap();
    assert!(plan.is_empty());
    assert_eq!(plan.passed, ["a1"]);
    assert!(graph.upgrade(&rows(&["a3"]), &["a3"]).unwrap().passed.is_empty());
}

#[test]
fn a_branch_that_is_not_there_is_refused() {
    let graph = graph("a1; a2 < a1");
    assert!(matches!(
        graph.downgrade(&rows(&["a2"]), "typo@base"),
        Err(GraphError::UnknownBranch { .. })
    ));
}

#[test]
fn several_destinations_of_a_stamp_are_all_reached() {
    let graph = graph("a1; b1 < a1; b2 < b1; c1 < a1; c2 < c1");
    for targets in [&["heads"][..], &["c2", "b2"], &["heads", "b1"]] {
        for start in [&["b1", "c1"][..], &["b2", "c1"], &["a1"], &[]] {
            let plan = graph.stamp(&rows(start), targets, false).unwrap();
            assert_eq!(plan.rows(), ["b2", "c2"], "{start:?} {targets:?}");
        }
    }
}

#[test]
fn rows_are_ids() {
    let graph = graph("abcdef01 # core");
    for row in ["abcdef", "core", "lost"] {
        assert!(
            matches!(
                graph.upgrade(&rows(&[row]), &["head"]),
                Err(GraphError::UnknownRow { .. })
            ),
            "{row}"
        );
    }
}

#[test]
fn history_up_to_an_empty_database_is_empty() {
    let graph = graph("a1; a2 < a1");
    assert!(graph.history(&[], Some(":current")).unwrap().is_empty());
    assert_eq!(graph.history(&rows(&["a1"]), Some("current:current")).unwrap(), ["a1"]);
}

#[test]
fn a_down_revision_is_an_id() {
    let nodes = [node("a1 # core"), node("b1 < core")];
    assert!(matches!(Graph::new(nodes), Err(GraphError::DownRevisionIsLabel { .. })));
}
