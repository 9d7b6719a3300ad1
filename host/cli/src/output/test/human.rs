//! The output for users: failures, with diffs, and the number of passed tests.

use std::fmt::Write as _;
use std::time::Duration;

use similar::{ChangeTag, TextDiff};

use crate::output::{Styles, duration, escape_line, escape_text};
use mighost_testkit::{CaseResult, Coverage, Failure, Group, Listed, Outcome, SuiteReport};

/// The number of lines around a change in a diff.
const CONTEXT: usize = 3;
/// The maximum time for computing a diff; after that, a worse one is shown.
const MAX_TIME: Duration = Duration::from_millis(500);
/// The maximum number of lines of a diff.
const MAX_LINES: usize = 400;
/// The maximum number of names of untested functions in each group.
const MAX_NAMES: usize = 40;

/// The failed and skipped tests, the coverage if requested, and the totals.
pub fn report(report: &SuiteReport, styles: Styles) -> String {
    let mut text = String::new();
    for case in &report.cases {
        match &case.outcome {
            Outcome::Passed => {}
            Outcome::Failed { failures } => failed(&mut text, case, failures, styles),
            Outcome::Skipped { reason } => {
                let title = escape_line(&case.title()).into_owned();
                let _ = writeln!(text, "{} {title}: {}\n", styles.warning("SKIP"), escape_line(reason));
            }
        }
    }
    if let Some(found) = &report.coverage {
        coverage(&mut text, found, report.seed.is_none(), styles);
    }
    let (passed, failed, skipped) = report.counts();
    let mut sums = vec![styles.good(&format!("{passed} passed"))];
    if failed > 0 {
        sums.push(styles.error(&format!("{failed} failed")));
    }
    if skipped > 0 {
        sums.push(styles.warning(&format!("{skipped} skipped")));
    }
    if report.not_run > 0 {
        sums.push(styles.warning(&format!("{} not run", report.not_run)));
    }
    let time = duration(Duration::from_secs_f64(report.seconds));
    let seed = report.seed.map(|seed| styles.dim(&format!(" (--seed {seed})")));
    let word = if report.interrupted { "interrupted: " } else { "" };
    let _ = writeln!(text, "{word}{} in {time}{}", sums.join(", "), seed.unwrap_or_default());
    if failed > 0 && !report.updates.is_empty() {
        let files = report.updates.len();
        let what = if files == 1 {
            "1 file".to_owned()
        } else {
            format!("{files} files")
        };
        let hint = format!("if the results are right, run `mighost test --update` to write them to {what}");
        let _ = writeln!(text, "{}: {hint}", styles.good("hint"));
    }
    text
}

fn failed(text: &mut String, case: &CaseResult, failures: &[Failure], styles: Styles) {
    let _ = writeln!(
        text,
        "{} {}",
        styles.error("FAIL"),
        styles.bold(&escape_line(&case.title()))
    );
    if let Some(place) = &case.place {
        let _ = writeln!(text, "  {}", styles.dim(&escape_line(&place.to_string())));
    }
    for failure in failures {
        push(text, "  ", &failure.what);
        for line in &failure.details {
            push(text, "    ", line);
        }
        if let Some(found) = &failure.difference {
            let _ = writeln!(text, "    {}", styles.error(&format!("- {}", found.names.0)));
            let _ = writeln!(text, "    {}", styles.good(&format!("+ {}", found.names.1)));
            for line in difference(&found.expected, &found.found, styles).lines() {
                let _ = writeln!(text, "    {line}");
            }
        }
        for hint in &failure.hints {
            let mut lines = hint.lines();
            let first = lines.next().unwrap_or_default();
            let _ = writeln!(text, "  {}: {}", styles.good("hint"), escape_line(first));
            for line in lines {
                push(text, "    ", line);
            }
        }
    }
    if !case.log.is_empty() {
        text.push_str("  messages:\n");
        for message in &case.log {
            push(text, "    ", message);
        }
    }
    text.push('\n');
}

fn push(text: &mut String, indent: &str, lines: &str) {
    for line in escape_text(lines).lines() {
        let _ = writeln!(text, "{indent}{line}");
    }
}

