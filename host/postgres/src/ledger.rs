//! Reads the ledger's entries of each revision, for listings of the history.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, SimpleQueryRow};

use super::state::catalog_query as query;
use super::tables::{ACCEPTED, Tables, own_tables};
use mighost_core::{Direction, SinkError, quote_identifier, quote_literal};

/// The last upgrade or stamp of a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastRun {
    /// RFC 3339 in UTC, in whole seconds.
    pub at: String,
    /// Who signed the release that it was run from, with the fingerprints of the keys.
    pub signer: Option<String>,
}

/// The last upgrade or stamp of each revision. Revisions whose latest entry is a downgrade are omitted. Empty if there is no ledger, or
/// this role may not read it.
pub async fn read_runs(
    client: &Client,
    schema: &str,
    version_table: &str,
) -> Result<BTreeMap<String, LastRun>, SinkError> {
    let ledger = Tables::new(schema, version_table).ledger;
    let statement = format!(
        "SELECT revision, at, signer FROM (SELECT DISTINCT ON (revision) revision, direction, \
         pg_catalog.to_char(started AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS at, signer \
         FROM {ledger} WHERE direction <> {ACCEPTED} ORDER BY revision, id DESC) lines WHERE direction <> 'downgrade'"
    );
    let found = match query(client, &statement).await {
        Err(failure) if unknown(failure.code()) => return Ok(BTreeMap::new()),
        other => other?,
    };
    let run = |row: &SimpleQueryRow| {
        let run = LastRun {
            at: row.get(1)?.to_owned(),
            signer: row.get(2).map(str::to_owned),
        };
        Some((row.get(0)?.to_owned(), run))
    };
    Ok(found.iter().filter_map(run).collect())
}

/// The contents of mighost's tables, except for the version table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    pub version_table: bool,
    pub ledger: bool,
    /// The latest entry of each revision since the last stamp.
    pub lines: BTreeMap<String, Direction>,
    /// The revisions that have ever been run or stamped.
    pub known: BTreeSet<String>,
    /// Tables, views and similar objects in the schema, except those of mighost.
    pub relations: u64,
}

/// Reads the data of [`Ledger`].
pub async fn read_ledger(client: &Client, schema: &str, version_table: &str) -> Result<Ledger, SinkError> {
    let tables = Tables::new(schema, version_table);
    let own = own_tables(version_table).map(|name| quote_literal(&name));
    let presence = tables.presence();
    let count = format!(
        "SELECT pg_catalog.count(*) FROM pg_catalog.pg_class WHERE relnamespace = pg_catalog.to_regnamespace({}) \
         AND relkind IN ('r', 'p', 'v', 'm', 'f') AND relname NOT IN ({}) AND NOT EXISTS (SELECT FROM \
         pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = pg_class.oid \
         AND d.deptype = 'e')",
        quote_literal(&quote_identifier(schema)),
        own.join(", ")
    );
    let lines = format!(
        "SELECT DISTINCT ON (revision) revision, direction, id > coalesce((SELECT pg_catalog.max(id) FROM {0} \
         WHERE direction = 'stamp'), 0) FROM {0} WHERE direction <> {ACCEPTED} ORDER BY revision, id DESC",
        tables.ledger
    );
    let (presence, count, lines) = tokio::join!(query(client, &presence), query(client, &count), query(client, &lines));
    let (presence, count) = (presence?, count?);
    let there = |column: usize| presence.first().and_then(|row| row.get(column)) == Some("t");
    let mut ledger = Ledger {
        version_table: there(1),
        ledger: there(2),
        relations: count
            .first()
            .and_then(|row| row.get(0)?.parse().ok())
            .unwrap_or_default(),
        ..Ledger::default()
    };
    let lines = match lines {
        Err(failure) if unknown(failure.code()) => Vec::new(),
        other => other?,
    };
    for row in &lines {
        let (Some(revision), Some(direction)) = (row.get(0), row.get(1)) else {
            continue;
        };
        ledger.known.insert(revision.to_owned());
        let direction = match direction {
            "upgrade" => Direction::Upgrade,
            "downgrade" => Direction::Downgrade,
            _ => continue,
        };
        if row.get(2) == Some("t") {
            ledger.lines.insert(revision.to_owned(), direction);
        }
    }
    Ok(ledger)
}

fn unknown(code: Option<&SqlState>) -> bool {
    matches!(
        code,
        Some(&SqlState::UNDEFINED_TABLE | &SqlState::INVALID_SCHEMA_NAME | &SqlState::INSUFFICIENT_PRIVILEGE)
    )
}
