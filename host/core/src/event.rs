//! What happens while a run goes on, as plain data.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

/// Which way a revision is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    Upgrade,
    Downgrade,
    /// The version table is set, nothing is run.
    Stamp,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Upgrade => "upgrade",
            Self::Downgrade => "downgrade",
            Self::Stamp => "stamp",
        })
    }
}

/// How much a guest's message matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Debug,
    Info,
    Warn,
}

/// Something that happened during a command. The library sends these to a [`Reporter`]; `output` shows them.
#[derive(Clone, Debug)]
pub enum Event {
    /// A line of information from mighost itself, e.g. where the embedded server's programs were found.
    Note { level: Level, text: String },
    /// An artifact is being built.
    Building {
        name: String,
        driver: &'static str,
        number: usize,
        of: usize,
    },
    /// A tool that builds need is being installed, by a registry's client.
    Installing {
        name: String,
        version: String,
        client: &'static str,
    },
    /// A component is being compiled to machine code; reported when it takes long enough to be noticed.
    /// `size` is that of its code, in bytes.
    Compiling { name: String, size: usize },
    /// It is compiled, and kept for later runs where the cache can be written.
    Compiled {
        name: String,
        size: usize,
        elapsed: Duration,
        /// The most memory that this process has had so far, in bytes, where the system tells.
        memory: Option<u64>,
    },
    /// Another run holds the lock; `holder` says who.
    Waiting { holder: String, waited: Duration },
    StepStarted {
        direction: Direction,
        revision: String,
        message: String,
        number: usize,
        of: usize,
    },
    /// An operation of a plugin was called.
    Operation { name: Arc<str> },
    GuestMessage {
        revision: String,
        level: Level,
        text: String,
    },
    GuestProgress {
        revision: String,
        done: u64,
        total: Option<u64>,
    },
    /// A NOTICE or WARNING of the server.
    ServerNotice { severity: String, message: String },
    StepFinished {
        direction: Direction,
        revision: String,
        elapsed: Duration,
        statements: u64,
    },
}

/// Receives events. Called from the run itself, so it must not block for long.
pub trait Reporter: Send + Sync {
    fn report(&self, event: Event);

    /// Whether Ctrl-C and SIGTERM are meant for the run, which then ends in order. A library leaves them to its application.
    fn owns_signals(&self) -> bool {
        false
    }
}

/// A reporter for those who want no events, e.g. a library's caller.
pub struct Silent;

impl Reporter for Silent {
    fn report(&self, _event: Event) {}
}