/// The differing lines, with some around them.
pub fn difference(before: &str, after: &str, styles: Styles) -> String {
    let diff = TextDiff::configure().timeout(MAX_TIME).diff_lines(before, after);
    let mut text = String::new();
    let mut shown = 0;
    for (number, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if number > 0 {
            let _ = writeln!(text, "{}", styles.dim("  ..."));
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            shown += 1;
            if shown > MAX_LINES {
                let _ = writeln!(text, "{}", styles.dim("  ... and more"));
                return text;
            }
            let value = escape_text(change.value());
            let line = value.trim_end_matches('\n');
            let _ = match change.tag() {
                ChangeTag::Equal => writeln!(text, "  {line}"),
                ChangeTag::Delete => writeln!(text, "{}", styles.error(&format!("- {line}"))),
                ChangeTag::Insert => writeln!(text, "{}", styles.good(&format!("+ {line}"))),
            };
        }
    }
    text
}

/// The functions that never ran. A history runs every upgrade and downgrade, without checking their purpose.
fn coverage(text: &mut String, coverage: &Coverage, of_history: bool, styles: Styles) {
    for group in &coverage.groups {
        let _ = writeln!(
            text,
            "{}: {} of {} {}",
            styles.bold(group.name),
            group.tested,
            group.of,
            if of_history { "run" } else { "tested" }
        );
        for name in group.never.iter().take(MAX_NAMES) {
            let _ = writeln!(text, "    never: {}", escape_line(name));
        }
        if let Some(more) = group.never.len().checked_sub(MAX_NAMES).filter(|more| *more > 0) {
            let _ = writeln!(text, "    and {more} more");
        }
    }
    let steps = |group: &&Group| ["upgrades", "downgrades"].contains(&group.name);
    if !of_history
        && coverage
            .groups
            .iter()
            .filter(steps)
            .any(|group| !group.never.is_empty())
    {
        text.push_str("`mighost test --history` also runs upgrades and downgrades without tests, but does not check their purpose\n");
    }
    text.push('\n');
}

/// The names of tests, one per line.
pub fn list(tests: &[Listed], styles: Styles) -> String {
    let mut text = String::new();
    for test in tests {
        let _ = writeln!(
            text,
            "{}: {}  {}",
            styles.name(&escape_line(&test.subject.to_string())),
            escape_line(&test.name),
            styles.dim(&escape_line(&test.place.to_string()))
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;
    use mighost_testkit::{CaseKind, Place, Subject};

    #[test]
    fn what_failed_is_shown_with_a_diff() {
        let subject = Subject::Plugin("roles".into());
        let mut failing = CaseResult::new(subject.clone(), CaseKind::Isolated, "quotes names");
        failing.place = Some(Place {
            file: "plugins/roles/tests/roles.toml".into(),
            line: Some(3),
        });
        failing.outcome = Outcome::Failed {
            failures: vec![
                Failure::new("the statements sent differ from the expected ones")
                    .difference("set role a;\nselect 1;\n", "set role \"a\";\nselect 1;\n")
                    .hint("first\nsecond"),
            ],
        };
        failing.log = vec!["a message\u{1b}".into()];
        let mut skipped = CaseResult::new(subject.clone(), CaseKind::PgTap, "x.sql");
        skipped.outcome = Outcome::Skipped {
            reason: "no pgtap".into(),
        };
        let suite = SuiteReport {
            cases: vec![CaseResult::new(subject, CaseKind::Isolated, "good"), failing, skipped],
            seed: Some(7),
            seconds: 0.25,
            ..SuiteReport::default()
        };
        assert_snapshot!(report(&suite, Styles::plain()), @r#"
        FAIL plugin roles: quotes names
          plugins/roles/tests/roles.toml:3
          the statements sent differ from the expected ones
            - expected
            + found
            - set role a;
            + set role "a";
              select 1;
          hint: first
            second
          messages:
            a message\u{1b}

        SKIP plugin roles: x.sql: no pgtap

        1 passed, 1 failed, 1 skipped in 250 ms (--seed 7)
        "#);
    }
}
