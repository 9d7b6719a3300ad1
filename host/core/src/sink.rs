//! The destination of guests' statements: a trait that each database implements.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{Column, DatabaseError, Row, Rows, SinkError, Value, quote_identifier};

/// Receives the database calls of guests. One sink serves one run; calls never overlap.
///
/// `wit/database.wit` is the contract of each method. An error ends the run: after one, only the engine calls the sink.
#[async_trait]
pub trait Sink: Send {
    /// Names the operation that sends the following statements; `None` if the migration itself sends them. Used in failures.
    fn set_operation(&mut self, operation: Option<Arc<str>>);

    async fn execute(&mut self, statement: &str, params: &[Value]) -> Result<(), SinkError>;
    async fn execute_script(&mut self, script: &str) -> Result<(), SinkError>;
    async fn execute_counted(&mut self, statement: &str, params: &[Value]) -> Result<u64, SinkError>;
    async fn query(&mut self, statement: &str, params: &[Value]) -> Result<Rows, SinkError>;
    async fn try_query(&mut self, statement: &str, params: &[Value]) -> Result<Result<Rows, DatabaseError>, SinkError>;
    async fn suspend_transaction(&mut self) -> Result<(), SinkError>;
    async fn resume_transaction(&mut self) -> Result<(), SinkError>;
    /// False if statements commit by themselves.
    fn in_transaction(&self) -> bool;

    async fn savepoint_open(&mut self) -> Result<u32, SinkError>;
    /// Closes a savepoint, which must be the one opened last: the changes since are kept or undone.
    async fn savepoint_close(&mut self, savepoint: u32, keep: bool) -> Result<(), SinkError>;

    async fn cursor_open(&mut self, statement: &str, params: &[Value], batch: u32) -> Result<u32, SinkError>;
    async fn cursor_columns(&mut self, cursor: u32) -> Result<Vec<Column>, SinkError>;
    async fn cursor_next(&mut self, cursor: u32) -> Result<Vec<Row>, SinkError>;
    async fn cursor_close(&mut self, cursor: u32) -> Result<(), SinkError>;

    /// Sets the schemas in which unqualified names are looked up.
    async fn set_search_path(&mut self, schemas: &[String]) -> Result<(), SinkError>;
    /// Limits how long a statement waits for a lock, in milliseconds; 0 removes the limit.
    async fn set_lock_timeout(&mut self, milliseconds: u32) -> Result<(), SinkError>;
    /// Limits how long a statement runs, in milliseconds; 0 removes the limit.
    async fn set_statement_timeout(&mut self, milliseconds: u32) -> Result<(), SinkError>;

    /// Features of PostgreSQL only; `None` on another database.
    fn postgres(&mut self) -> Option<&mut dyn PostgresSink> {
        None
    }
}

/// Calls of guests that only PostgreSQL supports. `wit/postgres.wit` is the contract of each method.
#[async_trait]
pub trait PostgresSink: Sink {
    async fn copy_open(&mut self, table: &str, columns: &[String]) -> Result<u32, SinkError>;
    async fn copy_write(&mut self, copy: u32, rows: &[Row]) -> Result<(), SinkError>;
    async fn copy_finish(&mut self, copy: u32) -> Result<u64, SinkError>;
    /// The guest dropped an unfinished COPY: it is undone, and the next call ends the run.
    async fn copy_abandon(&mut self, copy: u32) -> Result<(), SinkError>;
    /// Sends `data` by one COPY, with COPY options as names and values.
    async fn copy_data(
        &mut self,
        table: &str,
        columns: &[String],
        options: &[(String, String)],
        data: &[u8],
    ) -> Result<u64, SinkError>;

    /// Sends the remaining rows of a cursor, one COPY per batch: a connection cannot fetch while a COPY is open.
    async fn copy_cursor(&mut self, table: &str, columns: &[String], cursor: u32) -> Result<u64, SinkError> {
        let mut written = 0;
        loop {
            let rows = self.cursor_next(cursor).await?;
            if rows.is_empty() {
                return Ok(written);
            }
            let copy = self.copy_open(table, columns).await?;
            self.copy_write(copy, &rows).await?;
            written += self.copy_finish(copy).await?;
        }
    }

    async fn set_role(&mut self, name: &str) -> Result<(), SinkError> {
        self.execute(&format!("set role {}", quote_identifier(name)), &[]).await
    }

    async fn reset_role(&mut self) -> Result<(), SinkError> {
        self.execute("reset role", &[]).await
    }
}
