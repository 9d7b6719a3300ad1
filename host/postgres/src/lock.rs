//! The advisory lock that keeps two runs on one database apart.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_postgres::Client;

use super::state::rows;
use mighost_core::Digest;
use mighost_core::{Event, Reporter};

/// How often a waiting run asks for the lock.
const POLL: Duration = Duration::from_millis(200);
/// How often it tells that it waits.
const TELL: Duration = Duration::from_secs(2);

/// What [`LockKey::assert_held`] says.
const LOST: &str = "lock not held by mighost in process ";

/// The lock of one version table in one database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LockKey(i64);

/// Whether a lock lives as long as the session or as long as the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LockScope {
    Session,
    Transaction,
}

/// The lock was not to be had.
#[derive(Debug)]
pub(super) struct StillLocked {
    pub holder: String,
    pub waited: Duration,
}

impl LockKey {
    /// The key. Advisory locks are the database's own, so its name need not be part; and a script written offline, which
    /// does not know it, takes the same lock.
    pub fn new(schema: &str, version_table: &str) -> Self {
        let names = ["mighost", schema, version_table].map(str::as_bytes);
        let digits: String = Digest::of_parts(names).to_string().chars().take(16).collect();
        // 16 hexadecimal digits always make a u64; the cast to the server's signed type keeps all bits.
        Self(u64::from_str_radix(&digits, 16).unwrap_or_default() as i64)
    }

    pub fn try_lock(self, scope: LockScope) -> String {
        match scope {
            LockScope::Session => self.both("pg_try_advisory_lock"),
            LockScope::Transaction => format!("SELECT pg_catalog.pg_try_advisory_xact_lock({})", self.0),
        }
    }

    /// The statement by which a script waits for the lock.
    pub fn lock_in_transaction(self) -> String {
        format!("SELECT pg_catalog.pg_advisory_xact_lock({})", self.0)
    }

    pub fn unlock(self) -> String {
        self.both("pg_advisory_unlock")
    }

    /// A session holds its lock twice, so that it can give one back and take it again without letting others in between.
    fn both(self, function: &str) -> String {
        let once = format!("pg_catalog.{function}({})", self.0);
        format!("SELECT CASE WHEN {once} THEN {once} ELSE false END")
    }

    /// An expression for whether this session holds the lock. Giving back what is not held is refused, which the server
    /// finds out a hundred times faster than `pg_locks` does, which lists all locks there are.
    pub fn is_held(self) -> String {
        let key = self.0;
        format!(
            "CASE WHEN pg_catalog.pg_advisory_unlock({key}) THEN pg_catalog.pg_try_advisory_lock({key}) ELSE false END"
        )
    }

    /// A statement that fails where this session does not hold the lock, with [`Self::LOST_ERROR`].
    pub fn assert_held(self) -> String {
        format!(
            "SELECT CASE WHEN {} THEN 1 ELSE {} END",
            self.is_held(),
            Self::LOST_ERROR
        )
    }

    /// An integer that cannot be made, for where the lock is not held; [`Self::is_lost`] knows the failure. The text is put
    /// together with a number, so that the server does not find its error before it is asked for.
    pub const LOST_ERROR: &str = "('lock not held by mighost in process ' || pg_catalog.pg_backend_pid())::int";

    /// True for the message of [`Self::LOST_ERROR`]: the server quotes the text that is no number.
    pub fn is_lost(message: &str) -> bool {
        message.contains(LOST)
    }

    /// The two halves of the key as `pg_locks` shows them.
    fn halves(self) -> (u32, u32) {
        let bits = self.0 as u64;
        ((bits >> 32) as u32, bits as u32)
    }

    /// A query for whether this very session holds the lock.
    pub fn held(self) -> String {
        format!("SELECT {}", self.is_held())
    }

    /// A query for who holds the lock, as a sentence's part.
    fn holder(self) -> String {
        let (high, low) = self.halves();
        format!(
            "SELECT pg_catalog.format('process %s, user %s, application %s, from %s, since %s', l.pid, \
             coalesce(a.usename::text, 'unknown'), coalesce(nullif(a.application_name, ''), 'unnamed'), \
             coalesce(a.client_addr::text, 'this machine'), coalesce(pg_catalog.date_trunc('second', \
             coalesce(a.xact_start, a.backend_start))::text, 'unknown')) \
             FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid \
             WHERE l.locktype = 'advisory' AND l.classid = {high} AND l.objid = {low} AND l.objsubid = 1 AND l.granted \
             AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) LIMIT 1"
        )
    }

    /// Waits for the lock, at most `wait`. `before` is sent before each try (BEGIN) and `between` after one in vain
    /// (ROLLBACK), so that a waiting run holds no snapshot that would keep dead rows.
    pub async fn acquire(
        self,
        client: &Client,
        scope: LockScope,
        wait: Duration,
        reporter: &Arc<dyn Reporter>,
    ) -> Result<Result<(), StillLocked>, tokio_postgres::Error> {
        let started = Instant::now();
        let mut told: Option<Instant> = None;
        let (before, between) = match scope {
            LockScope::Session => ("", ""),
            LockScope::Transaction => ("BEGIN; ", "ROLLBACK; "),
        };
        loop {
            let answer = rows(client, &format!("{before}{}", self.try_lock(scope))).await?;
            if answer.first().and_then(|row| row.get(0)) == Some("t") {
                return Ok(Ok(()));
            }
            let holder = rows(client, &format!("{between}{}", self.holder())).await?;
            let holder = holder
                .first()
                .and_then(|row| row.get(0))
                .unwrap_or("it was given back just now")
                .to_owned();
            let waited = started.elapsed();
            if waited >= wait {
                return Ok(Err(StillLocked { holder, waited }));
            }
            if told.is_none_or(|told| told.elapsed() >= TELL) {
                reporter.report(Event::Waiting { holder, waited });
                told = Some(Instant::now());
            }
            tokio::time::sleep(POLL.min(wait.saturating_sub(waited))).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_differ_by_each_name() {
        let key = LockKey::new("s", "v");
        assert_ne!(key, LockKey::new("s2", "v"));
        assert_ne!(key, LockKey::new("s", "v2"));
        assert_eq!(key, LockKey::new("s", "v"));
    }

    #[test]
    fn halves_are_the_key() {
        let (high, low) = LockKey(-2).halves();
        assert_eq!((high, low), (u32::MAX, u32::MAX - 1));
    }
}
