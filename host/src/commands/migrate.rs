//! What `upgrade`, `downgrade` and `stamp` have in common: state, plan, run, report.

use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{Mutex, watch};

use super::open::{self, History};
use super::{CommandError, Project, RunOptions};
use crate::artifact::BuildMode;
use crate::config::{DatabaseUrl, Settings};
use crate::database::connect::Connection;
use crate::database::{self, DatabaseState, LiveSink, OfflineSink, RunError, ScriptHeader, StepSink};
use crate::executor::{ExecutorError, Run, StepDone};
use crate::plugins::Registry;
use crate::report::{Direction, Event, Level, Reporter};
use crate::revision::{Plan, RevisionError, RowChange, Step};
use crate::runtime::{RunSettings, Runtime};

/// How often a plan is made again because another run moved the heads meanwhile.
const PLANS: u32 = 5;

/// What to do, whichever verb asked for it.
#[derive(Clone, Debug)]
pub(super) struct Goal {
    pub direction: Direction,
    pub targets: Vec<String>,
    pub purge: bool,
}

/// What a run did.
#[derive(Clone, Debug, serde::Serialize)]
pub struct RunReport {
    pub direction: Direction,
    /// The label of the database; none of a script.
    pub database: Option<String>,
    pub steps: Vec<StepDone>,
    /// The rows of the version table afterwards. After a dry run: as they would be.
    pub heads: Vec<String>,
    pub dry_run: bool,
    pub seconds: f64,
}

/// Runs `goal` on the project's database, or writes it to `script` where the options say `--sql`.
pub(super) async fn migrate(
    project: &Project,
    goal: &Goal,
    options: &RunOptions,
    reporter: &Arc<dyn Reporter>,
    script: Box<dyn Write + Send>,
) -> Result<RunReport, CommandError> {
    let start = Instant::now();
    let mut settings = project.settings()?;
    settings.transaction = options.transaction.unwrap_or(settings.transaction);
    settings.lock_wait = options.lock_wait.unwrap_or(settings.lock_wait);
    let mode = if options.no_build {
        BuildMode::Never
    } else {
        BuildMode::Stale
    };
    let history = load_history(&settings, mode, reporter).await?;
    let mut report = if options.sql {
        offline(&settings, &history, goal, reporter, script).await?
    } else {
        online(project, &settings, &history, goal, options, reporter).await?
    };
    report.seconds = start.elapsed().as_secs_f64();
    Ok(report)
}

async fn load_history(
    settings: &Settings,
    mode: BuildMode,
    reporter: &Arc<dyn Reporter>,
) -> Result<History, CommandError> {
    let library = open::library(&settings.root, &settings.migrations, &settings.plugins);
    let reporter = reporter.clone();
    let loaded = tokio::task::spawn_blocking(move || open::history(&library, mode, &*reporter)).await;
    loaded.map_err(|_| CommandError::ThreadLost)?
}

async fn online(
    project: &Project,
    settings: &Settings,
    history: &History,
    goal: &Goal,
    options: &RunOptions,
    reporter: &Arc<dyn Reporter>,
) -> Result<RunReport, CommandError> {
    for attempt in 1.. {
        let connection = open::connect(settings, &project.environment, reporter).await?;
        let state = database::read_state(&connection.client, &settings.schema, &settings.version_table).await?;
        let targets: Vec<&str> = goal.targets.iter().map(String::as_str).collect();
        let plan = match goal.direction {
            Direction::Upgrade => history.graph.upgrade(&state.heads, &targets)?,
            Direction::Downgrade => downgrade_plan(history, &state.heads, &targets)?,
            Direction::Stamp if goal.purge => purged(history.graph.stamp(&state.heads, &targets, true)?, &state.heads),
            Direction::Stamp => history.graph.stamp(&state.heads, &targets, false)?,
        };
        for passed in &plan.passed {
            let text =
                format!("the database is past {passed} already; `mighost downgrade {passed}` would go back to it");
            reporter.report(Event::Note {
                level: Level::Warn,
                text,
            });
        }
        if goal.direction != Direction::Stamp {
            check_unchanged(settings, history, &state, options, reporter)?;
        }
        let heads = plan.rows();
        let database = Some(settings.label.clone());
        let (direction, dry_run) = (goal.direction, options.dry_run);
        if plan.is_empty() {
            connection.close().await;
            return Ok(RunReport {
                direction,
                database,
                steps: Vec::new(),
                heads,
                dry_run,
                seconds: 0.0,
            });
        }
        match run_plan(settings, history, plan, &state, connection, options, reporter).await {
            Ok(steps) => {
                return Ok(RunReport {
                    direction,
                    database,
                    steps,
                    heads,
                    dry_run,
                    seconds: 0.0,
                });
            }
            Err(CommandError::Run(failure))
                if attempt < PLANS
                    && failure.done.is_empty()
                    && matches!(failure.error, ExecutorError::Run(RunError::HeadsMoved { .. })) =>
            {
                let text = "another run has moved the database meanwhile; planning again".into();
                reporter.report(Event::Note {
                    level: Level::Info,
                    text,
                });
            }
            Err(error) => return Err(error),
        }
    }
    Err(CommandError::ThreadLost)
}

