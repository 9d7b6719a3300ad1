//! A sink that passes everything to another one and records the statements of guests.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::watch;

use mighost_core::{
    Aftermath, Column, DatabaseError, Digest, LedgerEntry, PostgresSink, Row, RowChange, Rows, RunError, Sink,
    SinkError, StepContext, StepSink, Value,
};

/// The number of bytes that are recorded as text. A migration may load more rows than there is memory.
const KEPT: usize = 4 << 20;

/// The statements and queries of the guests of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recorded {
    /// Each call that needs no answer, as text, up to the limit.
    calls: Vec<String>,
    kept: usize,
    /// The number of calls that are not recorded, and a digest of them.
    others: (u64, u64),
    /// The first call that needs an answer: later ones may depend on it.
    pub asked: Option<String>,
}

impl Recorded {
    /// Whether the same statements were sent.
    pub fn same_calls(&self, other: &Self) -> bool {
        self.calls == other.calls && self.others == other.others
    }

    /// The statements, one line each.
    pub fn text(&self) -> String {
        let mut text: String = self.calls.iter().map(|call| format!("{call}\n")).collect();
        let (count, digest) = self.others;
        if count > 0 {
            text.push_str(&format!("and {count} more calls, with the digest {digest:016x}\n"));
        }
        text
    }

    fn sent(&mut self, call: String) {
        if self.kept < KEPT && self.others.0 == 0 {
            self.kept += call.len();
            self.calls.push(call);
        } else {
            let mut hasher = DefaultHasher::new();
            (self.others.1, &call).hash(&mut hasher);
            self.others = (self.others.0 + 1, hasher.finish());
        }
    }
}

/// Passes everything to `inner`.
pub struct Recording<S> {
    pub inner: S,
    pub recorded: Recorded,
}

impl<S> Recording<S> {
    pub fn new(inner: S) -> Self {
        Self {
            inner,
            recorded: Recorded::default(),
        }
    }

    fn sent(&mut self, call: impl Into<String>) {
        self.recorded.sent(call.into());
    }

    fn asked(&mut self, statement: &str) {
        self.recorded.asked.get_or_insert_with(|| statement.trim().to_owned());
    }
}

/// A value in the text of a call.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "NULL".into(),
        Value::Boolean(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Real(value) => format!("{value:?}"),
        Value::Text(text) => format!("'{text}'"),
        Value::Bytes(bytes) => format!("{bytes:02x?}"),
    }
}

fn list(values: &[Value]) -> String {
    values.iter().map(shown).collect::<Vec<_>>().join(", ")
}

/// A statement, followed by its parameters.
fn with_params(statement: &str, params: &[Value]) -> String {
    match params {
        [] => statement.trim().to_owned(),
        params => format!("{} -- {}", statement.trim(), list(params)),
    }
}

#[async_trait]
impl<S: PostgresSink> Sink for Recording<S> {
    fn set_operation(&mut self, operation: Option<Arc<str>>) {
        self.inner.set_operation(operation);
    }

    async fn execute(&mut self, statement: &str, params: &[Value]) -> Result<(), SinkError> {
        self.sent(with_params(statement, params));
        self.inner.execute(statement, params).await
    }

    async fn execute_script(&mut self, script: &str) -> Result<(), SinkError> {
        self.sent(script.trim());
        self.inner.execute_script(script).await
    }

    async fn execute_counted(&mut self, statement: &str, params: &[Value]) -> Result<u64, SinkError> {
        self.sent(with_params(statement, params));
        self.inner.execute_counted(statement, params).await
    }

    async fn query(&mut self, statement: &str, params: &[Value]) -> Result<Rows, SinkError> {
        self.asked(statement);
        self.inner.query(statement, params).await
    }

    async fn try_query(&mut self, statement: &str, params: &[Value]) -> Result<Result<Rows, DatabaseError>, SinkError> {
        self.asked(statement);
        self.inner.try_query(statement, params).await
    }

    async fn suspend_transaction(&mut self) -> Result<(), SinkError> {
        self.sent("-- leaves the transaction");
        self.inner.suspend_transaction().await
    }

    async fn resume_transaction(&mut self) -> Result<(), SinkError> {
        self.sent("-- begins a transaction again");
        self.inner.resume_transaction().await
    }

    fn in_transaction(&self) -> bool {
        self.inner.in_transaction()
    }

    async fn savepoint_open(&mut self) -> Result<u32, SinkError> {
        self.sent("SAVEPOINT");
        self.inner.savepoint_open().await
    }

    async fn savepoint_close(&mut self, savepoint: u32, keep: bool) -> Result<(), SinkError> {
        self.sent(if keep {
            "RELEASE SAVEPOINT"
        } else {
            "ROLLBACK TO SAVEPOINT"
        });
        self.inner.savepoint_close(savepoint, keep).await
    }

