//! The revision graph gives Alembic's answers.
//!
//! `data/revision_cases.jsonl` holds random cases with what Alembic's own code said to them: one a line, the answer's texts and
//! SQL left out. They pass through the code of `examples/revision_answers.rs`, which answers any number of such cases.

#[path = "../examples/revision_answers.rs"]
mod revision_answers;

use std::collections::BTreeSet;

use serde_json::Value;

const CASES: &str = include_str!("data/revision_cases.jsonl");

#[test]
fn answers_are_those_of_alembic() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in CASES.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let got = revision_answers::answer(&line["case"]);
        if !agree(&line["expect"], &got) {
            wrong.push(format!(
                "case: {}\nexpected: {}\ngot: {got}",
                line["case"], line["expect"]
            ));
        }
        count += 1;
    }
    assert!(count > 150, "only {count} cases were read");
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

fn agree(expected: &Value, got: &Value) -> bool {
    if let Some(kind) = expected.get("kind") {
        return got["ok"] == false && got["error"]["kind"] == *kind;
    }
    let steps = |answer: &Value| answer["steps"].as_array().cloned().unwrap_or_default();
    let (expected_steps, got_steps) = (steps(expected), steps(got));
    got["ok"] == true
        && expected["rows"] == got["rows"]
        && expected["result"] == got["result"]
        && expected_steps.len() == got_steps.len()
        && expected_steps.iter().zip(&got_steps).all(|(a, b)| same_step(a, b))
}

/// Both ends of a step are sets.
fn same_step(a: &Value, b: &Value) -> bool {
    ["dir", "up", "rev", "rows"].iter().all(|field| a[field] == b[field])
        && ["from", "to"].iter().all(|field| ids(&a[field]) == ids(&b[field]))
}

fn ids(value: &Value) -> BTreeSet<&str> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}
