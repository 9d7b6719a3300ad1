//! The client encoding of a session, watched.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use mighost_core::sql::is_utf8;

/// The `client_encoding` of a session as its server last reported it. The driver asks for UTF-8 when it connects and takes all texts
/// for UTF-8 from then on, while anything that the server runs may change the setting.
#[derive(Clone, Debug, Default)]
pub struct ClientEncoding {
    foreign: Arc<Mutex<Option<String>>>,
    unconverted: Arc<AtomicBool>,
}

impl ClientEncoding {
    /// The encoding, where it is another than UTF-8.
    pub fn foreign(&self) -> Option<String> {
        self.foreign.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes note of what the server says it is.
    pub fn reported(&self, encoding: &str) {
        let foreign = (!is_utf8(encoding)).then(|| encoding.to_owned());
        *self.foreign.lock().unwrap_or_else(PoisonError::into_inner) = foreign;
    }

    /// True where the database is in `SQL_ASCII`: its server converts no texts, and takes no Unicode escapes.
    pub fn unconverted(&self) -> bool {
        self.unconverted.load(Ordering::Relaxed)
    }

    /// Takes note of the encoding of the database.
    pub fn database_is(&self, encoding: &str) {
        self.unconverted.store(encoding == "SQL_ASCII", Ordering::Relaxed);
    }
}
