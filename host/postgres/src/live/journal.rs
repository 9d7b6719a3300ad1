//! The journal of a step that leaves its transaction: the guest's calls and their results.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tokio_postgres::SimpleQueryRow;

use super::statement::Answer;
use crate::tables::Tables;
use mighost_core::{Column, DatabaseError, Digest, Direction, Rows, SinkError, Value, quote_literal};

/// The size of a result, in bytes, above which it is not kept; the query is then repeated.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;
/// The maximum total size of results that wait for their commit, in bytes.
const MAX_PENDING_BYTES: usize = 64 * 1024 * 1024;

/// A call of the guest, counted from the guest's start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    pub ordinal: u64,
    pub digest: Digest,
}

/// The state of a call in an earlier run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallState {
    Started,
    Failed,
    Done,
}

impl CallState {
    pub fn name(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Failed => "failed",
            Self::Done => "done",
        }
    }
}

/// The journal's information on a call.
#[derive(Debug)]
pub(super) enum Earlier {
    /// None: the call is new.
    Unknown,
    /// It was done; the result is `None` if it was too large to keep.
    Done(Option<Answer>),
    /// It was sent outside a transaction, and no answer arrived.
    Started,
    /// It was sent outside a transaction and failed.
    Failed,
}

/// A row of the journal table.
#[derive(Clone, Debug)]
pub(super) struct JournalRow {
    revision: String,
    direction: String,
    ordinal: u64,
    digest: String,
    state: String,
    answer: Option<String>,
}

impl JournalRow {
    pub fn revision(&self) -> &str {
        &self.revision
    }

    pub fn direction(&self) -> &str {
        &self.direction
    }

    /// True for a row of this step.
    pub fn is_of(&self, revision: &str, direction: Direction) -> bool {
        self.revision == revision && self.direction == direction.to_string()
    }

    /// True for a statement that failed and so had no effect.
    pub fn failed(&self) -> bool {
        self.state == CallState::Failed.name()
    }

    /// Reads a row of [`Tables::journal_rows`].
    pub fn read(row: &SimpleQueryRow) -> Option<Self> {
        Some(Self {
            revision: row.get(0)?.to_owned(),
            direction: row.get(1)?.to_owned(),
            ordinal: row.get(2)?.parse().ok()?,
            digest: row.get(3)?.to_owned(),
            state: row.get(4)?.to_owned(),
            answer: row.get(5).map(str::to_owned),
        })
    }
}

/// The journal of one step.
#[derive(Debug)]
pub(super) struct Journal {
    revision: String,
    direction: Direction,
    /// The journal's table, quoted.
    table: String,
    earlier: BTreeMap<u64, JournalRow>,
    next: u64,
    /// Whether the step may leave its transaction at all.
    recording: bool,
    pending: Vec<(Call, Option<String>)>,
    pending_bytes: usize,
    /// Whether the table contains committed rows of this step.
    pub written: bool,
    /// Whether a result that had to be kept was discarded.
    overflowed: bool,
}

impl Journal {
    pub fn new(table: &str, revision: &str, direction: Direction, rows: &[JournalRow], recording: bool) -> Self {
        let mine = |row: &&JournalRow| row.is_of(revision, direction);
        let earlier: BTreeMap<u64, JournalRow> =
            rows.iter().filter(mine).map(|row| (row.ordinal, row.clone())).collect();
        Self {
            revision: revision.to_owned(),
            direction,
            table: table.to_owned(),
            written: !earlier.is_empty(),
            earlier,
            next: 0,
            recording,
            pending: Vec::new(),
            pending_bytes: 0,
            overflowed: false,
        }
    }

    /// The journal outside steps.
    pub fn idle() -> Self {
        Self::new("", "", Direction::Stamp, &[], false)
    }

    /// Whether pending rows cannot be written, because a result that must not be requested twice was too large.
    pub fn overflowed(&self) -> bool {
        self.overflowed
    }

    pub fn step(&self) -> (&str, Direction) {
        (&self.revision, self.direction)
    }

    /// Counts the next call.
    pub fn call(&mut self, digest: Digest) -> Call {
        let ordinal = self.next;
        self.next += 1;
        Call { ordinal, digest }
    }

