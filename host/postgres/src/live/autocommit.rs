//! Statements outside the guest's transaction: each commits by itself, together with its row in the journal.

use tokio_postgres::error::SqlState;

use super::LiveSink;
use super::journal::{Call, CallState, Earlier};
use super::statement::{Answer, Operation};
use crate::driver_error::Failure;
use crate::state::rows;
use crate::tables::{AS_CATALOG, CHECK_DEFERRED, CHECK_SETTINGS};
use mighost_core::sql::{IndexWork, index_work};
use mighost_core::{SinkError, quote_literal};

/// Makes the host's statements in a guest's transaction independent of the guest's role and search path, until the end of that
/// transaction.
const AS_HOST: &str = "SET LOCAL SESSION AUTHORIZATION DEFAULT; SET LOCAL role TO DEFAULT";

/// [`AS_HOST`], after the check that the guest has not changed a setting that it cannot change.
pub(super) fn as_host() -> String {
    format!("{CHECK_SETTINGS}; {AS_HOST}; {AS_CATALOG}")
}

/// True for the server's errors about a statement that cannot run in a transaction block, or that would end it.
fn wants_no_transaction(sqlstate: &str) -> bool {
    sqlstate == SqlState::ACTIVE_SQL_TRANSACTION.code() || sqlstate == SqlState::INVALID_TRANSACTION_TERMINATION.code()
}

impl LiveSink {
    /// Runs a statement in a transaction of its own, together with its journal row. If the server does not allow that, the statement runs
    /// without a transaction, and its row is written before and after.
    pub(super) async fn alone(
        &mut self,
        call: Call,
        operation: Operation<'_>,
        earlier: Earlier,
    ) -> Result<Answer, SinkError> {
        self.check_lock().await?;
        if !matches!(earlier, Earlier::Unknown)
            && let Some(answer) = self.recover(call, operation, &earlier).await?
        {
            return Ok(answer);
        }
        if !matches!(earlier, Earlier::Started) {
            match self.in_own_transaction(call, operation).await {
                Ok(Some(answer)) => return Ok(answer),
                Ok(None) => {}
                Err(failure) => return Err(self.report(failure)),
            }
        }
        self.outside(call, operation, matches!(earlier, Earlier::Started)).await
    }

    /// `None` if the statement cannot run in a transaction.
    async fn in_own_transaction(&mut self, call: Call, operation: Operation<'_>) -> Result<Option<Answer>, Failure> {
        self.pipeline.push_batch("BEGIN");
        self.in_transaction = true;
        let performed = self.perform(operation).await;
        let refused = match &performed {
            Ok(Answer::Failed(error)) => wants_no_transaction(&error.sqlstate),
            Ok(_) => false,
            Err(failure) => failure.code().is_some_and(|code| wants_no_transaction(code.code())),
        };
        let committed = match performed {
            Ok(answer) if !refused && !answer.ends_run() => {
                self.journal.note(call, &answer, operation.must_not_repeat());
                match self.commit_alone().await {
                    Ok(()) => return Ok(Some(answer)),
                    Err(failure) => Err(failure),
                }
            }
            other => other,
        };
        self.roll_back().await;
        if refused { Ok(None) } else { committed.map(Some) }
    }

    /// Commits what was done outside the guest's transaction, together with pending rows of the journal.
    pub(super) async fn commit_alone(&mut self) -> Result<(), Failure> {
        let lines = self.journal.take_pending(&self.tables);
        self.pipeline.push_batch(CHECK_DEFERRED);
        self.commit_batch(&format!("{}{lines}; COMMIT", as_host())).await
    }

    /// Sends a batch that ends in COMMIT and contains rows of the journal.
    async fn commit_batch(&mut self, batch: &str) -> Result<(), Failure> {
        self.pipeline.push_batch(batch);
        self.in_transaction = true;
        // The next run knows of everything that is committed already; it may or may not know of the first rows.
        self.step.committing = !self.journal.written;
        let committed = self.pipeline.drain().await;
        match &committed {
            Ok(()) => {
                self.in_transaction = false;
                self.step.committing = false;
                self.journal.written = true;
            }
            Err(failure) => self.step.committing &= !failure.is_told(self.settings.pooler),
        }
        committed
    }

    async fn outside(&mut self, call: Call, operation: Operation<'_>, again: bool) -> Result<Answer, SinkError> {
        self.write_line(call, CallState::Started, None).await?;
        match self.perform(operation).await {
            Ok(answer) => {
                let text = Answer::encode(&answer);
                self.write_line(call, CallState::Done, Some(&text)).await?;
                Ok(answer)
            }
            Err(failure) if failure.is_lost() => Err(self.report(failure)),
            Err(failure) => {
                // An earlier run may have done it: then `started` remains, so that the next run reports it again.
                if !again {
                    // A failed statement leaves no invalid index; one that existed before is not its own.
                    if failure.code() != Some(&SqlState::DUPLICATE_TABLE) {
                        let _ = self.recover(call, operation, &Earlier::Failed).await;
                    }
                    self.write_line(call, CallState::Failed, None).await?;
                }
                let mut error = self.report(failure);
                if again && let SinkError::Statement(failure) = &mut error {
                    let hint = "an interrupted run already sent this statement, so it may have taken effect; if it \
                                did, undo it by hand and run again";
                    let fields = &mut failure.error;
                    fields.hint = Some(match fields.hint.take() {
                        Some(own) => format!("{own} ({hint})"),
                        None => hint.to_owned(),
                    });
                }
                Err(error)
            }
        }
    }

