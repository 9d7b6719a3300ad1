//! What the ledger remembers of each revision, for those who look at history.

use std::collections::BTreeMap;

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::failure::Failure;
use super::state::rows;
use super::tables::Tables;
use crate::runtime::SinkError;

/// When each revision was last run upwards or stamped, as RFC 3339 in UTC, in whole seconds. Revisions whose latest line is a
/// downgrade are left out. Empty where there is no ledger, or none that this role may read.
pub async fn read_dates(
    client: &Client,
    schema: &str,
    version_table: &str,
) -> Result<BTreeMap<String, String>, SinkError> {
    let ledger = Tables::new(schema, version_table).ledger;
    let statement = format!(
        "SELECT revision, at FROM (SELECT DISTINCT ON (revision) revision, direction, \
         pg_catalog.to_char(started AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS at \
         FROM {ledger} ORDER BY revision, id DESC) lines WHERE direction <> 'downgrade'"
    );
    let found = match rows(client, &statement).await {
        Ok(found) => found,
        Err(error) if unknown(error.code()) => return Ok(BTreeMap::new()),
        Err(error) => {
            return Err(Failure {
                error,
                statement,
                operation: None,
                shift: Some(0),
            }
            .into());
        }
    };
    Ok(found
        .iter()
        .filter_map(|row| Some((row.get(0)?.to_owned(), row.get(1)?.to_owned())))
        .collect())
}

fn unknown(code: Option<&SqlState>) -> bool {
    matches!(
        code,
        Some(&SqlState::UNDEFINED_TABLE | &SqlState::INVALID_SCHEMA_NAME | &SqlState::INSUFFICIENT_PRIVILEGE)
    )
}
