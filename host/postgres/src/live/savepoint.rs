//! Savepoints of guests.

use super::journal::Earlier;
use super::statement::{Answer, digest};
use super::{LiveSink, Phase};
use mighost_core::SinkError;
use mighost_core::{Event, Level};

/// A savepoint that a guest holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct OpenSavepoint {
    number: u32,
    /// Opened while an interrupted run was resumed: what was done since is in the journal, and the server has no such savepoint.
    replayed: bool,
}

/// What the server calls it.
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

/// Why a savepoint cannot be closed.
pub fn not_the_last() -> SinkError {
    SinkError::Misuse("a savepoint was closed while a later one was open: close the later one first".to_owned())
}

impl LiveSink {
    pub(super) async fn open_savepoint(&mut self) -> Result<u32, SinkError> {
        self.check()?;
        if self.phase != Phase::Transaction {
            return Err(SinkError::Misuse(
                "a savepoint works inside the transaction only; resume it first".to_owned(),
            ));
        }
        let call = self.journal.call(digest("savepoint", "", &[]));
        let replayed = matches!(self.journal.earlier(call)?, Earlier::Done(_));
        let number = self.number();
        if !replayed {
            self.opening = None;
            self.sent += 1;
            self.ensure_transaction();
            self.bound_savepoints();
            self.pipeline.push_batch(&format!("SAVEPOINT {}", name(number)));
            self.journal.note(call, &Answer::None, false);
        }
        self.savepoints.push(OpenSavepoint { number, replayed });
        Ok(number)
    }

    pub(super) async fn close_savepoint(&mut self, number: u32, keep: bool) -> Result<(), SinkError> {
        self.check()?;
        let Some(savepoint) = self.savepoints.pop_if(|last| last.number == number) else {
            return Err(match self.savepoints.iter().any(|open| open.number == number) {
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
                // Rolling back would bring a transaction that has failed back to life: the failure must be known before.
                self.drain().await?;
            }
            self.sent += 1;
            self.pipeline.push_batch(&close(number, keep));
            self.journal.note(call, &Answer::None, false);
        }
        Ok(())
    }

    /// Rolls back what the guest has left open at its end.
    pub(super) async fn close_savepoints(&mut self) -> Result<(), SinkError> {
        let open = std::mem::take(&mut self.savepoints);
        let Some(first) = open.first().filter(|first| !first.replayed) else {
            return Ok(());
        };
        self.drain().await?;
        self.pipeline.push_batch(&close(first.number, false));
        let revision = self.step.as_ref().map_or("", |step| step.revision.as_str());
        self.reporter.report(Event::Note {
            level: Level::Warn,
            text: match open.len() {
                1 => format!("{revision} ended with an open savepoint: what was done since was rolled back"),
                count => format!(
                    "{revision} ended with {count} open savepoints: what was done since the first was rolled back"
                ),
            },
        });
        Ok(())
    }
}