    async fn cursor_open(&mut self, statement: &str, params: &[Value], batch: u32) -> Result<u32, SinkError> {
        self.asked(statement);
        self.inner.cursor_open(statement, params, batch).await
    }

    async fn cursor_columns(&mut self, cursor: u32) -> Result<Vec<Column>, SinkError> {
        self.inner.cursor_columns(cursor).await
    }

    async fn cursor_next(&mut self, cursor: u32) -> Result<Vec<Row>, SinkError> {
        self.inner.cursor_next(cursor).await
    }

    async fn cursor_close(&mut self, cursor: u32) -> Result<(), SinkError> {
        self.inner.cursor_close(cursor).await
    }

    async fn set_search_path(&mut self, schemas: &[String]) -> Result<(), SinkError> {
        self.sent(format!("set search_path = {}", schemas.join(", ")));
        self.inner.set_search_path(schemas).await
    }

    async fn set_lock_timeout(&mut self, milliseconds: u32) -> Result<(), SinkError> {
        self.sent(format!("set lock_timeout = {milliseconds}"));
        self.inner.set_lock_timeout(milliseconds).await
    }

    async fn set_statement_timeout(&mut self, milliseconds: u32) -> Result<(), SinkError> {
        self.sent(format!("set statement_timeout = {milliseconds}"));
        self.inner.set_statement_timeout(milliseconds).await
    }

    fn postgres(&mut self) -> Option<&mut dyn PostgresSink> {
        Some(self)
    }
}

/// `copy_cursor` is not passed on: its default records the rows.
#[async_trait]
impl<S: PostgresSink> PostgresSink for Recording<S> {
    async fn copy_open(&mut self, table: &str, columns: &[String]) -> Result<u32, SinkError> {
        self.sent(format!("COPY {table} ({})", columns.join(", ")));
        self.inner.copy_open(table, columns).await
    }

    async fn copy_write(&mut self, copy: u32, rows: &[Row]) -> Result<(), SinkError> {
        for row in rows {
            self.sent(format!("  {}", list(row)));
        }
        self.inner.copy_write(copy, rows).await
    }

    async fn copy_finish(&mut self, copy: u32) -> Result<u64, SinkError> {
        self.inner.copy_finish(copy).await
    }

    async fn copy_abandon(&mut self, copy: u32) -> Result<(), SinkError> {
        self.inner.copy_abandon(copy).await
    }

    async fn copy_data(
        &mut self,
        table: &str,
        columns: &[String],
        options: &[(String, String)],
        data: &[u8],
    ) -> Result<u64, SinkError> {
        let digest = Digest::of(data);
        self.sent(format!("COPY {table} ({}) {options:?} -- {digest}", columns.join(", ")));
        self.inner.copy_data(table, columns, options, data).await
    }
}

#[async_trait]
impl<S: StepSink + PostgresSink> StepSink for Recording<S> {
    async fn begin_run(&mut self) -> Result<(), RunError> {
        self.inner.begin_run().await
    }

    async fn begin_step(&mut self, step: &StepContext) -> Result<(), RunError> {
        self.inner.begin_step(step).await
    }

    async fn begin_hooks(&mut self) -> Result<(), RunError> {
        self.inner.begin_hooks().await
    }

    async fn close_step(&mut self, changes: &[RowChange], entry: &LedgerEntry) -> Result<(), RunError> {
        self.inner.close_step(changes, entry).await
    }

    async fn settle(&mut self) -> Result<(), RunError> {
        self.inner.settle().await
    }

    fn settled(&self) -> watch::Receiver<usize> {
        self.inner.settled()
    }

    async fn abort_step(&mut self) -> Result<Aftermath, RunError> {
        self.inner.abort_step().await
    }

    async fn end_run(&mut self) -> Result<(), RunError> {
        self.inner.end_run().await
    }

    fn one_transaction(&self) -> bool {
        self.inner.one_transaction()
    }

    fn may_retry(&self, error: &SinkError) -> bool {
        self.inner.may_retry(error)
    }

    fn statements(&self) -> u64 {
        self.inner.statements()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_kept_is_told_apart_all_the_same() {
        let record = |last: &str| {
            let mut recorded = Recorded::default();
            recorded.sent("x".repeat(KEPT));
            recorded.sent("a".to_owned());
            recorded.sent(last.to_owned());
            recorded
        };
        assert!(record("b").same_calls(&record("b")));
        assert!(!record("b").same_calls(&record("c")));
        assert_eq!(record("b").calls.len(), 1);
        assert!(record("b").text().contains("\nand 2 more calls, with the digest "));
    }
}
