//! Compares the project and its database.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Finding, FindingKind, count, list};
use crate::context::{self, ProjectHistory};
use crate::heads::join;
use crate::migrate::{changed_since_applied, late};
use crate::{CommandError, Project};
use mighost_build::digest_of_sources;
use mighost_config::Settings;
use mighost_core::{Direction, Reporter};
use mighost_graph::{GraphError, OutOfOrder};
use mighost_postgres::{DatabaseState, Ledger, read_ledger, read_state};

/// The contents of a database.
pub(super) struct Seen {
    pub state: DatabaseState,
    pub ledger: Ledger,
}

/// Reads the database: two round trips on one connection.
pub(super) async fn look(
    project: &Project,
    settings: &Settings,
    reporter: &Arc<dyn Reporter>,
) -> Result<Seen, CommandError> {
    let connection = context::connect(settings, &project.environment, reporter).await?;
    let (schema, table) = (&settings.version_table_schema, &settings.version_table);
    let (state, ledger) = tokio::join!(
        read_state(&connection.client, schema, table),
        read_ledger(&connection.client, schema, table)
    );
    let seen = Seen {
        state: state?,
        ledger: ledger?,
    };
    connection.close().await;
    Ok(seen)
}

/// The inconsistencies between the project and the database.
pub(super) fn compare(history: &ProjectHistory, settings: &Settings, seen: &Seen) -> Vec<Finding> {
    let mut findings = Vec::new();
    let rows = &seen.state.heads;
    for (revision, direction) in &seen.state.interrupted {
        let what = format!("the {direction} of {revision} was interrupted and is half done");
        findings.push(
            Finding::error(FindingKind::HalfDone, what)
                .advise(format!("run the {direction} again to resume it"))
                .advise("or finish it by hand, then record the result: mighost stamp REVISION"),
        );
    }
    findings.extend(empty(settings, seen));
    match history.graph.applied(rows) {
        Ok(applied) => {
            findings.extend(overlapping(history, rows));
            findings.extend(late_ones(history, seen, &settings.label));
            findings.extend(changed(history, seen, &settings.label));
            findings.extend(ledger(history, seen, &applied.into_iter().collect()));
            findings.extend(pending(history, seen, &settings.label));
        }
        Err(_) => findings.extend(unknown_rows(history, rows)),
    }
    findings
}

/// Checks for a schema that mighost did not create.
fn empty(settings: &Settings, seen: &Seen) -> Option<Finding> {
    let relations = seen.ledger.relations;
    if !seen.state.heads.is_empty() || relations == 0 || !seen.ledger.known.is_empty() {
        return None;
    }
    let table = if seen.ledger.version_table {
        "is empty"
    } else {
        "is missing"
    };
    let what = format!(
        "the version table {} {table}, but the schema {} contains {relations} tables or views",
        settings.version_table, settings.schema
    );
    Some(
        Finding::warning(FindingKind::EmptyVersionTable, what)
            .advise("if revisions of this project created them, record the last one: mighost stamp REVISION")
            .advise("if another tool keeps the version, set version-table in mighost.toml to its table"),
    )
}

fn unknown_rows(history: &ProjectHistory, rows: &[String]) -> Vec<Finding> {
    let known = |row: &&String| history.graph.find(row).is_some_and(|node| node.revision == **row);
    let unknown = rows.iter().filter(|row| !known(row));
    unknown
        .map(|row| {
            let what = format!(
                "the version table contains {}, which is not a revision of this project",
                row.escape_debug()
            );
            Finding::error(FindingKind::UnknownRow, what)
                .advise("restore its migration: the sources may be older than the database, or from another branch")
                .advise("or correct the version table: mighost stamp --purge REVISION")
        })
        .collect()
}

fn overlapping(history: &ProjectHistory, rows: &[String]) -> Option<Finding> {
    match history.graph.upgrade(rows, &["heads"]) {
        Err(GraphError::OverlappingRows { lower, upper, rows }) => {
            let what = format!("the version table contains both {lower} and {upper}, which already includes it");
            let advice = format!("reset the table: mighost stamp --purge {}", rows.join(" "));
            Some(Finding::error(FindingKind::OverlappingRows, what).advise(advice))
        }
        _ => None,
    }
}

