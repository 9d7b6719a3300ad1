//! Queries and scripts outside runs: for tests that examine the result of a run.

use std::pin::pin;

use futures_util::TryStreamExt as _;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use super::driver_error::Failure;
use super::value_text::from_text;
use mighost_core::{Rows, SinkError};

/// The maximum size of a result, in bytes of its values: a test that reads more is wrong.
const MAX_ANSWER: usize = 64 << 20;

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
/// If the statement fails, or the connection is lost.
pub async fn ask(client: &Client, query: &str) -> Result<Rows, SinkError> {
    let described = client.prepare(query).await.map_err(|error| failed(error, query))?;
    let messages = messages(client, query).await?;
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
    let rows: Vec<_> = rows.map(typed).collect();
    Ok(Rows {
        columns: super::live::described(columns),
        affected: rows.len() as u64,
        rows,
    })
}

/// Sends a script as one message and returns the first column of every row, in order.
///
/// # Errors
/// As for [`ask`].
pub async fn script(client: &Client, script: &str) -> Result<Vec<String>, SinkError> {
    let messages = messages(client, script).await?;
    let texts = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    Ok(texts.collect())
}

/// The answer of the server, up to the limit.
async fn messages(client: &Client, text: &str) -> Result<Vec<SimpleQueryMessage>, SinkError> {
    let failed = |error| failed(error, text);
    let mut stream = pin!(client.simple_query_raw(text).await.map_err(failed)?);
    let (mut messages, mut size) = (Vec::new(), 0_usize);
    while let Some(message) = stream.try_next().await.map_err(failed)? {
        if let SimpleQueryMessage::Row(row) = &message {
            let values = (0..row.len()).map(|column| row.get(column).map_or(0, str::len) + size_of::<Option<&str>>());
            size = size.saturating_add(values.sum());
        }
        if size > MAX_ANSWER {
            // The rest would have to be read and discarded, however long that takes.
            let _ = client.cancel_token().cancel_query(NoTls).await;
            return Err(SinkError::ResultTooLarge { limit: MAX_ANSWER });
        }
        messages.push(message);
    }
    Ok(messages)
}
