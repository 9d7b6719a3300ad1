//! Runs the history by scripts (`--sql`): if there are no queries, a script contains the statements of the run, and has the same result.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc;

use super::failure_text;
use super::tee_sink::Recorded;
use super::track::{Track, reverse};
use super::{Cases, HistoryError, Reached, Shared, names, outcome};
use crate::report::{Failure, Outcome};
use mighost_graph::Step;
use mighost_postgres::catalog::Catalog;
use mighost_postgres::connect::Host;
use mighost_postgres::embedded::psql_program;

/// The reason why a script was not run although its statements are those of the run.
const NO_PSQL: &str = "psql is not installed, so the script was not run; its statements are those of the run";

/// The number of lines of psql's errors that are shown.
const MAX_LINES: usize = 12;

pub(super) async fn compare(
    shared: &Shared<'_>,
    cases: &Cases<'_>,
    mut reached: mpsc::Receiver<Reached>,
) -> Result<(), HistoryError> {
    let (embedded, environment) = (shared.settings.embedded.clone(), shared.environment.clone());
    let psql = tokio::task::spawn_blocking(move || psql_program(&embedded, &environment)).await;
    let psql = psql.map_err(|_| HistoryError::ThreadLost)?;
    let mut lane = Track::begin(shared).await?;
    for (number, step) in shared.steps() {
        if !shared.chosen(step) {
            if lane.up(step).await.is_err() {
                return Ok(());
            }
            continue;
        }
        let Some(expected) = reached.recv().await else {
            return Ok(());
        };
        let mut scripts = Scripts {
            shared,
            cases,
            lane: &mut lane,
            psql: psql.as_deref(),
            number,
        };
        if !scripts.one(names::SCRIPT, step, &expected.up, &expected.after).await? {
            // The downgrade and the next revision need the correct state.
            let moved = scripts.lane.catalog().await?;
            if *moved != *expected.before || scripts.lane.up(step).await.is_err() {
                scripts.lane.begin_anew(number + 1, false).await?;
            }
        }
        if let Some(down) = &expected.down {
            let went = scripts
                .one(names::DOWN_SCRIPT, &reverse(step), down, &expected.before)
                .await?;
            if went && scripts.lane.up(step).await.is_err() {
                scripts.lane.begin_anew(number + 1, false).await?;
            }
        }
        if *lane.catalog().await? != *expected.after {
            lane.begin_anew(number + 1, false).await?;
        }
    }
    Ok(())
}

struct Scripts<'a, 's> {
    shared: &'a Shared<'a>,
    cases: &'a Cases<'a>,
    lane: &'a mut Track<'s>,
    psql: Option<&'a std::path::Path>,
    number: usize,
}

impl Scripts<'_, '_> {
    /// Writes the script of a step, compares it with the statements of the run, and runs it. True if it ran to completion.
    async fn one(
        &mut self,
        name: &str,
        step: &Step,
        online: &Recorded,
        expected: &Catalog,
    ) -> Result<bool, HistoryError> {
        if let Some(question) = &online.asked {
            let question = question.lines().next().unwrap_or_default();
            let shown: String = question.chars().take(60).collect();
            self.cases
                .skipped(self.number, name, format!("it queries the database: {shown}"));
            return Ok(false);
        }
        let begun = Instant::now();
        let (failure, ran) = self.compare(step, online, expected).await?;
        let log = self.lane.take_said();
        let outcome = match failure {
            None if !ran => Outcome::Skipped { reason: NO_PSQL.into() },
            failure => outcome(failure),
        };
        self.cases.of_step(self.number, name, begun, log, outcome);
        Ok(ran)
    }

    /// The differences, and whether the script ran to completion.
    async fn compare(
        &mut self,
        step: &Step,
        online: &Recorded,
        expected: &Catalog,
    ) -> Result<(Option<Failure>, bool), HistoryError> {
        let (offline, script) = match self.lane.write_script(step).await {
            Ok(written) => written,
            Err(failure) => {
                let what = match failure_text::asked_offline(&failure) {
                    Some(_) => "the migration queries the database when offline, although it did not in the run",
                    None => "the script cannot be written",
                };
                return Ok((Some(failure_text::run_failure(what, &failure)), false));
            }
        };
        if !offline.same_calls(online) {
            let failure = Failure::new("the script sends different statements from the run")
                .difference(online.text(), offline.text())
                .names("run", "script")
                .hint("a migration can read `context.offline`, but should send the same statements either way");
            return Ok((Some(failure), false));
        }
        let Some(psql) = self.psql else {
            return Ok((None, false));
        };
        if let Some(complaint) = self.run(psql, &script).await? {
            let mut failure = Failure::new("psql cannot run the script");
            for line in complaint.lines().take(MAX_LINES) {
                failure = failure.detail(line);
            }
            return Ok((Some(failure), false));
        }
        self.lane.passed(step);
        let found: Arc<Catalog> = self.lane.catalog().await?;
        let what = "the script has a different result from the run".to_owned();
        let failure = failure_text::catalogs(what, (expected, &found), ("run", "script"), &mut Vec::new());
        Ok((failure, true))
    }

    /// psql's errors; `None` if the script ran to completion.
    async fn run(&self, psql: &std::path::Path, script: &str) -> Result<Option<String>, HistoryError> {
        let target = &self.lane.target;
        let mut command = Command::new(psql);
        for name in self
            .shared
            .environment
            .variables
            .keys()
            .filter(|name| name.starts_with("PG"))
        {
            command.env_remove(name);
        }
        if let Some(Host::Socket(folder)) = target.hosts.first().map(|host| &host.host) {
            command.env("PGHOST", folder);
        }
        command
            .env("PGPORT", target.hosts.first().map_or(0, |host| host.port).to_string())
            .env("PGUSER", &target.user)
            .env("PGDATABASE", &target.database)
            .args(["-X", "-q", "-f", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let script = script.to_owned();
        let ran = tokio::task::spawn_blocking(move || feed(command, &script)).await;
        let output = ran.map_err(|_| HistoryError::ThreadLost)?.map_err(HistoryError::Psql)?;
        let complaint = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Ok((!output.status.success()).then_some(complaint))
    }
}

/// Runs a program that reads `script`.
fn feed(mut command: Command, script: &str) -> std::io::Result<Output> {
    let mut child = command.spawn()?;
    let stdin = child.stdin.take();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            if let Some(mut stdin) = stdin {
                // psql stops reading at its first error.
                let _ = stdin.write_all(script.as_bytes());
            }
        });
        child.wait_with_output()
    })
}