/// A stamp with `--purge` is planned from an empty table: its first step empties the real one.
fn purged(mut plan: Plan, rows: &[String]) -> Plan {
    let deletions = rows.iter().cloned().map(RowChange::Delete);
    match plan.steps.first_mut() {
        Some(first) => first.changes.splice(..0, deletions).for_each(drop),
        None => plan.steps.extend(rows.first().map(|row| Step {
            direction: Direction::Stamp,
            revision: row.clone(),
            from: rows.to_vec(),
            to: Vec::new(),
            changes: deletions.collect(),
        })),
    }
    plan.start = rows.to_vec();
    plan
}

/// Alembic takes one target for a downgrade; several are refused by the graph's own error for ranges and targets.
fn downgrade_plan(history: &History, heads: &[String], targets: &[&str]) -> Result<Plan, RevisionError> {
    match targets {
        [target] => history.graph.downgrade(heads, target),
        _ => Err(RevisionError::BadTarget {
            target: targets.join(" "),
        }),
    }
}

async fn run_plan(
    settings: &Settings,
    history: &History,
    plan: Plan,
    state: &DatabaseState,
    connection: Connection,
    options: &RunOptions,
    reporter: &Arc<dyn Reporter>,
) -> Result<Vec<StepDone>, CommandError> {
    let key_pid = database::connect::backend_key_pid(&connection.client).await;
    let pooler = key_pid.is_some_and(|pid| pid != state.backend_pid);
    let sink_settings = database::RunSettings {
        schema: settings.schema.clone(),
        version_table: settings.version_table.clone(),
        superuser_role: settings.superuser_role.clone(),
        transaction: settings.transaction,
        dry_run: options.dry_run,
        pooler,
        lock_wait: settings.lock_wait,
        args: settings.args.clone(),
    };
    let cancel = connection.client.cancel_token();
    let interrupted = watch_for_interrupt(cancel);
    let guest_settings = RunSettings {
        schema: settings.schema.clone(),
        superuser_role: settings.superuser_role.clone().unwrap_or_else(|| state.user.clone()),
        args: settings.args.clone(),
        limits: settings.limits.clone(),
        offline: false,
        server_version: Some(state.server_version),
    };
    let sink = LiveSink::new(connection.client, sink_settings, state.clone(), reporter.clone());
    run(settings, history, plan, guest_settings, sink, reporter, interrupted).await
}

async fn run<S: StepSink + 'static>(
    settings: &Settings,
    history: &History,
    plan: Plan,
    guest_settings: RunSettings,
    sink: S,
    reporter: &Arc<dyn Reporter>,
    interrupted: watch::Receiver<bool>,
) -> Result<Vec<StepDone>, CommandError> {
    let runtime = Arc::new(Runtime::new()?);
    let registry = Arc::new(Registry::new(
        runtime,
        reporter.clone(),
        history.loaded.plugins.clone(),
    )?);
    let run = Run {
        plan,
        loaded: history.loaded.clone(),
        graph: history.graph.clone(),
        registry,
        settings: Arc::new(guest_settings),
        sink: Arc::new(Mutex::new(sink)),
        reporter: reporter.clone(),
        transaction: settings.transaction,
        lock_timeout: settings.lock_timeout,
        statement_timeout: settings.statement_timeout,
        os_user: os_user(),
        interrupted,
    };
    Ok(run.execute().await?)
}

