//! `mighost stamp --accept`: records that applied revisions may differ from what was run.

use std::sync::Arc;
use std::time::Duration;

use crate::migrate::{self, changed_since_applied};
use crate::{CommandError, Project, context};
use mighost_build::BuildMode;
use mighost_core::{Direction, LedgerEntry, Reporter, StepSink};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptRequest {
    /// As given by the user, at least one.
    pub revisions: Vec<String>,
    /// Overrides the project's `lock-wait`.
    pub lock_wait: Option<Duration>,
}

#[derive(Clone, Debug, serde::Serialize)]
pub struct AcceptReport {
    /// The label of the database.
    pub database: String,
    pub accepted: Vec<String>,
}

/// Records the present digests of revisions that have changed since they were applied. Nothing is run, and no version row changes.
///
/// # Errors
/// If a revision is not applied or has not changed, and as for [`stamp::run`](super::run).
pub async fn run(
    project: &Project,
    request: &AcceptRequest,
    reporter: &Arc<dyn Reporter>,
) -> Result<AcceptReport, CommandError> {
    let mut settings = project.settings()?;
    settings.lock_wait = request.lock_wait.unwrap_or(settings.lock_wait);
    let history = migrate::load_history(&settings, BuildMode::Stale, reporter).await?;
    let connection = context::connect(&settings, &project.environment, reporter).await?;
    let state = mighost_postgres::read_state(
        &connection.client,
        &settings.version_table_schema,
        &settings.version_table,
    )
    .await?;
    let changed = changed_since_applied(&history, &state);
    let mut accepted: Vec<String> = Vec::new();
    for given in &request.revisions {
        let revision = history.graph.get(given)?.to_owned();
        if !changed.contains(&revision) {
            return Err(CommandError::NothingToAccept {
                revision,
                label: settings.label,
                changed,
            });
        }
        if !accepted.contains(&revision) {
            accepted.push(revision);
        }
    }
    let entries: Vec<LedgerEntry> = accepted
        .iter()
        .filter_map(|revision| {
            let (_, artifact) = history.loaded.revision(revision)?;
            let metadata = artifact.revisions.as_ref();
            Some(LedgerEntry {
                revision: revision.clone(),
                direction: Direction::Stamp,
                artifact: Some(artifact.digest),
                source: metadata.and_then(|metadata| metadata.source_digest_of(revision)),
                signer: None,
                duration: Duration::ZERO,
                os_user: migrate::os_user(),
                host_version: env!("CARGO_PKG_VERSION").to_owned(),
            })
        })
        .collect();
    let mut sink = context::sink(connection, &settings, state, reporter).await;
    sink.begin_run().await.map_err(CommandError::outside_steps)?;
    let recorded = sink.accept(&entries).await;
    sink.end_run().await.map_err(CommandError::outside_steps)?;
    recorded.map_err(CommandError::outside_steps)?;
    Ok(AcceptReport {
        database: settings.label,
        accepted,
    })
}
