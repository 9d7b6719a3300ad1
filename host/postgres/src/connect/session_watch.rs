//! Watches the settings of a session that guests cannot change.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use super::{ConnectTarget, HostTarget};
use mighost_core::sql::RefusedSetting;

/// The settings of a session as last reported by the server. The driver selects UTF-8 when it connects and assumes UTF-8 from then on,
/// and mighost reads scripts with `standard_conforming_strings = on`, but anything that the server runs may change the settings.
#[derive(Clone, Debug, Default)]
pub struct SessionWatch {
    refused: Arc<Mutex<Option<RefusedSetting>>>,
    unconverted: Arc<AtomicBool>,
    lost: Arc<OnceLock<String>>,
    target: Option<Arc<ConnectTarget>>,
}

impl SessionWatch {
    /// That of a session with `host`, one of the target's.
    pub(super) fn of(target: &ConnectTarget, host: &HostTarget) -> Self {
        Self {
            target: Some(Arc::new(ConnectTarget {
                hosts: vec![host.clone()],
                ..target.clone()
            })),
            ..Self::default()
        }
    }

    /// The target of the connection with the host that answered only, for one that cancels its statements.
    pub fn target(&self) -> Option<Arc<ConnectTarget>> {
        self.target.clone()
    }

    /// The setting that is refused, if there is one.
    pub fn refused(&self) -> Option<RefusedSetting> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until a change that the server has made is known, for at most a second: the answer to the statement that made it may be read
    /// first.
    pub(super) async fn settled(&self) {
        for _ in 0..1000 {
            if self.refused().is_none() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Records the values that the server reports.
    pub fn reported(&self, client_encoding: &str, standard_conforming_strings: &str) {
        let refused = RefusedSetting::among(client_encoding, standard_conforming_strings);
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = refused;
    }

    /// The reason why the connection broke, once it did.
    pub fn lost(&self) -> Option<&str> {
        self.lost.get().map(String::as_str)
    }

    /// Records why the connection broke.
    pub(super) fn is_lost(&self, reason: String) {
        // Set once: the connection's task is the only writer.
        let _ = self.lost.set(reason);
    }

    /// True if the database is in `SQL_ASCII`: its server does not convert texts, and does not support Unicode escapes.
    pub fn unconverted(&self) -> bool {
        self.unconverted.load(Ordering::Relaxed)
    }

    /// Records the encoding of the database.
    pub fn database_is(&self, encoding: &str) {
        self.unconverted.store(encoding == "SQL_ASCII", Ordering::Relaxed);
    }
}
