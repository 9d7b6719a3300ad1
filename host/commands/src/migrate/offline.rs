//! Scripts (`--sql`): the same run, written to a script.

use std::io::Write;
use std::sync::Arc;

use tokio::sync::watch;

use super::{Goal, RunReport, downgrade_plan, run};
use crate::context::{self, ProjectHistory};
use crate::{CommandError, Project, RunOptions};
use mighost_config::Settings;
use mighost_core::{Direction, Event, Level, Reporter};
use mighost_graph::Plan;
use mighost_postgres::connect::Connection;
use mighost_postgres::{DatabaseState, LiveSink, ScriptHeader, ScriptSink};
use mighost_runtime::{GuestContext, ServerFacts};

/// Writes the run to `script`. With `online_reads` a database answers the queries of migrations; if the targets have no starting point,
/// the script begins at the current revision of that database.
pub(super) async fn write(
    project: &Project,
    settings: &Settings,
    history: &ProjectHistory,
    goal: &Goal,
    options: &RunOptions,
    reporter: &Arc<dyn Reporter>,
    script: Box<dyn Write + Send>,
) -> Result<RunReport, CommandError> {
    let answers = if options.online_reads {
        Some(answers(project, settings, reporter).await?)
    } else {
        None
    };
    let state = answers.as_ref().map(|(_, state)| state);
    let plan = plan(history, goal, state)?;
    if let Some(state) = state
        && sorted(&plan.start) != state.heads
    {
        let at = |rows: &[String]| {
            if rows.is_empty() {
                "the base".to_owned()
            } else {
                rows.join(", ")
            }
        };
        let text = format!(
            "the script starts at {}, but {} is at {}: migrations' queries see that state",
            at(&plan.start),
            settings.label,
            at(&state.heads)
        );
        reporter.report(Event::Note {
            level: Level::Warn,
            text,
        });
    }
    let heads = plan.rows();
    let run_settings = settings.run();
    let session = run_settings.session(false, false);
    let header = ScriptHeader {
        host_version: env!("CARGO_PKG_VERSION").into(),
        from: plan.start.clone(),
        to: heads.clone(),
        tag: options.tag.clone(),
    };
    let server = state.map(|state| ServerFacts {
        user: &state.user,
        version: state.server_version,
    });
    let guest_settings = GuestContext::new(&run_settings, true, server);
    let mut sink = ScriptSink::new(script, session.clone(), header);
    if let Some((connection, state)) = answers {
        sink = sink.with_reader(LiveSink::new(
            connection.client,
            connection.watch,
            session,
            state,
            reporter.clone(),
        ));
    }
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

/// The database that answers queries.
async fn answers(
    project: &Project,
    settings: &Settings,
    reporter: &Arc<dyn Reporter>,
) -> Result<(Connection, DatabaseState), CommandError> {
    let connection = context::connect(settings, &project.environment, reporter).await?;
    let state = mighost_postgres::read_state(
        &connection.client,
        &settings.version_table_schema,
        &settings.version_table,
    )
    .await?;
    Ok((connection, state))
}

fn plan(history: &ProjectHistory, goal: &Goal, state: Option<&DatabaseState>) -> Result<Plan, CommandError> {
    let targets: Vec<&str> = goal.targets.iter().map(String::as_str).collect();
    let named = targets.iter().any(|target| target.contains(':'));
    Ok(match (state, goal.direction) {
        (Some(state), Direction::Upgrade) if !named => history.graph.upgrade(&state.heads, &targets)?,
        (Some(state), Direction::Downgrade) if !named => downgrade_plan(history, &state.heads, &targets)?,
        _ => history.graph.offline(goal.direction, &targets, goal.purge)?,
    })
}

fn sorted(rows: &[String]) -> Vec<String> {
    let mut rows = rows.to_vec();
    rows.sort();
    rows
}
