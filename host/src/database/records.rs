//! What a step writes of itself: the change of the version rows and its line in the ledger, and the checks around them.
//!
//! Parsing and planning these costs the server more than carrying them out, so a run that goes through many steps prepares
//! them once. A guest may drop what is prepared; then they are sent as they are.

use super::step::LedgerEntry;
use super::tables::Tables;
use crate::ident::quote_literal;
use crate::revision::RowChange;

/// What a change of the version table says before the number of rows that it touched.
const TOUCHED: &str = "rows touched by mighost: ";
/// What [`Records::guard`] says before the rows that it found.
const FOUND: &str = "rows found by mighost: ";

/// The statements, and under which name they are prepared in the session, if they are.
#[derive(Clone, Debug)]
pub(super) struct Records {
    tables: Tables,
    prepared: Option<String>,
}

impl Records {
    pub fn new(tables: Tables) -> Self {
        Self { tables, prepared: None }
    }

    pub fn is_prepared(&self) -> bool {
        self.prepared.is_some()
    }

    /// The statements that prepare what the others execute from then on. `name` must be free in the session.
    pub fn prepare(&mut self, name: String) -> String {
        let batch = format!(
            "PREPARE {name}_move (text, text) AS {}; \
             PREPARE {name}_line (text, text, text, text, text, text, text) AS {}; \
             PREPARE {name}_guard (text[]) AS {}",
            checked(&format!(
                "UPDATE {} SET version_num = $2 WHERE version_num = $1",
                self.tables.version
            )),
            line(&self.tables.ledger, ["$1", "$2", "$3", "$4", "$5", "$6", "$7"]),
            guard(&self.tables.version, "$1"),
        );
        self.prepared = Some(name);
        batch
    }

    /// From now on nothing is prepared: the session has dropped it, or may have.
    pub fn forget(&mut self) {
        self.prepared = None;
    }

    /// The statement that makes a change and fails where it does not touch one row. The server checks it, so that COMMIT
    /// can be sent behind it without waiting. [`touched`] reads the failure.
    pub fn change(&self, change: &RowChange) -> String {
        match (change, &self.prepared) {
            (RowChange::Update { from, to }, Some(name)) => {
                format!("EXECUTE {name}_move ({}, {})", quote_literal(from), quote_literal(to))
            }
            _ => checked(&self.tables.change(change)),
        }
    }

    /// The line of the ledger. The server takes the step's time, from the beginning of its transaction or from the end of
    /// the step before.
    pub fn line(&self, entry: &LedgerEntry) -> String {
        let values = values(entry);
        match &self.prepared {
            Some(name) => format!("EXECUTE {name}_line ({})", values.join(", ")),
            None => line(&self.tables.ledger, values.each_ref().map(String::as_str)),
        }
    }

    /// The line of a step that had several transactions, whose time the server does not know.
    pub fn measured_line(&self, entry: &LedgerEntry) -> String {
        let duration = format!("interval '{} us'", entry.duration.as_micros());
        format!(
            "INSERT INTO {} ({COLUMNS}) VALUES ({}, pg_catalog.clock_timestamp() - {duration}, {duration})",
            self.tables.ledger,
            values(entry).join(", ")
        )
    }

    /// Fails where the version rows are not `heads`, which are sorted. What is sent behind it in one transaction is then not carried
    /// out. [`found`] reads the failure.
    pub fn guard(&self, heads: &[String]) -> String {
        let literals: Vec<String> = heads.iter().map(|head| quote_literal(head)).collect();
        let heads = format!("ARRAY[{}]::text[]", literals.join(", "));
        match &self.prepared {
            Some(name) => format!("EXECUTE {name}_guard ({heads})"),
            None => guard(&self.tables.version, &heads),
        }
    }
}

/// How many rows a change touched, from the message of its failure: the server quotes the text that is no number.
pub(super) fn touched(message: &str) -> Option<u64> {
    let (_, rest) = message.split_once(TOUCHED)?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// The rows that [`Records::guard`] found instead of those it was given.
pub(super) fn found(message: &str) -> Option<Vec<String>> {
    let (_, rest) = message.split_once(FOUND)?;
    let rows = rest.trim_end_matches('"');
    Some(
        rows.split(", ")
            .filter(|row| !row.is_empty())
            .map(str::to_owned)
            .collect(),
    )
}

fn checked(change: &str) -> String {
    format!(
        "WITH changed AS ({change} RETURNING 1) SELECT CASE WHEN count(*) = 1 THEN 1 ELSE ('{TOUCHED}' || count(*))::int END \
         FROM changed"
    )
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
    format!(
        "INSERT INTO {ledger} ({COLUMNS}) SELECT {}, begun, pg_catalog.clock_timestamp() - begun \
         FROM (SELECT LEAST(pg_catalog.clock_timestamp(), GREATEST(pg_catalog.now(), \
         (SELECT started + duration FROM {ledger} ORDER BY id DESC LIMIT 1))) AS begun) AS step",
        values.join(", ")
    )
}

fn guard(version: &str, heads: &str) -> String {
    format!(
        "SELECT CASE WHEN found = {heads} THEN 1 ELSE ('{FOUND}' || pg_catalog.array_to_string(found, ', '))::int END \
         FROM (SELECT COALESCE(pg_catalog.array_agg(version_num::text ORDER BY version_num COLLATE \"C\"), '{{}}') AS found FROM {version}) AS heads"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_read() {
        let message = |text: &str| format!("invalid input syntax for type integer: \"{text}\"");
        assert_eq!(touched(&message(&format!("{TOUCHED}2"))), Some(2));
        assert_eq!(
            found(&message(&format!("{FOUND}a, b"))),
            Some(vec!["a".into(), "b".into()])
        );
        assert_eq!(found(&message(FOUND)), Some(Vec::new()));
        assert_eq!((touched("else"), found("else")), (None, None));
    }

    #[test]
    fn what_is_prepared_is_executed() {
        let mut records = Records::new(Tables::new("s", "v"));
        let change = RowChange::Update {
            from: "a'".into(),
            to: "b".into(),
        };
        insta::assert_snapshot!(records.change(&change), @"");
        records.prepare("p".into());
        assert_eq!(records.change(&change), "EXECUTE p_move ('a''', 'b')");
        assert_eq!(records.guard(&["a".into()]), "EXECUTE p_guard (ARRAY['a']::text[])");
        records.forget();
        assert!(!records.is_prepared());
    }
}
