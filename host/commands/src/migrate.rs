//! What `upgrade`, `downgrade` and `stamp` have in common: state, plan, run, report.

mod early_connection;
mod offline;
mod trusted;

use std::collections::HashSet;
use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{Mutex, watch};

use self::early_connection::{Opened, Opening};
use self::trusted::Gate;
use super::context::{self, ProjectHistory};
use super::{CommandError, Project, RunOptions};
use mighost_build::BuildMode;
use mighost_config::Settings;
use mighost_core::{DatabaseUrl, Direction, Event, Level, Reporter, RowChange, RunError, StepSink, qualified};
use mighost_engine::{EngineError, RunSetup, StepDone};
use mighost_graph::{GraphError, LedgerEntryKind, OutOfOrder, Plan, Step};
use mighost_postgres::connect::{Canceller, Connection};
use mighost_postgres::{DatabaseState, LiveSink, ReleaseRecord};
use mighost_runtime::{GuestContext, Registry, Runtime, ServerFacts};

/// How often a plan is made again because another run moved the heads meanwhile.
const PLANS: u32 = 5;

/// The argument by which migrations see `--tag`.
const TAG: &str = "tag";

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
    if let Some(tag) = &options.tag {
        settings.args.insert(TAG.to_owned(), tag.clone());
    }
    let mode = if options.no_build {
        BuildMode::Never
    } else {
        BuildMode::Stale
    };
    // The server makes a session while the artifacts are looked at.
    let database = (!options.sql).then(|| Opening::begin(project, &settings, reporter));
    let gate = Gate::open(project, &settings, options)?;
    let history = match gate.history()? {
        Some(history) => history,
        None => load_history(&settings, mode, reporter).await?,
    };
    let mut report = match database {
        Some(database) => online(&settings, &history, database, (goal, &gate), options, reporter).await?,
        None => offline::write(project, &settings, &history, goal, options, reporter, script).await?,
    };
    report.seconds = start.elapsed().as_secs_f64();
    Ok(report)
}

pub(crate) async fn load_history(
    settings: &Settings,
    mode: BuildMode,
    reporter: &Arc<dyn Reporter>,
) -> Result<ProjectHistory, CommandError> {
    let library = context::library(
        &settings.root,
        &settings.migrations,
        &settings.plugins,
        &settings.toolchains,
    );
    let reporter = reporter.clone();
    let loaded = tokio::task::spawn_blocking(move || context::history(&library, mode, &*reporter)).await;
    loaded.map_err(|_| CommandError::ThreadLost)?
}

async fn online(
    settings: &Settings,
    history: &ProjectHistory,
    mut database: Opening,
    (goal, gate): (&Goal, &Gate),
    options: &RunOptions,
    reporter: &Arc<dyn Reporter>,
) -> Result<RunReport, CommandError> {
    // Steps that were done before another run moved the heads, as it may behind a pooler, where each step takes the lock.
    let mut before: Vec<StepDone> = Vec::new();
    let mut attempt = 0;
    // A relative target means another revision once steps are done.
    let relative = goal.targets.iter().any(|target| target.contains(['+', '-']));
    loop {
        attempt += 1;
        let Opened { connection, state, .. } = match database.opened().await {
            Ok(opened) => opened,
            // What was done before is not forgotten.
            Err(error) if !before.is_empty() => {
                return Err(CommandError::AfterSteps {
                    done: before,
                    error: Box::new(error),
                });
            }
            Err(error) => return Err(error),
        };
        // A stamp runs nothing.
        if goal.direction != Direction::Stamp {
            gate.check_database(&state)?;
        }
        let targets: Vec<&str> = goal.targets.iter().map(String::as_str).collect();
        let mut plan = match goal.direction {
            Direction::Upgrade => history.graph.upgrade(&state.heads, &targets)?,
            Direction::Downgrade => downgrade_plan(history, &state.heads, &targets)?,
            Direction::Stamp if goal.purge => purged(history.graph.stamp(&state.heads, &targets, true)?, &state.heads),
            Direction::Stamp => history.graph.stamp(&state.heads, &targets, false)?,
        };
        if goal.direction == Direction::Stamp && plan.is_empty() {
            plan.steps.extend(settled(&state));
        }
        for passed in &plan.passed {
            let text =
                format!("the database is already past {passed}; run `mighost downgrade {passed}` to go back to it");
            reporter.report(Event::Note {
                level: Level::Warn,
                text,
            });
        }
        if goal.direction != Direction::Stamp {
            check_late(settings, history, &state, options, reporter)?;
            check_unchanged(settings, history, &state, options, reporter)?;
        }
        gate.judge(&plan, &state.heads, &**reporter)?;
        check_length(settings, &plan, &state)?;
        if plan.is_empty() {
            tell_interrupted(&state, reporter);
        }
        let heads = plan.rows();
        let database = Some(settings.label.clone());
        let (direction, dry_run) = (goal.direction, options.dry_run);
        if plan.is_empty() {
            connection.close().await;
            return Ok(RunReport {
                direction,
                database,
                steps: before,
                heads,
                dry_run,
                seconds: 0.0,
            });
        }
        gate.unpack()?;
        let opened = (connection, gate.record());
        match run_plan(settings, history, plan, &state, opened, options, reporter).await {
            Ok(steps) => {
                before.extend(steps);
                return Ok(RunReport {
                    direction,
                    database,
                    steps: before,
                    heads,
                    dry_run,
                    seconds: 0.0,
                });
            }
            Err(CommandError::Run(failure))
                if (attempt < PLANS || !failure.done.is_empty())
                    && (failure.done.is_empty() || !relative)
                    && matches!(failure.error, EngineError::Run(RunError::HeadsMoved { .. })) =>
            {
                before.extend(failure.done);
                let text = "another run has migrated the database in the meantime; planning again".into();
                reporter.report(Event::Note {
                    level: Level::Info,
                    text,
                });
            }
            Err(CommandError::Run(mut failure)) => {
                failure.done.splice(..0, before);
                return Err(CommandError::Run(failure));
            }
            Err(error) => return Err(error),
        }
    }
}

