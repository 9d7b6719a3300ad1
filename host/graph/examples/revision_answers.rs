//! Answers questions about revision graphs, one JSON case a line, in the form of the oracle that asks Alembic the same.
//!
//! `cargo run --release --example revision_answers < cases.jsonl > answers.jsonl`. A line is a case, or an object whose
//! `case` is one. `tests/revision_oracle.rs` uses this file as a module.

use std::io::{BufRead, Write};

use mighost_core::Direction;
use mighost_graph::{Graph, GraphError, NewRevision, Node, Plan, parse_offline, parse_online};
use serde_json::{Value, json};

#[cfg_attr(test, expect(dead_code, reason = "a test uses this file as a module"))]
pub fn main() -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        if !line.trim().is_empty() {
            let case: Value = serde_json::from_str(&line)?;
            writeln!(output, "{}", answer(case.get("case").unwrap_or(&case)))?;
        }
    }
    Ok(())
}

/// The answer to a case.
pub fn answer(case: &Value) -> Value {
    let answered = match result(case) {
        Ok(mut answer) => {
            answer["ok"] = json!(true);
            answer
        }
        Err(error) => json!({
            "ok": false,
            "error": { "kind": kind(&error, case), "message": error.to_string() },
        }),
    };
    with_id(answered, case)
}

fn with_id(mut answer: Value, case: &Value) -> Value {
    answer["id"] = case["id"].clone();
    answer
}

fn result(case: &Value) -> Result<Value, GraphError> {
    let command = case["command"].as_str().unwrap_or_default();
    let targets = texts(&case["target"]);
    let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
    let target = targets.first().copied();
    let rows = texts(&case["current"]);
    let flag = |name: &str| case[name].as_bool().unwrap_or(false);
    let direction = match command {
        "upgrade" => Some(Direction::Upgrade),
        "downgrade" => Some(Direction::Downgrade),
        "stamp" => Some(Direction::Stamp),
        _ => None,
    };
    if let Some(direction) = direction {
        // The form of the targets is looked at before the graph is there, as a command does.
        if flag("offline") {
            parse_offline(direction, &targets, flag("purge"))?;
        } else {
            parse_online(&targets)?;
        }
    }
    let graph = Graph::new(nodes(case))?;
    Ok(match (command, direction) {
        (_, Some(direction)) if flag("offline") => steps(&graph, &graph.offline(direction, &targets, flag("purge"))?),
        ("upgrade", _) => steps(&graph, &graph.upgrade(&rows, &targets)?),
        ("downgrade", _) => steps(&graph, &graph.downgrade(&rows, target.unwrap_or_default())?),
        ("stamp", _) => steps(&graph, &graph.stamp(&rows, &targets, flag("purge"))?),
        ("history", _) => json!({ "result": graph.history(&rows, target)? }),
        ("show", _) => json!({ "result": graph.show(target.unwrap_or_default())? }),
        ("current", _) => json!({ "result": sorted(graph.current(&rows)?) }),
        ("heads", _) if flag("resolve_dependencies") => json!({ "result": graph.real_heads() }),
        ("heads", _) => json!({ "result": graph.heads() }),
        ("bases", _) => json!({ "result": graph.bases() }),
        ("branches", _) => {
            let points = graph.branch_points().into_iter();
            let shown: Vec<Value> = points
                .map(|(revision, next)| json!({ "rev": revision, "next": sorted(next) }))
                .collect();
            json!({ "result": shown })
        }
        ("labels", _) => {
            let mut labels = json!({});
            for node in graph.nodes() {
                labels[&node.revision] = json!(graph.labels(&node.revision)?);
            }
            json!({ "result": labels })
        }
        ("revision" | "merge", _) => {
            let labels = texts(&case["branch_label"]);
            let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
            let depends_on = texts(&case["depends_on"]);
            let depends_on: Vec<&str> = depends_on.iter().map(String::as_str).collect();
            let parents = graph.parents(&NewRevision {
                revision: case["new_id"].as_str().unwrap_or("newrevision0"),
                heads: &targets,
                splice: flag("splice"),
                depends_on: &depends_on,
                branch_labels: &labels,
            })?;
            json!({ "result": {
                "down_revision": parents.down_revisions,
                "depends_on": parents.depends_on,
                "branch_labels": labels,
            }})
        }
        (other, _) => json!({ "result": format!("unknown command {other}") }),
    })
}

