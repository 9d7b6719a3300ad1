//! Bookkeeping of a step: the change of the version rows, the entry in the ledger, and the checks around them.
//!
//! Parsing and planning these statements costs the server more than executing them, so a run with many steps prepares them once. If a
//! guest drops the prepared statements, they are sent unprepared.

use std::hash::{BuildHasher, Hasher};

use super::lock::LockKey;
use super::releases::ReleaseRecord;
use super::tables::{ACCEPTED, CHECK_SETTINGS, Tables};
use mighost_core::{LedgerEntry, RowChange, quote_literal};

/// The text that a change of the version table puts before the number of affected rows.
const TOUCHED: &str = "rows touched by mighost: ";
/// The text that the check of what was written puts before what it finds.
const FOUND: &str = "version rows found by mighost: ";
/// The message goes on in the language of the server, and quotes the text in its way.
const FOUND_END: &str = " (end)";
/// The setting that contains the number of the last committed step. It is undone with the transaction that sets it.
const COMMITTED: &str = "mighost.committed";

/// The statements, and the name under which they are prepared in the session, if they are.
#[derive(Clone, Debug)]
pub(super) struct Records {
    tables: Tables,
    lock: LockKey,
    /// Distinguishes this run from those that the session has seen before.
    run: String,
    prepared: Option<String>,
    /// The release of the run.
    release: Option<ReleaseRecord>,
}

impl Records {
    pub fn new(tables: Tables, lock: LockKey) -> Self {
        Self {
            tables,
            lock,
            run: secret_name("run"),
            prepared: None,
            release: None,
        }
    }

    /// The steps that follow are those of a release.
    pub fn of_release(&mut self, release: ReleaseRecord) {
        self.release = Some(release);
    }

    /// Who signed the release of the run.
    pub fn signers(&self) -> Option<&str> {
        self.release.as_ref()?.signers.as_deref()
    }

    /// Records the release of the run, if it is one of a release, in the transaction of the first step.
    pub fn release(&self) -> Vec<String> {
        let Some(release) = &self.release else {
            return Vec::new();
        };
        vec![
            self.tables.create_release_if_missing(),
            self.tables.record_release(release),
        ]
    }

    pub fn is_prepared(&self) -> bool {
        self.prepared.is_some()
    }

    /// The statements that prepare the others. `name` must be unused in the session.
    pub fn prepare(&mut self, name: String) -> String {
        let line = ["$3", "$4", "$5", "$6", "$7", "$8", "$9"];
        let batch = format!(
            "PREPARE {name}_end ({}) AS \
             WITH moved AS (UPDATE {} SET version_num = $2 WHERE version_num OPERATOR(pg_catalog.=) $1 RETURNING 1) {}; \
             PREPARE {name}_guard (pg_catalog.text) AS {}; PREPARE {name}_settings AS {CHECK_SETTINGS}; \
             PREPARE {name}_verify (pg_catalog.text[], pg_catalog.text) AS {}",
            ["pg_catalog.text"; 9].join(", "),
            self.tables.version,
            line_if(
                &self.tables.ledger,
                &format!(
                    "CASE WHEN EXISTS (SELECT FROM moved) THEN CASE WHEN {} THEN $3 ELSE {}::pg_catalog.text END \
                     ELSE pg_catalog.concat('{TOUCHED}', (SELECT pg_catalog.count(*) FROM moved))::pg_catalog.int4::pg_catalog.text END",
                    self.lock.is_held(),
                    LockKey::LOST_ERROR,
                ),
                line
            ),
            guard("$1"),
            self.verification("$1", "$2"),
        );
        self.prepared = Some(name);
        batch
    }

    /// Stops using prepared statements: the session has dropped them, or may have.
    pub fn forget(&mut self) {
        self.prepared = None;
    }

    /// Changes the version rows and writes the entry of the ledger. Fails if a change does not affect exactly one row, which [`touched`]
    /// detects, or if the session has lost its lock: the server checks this, so that COMMIT can be sent without waiting.
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

    /// The entry of the ledger. The server measures the time of the step, from the beginning of its transaction or from the end of the
    /// previous step.
    pub fn line(&self, entry: &LedgerEntry) -> String {
        let values = values(entry);
        line(&self.tables.ledger, values.each_ref().map(String::as_str))
    }

    fn measured_line(&self, entry: &LedgerEntry) -> String {
        let duration = format!("interval '{} us'", entry.duration.as_micros());
        format!(
            "INSERT INTO {} ({COLUMNS}) VALUES ({}, pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) {duration}, {duration})",
            self.tables.ledger,
            values(entry).join(", ")
        )
    }