    /// The state of `call` in an earlier run. Ends the run if the guest's calls differ from those in that run.
    pub fn earlier(&self, call: Call) -> Result<Earlier, SinkError> {
        let Some(row) = self.earlier.get(&call.ordinal) else {
            return Ok(Earlier::Unknown);
        };
        if row.digest != call.digest.to_string() {
            // A failed statement may have been fixed: it had no effect.
            if row.state == CallState::Failed.name() {
                return Ok(Earlier::Unknown);
            }
            return Err(self.differs(&format!(
                "its call number {} differs from the recorded one: the migration or the data that it reads has changed",
                call.ordinal + 1
            )));
        }
        Ok(match row.state.as_str() {
            "done" => Earlier::Done(row.answer.as_deref().map(decode).transpose().map_err(|error| {
                self.differs(&format!(
                    "the answer to its call number {} cannot be read: {error}",
                    call.ordinal + 1
                ))
            })?),
            "failed" => Earlier::Failed,
            _ => Earlier::Started,
        })
    }

    fn differs(&self, what: &str) -> SinkError {
        let done = self.earlier.values().filter(|row| row.state == CallState::Done.name());
        SinkError::Resume {
            revision: self.revision.clone(),
            reason: format!(
                "{what}. Restore the interrupted artifact and run it again; or undo its first {} calls by hand, then \
                 discard them with `DELETE FROM {} WHERE revision = {}` and run again",
                done.count(),
                self.table,
                quote_literal(&self.revision)
            ),
        }
    }

    /// Ends the run if the guest ended before it made all journaled calls. A call that failed may be omitted.
    pub fn check_end(&self) -> Result<(), SinkError> {
        let done = |(_, row): &(&u64, &JournalRow)| row.state != CallState::Failed.name();
        match self.earlier.iter().rfind(done) {
            Some((last, _)) if *last >= self.next => Err(self.differs(&format!(
                "it ended after {} calls, but {} are recorded",
                self.next,
                last + 1
            ))),
            _ => Ok(()),
        }
    }

    /// Keeps a call until its transaction commits. `keep_large` keeps even a large result, for statements that must not be sent twice.
    pub fn note(&mut self, call: Call, answer: &Answer, keep_large: bool) {
        if !self.recording {
            return;
        }
        let text = encode(answer);
        if self.overflowed {
            return;
        }
        let fits = self.pending_bytes + text.len() <= MAX_PENDING_BYTES;
        let call_fits = self.pending_bytes + size_of::<(Call, Option<String>)>() <= MAX_PENDING_BYTES;
        if !call_fits || (keep_large && !fits) {
            // A step that never leaves its transaction needs no journal. One that leaves it is refused in this case.
            self.overflowed = true;
            self.pending = Vec::new();
            return;
        }
        let kept = (fits && (keep_large || text.len() <= MAX_ANSWER_BYTES)).then_some(text);
        self.pending_bytes += size_of::<(Call, Option<String>)>() + kept.as_ref().map_or(0, String::len);
        self.pending.push((call, kept));
    }

    /// The statements that write pending rows. Once they are committed, [`Self::written`] has to be set.
    pub fn take_pending(&mut self, tables: &Tables) -> String {
        let mut batch = String::new();
        for (call, answer) in std::mem::take(&mut self.pending) {
            batch.push_str("; ");
            batch.push_str(&self.line(tables, call, CallState::Done, answer.as_deref()));
        }
        self.pending_bytes = 0;
        batch
    }

    pub fn line(&self, tables: &Tables, call: Call, state: CallState, answer: Option<&str>) -> String {
        tables.journal_line(self.step(), call.ordinal, &call.digest, state.name(), answer)
    }
}

