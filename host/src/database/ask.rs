//! Queries outside of runs, and scripts: for tests, which look at what a run has left.

use tokio_postgres::{Client, SimpleQueryMessage};

use super::failure::Failure;
use super::text::from_text;
use crate::runtime::{Rows, SinkError};

fn failed(error: tokio_postgres::Error, statement: &str) -> SinkError {
    Failure {
        error,
        statement: statement.to_owned(),
        operation: None,
        shift: Some(0),
        sent: None,
    }
    .into()
}

/// The rows of one query, in the types of its columns.
///
/// # Errors
/// The server refuses it, or the connection is lost.
pub async fn ask(client: &Client, query: &str) -> Result<Rows, SinkError> {
    let described = client.prepare(query).await.map_err(|error| failed(error, query))?;
    let messages = client.simple_query(query).await.map_err(|error| failed(error, query))?;
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let columns = described.columns();
    let typed = |row: &tokio_postgres::SimpleQueryRow| {
        let values = columns.iter().enumerate();
        values
            .map(|(at, column)| from_text(row.get(at), column.type_()))
            .collect()
    };
    Ok(Rows {
        columns: columns.iter().map(|column| column.name().to_owned()).collect(),
        rows: rows.map(typed).collect(),
    })
}

/// Sends a script as one message and answers the first column of every row, in order.
///
/// # Errors
/// As [`ask`].
pub async fn script(client: &Client, script: &str) -> Result<Vec<String>, SinkError> {
    let messages = client
        .simple_query(script)
        .await
        .map_err(|error| failed(error, script))?;
    let texts = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    Ok(texts.collect())
}
