//! Scripts (`--sql`): the same run, written out.

use std::io::Write;
use std::sync::Arc;

use tokio::sync::watch;

use super::{Goal, RunReport, downgrade_plan, run, sink_settings};
use crate::context::{self, ProjectHistory};
use crate::{CommandError, Project, RunOptions};
use mighost_config::Settings;
use mighost_core::{Direction, Event, Level, Reporter};
use mighost_graph::Plan;
use mighost_postgres::connect::Connection;
use mighost_postgres::{DatabaseState, LiveSink, ScriptHeader, ScriptSink};
use mighost_runtime::GuestContext;

/// Writes the run to `script`. With `online_reads` a database answers what migrations ask; where the targets name no start,
/// the script then begins where that database is.
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
            "the script begins at {}, and {} is at {}: what migrations ask is answered from there",
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
    let sink_settings = sink_settings(settings, false, false);
    let header = ScriptHeader {
        host_version: env!("CARGO_PKG_VERSION").into(),
        from: plan.start.clone(),
        to: heads.clone(),
        tag: options.tag.clone(),
    };
    let guest_settings = GuestContext {
        schema: settings.schema.clone(),
        superuser_role: settings.superuser_role.clone(),
        args: settings.args.clone(),
        limits: settings.limits.clone(),
        offline: true,
        server_version: state.map(|state| state.server_version),
    };
    let mut sink = ScriptSink::new(script, sink_settings.clone(), header);
    if let Some((connection, state)) = answers {
        sink = sink.with_reader(LiveSink::new(
            connection.client,
            connection.encoding,
            sink_settings,
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

/// The database that answers.
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
