//! Where the statements of guests go: a trait that each database implements.

use std::sync::Arc;

use async_trait::async_trait;

use crate::SinkError;
use crate::{Column, DatabaseError, Row, Rows, Value};

/// Receives what guests ask of the database. One sink serves one run; calls never overlap.
///
/// `wit/database.wit` is the contract of each method. An error ends the run, so after one only
/// the executor talks to the sink.
#[async_trait]
pub trait Sink: Send {
    /// Names the operation that the following statements belong to; none for the migration's own. Used in failures.
    fn set_operation(&mut self, operation: Option<Arc<str>>);

    async fn execute(&mut self, statement: &str, params: &[Value]) -> Result<(), SinkError>;
    async fn execute_script(&mut self, script: &str) -> Result<(), SinkError>;
    async fn execute_counted(&mut self, statement: &str, params: &[Value]) -> Result<u64, SinkError>;
    async fn query(&mut self, statement: &str, params: &[Value]) -> Result<Rows, SinkError>;
    async fn try_query(&mut self, statement: &str, params: &[Value]) -> Result<Result<Rows, DatabaseError>, SinkError>;
    async fn suspend_transaction(&mut self) -> Result<(), SinkError>;
    async fn resume_transaction(&mut self) -> Result<(), SinkError>;
    /// False where statements commit by themselves.
    fn in_transaction(&self) -> bool;

    async fn savepoint_open(&mut self) -> Result<u32, SinkError>;
    /// Closes a savepoint, which must be the last one opened: what was done since is kept, or undone.
    async fn savepoint_close(&mut self, savepoint: u32, keep: bool) -> Result<(), SinkError>;

    async fn cursor_open(&mut self, statement: &str, params: &[Value], batch: u32) -> Result<u32, SinkError>;
    async fn cursor_columns(&mut self, cursor: u32) -> Result<Vec<Column>, SinkError>;
    async fn cursor_next(&mut self, cursor: u32) -> Result<Vec<Row>, SinkError>;
    async fn cursor_close(&mut self, cursor: u32) -> Result<(), SinkError>;

    async fn copy_open(&mut self, table: &str, columns: &[String]) -> Result<u32, SinkError>;
    async fn copy_write(&mut self, copy: u32, rows: &[Row]) -> Result<(), SinkError>;
    async fn copy_finish(&mut self, copy: u32) -> Result<u64, SinkError>;
    /// The guest dropped an unfinished COPY: it is undone, and the next call ends the run.
    async fn copy_abandon(&mut self, copy: u32) -> Result<(), SinkError>;
}