/// Says which revisions a run left half done, where nobody takes them up now.
pub(super) fn tell_interrupted(state: &DatabaseState, reporter: &Arc<dyn Reporter>) {
    for (revision, direction) in &state.interrupted {
        let text = format!(
            "the {direction} of {revision} was interrupted and is half done: {direction} again to resume it, or finish \
             it by hand and record that with `mighost stamp`"
        );
        reporter.report(Event::Note {
            level: Level::Warn,
            text,
        });
    }
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

/// A stamp that changes no row still says that what was left half done is settled.
fn settled(state: &DatabaseState) -> Option<Step> {
    let (interrupted, _) = state.interrupted.first()?;
    Some(Step {
        direction: Direction::Stamp,
        revision: state.heads.first().unwrap_or(interrupted).clone(),
        from: state.heads.clone(),
        to: state.heads.clone(),
        changes: Vec::new(),
    })
}

/// Alembic takes one target for a downgrade.
fn downgrade_plan(history: &ProjectHistory, heads: &[String], targets: &[&str]) -> Result<Plan, GraphError> {
    match targets {
        [target] => history.graph.downgrade(heads, target),
        _ => Err(GraphError::SeveralFloors {
            targets: targets.iter().map(|target| (*target).to_owned()).collect(),
        }),
    }
}

async fn run_plan(
    settings: &Settings,
    history: &ProjectHistory,
    plan: Plan,
    state: &DatabaseState,
    (connection, release): (Connection, Option<ReleaseRecord>),
    options: &RunOptions,
    reporter: &Arc<dyn Reporter>,
) -> Result<Vec<StepDone>, CommandError> {
    let key_pid = mighost_postgres::connect::backend_key_pid(&connection.client).await;
    let pooler = key_pid.is_some_and(|pid| pid != state.backend_pid);
    let canceller = Canceller {
        token: connection.client.cancel_token(),
        target: connection.watch.target(),
        backend: (!pooler).then_some(state.backend_pid),
    };
    let interrupted = watch_for_interrupt(canceller, reporter.clone());
    let run_settings = settings.run();
    let server = ServerFacts {
        user: &state.user,
        version: state.server_version,
    };
    let guests = GuestContext::new(&run_settings, false, Some(server));
    let sink = LiveSink::new(
        connection.client,
        connection.watch,
        run_settings.session(options.dry_run, pooler),
        state.clone(),
        reporter.clone(),
    );
    let sink = match release {
        Some(release) => sink.of_release(release),
        None => sink,
    };
    run(settings, history, plan, guests, sink, reporter, interrupted).await
}

async fn run<S: StepSink + 'static>(
    settings: &Settings,
    history: &ProjectHistory,
    plan: Plan,
    guests: GuestContext,
    sink: S,
    reporter: &Arc<dyn Reporter>,
    interrupted: watch::Receiver<bool>,
) -> Result<Vec<StepDone>, CommandError> {
    let runtime = Arc::new(Runtime::new()?);
    let plugins = history.loaded.plugins.clone();
    let setup = RunSetup {
        settings: settings.run(),
        loaded: history.loaded.clone(),
        graph: history.graph.clone(),
        registry: Arc::new(Registry::new(runtime, reporter.clone(), plugins)?),
        reporter: reporter.clone(),
        os_user: os_user(),
    };
    let sink = Arc::new(Mutex::new(sink));
    let run = setup.run(plan, guests, sink, &settings.on_version_apply, interrupted)?;
    Ok(run.execute().await?)
}