fn late_ones(history: &ProjectHistory, seen: &Seen, label: &str) -> Vec<Finding> {
    let found = late(history, &seen.state).unwrap_or_default();
    let findings = found.into_iter().map(|OutOfOrder { revision, above }| {
        let what = format!("{revision} is out of order: it was inserted below {above}, which is already applied to \
                            {label}, so it would be skipped");
        Finding::error(FindingKind::OutOfOrder, what)
            .advise(format!(
                "move it: restore the down-revisions of the children of {revision}, and set those of {revision} to a head"
            ))
            .advise("if the database already has its changes, confirm that: mighost stamp --purge with the rows of \
                     mighost current")
    });
    findings.collect()
}

fn changed(history: &ProjectHistory, seen: &Seen, label: &str) -> Option<Finding> {
    let mut changed = changed_since_applied(history, &seen.state);
    changed.retain(|revision| {
        let Some((_, artifact)) = history.loaded.revision(revision) else {
            return false;
        };
        // The digests of unbuilt artifacts are unknown; their sources are compared.
        let place = history.loaded.place(revision).filter(|_| artifact.is_described());
        let Some(place) = place else { return true };
        let then = seen.state.applied.get(revision).and_then(|applied| applied.source);
        then.is_some() && digest_of_sources(place).ok().flatten() != then
    });
    let what = format!(
        "{} different from when applied to {label}: {}",
        count(changed.len(), "migration"),
        list(&changed)
    );
    (!changed.is_empty()).then(|| {
        Finding::error(FindingKind::Changed, what).advise(
            "restore the files and make the change in a new revision; or, if it is harmless: mighost stamp --accept",
        )
    })
}

/// Compares the ledger with the version table. The entries of stamps are not compared, because the operator is responsible for those.
fn ledger(history: &ProjectHistory, seen: &Seen, applied: &BTreeSet<&str>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let lines = &seen.ledger.lines;
    let ups = lines.iter().filter(|(_, direction)| **direction == Direction::Upgrade);
    let (known, unknown): (Vec<_>, Vec<_>) = ups
        .map(|(revision, _)| revision.as_str())
        .partition(|revision| history.graph.find(revision).is_some());
    if !unknown.is_empty() {
        let what = format!(
            "{} applied but not in the project: {}",
            count(unknown.len(), "revision"),
            list(&unknown)
        );
        findings.push(Finding::error(FindingKind::AppliedUnknown, what).advise("restore the missing migrations"));
    }
    let lost: Vec<&str> = known
        .into_iter()
        .filter(|revision| !applied.contains(revision))
        .collect();
    if !lost.is_empty() {
        let what = format!(
            "according to the ledger, {} applied but not in the version table: {}",
            count(lost.len(), "revision"),
            list(&lost)
        );
        findings.push(
            Finding::error(FindingKind::Ledger, what)
                .advise("something else has written to the version table: find out which of the two is right")
                .advise("then correct the version table: mighost stamp --purge REVISION"),
        );
    }
    let by_others = |row: &&str| match lines.get(*row) {
        Some(direction) => *direction == Direction::Downgrade,
        None => !seen.ledger.known.contains(*row),
    };
    let rows: Vec<&str> = seen.state.heads.iter().map(String::as_str).filter(by_others).collect();
    if seen.ledger.ledger && !rows.is_empty() {
        let what = format!(
            "the version table contains {}, but the ledger has no run that applied it",
            list(&rows)
        );
        findings.push(Finding::warning(FindingKind::Ledger, what).advise(format!(
            "if that is right, confirm it: mighost stamp --purge {}",
            seen.state.heads.join(" ")
        )));
    }
    findings
}

fn pending(history: &ProjectHistory, seen: &Seen, label: &str) -> Option<Finding> {
    let plan = history.graph.upgrade(&seen.state.heads, &["heads"]).ok()?;
    let waiting: Vec<&str> = plan.steps.iter().map(|step| step.revision.as_str()).collect();
    if waiting.is_empty() {
        return None;
    }
    let what = format!(
        "{} not applied to {label}: {}",
        count(waiting.len(), "revision"),
        list(&waiting)
    );
    let finding = Finding::error(FindingKind::NotAtHeads, what);
    let heads = history.graph.real_heads();
    Some(if heads.len() > 1 {
        finding
            .advise("apply them: mighost upgrade heads")
            .advise(format!("or, first, {}", join(&heads)))
    } else {
        finding.advise("apply them: mighost upgrade")
    })
}
