//! Reads the state of a database before a run: its heads, its ledger, its server.

use std::collections::BTreeMap;

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, SimpleQueryMessage, SimpleQueryRow};

use super::driver_error::Failure;
use super::releases::ReleaseState;
use super::tables::{AS_CATALOG, Tables};
use mighost_core::{Digest, Direction, SinkError, quote_literal};

/// The latest run of a revision, according to the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    pub direction: Direction,
    pub artifact: Option<Digest>,
    pub source: Option<Digest>,
}

/// The state of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseState {
    /// The rows of the version table, sorted; empty if the table does not exist.
    pub heads: Vec<String>,
    /// The latest ledger entry of each revision, unless it is a downgrade. Empty if it was not requested.
    pub applied: BTreeMap<String, Applied>,
    /// The steps that were interrupted outside their transaction; see [`mighost_core::RunError::HalfDone`].
    pub interrupted: Vec<(String, Direction)>,
    pub database: String,
    pub user: String,
    pub backend_pid: i32,
    /// `server_version_num`, e.g. 150018.
    pub server_version: u32,
    /// How many characters the version table's column takes; `None` if it is not limited, or does not exist.
    pub longest_revision: Option<usize>,
    /// What is recorded about releases; empty if it was not requested.
    pub releases: ReleaseState,
    /// True on a standby.
    pub in_recovery: bool,
    /// Whether transactions of the session are read-only unless they say otherwise.
    pub read_only: bool,
}

const SERVER: &str = "pg_catalog.current_database(), current_user, pg_catalog.pg_backend_pid(), \
    pg_catalog.current_setting('server_version_num'), pg_catalog.pg_is_in_recovery(), \
    pg_catalog.current_setting('default_transaction_read_only')";

/// [`SERVER`], and how many characters the version table's column takes, if it is limited.
fn server(tables: &Tables) -> String {
    format!(
        "SELECT {SERVER}, (SELECT atttypmod OPERATOR(pg_catalog.-) 4 FROM pg_catalog.pg_attribute \
         WHERE attrelid OPERATOR(pg_catalog.=) pg_catalog.to_regclass({})::pg_catalog.oid \
         AND attname OPERATOR(pg_catalog.=) 'version_num' AND atttypmod OPERATOR(pg_catalog.>=) 0)",
        quote_literal(&tables.version)
    )
}

/// Reads the state including the ledger. One round trip: the queries are sent together but separately, so that a missing table fails
/// alone.
pub async fn read_state(client: &Client, schema: &str, version_table: &str) -> Result<DatabaseState, SinkError> {
    read(client, schema, version_table, true).await
}

/// Reads the state without the ledger, for callers that only need the heads.
pub async fn read_heads(client: &Client, schema: &str, version_table: &str) -> Result<DatabaseState, SinkError> {
    read(client, schema, version_table, false).await
}

async fn read(client: &Client, schema: &str, version_table: &str, ledger: bool) -> Result<DatabaseState, SinkError> {
    let tables = Tables::new(schema, version_table);
    let server_query = server(&tables);
    let queries = [
        tables.heads(),
        tables.applied(),
        tables.interrupted(),
        tables.releases(),
    ];
    let [heads_query, applied_query, interrupted_query, releases_query] =
        queries.map(|query| format!("{AS_CATALOG}; {query}"));
    let if_requested = async |text: &str| {
        if ledger {
            query(client, text).await
        } else {
            Ok(Vec::new())
        }
    };
    let (server, heads, applied, releases, interrupted) = tokio::join!(
        query(client, &server_query),
        query(client, &heads_query),
        if_requested(&applied_query),
        if_requested(&releases_query),
        query(client, &interrupted_query)
    );
    let interrupted = match interrupted {
        // Even a role that may only read the version table can see the current revision.
        Err(failure) if failure.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => Vec::new(),
        other => or_absent(other)?,
    };
    let server = server?;
    let text = |column: usize| server.first().and_then(|row| row.get(column)).unwrap_or_default();
    Ok(DatabaseState {
        heads: or_absent(heads)?
            .iter()
            .filter_map(|row| row.get(0).map(str::to_owned))
            .collect(),
        applied: or_absent(applied)?.iter().filter_map(ledger_line).collect(),
        interrupted: interrupted.iter().filter_map(half_done).collect(),
        database: text(0).to_owned(),
        user: text(1).to_owned(),
        backend_pid: text(2).parse().unwrap_or_default(),
        server_version: text(3).parse().unwrap_or_default(),
        in_recovery: text(4) == "t",
        read_only: text(5) == "on",
        longest_revision: text(6).parse().ok(),
        releases: ReleaseState::of_rows(&or_absent(releases)?),
    })
}

