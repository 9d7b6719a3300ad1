//! JUnit's XML, which CI systems read.

use std::collections::BTreeMap;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use mighost_testkit::{CaseResult, Failure, Outcome, SuiteReport};

/// The report as XML, a suite for each plugin and revision.
pub fn junit(report: &SuiteReport) -> std::io::Result<String> {
    let mut suites: BTreeMap<String, TestSuite> = BTreeMap::new();
    for case in &report.cases {
        let name = case.subject.to_string();
        let suite = suites.entry(name.clone()).or_insert_with(|| TestSuite::new(name));
        suite.add_test_case(test_case(case));
    }
    let mut junit = Report::new("mighost test");
    junit.set_time(Duration::from_secs_f64(report.seconds));
    junit.add_test_suites(suites.into_values());
    let text = junit.to_string().map_err(std::io::Error::other)?;
    // Characters that are not allowed in XML, and that the writer does not remove.
    Ok(text.replace(['\u{fffe}', '\u{ffff}'], ""))
}

fn test_case(case: &CaseResult) -> TestCase {
    let status = match &case.outcome {
        Outcome::Passed => TestCaseStatus::success(),
        Outcome::Failed { failures } => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let first = failures.first().map(|failure| failure.what.clone());
            status.set_message(first.unwrap_or_default());
            let texts: Vec<String> = failures.iter().map(text).collect();
            status.set_description(texts.join("\n"));
            status
        }
        Outcome::Skipped { reason } => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(reason.clone());
            status
        }
    };
    let mut found = TestCase::new(case.name.clone(), status);
    found.set_classname(case.subject.to_string());
    found.set_time(Duration::from_secs_f64(case.seconds));
    if let Some(place) = &case.place {
        found
            .extra
            .insert("file".into(), place.file.display().to_string().into());
        if let Some(line) = place.line {
            found.extra.insert("line".into(), line.to_string().into());
        }
    }
    if !case.log.is_empty() {
        found.set_system_out(case.log.join("\n"));
    }
    found
}

/// A failure as plain text.
pub(super) fn text(failure: &Failure) -> String {
    let mut lines = vec![failure.what.clone()];
    lines.extend(failure.details.iter().cloned());
    if let Some(found) = &failure.difference {
        lines.push(format!("- {}\n+ {}", found.names.0, found.names.1));
        lines.push(super::difference(
            &found.expected,
            &found.found,
            crate::output::Styles::plain(),
        ));
    }
    lines.extend(failure.hints.iter().map(|hint| format!("hint: {hint}")));
    lines.join("\n")
}