    /// Writes one row of the journal in a transaction of its own, together with pending rows.
    async fn write_line(&mut self, call: Call, state: CallState, answer: Option<&str>) -> Result<(), SinkError> {
        let pending = self.journal.take_pending(&self.tables);
        let line = self.journal.line(&self.tables, call, state, answer);
        let written = self
            .commit_batch(&format!("BEGIN; {}{pending}; {line}; COMMIT", as_host()))
            .await;
        written.map_err(|failure| self.report(failure))
    }

    /// Checks what an interrupted run left of concurrent index work. Returns a result if it was done.
    async fn recover(
        &mut self,
        call: Call,
        operation: Operation<'_>,
        earlier: &Earlier,
    ) -> Result<Option<Answer>, SinkError> {
        let Some(work) = index_work(operation.statement()) else {
            return Ok(None);
        };
        let done = match work {
            IndexWork::Create {
                index: Some(index),
                table,
            } => {
                let query = format!(
                    "SELECT i.indisvalid, i.indexrelid::pg_catalog.regclass FROM pg_catalog.pg_index i \
                     JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) i.indexrelid \
                     WHERE i.indrelid OPERATOR(pg_catalog.=) pg_catalog.to_regclass({})::pg_catalog.oid \
                     AND ARRAY[c.relname::pg_catalog.text] OPERATOR(pg_catalog.=) pg_catalog.parse_ident({})",
                    quote_literal(&table),
                    quote_literal(&index)
                );
                let found = self.ask(&query).await?;
                match found.first().and_then(|row| Some((row.get(0)?, row.get(1)?))) {
                    Some(("t", _)) => matches!(earlier, Earlier::Started),
                    Some((_, name)) => {
                        self.ask(&format!("DROP INDEX CONCURRENTLY {name}")).await?;
                        false
                    }
                    None => false,
                }
            }
            IndexWork::Create { index: None, .. } => false,
            IndexWork::Drop { indexes } => {
                let left: Vec<String> = indexes
                    .iter()
                    .map(|index| format!("pg_catalog.to_regclass({}) IS NULL", quote_literal(index)))
                    .collect();
                let found = self.ask(&format!("SELECT {}", left.join(" AND "))).await?;
                matches!(earlier, Earlier::Started) && found.first().and_then(|row| row.get(0)) == Some("t")
            }
            IndexWork::Reindex { kind, name } => {
                self.drop_reindex_remains(&kind, &name).await?;
                false
            }
        };
        if !done {
            return Ok(None);
        }
        let answer = match operation {
            Operation::Execute(..) => Answer::None,
            _ => Answer::Count(0),
        };
        let text = Answer::encode(&answer);
        self.write_line(call, CallState::Done, Some(&text)).await?;
        Ok(Some(answer))
    }

    /// An interrupted REINDEX CONCURRENTLY leaves invalid indexes named `..._ccnew` or `..._ccold`.
    async fn drop_reindex_remains(&mut self, kind: &str, name: &str) -> Result<(), SinkError> {
        let of = match kind {
            "INDEX" => {
                "(SELECT indrelid FROM pg_catalog.pg_index WHERE indexrelid OPERATOR(pg_catalog.=) pg_catalog.to_regclass(NAME)::pg_catalog.oid)"
            }
            "TABLE" => "pg_catalog.to_regclass(NAME)::pg_catalog.oid",
            _ => return Ok(()),
        };
        let query = format!(
            "SELECT i.indexrelid::pg_catalog.regclass FROM pg_catalog.pg_index i \
             JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) i.indexrelid \
             WHERE i.indrelid OPERATOR(pg_catalog.=) {} AND NOT i.indisvalid \
             AND c.relname OPERATOR(pg_catalog.~) '_cc(new|old)[0-9]*$'",
            of.replace("NAME", &quote_literal(name))
        );
        for row in self.ask(&query).await? {
            if let Some(index) = row.get(0) {
                self.ask(&format!("DROP INDEX CONCURRENTLY {index}")).await?;
            }
        }
        Ok(())
    }

    /// Sends a query of the host's own, outside a transaction.
    async fn ask(&mut self, query: &str) -> Result<Vec<tokio_postgres::SimpleQueryRow>, SinkError> {
        let drained = self.pipeline.drain().await;
        drained.map_err(|failure| self.report(failure))?;
        let client = self.pipeline.client();
        let found = rows(&client, query).await;
        found.map_err(|error| self.report(self.failure(error, query, Some(0))))
    }

    /// Makes sure that the lock of this session still excludes other runs, before something is committed separately.
    pub(super) async fn check_lock(&mut self) -> Result<(), SinkError> {
        let held = self.ask(&self.lock.held()).await?;
        if held.first().and_then(|row| row.get(0)) == Some("t") {
            return Ok(());
        }
        Err(SinkError::CannotSuspend {
            reason:
                "this session no longer holds the lock that keeps other runs out: either a statement released it, as \
                 pg_advisory_unlock_all() does, or a connection pooler changes the session between transactions. Remove \
                 the statement, or connect to the server directly"
                    .to_owned(),
        })
    }
}
