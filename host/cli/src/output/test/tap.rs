//! The Test Anything Protocol, version 14.

use std::fmt::Write as _;

use super::junit::text;
use mighost_testkit::{Outcome, SuiteReport};

/// The report as TAP.
pub fn tap(report: &SuiteReport) -> String {
    let mut lines = format!("TAP version 14\n1..{}\n", report.cases.len());
    for (number, case) in report.cases.iter().enumerate() {
        let number = number + 1;
        let title = description(&case.title());
        let _ = match &case.outcome {
            Outcome::Passed => writeln!(lines, "ok {number} - {title}"),
            Outcome::Skipped { reason } => writeln!(lines, "ok {number} - {title} # SKIP {}", description(reason)),
            Outcome::Failed { failures } => {
                let _ = writeln!(lines, "not ok {number} - {title}\n  ---");
                if let Some(place) = &case.place {
                    let _ = writeln!(lines, "  at: {}", serde_json::json!(place.to_string()));
                }
                let texts: Vec<String> = failures.iter().map(text).collect();
                // The indentation is explicit, because the first line may begin with a space.
                lines.push_str("  message: |2\n");
                for line in texts.join("\n").lines() {
                    let plain: String = line
                        .chars()
                        .filter(|c| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}'))
                        .collect();
                    let _ = writeln!(lines, "    {plain}");
                }
                writeln!(lines, "  ...")
            }
        };
    }
    if report.not_run > 0 {
        let _ = writeln!(lines, "Bail out! {} not run", report.not_run);
    }
    lines
}

/// One line; `#` would begin a directive.
fn description(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain.replace('\\', "\\\\").replace('#', "\\#")
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;
    use mighost_testkit::{CaseKind, CaseResult, Failure, Subject};

    #[test]
    fn results_are_written_as_tap() {
        let case = |name: &str| CaseResult::new(Subject::Revision("a1".into()), CaseKind::Isolated, name);
        let mut failing = case("issue #4");
        failing.outcome = Outcome::Failed {
            failures: vec![Failure::new("wrong").difference("a\n", "b\n")],
        };
        let mut skipped = case("later");
        skipped.outcome = Outcome::Skipped {
            reason: "no\nserver".into(),
        };
        let suite = SuiteReport {
            cases: vec![case("good"), failing, skipped],
            ..SuiteReport::default()
        };
        assert_snapshot!(tap(&suite), @r"
        TAP version 14
        1..3
        ok 1 - revision a1: good
        not ok 2 - revision a1: issue \#4
          ---
          message: |2
            wrong
            - expected
            + found
            - a
            + b
          ...
        ok 3 - revision a1: later # SKIP no server
        ");
    }
}
