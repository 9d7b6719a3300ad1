//! Files of pgTAP assertions.

use std::sync::Arc;

use super::Databases;
use super::steps::Session;
use crate::TestProject;
use crate::case::Context;
use crate::coverage::Item;
use crate::report::{Failure, Subject};
use crate::unit_case::Verdict;
use mighost_core::{Silent, Value};
use mighost_postgres::{ask, script};

const AVAILABLE: &str = "select exists (select from pg_catalog.pg_available_extensions where name = 'pgtap')";

/// Runs a file on a database at the migration, or at the base for a plugin; or returns the reason why not.
pub(crate) async fn run(
    project: &TestProject,
    databases: &Databases,
    subject: &Subject,
    text: &str,
) -> (Verdict, Option<String>) {
    let failed = |failure: Failure| (Verdict::failed(failure), None);
    let server = match databases.shared() {
        Ok(server) => server,
        Err(reason) => return failed(Failure::new(format!("there is no server for the file: {reason}"))),
    };
    let session = Session::new(project, subject, &Context::default(), None);
    let at = match subject {
        Subject::Revision(revision) => vec![revision.clone()],
        Subject::Plugin(_) | Subject::Project => Vec::new(),
    };
    let database = match session.database(&server, &at).await {
        Ok(database) => database,
        Err(failure) => return failed(failure),
    };
    let result = match database.connect(Arc::new(Silent)).await {
        Ok(connection) => {
            let result = assertions(&connection.client, &session.search_path(), text).await;
            connection.close().await;
            result
        }
        Err(error) => Err(Failure::new(error)),
    };
    let version = server.version.clone();
    database.drop().await;
    match result {
        Ok(None) => {
            let reason = format!("PostgreSQL {version} has no extension pgtap");
            (Verdict::default(), Some(reason))
        }
        Ok(Some(lines)) => {
            let mut verdict = Verdict {
                failures: failures(&lines),
                ..Verdict::default()
            };
            // The objects that the file tests were created by the upgrade.
            if let Subject::Revision(revision) = subject {
                verdict.heard.items.insert(Item::Upgrade(revision.clone()));
            }
            let reason = verdict.failures.is_empty().then(|| all_skipped(&lines)).flatten();
            (verdict, reason)
        }
        Err(failure) => failed(failure),
    }
}

/// The output of the assertions, one line each; `None` if the extension is not installed.
async fn assertions(
    client: &tokio_postgres::Client,
    prepared: &str,
    text: &str,
) -> Result<Option<Vec<String>>, Failure> {
    let failed = |error: mighost_core::SinkError| Failure::new(format!("the file cannot be run: {error}"));
    let available = ask(client, AVAILABLE).await.map_err(failed)?;
    if available.rows.first().and_then(|row| row.first()) != Some(&Value::Boolean(true)) {
        return Ok(None);
    }
    script(client, prepared).await.map_err(failed)?;
    script(client, "create extension if not exists pgtap schema public")
        .await
        .map_err(failed)?;
    // Such files are written for psql, and begin with psql settings.
    let plain: String = text
        .lines()
        .map(|line| {
            if line.starts_with('\\') {
                "\n".to_owned()
            } else {
                format!("{line}\n")
            }
        })
        .collect();
    let texts = script(client, &plain).await.map_err(failed)?;
    Ok(Some(
        texts.iter().flat_map(|text| text.lines().map(str::to_owned)).collect(),
    ))
}

/// The reason why there was no assertion, if the file itself skipped all of them.
fn all_skipped(lines: &[String]) -> Option<String> {
    let reason = |line: &str| {
        let (_, after) = line.split_once("# SKIP").or_else(|| line.split_once("# skip"))?;
        let text = after.trim_start_matches(':').trim();
        Some(if text.is_empty() {
            "the file says so".to_owned()
        } else {
            text.to_owned()
        })
    };
    let plan = lines.iter().find_map(|line| line.strip_prefix("1..0"));
    if let Some(plan) = plan {
        return Some(reason(plan).unwrap_or_else(|| "the file plans no assertions".into()));
    }
    let mut made = lines
        .iter()
        .filter(|line| line.starts_with("ok"))
        .map(|line| reason(line));
    let first = made.next()??;
    made.all(|reason| reason.is_some()).then_some(first)
}

/// The failures in the TAP output.
fn failures(lines: &[String]) -> Vec<Failure> {
    let mut failures: Vec<Failure> = Vec::new();
    let (mut planned, mut seen) = (None, 0_usize);
    let mut open = false;
    for line in lines {
        if let Some(plan) = line.strip_prefix("1..") {
            planned = plan
                .split_whitespace()
                .next()
                .and_then(|count| count.parse::<usize>().ok());
        } else if line.starts_with("not ok") {
            seen += 1;
            // A known failure is marked so.
            open = !line.contains("# TODO");
            if open {
                failures.push(Failure::new(line.clone()));
            }
        } else if line.starts_with("ok") {
            seen += 1;
            open = false;
        } else if line.starts_with("Bail out!") {
            failures.push(Failure::new(line.clone()));
        } else if let Some(failure) = failures.last_mut().filter(|_| open && line.starts_with('#')) {
            failure.details.push(line.clone());
        }
    }
    match planned {
        Some(planned) if planned != seen => {
            failures.push(Failure::new(format!(
                "{planned} assertions were planned, but {seen} were made"
            )));
        }
        None if seen == 0 => failures.push(Failure::new("the file makes no assertions")),
        _ => {}
    }
    failures
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Failure> {
        failures(&text.lines().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn tap_is_understood() {
        assert_eq!(read("1..2\nok 1 - a\nok 2 - b"), []);
        let failed = read(
            "1..3\nok 1 - a\nnot ok 2 - b\n# Failed test 2: \"b\"\n#     have: 1\nnot ok 3 - c # TODO later\n# more",
        );
        assert_eq!(failed.len(), 1);
        assert_eq!(failed[0].what, "not ok 2 - b");
        assert_eq!(failed[0].details, ["# Failed test 2: \"b\"", "#     have: 1"]);
        assert_eq!(
            read("1..2\nok 1"),
            [Failure::new("2 assertions were planned, but 1 were made")]
        );
        assert_eq!(
            read("1..1\nBail out! no more"),
            [
                Failure::new("Bail out! no more"),
                Failure::new("1 assertions were planned, but 0 were made")
            ]
        );
        assert_eq!(read("# nothing"), [Failure::new("the file makes no assertions")]);
    }

    #[test]
    fn what_the_file_leaves_out_has_not_passed() {
        let skipped = |text: &str| all_skipped(&text.lines().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(
            skipped("1..2\nok 1 # SKIP: not here\nok 2 # SKIP more"),
            Some("not here".into())
        );
        assert_eq!(skipped("1..0 # SKIP no postgis"), Some("no postgis".into()));
        assert_eq!(skipped("1..2\nok 1 # SKIP\nok 2 - done"), None);
        assert_eq!(skipped("1..1\nok 1"), None);
    }
}
