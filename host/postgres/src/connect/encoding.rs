//! Watches the client encoding of a session.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use mighost_core::sql::is_utf8;

/// The `client_encoding` of a session as last reported by the server. The driver selects UTF-8 when it connects and assumes UTF-8 from
/// then on, but anything that the server runs may change the setting.
#[derive(Clone, Debug, Default)]
pub struct ClientEncoding {
    foreign: Arc<Mutex<Option<String>>>,
    unconverted: Arc<AtomicBool>,
}

impl ClientEncoding {
    /// The encoding, if it is not UTF-8.
    pub fn foreign(&self) -> Option<String> {
        self.foreign.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Records the encoding that the server reports.
    pub fn reported(&self, encoding: &str) {
        let foreign = (!is_utf8(encoding)).then(|| encoding.to_owned());
        *self.foreign.lock().unwrap_or_else(PoisonError::into_inner) = foreign;
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