/// The roles and databases for which `default_transaction_read_only` is set and that concern this session.
pub(super) async fn read_only_places(client: &Client) -> Result<Vec<String>, SinkError> {
    let found = catalog_query(
        client,
        "SELECT concat_ws(' in ', 'role ' || r.rolname, 'database ' || d.datname) FROM pg_db_role_setting s \
         LEFT JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase \
         WHERE (s.setrole = 0 OR r.rolname = session_user) AND (s.setdatabase = 0 OR d.datname = current_database()) \
         AND EXISTS (SELECT FROM unnest(s.setconfig) c WHERE c LIKE 'default_transaction_read_only=%') ORDER BY 1",
    )
    .await?;
    Ok(found.iter().filter_map(|row| row.get(0).map(str::to_owned)).collect())
}

fn half_done(row: &SimpleQueryRow) -> Option<(String, Direction)> {
    let direction = match row.get(1)? {
        "upgrade" => Direction::Upgrade,
        "downgrade" => Direction::Downgrade,
        _ => return None,
    };
    Some((row.get(0)?.to_owned(), direction))
}

fn ledger_line(row: &SimpleQueryRow) -> Option<(String, Applied)> {
    let digest = |column| row.get(column).and_then(Digest::parse);
    let direction = match row.get(1)? {
        "upgrade" => Direction::Upgrade,
        "stamp" => Direction::Stamp,
        _ => return None,
    };
    let applied = Applied {
        direction,
        artifact: digest(2),
        source: digest(3),
    };
    Some((row.get(0)?.to_owned(), applied))
}

/// The rows of a query of mighost's own, with columns as text.
pub(super) async fn rows(client: &Client, query: &str) -> Result<Vec<SimpleQueryRow>, tokio_postgres::Error> {
    let messages = client.simple_query(query).await?;
    Ok(messages
        .into_iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        })
        .collect())
}

/// A query of the host's outside of runs that is too long to qualify each name.
pub(super) async fn catalog_query(client: &Client, text: &str) -> Result<Vec<SimpleQueryRow>, Failure> {
    query(client, &format!("{AS_CATALOG}; {text}")).await
}

pub(super) async fn query(client: &Client, text: &str) -> Result<Vec<SimpleQueryRow>, Failure> {
    rows(client, text).await.map_err(|error| Failure {
        error,
        statement: text.to_owned(),
        operation: None,
        shift: Some(0),
        sent: None,
    })
}

impl From<Failure> for SinkError {
    /// For calls outside steps, where a lost connection leaves nothing in doubt.
    fn from(failure: Failure) -> Self {
        failure.into_sink("nothing was changed")
    }
}

/// A missing table or schema has no rows.
fn or_absent(rows: Result<Vec<SimpleQueryRow>, Failure>) -> Result<Vec<SimpleQueryRow>, SinkError> {
    match rows {
        Err(failure)
            if matches!(
                failure.code(),
                Some(&SqlState::UNDEFINED_TABLE | &SqlState::INVALID_SCHEMA_NAME)
            ) =>
        {
            Ok(Vec::new())
        }
        other => Ok(other?),
    }
}