/// A value in the form that the journal keeps. JSON has no NaN and no bytes.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Stored {
    Null,
    Boolean(bool),
    Integer(i64),
    Real(u64),
    Text(String),
    Bytes(Vec<u8>),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StoredAnswer {
    None,
    Count(u64),
    Rows {
        columns: Vec<Column>,
        rows: Vec<Vec<Stored>>,
        affected: u64,
    },
    Failed(#[serde(with = "StoredError")] DatabaseError),
}

/// All fields; other JSON omits some.
#[derive(Serialize, Deserialize)]
#[serde(remote = "DatabaseError")]
struct StoredError {
    severity: String,
    sqlstate: String,
    message: String,
    detail: Option<String>,
    hint: Option<String>,
    position: Option<u32>,
    context: Option<String>,
    fields: Vec<(String, String)>,
}

impl Answer {
    /// The result in the form that the journal keeps.
    pub fn encode(&self) -> String {
        encode(self)
    }
}

fn encode(answer: &Answer) -> String {
    let stored = match answer {
        Answer::None | Answer::TooLarge | Answer::Misused(_) | Answer::Refused(_) => StoredAnswer::None,
        Answer::Count(count) => StoredAnswer::Count(*count),
        Answer::Failed(error) => StoredAnswer::Failed(error.clone()),
        Answer::Rows(rows) => StoredAnswer::Rows {
            columns: rows.columns.clone(),
            rows: rows.rows.iter().map(|row| row.iter().map(store).collect()).collect(),
            affected: rows.affected,
        },
    };
    serde_json::to_string(&stored).unwrap_or_else(|_| "null".to_owned())
}

fn decode(text: &str) -> Result<Answer, serde_json::Error> {
    Ok(match serde_json::from_str(text)? {
        StoredAnswer::None => Answer::None,
        StoredAnswer::Count(count) => Answer::Count(count),
        StoredAnswer::Failed(error) => Answer::Failed(error),
        StoredAnswer::Rows {
            columns,
            rows,
            affected,
        } => Answer::Rows(Rows {
            columns,
            affected,
            rows: rows
                .into_iter()
                .map(|row| row.into_iter().map(restore).collect())
                .collect(),
        }),
    })
}

fn store(value: &Value) -> Stored {
    match value {
        Value::Null => Stored::Null,
        Value::Boolean(value) => Stored::Boolean(*value),
        Value::Integer(value) => Stored::Integer(*value),
        Value::Real(value) => Stored::Real(value.to_bits()),
        Value::Text(value) => Stored::Text(value.clone()),
        Value::Bytes(value) => Stored::Bytes(value.clone()),
    }
}

fn restore(value: Stored) -> Value {
    match value {
        Stored::Null => Value::Null,
        Stored::Boolean(value) => Value::Boolean(value),
        Stored::Integer(value) => Value::Integer(value),
        Stored::Real(bits) => Value::Real(f64::from_bits(bits)),
        Stored::Text(value) => Value::Text(value),
        Stored::Bytes(value) => Value::Bytes(value),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn answers_round_trip() {
        let values = vec![
            Value::Null,
            Value::Boolean(true),
            Value::Integer(i64::MIN),
            Value::Real(f64::NEG_INFINITY),
            Value::Real(-0.0),
            Value::Text("ü\"\\".to_owned()),
            Value::Bytes(vec![0, 255]),
        ];
        let answer = Answer::Rows(Rows {
            columns: vec![Column {
                name: "a".to_owned(),
                type_name: "text".to_owned(),
                type_oid: 25,
            }],
            rows: vec![values],
            affected: 1,
        });
        assert_eq!(decode(&encode(&answer)).unwrap(), answer);
        let nan = Answer::Rows(Rows {
            columns: Vec::new(),
            affected: 1,
            rows: vec![vec![Value::Real(f64::NAN)]],
        });
        let Answer::Rows(found) = decode(&encode(&nan)).unwrap() else {
            panic!("not rows");
        };
        assert!(matches!(found.rows[0][0], Value::Real(number) if number.is_nan()));
    }

    #[test]
    fn the_journal_has_a_limit() {
        let answer = |bytes: usize| {
            Answer::Rows(Rows {
                columns: Vec::new(),
                affected: 1,
                rows: vec![vec![Value::Text("a".repeat(bytes))]],
            })
        };
        let mut journal = Journal::new("j", "r1", Direction::Upgrade, &[], true);
        let mut note = |bytes, keep_large| {
            let call = journal.call(Digest::of(b""));
            journal.note(call, &answer(bytes), keep_large);
            let kept = journal.pending.last().is_some_and(|(_, answer)| answer.is_some());
            (journal.overflowed(), kept)
        };
        assert_eq!(note(MAX_ANSWER_BYTES, false), (false, false));
        assert_eq!(note(MAX_PENDING_BYTES / 2, true), (false, true));
        assert_eq!(note(10, false), (false, true));
        assert_eq!(note(MAX_PENDING_BYTES / 2, true), (true, false));
        assert_eq!(note(10, true), (true, false));
    }

    proptest! {
        #[test]
        fn decoding_never_panics(text: String) {
            let _ = decode(&text);
        }
    }
}
