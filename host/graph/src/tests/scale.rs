//! Histories of a hundred thousand revisions: nothing overflows, nothing takes quadratic time.

use super::super::{Graph, Node};
use super::node;

const COUNT: usize = 100_000;

fn line() -> Graph {
    Graph::new((0..COUNT).map(|index| numbered(index, &[index.checked_sub(1)]))).unwrap()
}

/// A line with a side branch of one revision at each of its revisions.
fn comb() -> Graph {
    let teeth = (0..COUNT).map(|index| match index {
        0 => numbered(0, &[]),
        index if index % 2 == 0 => numbered(index, &[index.checked_sub(2)]),
        index => numbered(index, &[index.checked_sub(1)]),
    });
    Graph::new(teeth).unwrap()
}

/// Pairs of revisions, each of which merges the pair before.
fn ladder() -> Graph {
    let rungs = (0..COUNT).map(|index| {
        let pair = index - index % 2;
        numbered(index, &[pair.checked_sub(2), pair.checked_sub(1)])
    });
    Graph::new(rungs).unwrap()
}

fn numbered(index: usize, down: &[Option<usize>]) -> Node {
    let down: Vec<String> = down.iter().flatten().map(|down| format!("r{down:06}")).collect();
    node(&format!("r{index:06} < {}", down.join(" ")))
}

fn check(graph: &Graph) {
    let up = graph.upgrade(&[], &["heads"]).unwrap();
    assert_eq!(up.steps.len(), COUNT);
    let mut heads: Vec<String> = graph.real_heads().into_iter().map(str::to_owned).collect();
    heads.sort();
    assert_eq!(up.rows(), heads);
    let down = graph.downgrade(&heads, "base").unwrap();
    assert_eq!(down.steps.len(), COUNT);
    assert!(down.rows().is_empty());
    assert!(graph.upgrade(&heads, &["heads"]).unwrap().is_empty());
    assert_eq!(graph.history(&[], Some("base:heads")).unwrap().len(), COUNT);
    assert_eq!(
        graph.stamp(&heads, &["base"], false).unwrap().rows(),
        Vec::<String>::new()
    );
    assert_eq!(graph.stamp(&[], &["heads"], false).unwrap().rows(), heads);
    assert_eq!(graph.labels("r000000").unwrap(), Vec::<&str>::new());
    assert!(graph.get("r05000").is_err());
    assert!(graph.ancestors("r099998").unwrap().len() > 40_000);
}

#[test]
fn a_line() {
    let graph = line();
    check(&graph);
    let steps = graph.upgrade(&["r000000".to_owned()], &["+99999"]).unwrap();
    assert_eq!(steps.steps.len(), COUNT - 1);
    assert_eq!(
        graph.downgrade(&["r099999".to_owned()], "-99999").unwrap().rows(),
        ["r000000"]
    );
}

#[test]
fn a_comb() {
    check(&comb());
}

#[test]
fn a_ladder() {
    check(&ladder());
}

#[test]
fn a_merge_of_everything() {
    let sides: Vec<String> = (0..COUNT - 1).map(|index| format!("r{index:06}")).collect();
    let mut nodes: Vec<Node> = sides.iter().map(|side| node(side)).collect();
    nodes.push(node(&format!("r099999 < {}", sides.join(" "))));
    let graph = Graph::new(nodes).unwrap();
    let plan = graph.upgrade(&[], &["head"]).unwrap();
    assert_eq!(plan.rows(), ["r099999"]);
    assert!(graph.downgrade(&plan.rows(), "base").unwrap().rows().is_empty());
}

#[test]
fn dependencies_that_many_share() {
    let nodes = (0..COUNT).map(|index| {
        let down = index.checked_sub(1000).map(|down| format!("r{down:06}"));
        let dependency = (index >= 1000).then(|| format!("r{:06}", index % 997));
        node(&format!(
            "r{index:06} < {} & {}",
            down.unwrap_or_default(),
            dependency.unwrap_or_default()
        ))
    });
    let graph = Graph::new(nodes).unwrap();
    let plan = graph.upgrade(&[], &["heads"]).unwrap();
    assert_eq!(plan.steps.len(), COUNT);
}
