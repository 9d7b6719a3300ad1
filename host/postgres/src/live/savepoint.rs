//! Savepoints for guests.

use super::journal::Earlier;
use super::statement::{Answer, digest};
use super::{LiveSink, Phase};
use mighost_core::{Event, Level, SinkError};

/// A savepoint that a guest holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct OpenSavepoint {
    number: u32,
    /// Opened while an interrupted run was resumed: what was done since is in the journal, and the server has no such savepoint.
    replayed: bool,
}

/// Its name on the server.
fn name(number: u32) -> String {
    format!("mighost_savepoint_{number}")
}

/// Closes a savepoint that is no longer needed.
fn close(number: u32, keep: bool) -> String {
    let name = name(number);
    match keep {
        true => format!("RELEASE SAVEPOINT {name}"),
        false => format!("ROLLBACK TO SAVEPOINT {name}; RELEASE SAVEPOINT {name}"),
    }
}

/// The reason why a savepoint cannot be closed.
pub fn not_the_last() -> SinkError {
    SinkError::Misuse("a savepoint was closed while a later one was open: close the later one first".to_owned())
}

/// The reason why a savepoint cannot be opened.
pub fn outside_transaction() -> SinkError {
    SinkError::Misuse("a savepoint works only inside the transaction; call resume-transaction first".to_owned())
}

impl LiveSink {
    pub(super) async fn open_savepoint(&mut self) -> Result<u32, SinkError> {
        self.check()?;
        if self.step.phase != Phase::Transaction {
            return Err(outside_transaction());
        }
        let call = self.journal.call(digest("savepoint", "", &[]));
        let replayed = matches!(self.journal.earlier(call)?, Earlier::Done(_));
        let number = self.number();
        if !replayed {
            self.step.opening = None;
            self.step.sent += 1;
            self.ensure_transaction();
            self.bound_savepoints();
            self.pipeline.push_batch(&format!("SAVEPOINT {}", name(number)));
            self.journal.note(call, &Answer::None, false);
        }
        self.handles.savepoints.push(OpenSavepoint { number, replayed });
        Ok(number)
    }

    pub(super) async fn close_savepoint(&mut self, number: u32, keep: bool) -> Result<(), SinkError> {
        self.check()?;
        let Some(savepoint) = self.handles.savepoints.pop_if(|last| last.number == number) else {
            return Err(match self.handles.savepoints.iter().any(|open| open.number == number) {
                true => not_the_last(),
                false => SinkError::Misuse(
                    "the savepoint ended with its transaction, which was committed by suspend-transaction".to_owned(),
                ),
            });
        };
        let call = self
            .journal
            .call(digest(if keep { "release" } else { "roll-back" }, "", &[]));
        let done = matches!(self.journal.earlier(call)?, Earlier::Done(_));
        if !done {
            if savepoint.replayed {
                return Err(SinkError::Resume {
                    revision: self.journal.step().0.to_owned(),
                    reason: "it was interrupted while a savepoint was open, which ended with the connection".to_owned(),
                });
            }
            if !keep {
                // Rolling back would revive a failed transaction: the failure must be known before.
                self.drain().await?;
            }
            self.step.sent += 1;
            self.pipeline.push_batch(&close(number, keep));
            self.journal.note(call, &Answer::None, false);
        }
        Ok(())
    }

    /// Rolls back the savepoints that the guest has left open.
    pub(super) async fn close_savepoints(&mut self) -> Result<(), SinkError> {
        let open = std::mem::take(&mut self.handles.savepoints);
        let Some(first) = open.first().filter(|first| !first.replayed) else {
            return Ok(());
        };
        self.drain().await?;
        self.pipeline.push_batch(&close(first.number, false));
        let revision = self.step.context.as_ref().map_or("", |step| step.revision.as_str());
        self.reporter.report(Event::Note {
            level: Level::Warn,
            text: match open.len() {
                1 => format!("{revision} ended with an open savepoint: its work since then was rolled back"),
                count => {
                    format!("{revision} ended with {count} open savepoints: its work since the first was rolled back")
                }
            },
        });
        Ok(())
    }
}
