//! The advisory lock that prevents two runs on one database at the same time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_postgres::Client;

use super::state::rows;
use super::tables::AS_CATALOG;
use mighost_core::{Digest, Event, Reporter};

/// The interval at which a waiting run tries to acquire the lock.
const POLL: Duration = Duration::from_millis(200);
/// The interval at which it reports that it waits.
const TELL: Duration = Duration::from_secs(2);

/// The error text of [`LockKey::assert_held`].
const LOST: &str = "lock not held by mighost in process ";

/// The lock of one version table in one database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LockKey(i64);

/// The scope of a lock: the session or the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LockScope {
    Session,
    Transaction,
}

/// The lock could not be acquired.
#[derive(Debug)]
pub(super) struct StillLocked {
    pub holder: String,
    pub waited: Duration,
}

impl LockKey {
    /// The key. Advisory locks belong to a database, so its name is not needed; and a script written offline, which does not know the
    /// name, uses the same lock.
    pub fn new(schema: &str, version_table: &str) -> Self {
        let names = ["mighost", schema, version_table].map(str::as_bytes);
        let digits: String = Digest::of_parts(names).to_string().chars().take(16).collect();
        // 16 hexadecimal digits always form a u64; the cast to the server's signed type preserves all bits.
        Self(u64::from_str_radix(&digits, 16).unwrap_or_default() as i64)
    }

    pub fn try_lock(self, scope: LockScope) -> String {
        match scope {
            LockScope::Session => self.both("pg_try_advisory_lock"),
            LockScope::Transaction => format!("SELECT pg_catalog.pg_try_advisory_xact_lock({})", self.0),
        }
    }

    /// The statement with which a script waits for the lock.
    pub fn lock_in_transaction(self) -> String {
        format!("SELECT pg_catalog.pg_advisory_xact_lock({})", self.0)
    }

    pub fn unlock(self) -> String {
        self.both("pg_advisory_unlock")
    }

    /// A session holds its lock twice, so that it can release one and acquire it again without giving others a chance.
    fn both(self, function: &str) -> String {
        let once = format!("pg_catalog.{function}({})", self.0);
        format!("SELECT CASE WHEN {once} THEN {once} ELSE false END")
    }

    /// An expression that is true if this session holds the lock. Releasing a lock that is not held fails, and the server detects that a
    /// hundred times faster than a query of `pg_locks`, which lists all locks.
    pub fn is_held(self) -> String {
        let key = self.0;
        format!(
            "CASE WHEN pg_catalog.pg_advisory_unlock({key}) THEN pg_catalog.pg_try_advisory_lock({key}) ELSE false END"
        )
    }

    /// A statement that fails if this session does not hold the lock, with [`Self::LOST_ERROR`].
    pub fn assert_held(self) -> String {
        format!(
            "SELECT CASE WHEN {} THEN 1 ELSE {} END",
            self.is_held(),
            Self::LOST_ERROR
        )
    }

    /// An invalid integer, for a lock that is not held; [`Self::is_lost`] recognizes the failure. The text is combined with a number, so
    /// that the server does not find the error before the expression is evaluated.
    pub const LOST_ERROR: &str =
        "pg_catalog.concat('lock not held by mighost in process ', pg_catalog.pg_backend_pid())::pg_catalog.int4";

    /// True for the message of [`Self::LOST_ERROR`]: the server quotes the text that is not a number.
    pub fn is_lost(message: &str) -> bool {
        message.contains(LOST)
    }

    /// The two halves of the key, as shown in `pg_locks`.
    fn halves(self) -> (u32, u32) {
        let bits = self.0 as u64;
        ((bits >> 32) as u32, bits as u32)
    }

    /// A query that returns whether this session holds the lock.
    pub fn held(self) -> String {
        format!("SELECT {}", self.is_held())
    }

    /// A query that describes the holder of the lock, as part of a sentence.
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

    /// Waits for the lock, for at most `wait`. `before` is sent before each attempt (BEGIN) and `between` after a failed one (ROLLBACK),
    /// so that a waiting run holds no snapshot that would keep dead rows.
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
            let holder = rows(client, &format!("{between}{AS_CATALOG}; {}", self.holder())).await?;
            let holder = holder
                .first()
                .and_then(|row| row.get(0))
                .unwrap_or("it has just been released")
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