async fn offline(
    settings: &Settings,
    history: &History,
    goal: &Goal,
    reporter: &Arc<dyn Reporter>,
    script: Box<dyn Write + Send>,
) -> Result<RunReport, CommandError> {
    let targets: Vec<&str> = goal.targets.iter().map(String::as_str).collect();
    let plan = history.graph.offline(goal.direction, &targets, goal.purge)?;
    let heads = plan.rows();
    let sink_settings = database::RunSettings {
        schema: settings.schema.clone(),
        version_table: settings.version_table.clone(),
        superuser_role: settings.superuser_role.clone(),
        transaction: settings.transaction,
        dry_run: false,
        pooler: false,
        lock_wait: settings.lock_wait,
        args: settings.args.clone(),
    };
    let header = ScriptHeader {
        host_version: env!("CARGO_PKG_VERSION").into(),
        from: plan.start.clone(),
        to: heads.clone(),
    };
    let sink = OfflineSink::new(script, sink_settings, header);
    let guest_settings = RunSettings {
        schema: settings.schema.clone(),
        superuser_role: settings.superuser_role.clone().unwrap_or_else(|| "postgres".into()),
        args: settings.args.clone(),
        limits: settings.limits.clone(),
        offline: true,
        server_version: None,
    };
    let (_keep, interrupted) = watch::channel(false);
    let steps = run(settings, history, plan, guest_settings, sink, reporter, interrupted).await?;
    Ok(RunReport {
        direction: goal.direction,
        database: None,
        steps,
        heads,
        dry_run: false,
        seconds: 0.0,
    })
}

/// Refuses to go on where a migration is not the one that was applied. On the embedded database, where migrations are written,
/// it is only said.
fn check_unchanged(
    settings: &Settings,
    history: &History,
    state: &DatabaseState,
    options: &RunOptions,
    reporter: &Arc<dyn Reporter>,
) -> Result<(), CommandError> {
    let changed = changed_since_applied(history, state);
    if changed.is_empty() {
        return Ok(());
    }
    if settings.url != DatabaseUrl::Embedded && !options.allow_changed {
        return Err(CommandError::Changed {
            label: settings.label.clone(),
            revisions: changed,
        });
    }
    let text = format!("changed since they were applied: {}", changed.join(", "));
    reporter.report(Event::Note {
        level: Level::Warn,
        text,
    });
    Ok(())
}

/// Applied revisions whose sources, or whose artifact where sources are not known, differ from the ledger's.
pub(super) fn changed_since_applied(history: &History, state: &DatabaseState) -> Vec<String> {
    let differs = |(revision, applied): &(&String, &database::Applied)| {
        let Some((_, artifact)) = history.loaded.revision(revision) else {
            return false;
        };
        let source = artifact.revisions.as_ref().and_then(|metadata| metadata.source_digest);
        match (applied.source, source) {
            (Some(then), Some(now)) => then != now,
            _ => applied.artifact.is_some_and(|then| then != artifact.digest),
        }
    };
    state
        .applied
        .iter()
        .filter(differs)
        .map(|(revision, _)| revision.clone())
        .collect()
}

/// `user@machine`, for the ledger.
fn os_user() -> String {
    let user = database::connect::Environment::of_process()
        .user
        .unwrap_or_else(|| "unknown".into());
    let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("{user}@{machine}")
}

/// Turns true at the first Ctrl-C or SIGTERM, and asks the server to stop what it is doing, so that the roll-back need not
/// wait for a long statement. A second Ctrl-C ends the process; the server rolls back by itself then.
fn watch_for_interrupt(cancel: tokio_postgres::CancelToken) -> watch::Receiver<bool> {
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        wait_for_signal().await;
        // Without TLS here; a server that insists on it ends the statement when the connection closes.
        let _ = cancel.cancel_query(tokio_postgres::NoTls).await;
        // Nobody listens where the run has ended by itself.
        let _ = sender.send(true);
        wait_for_signal().await;
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL)
    });
    receiver
}

async fn wait_for_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        },
        // Only Ctrl-C then.
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}