    /// The entry of the ledger by which an operator accepts a change of a revision that is applied.
    pub fn acceptance(&self, entry: &LedgerEntry) -> String {
        let mut values = values(entry);
        if let Some(direction) = values.get_mut(1) {
            ACCEPTED.clone_into(direction);
        }
        line(&self.tables.ledger, values.each_ref().map(String::as_str))
    }

    /// Records the step of that number as the last committed one, which takes effect with its commit.
    pub fn committed(&self, number: usize) -> String {
        format!("SET {COMMITTED} = '{}_{number}'", self.run)
    }

    /// Fails unless the version table contains `heads`, sorted, and the ledger ends with `revision`: a rule or trigger may have kept
    /// the statements before from writing. [`found`] reads the failure.
    pub fn verify(&self, heads: &[String], revision: &str) -> String {
        let heads: Vec<String> = heads.iter().map(|head| quote_literal(head)).collect();
        let heads = format!("ARRAY[{}]::pg_catalog.text[]", heads.join(", "));
        let revision = quote_literal(revision);
        match &self.prepared {
            Some(name) => format!("EXECUTE {name}_verify ({heads}, {revision})"),
            None => self.verification(&heads, &revision),
        }
    }

    fn verification(&self, heads: &str, revision: &str) -> String {
        let Tables { version, ledger, .. } = &self.tables;
        let rows = format!(
            "ARRAY(SELECT version_num::pg_catalog.text FROM {version} ORDER BY version_num COLLATE pg_catalog.\"C\")"
        );
        format!(
            "SELECT CASE WHEN {rows} OPERATOR(pg_catalog.=) {heads} \
             AND (SELECT revision FROM {ledger} ORDER BY id DESC LIMIT 1) OPERATOR(pg_catalog.=) {revision} THEN 1 \
             ELSE pg_catalog.concat('{FOUND}', pg_catalog.array_to_string({rows}, ', '), '{FOUND_END}')::pg_catalog.int4 END"
        )
    }

    /// See [`CHECK_SETTINGS`].
    pub fn check_settings(&self) -> String {
        match &self.prepared {
            Some(name) => format!("EXECUTE {name}_settings"),
            None => CHECK_SETTINGS.to_owned(),
        }
    }

    /// Fails if the last committed step is not the one of that number: the statements after it in the same transaction are then not
    /// executed.
    pub fn guard(&self, number: usize) -> String {
        let committed = format!("'{}_{number}'", self.run);
        match &self.prepared {
            Some(name) => format!("EXECUTE {name}_guard ({committed})"),
            None => guard(&committed),
        }
    }
}

/// The source of the times in an entry of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// The server's clock: the step is one transaction.
    Timed,
    /// mighost: the step had several transactions, whose beginning the server does not know.
    Measured,
}

/// The number of rows that a change affected, from the message of the failure of [`Records::end`]: the server quotes the text that is not
/// a number.
pub(super) fn touched(message: &str) -> Option<u64> {
    let (_, rest) = message.split_once(TOUCHED)?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// The version rows that [`Records::verify`] found instead of those expected, from the message of its failure.
pub(super) fn found(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once(FOUND)?;
    rest.rsplit_once(FOUND_END).map(|(rows, _)| rows)
}

fn checked(change: &str) -> String {
    format!(
        "WITH changed AS ({change} RETURNING 1) SELECT CASE WHEN pg_catalog.count(*) OPERATOR(pg_catalog.=) 1 THEN 1 \
         ELSE pg_catalog.concat('{TOUCHED}', pg_catalog.count(*))::pg_catalog.int4 END \
         FROM changed"
    )
}

/// The setting is null until a transaction has set it, and a null would not cause a failure.
fn guard(committed: &str) -> String {
    format!(
        "SELECT CASE WHEN pg_catalog.current_setting('{COMMITTED}', true) OPERATOR(pg_catalog.=) {committed} THEN 1 \
         ELSE pg_catalog.concat('committed before: ', pg_catalog.current_setting('{COMMITTED}', true))::pg_catalog.int4 END"
    )
}

/// A name that guests cannot guess.
pub(super) fn secret_name(what: &str) -> String {
    let random = std::collections::hash_map::RandomState::new().build_hasher().finish();
    format!("mighost_{what}_{random:x}")
}

/// The columns of an entry of the ledger.
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

/// An entry whose revision is an expression.
fn line_if(ledger: &str, revision: &str, [_, rest @ ..]: [&str; 7]) -> String {
    format!(
        "INSERT INTO {ledger} ({COLUMNS}) SELECT {revision}, {}, begun, pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) begun \
         FROM (SELECT LEAST(pg_catalog.clock_timestamp(), GREATEST(pg_catalog.now(), \
         (SELECT started OPERATOR(pg_catalog.+) duration FROM {ledger} ORDER BY id DESC LIMIT 1))) AS begun) AS step",
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