fn nodes(case: &Value) -> Vec<Node> {
    let revisions = case["revisions"].as_array().map(Vec::as_slice).unwrap_or_default();
    revisions
        .iter()
        .map(|revision| Node {
            revision: revision["id"].as_str().unwrap_or_default().to_owned(),
            down_revisions: texts(&revision["down"]),
            depends_on: texts(&revision["depends_on"]),
            branch_labels: texts(&revision["labels"]),
        })
        .collect()
}

fn steps(graph: &Graph, plan: &Plan) -> Value {
    let steps: Vec<Value> = (plan.steps.iter().zip(1..))
        .map(|(step, number)| {
            let mut shown = json!({
                "dir": match step.direction {
                    Direction::Upgrade => "up",
                    Direction::Downgrade => "down",
                    Direction::Stamp => "stamp",
                },
                "rev": step.revision,
                "from": step.from,
                "to": step.to,
                "rows": plan.rows_after(number),
            });
            if step.direction == Direction::Stamp {
                shown["rev"] = Value::Null;
                shown["up"] = json!(goes_up(graph, &step.from, &step.to));
            }
            shown
        })
        .collect();
    json!({ "steps": steps, "rows": plan.rows() })
}

/// Whether a stamp sets the table to something above what it comes from.
fn goes_up(graph: &Graph, from: &[String], to: &[String]) -> bool {
    let Some(to) = to.first() else { return false };
    !from
        .iter()
        .any(|from| graph.ancestors(from).is_ok_and(|below| below.contains(&to.as_str())))
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items
            .iter()
            .filter_map(|item| item.as_str().map(str::to_owned))
            .collect(),
        _ => Vec::new(),
    }
}

fn sorted(mut ids: Vec<&str>) -> Vec<&str> {
    ids.sort_unstable();
    ids
}

/// The oracle's word for an error.
fn kind(error: &GraphError, case: &Value) -> &'static str {
    match error {
        GraphError::DuplicateRevision { .. } => "duplicate_revision",
        GraphError::DuplicateLabel { .. } | GraphError::LabelIsRevision { .. } => "duplicate_label",
        GraphError::BadRevisionId { .. } => "bad_revision_id",
        GraphError::BadLabel { .. } => "bad_label",
        GraphError::TooManyLabels { .. } => "too_many_labels",
        GraphError::MissingDownRevision { .. } | GraphError::DownRevisionIsLabel { .. } => "missing_down",
        GraphError::MissingDependency { .. } => "missing_dependency",
        GraphError::RepeatedDownRevision { .. } => "repeated_down",
        GraphError::SelfLoop { .. } => "loop",
        GraphError::Cycle { .. } => "cycle",
        GraphError::DependencyCycle { .. } => "dependency_cycle",
        GraphError::UnknownRevision { .. }
        | GraphError::UnknownRow { .. }
        | GraphError::BadTarget { .. }
        | GraphError::SeveralFloors { .. } => "unknown_revision",
        GraphError::AmbiguousPrefix { .. } => "ambiguous_prefix",
        GraphError::UnknownBranch { .. } => "unknown_branch",
        GraphError::NotInBranch { .. } => "not_in_branch",
        GraphError::MultipleHeads { .. } => "multiple_heads",
        GraphError::AmbiguousWalk { .. } => "ambiguous_walk",
        GraphError::TooFar { .. } | GraphError::WrongWay { .. } => "relative_too_far",
        GraphError::AmbiguousStart { .. } => "ambiguous_upgrade",
        GraphError::Overlap { .. } | GraphError::OverlappingRows { .. } => "overlap",
        GraphError::NotDowngradeTarget { .. } => "not_downgrade_target",
        GraphError::NotAncestor { .. } => "range_not_ancestor",
        // Alembic looks for a revision of this name.
        GraphError::RangeOnline { .. } if case["command"] == "stamp" => "unknown_revision",
        GraphError::RangeOnline { .. } => "range_online",
        GraphError::RangeRequired { .. } => "range_required",
        GraphError::BadRange { .. } | GraphError::SeveralStarts { .. } => "bad_range",
        GraphError::PurgeOffline => "purge_offline",
        GraphError::NotAHead { .. } => "not_a_head",
        GraphError::RepeatedHead { .. } => "duplicate_heads",
        GraphError::RowMismatch { .. } | GraphError::RowTaken { .. } => "version_row_mismatch",
    }
}