/// Revisions below what is applied that no run has applied, as far as the ledger can tell.
pub(super) fn late(history: &ProjectHistory, state: &DatabaseState) -> Result<Vec<OutOfOrder>, GraphError> {
    history.graph.late(&state.heads, |revision| {
        Some(match state.applied.get(revision)?.direction {
            Direction::Stamp => LedgerEntryKind::Stamped,
            Direction::Upgrade | Direction::Downgrade => LedgerEntryKind::Upgraded,
        })
    })
}

/// Refuses to pass by a revision that was put below what is applied: an upgrade would skip it for ever, and a downgrade take it
/// back, or leave the database there, without its having been run.
fn check_late(
    settings: &Settings,
    history: &ProjectHistory,
    state: &DatabaseState,
    options: &RunOptions,
    reporter: &Arc<dyn Reporter>,
) -> Result<(), CommandError> {
    let late = late(history, state)?;
    if late.is_empty() {
        return Ok(());
    }
    let error = CommandError::OutOfOrder {
        label: settings.label.clone(),
        revisions: late,
    };
    if !options.allow_changed {
        return Err(error);
    }
    let text = error.to_string();
    reporter.report(Event::Note {
        level: Level::Warn,
        text,
    });
    Ok(())
}

/// Refuses to go on where a migration is not the one that was applied. On the embedded database, where migrations are written,
/// it is only said.
/// Refuses a plan whose revisions do not fit into the version table, such as Alembic's with 32 characters, before anything runs.
fn check_length(settings: &Settings, plan: &Plan, state: &DatabaseState) -> Result<(), CommandError> {
    let Some(longest) = state.longest_revision else {
        return Ok(());
    };
    let mut rows = plan.steps.iter().flat_map(|step| &step.to);
    match rows.find(|row| row.chars().count() > longest) {
        Some(revision) => Err(CommandError::TooLong {
            revision: revision.clone(),
            table: qualified(&settings.version_table_schema, &settings.version_table),
            longest,
        }),
        None => Ok(()),
    }
}

fn check_unchanged(
    settings: &Settings,
    history: &ProjectHistory,
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
pub(crate) fn changed_since_applied(history: &ProjectHistory, state: &DatabaseState) -> Vec<String> {
    // The ledger also remembers what was taken back by a stamp; what the heads stand on is what counts.
    let needed = state.heads.iter().flat_map(|head| {
        let ancestors = history.graph.ancestors(head).unwrap_or_default();
        ancestors
            .into_iter()
            .chain(history.graph.find(head).map(|node| node.revision.as_str()))
    });
    let needed: HashSet<&str> = needed.collect();
    let differs = |(revision, applied): &(&String, &mighost_postgres::Applied)| {
        let Some((_, artifact)) = history.loaded.revision(revision) else {
            return false;
        };
        let metadata = artifact.revisions.as_ref();
        let source = metadata.and_then(|metadata| metadata.source_digest_of(revision));
        match (applied.source, source) {
            (Some(then), Some(now)) => then != now,
            // Of one revision among several nothing is known: the artifact may have grown.
            _ if metadata.is_some_and(|metadata| metadata.revisions.len() > 1) => false,
            _ => applied.artifact.is_some_and(|then| then != artifact.digest),
        }
    };
    let applied = state
        .applied
        .iter()
        .filter(|(revision, _)| needed.contains(revision.as_str()));
    applied.filter(differs).map(|(revision, _)| revision.clone()).collect()
}

/// `user@machine`, for the ledger.
pub(crate) fn os_user() -> String {
    let user = mighost_postgres::connect::Environment::of_process()
        .user
        .unwrap_or_else(|| "unknown".into());
    let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("{user}@{machine}")
}

/// Turns true at the first Ctrl-C or SIGTERM, and asks the server to stop what it is doing, so that the roll-back need not
/// wait for a long statement. A second Ctrl-C ends the process; the server rolls back by itself then.
fn watch_for_interrupt(canceller: Canceller, reporter: Arc<dyn Reporter>) -> watch::Receiver<bool> {
    let (sender, receiver) = watch::channel(false);
    if !reporter.owns_signals() {
        return receiver;
    }
    tokio::spawn(async move {
        wait_for_signal().await;
        // First, so that the statement's failure is known to be the user's wish. Nobody listens where the run has ended.
        if sender.send(true).is_ok() {
            let text = "interrupted: rolling back; interrupt again to stop at once".into();
            reporter.report(Event::Note {
                level: Level::Warn,
                text,
            });
        }
        tokio::select! {
            () = canceller.cancel() => wait_for_signal().await,
            () = wait_for_signal() => {}
        }
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL)
    });
    receiver
}

/// Returns at the next Ctrl-C or SIGTERM.
pub(super) async fn wait_for_signal() {
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
