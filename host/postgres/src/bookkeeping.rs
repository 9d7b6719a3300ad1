//! What a step writes of itself: the change of the version rows and its line in the ledger, and the checks around them.
//!
//! Parsing and planning these costs the server more than carrying them out, so a run that goes through many steps prepares
//! them once. A guest may drop what is prepared; then they are sent as they are.

use std::hash::{BuildHasher, Hasher};

use super::lock::LockKey;
use super::tables::{CHECK_ENCODING, Tables};
use mighost_core::LedgerEntry;
use mighost_core::RowChange;
use mighost_core::quote_literal;

/// What a change of the version table says before the number of rows that it touched.
const TOUCHED: &str = "rows touched by mighost: ";
/// The setting that tells which step was committed last. It is undone with the transaction that sets it.
const COMMITTED: &str = "mighost.committed";

/// The statements, and under which name they are prepared in the session, if they are.
#[derive(Clone, Debug)]
pub(super) struct Records {
    tables: Tables,
    lock: LockKey,
    /// Tells this run from those that the session has seen before.
    run: String,
    prepared: Option<String>,
}

impl Records {
    pub fn new(tables: Tables, lock: LockKey) -> Self {
        Self {
            tables,
            lock,
            run: secret_name("run"),
            prepared: None,
        }
    }

    pub fn is_prepared(&self) -> bool {
        self.prepared.is_some()
    }

    /// The statements that prepare what the others execute from then on. `name` must be free in the session.
    pub fn prepare(&mut self, name: String) -> String {
        let line = ["$3", "$4", "$5", "$6", "$7", "$8", "$9"];
        let batch = format!(
            "PREPARE {name}_end (text, text, text, text, text, text, text, text, text) AS \
             WITH moved AS (UPDATE {} SET version_num = $2 WHERE version_num = $1 RETURNING 1) {}; \
             PREPARE {name}_guard (text) AS {}; PREPARE {name}_encoding AS {CHECK_ENCODING}",
            self.tables.version,
            line_if(
                &self.tables.ledger,
                &format!(
                    "CASE WHEN EXISTS (SELECT FROM moved) THEN CASE WHEN {} THEN $3 ELSE {}::text END \
                     ELSE ('{TOUCHED}' || (SELECT count(*) FROM moved))::int::text END",
                    self.lock.is_held(),
                    LockKey::LOST_ERROR,
                ),
                line
            ),
            guard("$1"),
        );
        self.prepared = Some(name);
        batch
    }

    /// From now on nothing is prepared: the session has dropped it, or may have.
    pub fn forget(&mut self) {
        self.prepared = None;
    }

    /// Changes the version rows and writes the line of the ledger. Fails where a change does not touch one row, which [`touched`]
    /// reads, or where the session has lost the lock that it should hold: the server checks it, so that COMMIT can be sent behind
    /// without waiting.
    pub fn end(&self, changes: &[RowChange], entry: &LedgerEntry, locked: bool, line: Line) -> Vec<String> {
        if let (Some(name), [RowChange::Update { from, to }], true, Line::Timed) =
            (&self.prepared, changes, locked, line)
        {
            let (from, to) = (quote_literal(from), quote_literal(to));
            return vec![format!(
                "EXECUTE {name}_end ({from}, {to}, {})",
                values(entry).join(", ")
            )];
        }
        let mut statements = Vec::new();
        if locked {
            statements.push(self.lock.assert_held());
        }
        statements.extend(changes.iter().map(|change| checked(&self.tables.change(change))));
        statements.push(match line {
            Line::Timed => self.line(entry),
            Line::Measured => self.measured_line(entry),
        });
        statements
    }

    /// The line of the ledger. The server takes the step's time, from the beginning of its transaction or from the end of
    /// the step before.
    pub fn line(&self, entry: &LedgerEntry) -> String {
        let values = values(entry);
        line(&self.tables.ledger, values.each_ref().map(String::as_str))
    }

