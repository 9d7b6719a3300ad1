//! Events of a run, as plain data.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

/// The direction of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    Upgrade,
    Downgrade,
    /// The version table is changed, and no migration is run.
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

/// The importance of a guest's message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Debug,
    Info,
    Warn,
}

/// An event of a command. The library sends events to a [`Reporter`]; `output` shows them.
#[derive(Clone, Debug)]
pub enum Event {
    /// Information from mighost itself, e.g. where the programs of the embedded server were found.
    Note { level: Level, text: String },
    /// An artifact is being built.
    Building {
        name: String,
        driver: &'static str,
        number: usize,
        of: usize,
    },
    /// A tool that a build needs is being installed, by the client of a registry.
    Installing {
        name: String,
        version: String,
        client: &'static str,
    },
    /// A component is being compiled to machine code; reported if that takes long enough to be noticed. `size` is the size of its code,
    /// in bytes.
    Compiling { name: String, size: usize },
    /// The component is compiled, and stored for later runs if the cache is writable.
    Compiled {
        name: String,
        size: usize,
        elapsed: Duration,
        /// The peak memory of this process so far, in bytes, if the system provides it.
        memory: Option<u64>,
    },
    /// Another run holds the lock; `holder` describes it.
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
    /// The server sent a NOTICE or WARNING.
    ServerNotice { severity: String, message: String },
    StepFinished {
        direction: Direction,
        revision: String,
        elapsed: Duration,
        statements: u64,
    },
}

/// Receives events. It is called from the run itself, so it must not block for long.
pub trait Reporter: Send + Sync {
    fn report(&self, event: Event);

    /// Whether Ctrl-C and SIGTERM end the run in an orderly way. A library leaves these signals to its application.
    fn owns_signals(&self) -> bool {
        false
    }
}

/// A reporter that ignores all events, e.g. for users of the library.
pub struct Silent;

impl Reporter for Silent {
    fn report(&self, _event: Event) {}
}