    fn measured_line(&self, entry: &LedgerEntry) -> String {
        let duration = format!("interval '{} us'", entry.duration.as_micros());
        format!(
            "INSERT INTO {} ({COLUMNS}) VALUES ({}, pg_catalog.clock_timestamp() - {duration}, {duration})",
            self.tables.ledger,
            values(entry).join(", ")
        )
    }

    /// Makes the step of that number the one that was committed last, if it will be.
    pub fn committed(&self, number: usize) -> String {
        format!("SET {COMMITTED} = '{}_{number}'", self.run)
    }

    /// See [`CHECK_ENCODING`].
    pub fn check_encoding(&self) -> String {
        match &self.prepared {
            Some(name) => format!("EXECUTE {name}_encoding"),
            None => CHECK_ENCODING.to_owned(),
        }
    }

    /// Fails where the step of that number is not the one that was committed last: what is sent behind it in one
    /// transaction is then not carried out.
    pub fn guard(&self, number: usize) -> String {
        let committed = format!("'{}_{number}'", self.run);
        match &self.prepared {
            Some(name) => format!("EXECUTE {name}_guard ({committed})"),
            None => guard(&committed),
        }
    }
}

/// Where the times in a line of the ledger come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// From the server's clock: the step is one transaction.
    Timed,
    /// From mighost: the step had several transactions, whose beginning the server does not know.
    Measured,
}

/// How many rows a change touched, from the message of the failure of [`Records::end`]: the server quotes the text that is no
/// number.
pub(super) fn touched(message: &str) -> Option<u64> {
    let (_, rest) = message.split_once(TOUCHED)?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn checked(change: &str) -> String {
    format!(
        "WITH changed AS ({change} RETURNING 1) SELECT CASE WHEN count(*) = 1 THEN 1 ELSE ('{TOUCHED}' || count(*))::int END \
         FROM changed"
    )
}

/// The setting is null until a transaction has set it, and a null would be no failure.
fn guard(committed: &str) -> String {
    format!(
        "SELECT CASE WHEN pg_catalog.current_setting('{COMMITTED}', true) = {committed} THEN 1 \
         ELSE ('committed before: ' || coalesce(pg_catalog.current_setting('{COMMITTED}', true), 'nothing'))::int END"
    )
}

/// A name that no guest can guess.
pub(super) fn secret_name(what: &str) -> String {
    let random = std::collections::hash_map::RandomState::new().build_hasher().finish();
    format!("mighost_{what}_{random:x}")
}

/// The columns of the ledger that a line fills.
const COLUMNS: &str = "revision, direction, artifact, source, signer, os_user, host_version, started, duration";

/// The values of the columns but the last two, as SQL.
fn values(entry: &LedgerEntry) -> [String; 7] {
    let optional = |text: Option<String>| text.map_or_else(|| "NULL".to_owned(), |text| quote_literal(&text));
    [
        quote_literal(&entry.revision),
        quote_literal(&entry.direction.to_string()),
        optional(entry.artifact.map(|digest| digest.to_string())),
        optional(entry.source.map(|digest| digest.to_string())),
        optional(entry.signer.clone()),
        quote_literal(&entry.os_user),
        quote_literal(&entry.host_version),
    ]
}

fn line(ledger: &str, values: [&str; 7]) -> String {
    let [revision, ..] = values;
    line_if(ledger, revision, values)
}

/// A line whose revision is given by an expression.
fn line_if(ledger: &str, revision: &str, [_, rest @ ..]: [&str; 7]) -> String {
    format!(
        "INSERT INTO {ledger} ({COLUMNS}) SELECT {revision}, {}, begun, pg_catalog.clock_timestamp() - begun \
         FROM (SELECT LEAST(pg_catalog.clock_timestamp(), GREATEST(pg_catalog.now(), \
         (SELECT started + duration FROM {ledger} ORDER BY id DESC LIMIT 1))) AS begun) AS step",
        rest.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_read() {
        let quoted = format!("invalid input syntax for type integer: \"{TOUCHED}2\"");
        assert_eq!(touched(&quoted), Some(2));
        assert_eq!(touched("else"), None);
    }
}
