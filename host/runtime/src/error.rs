//! Errors of guests that cannot be run or that have failed.

use std::time::Duration;

use mighost_core::{Blame, Diagnostic, ExitKind, MAX_OUTSIDE_TEXT, SinkError, shortened};

/// Every message names the guest, e.g. `migration 3f2a_add_stations` or `plugin roles`.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    #[error("mighost's WebAssembly engine cannot be started: {0}")]
    Engine(String),
    #[error("{guest} is not a component that can be run: {reason}")]
    Compile { guest: String, reason: String },
    #[error("{guest} needs {interface}, which no plugin of this project exports")]
    MissingPlugin { guest: String, interface: String },
    /// A plugin exports the interface in an incompatible version.
    #[error("{guest} needs {interface}; plugin {plugin} exports {found}, which {}", other_version(*.older))]
    OtherVersion {
        guest: String,
        interface: String,
        plugin: String,
        found: String,
        /// The plugin has the older version.
        older: bool,
    },
    #[error("{guest} expects {interface}#{function} as {expected}; plugin {plugin} exports {found}; {difference}")]
    Mistyped {
        guest: String,
        interface: String,
        function: String,
        expected: String,
        plugin: String,
        found: String,
        /// The difference.
        difference: String,
    },
    #[error("{guest} calls {interface}#{function}, which is {expected}; plugin {plugin} exports {found} without it{}", has(.others))]
    MissingFunction {
        guest: String,
        interface: String,
        function: String,
        expected: String,
        plugin: String,
        /// The interface, as the plugin exports it.
        found: String,
        others: Vec<String>,
    },
    #[error("{guest} uses {interface}#{function}, {expected}: resources cannot cross from one guest to another")]
    Resource {
        guest: String,
        interface: String,
        function: String,
        expected: String,
    },
    /// A function of `mighost:host` that a guest imports.
    #[error("{guest} calls {function} as {wanted}; mighost offers {offered}")]
    HostMistyped {
        guest: String,
        function: String,
        wanted: String,
        offered: String,
    },
    /// A function of `mighost:host` that a guest exports.
    #[error("{guest} exports {function} as {found}; mighost calls {expected}")]
    MistypedExport {
        guest: String,
        function: String,
        expected: String,
        found: String,
    },
    #[error("{guest} imports {import}, which mighost does not offer to {}s", guest_word(.guest))]
    ForbiddenImport { guest: String, import: String },
    #[error("{guest} does not export {export}")]
    MissingExport { guest: String, export: String },
    #[error("plugins import each other in a cycle: {}", .0.join(" -> "))]
    PluginCycle(Vec<String>),
    #[error("{interface} is exported by two plugins, {first} and {second}")]
    TwoProviders {
        interface: String,
        first: String,
        second: String,
    },
    #[error("objects of kind {kind} are provided by two plugins, {first} and {second}")]
    TwoKinds {
        kind: String,
        first: String,
        second: String,
    },
    #[error("no plugin of this project provides objects of kind {kind}; available kinds: {}", list(.known))]
    UnknownKind { kind: String, known: Vec<String> },
    #[error("no ancestor of revision {revision} defines {kind} {name}")]
    NoEarlierVersion {
        revision: String,
        kind: String,
        name: String,
    },
    #[error(
        "{first} and {second} both define {kind} {name}, and neither comes before the other: name the one to use as REVISION.KEY"
    )]
    AmbiguousEarlierVersion {
        kind: String,
        name: String,
        first: String,
        second: String,
    },
    #[error("{reference} does not refer to a version of an object: {reason}")]
    UnknownVersion { reference: String, reason: String },
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// A plugin made a database request that is not allowed or not available.
    #[error("{guest}: {error}")]
    Refused { guest: String, error: Box<SinkError> },
    #[error("{guest} failed{}", if .text.is_empty() { " without an error message".to_owned() } else { format!(": {text}") })]
    Returned { guest: String, text: String },
    #[error("{guest} panicked: {text}")]
    Panicked { guest: String, text: String },
    #[error("{guest} trapped: {reason}")]
    Trapped {
        guest: String,
        reason: String,
        backtrace: Vec<String>,
        /// The first and the last lines of its standard output and error.
        output: Vec<String>,
    },
    #[error("{guest} computed for more than {} without calling the host", seconds(.limit))]
    TimeLimit { guest: String, limit: Duration },
    #[error("{guest} is idle: it neither computes nor waits for the database")]
    Idle { guest: String },
    #[error("{guest} asked for {} of memory; the limit is {}", size(*.asked), size(*.limit))]
    MemoryLimit { guest: String, asked: usize, limit: usize },
    #[error("{guest} exhausted its stack of {}", size(*.limit))]
    StackLimit { guest: String, limit: usize },
    #[error("{guest} uses {call} in `objects`, where only context, assets and log are available")]
    NotInObjects { guest: String, call: &'static str },
    #[error(
        "{guest} uses {call}, but a test has no database of its own: create one with test-database of mighost:host/testing"
    )]
    NotInTests { guest: String, call: &'static str },
    #[error("{guest} uses mighost:host/testing in `cases`, where only assets and log are available")]
    NotInCases { guest: String },
    /// A guest sent something to the database while another held a statement guard.
    #[error("{call} cannot be used here: {reason}")]
    NotNow { call: String, reason: String },
    #[error(
        "{guest} ended while statements were still refused: a call that allows them again, e.g. the end of a reversal, \
         is missing"
    )]
    Unfinished { guest: String },
    #[error(
        "{guest} needs the superuser role, which is not set; offline (--sql) there is no connection whose role could \
         be used"
    )]
    NoSuperuserRole { guest: String },
    #[error("this project has no plugin {name}; available: {}", list(.known))]
    UnknownPlugin { name: String, known: Vec<String> },
    #[error("on-version-apply names the plugin {name}, which this project does not have")]
    UnknownHook { name: String, known: Vec<String> },
    #[error("{guest} called step-info outside of a hook; it can be called in `on-version-apply` only")]
    NotInHook { guest: String },
    #[error("on-version-apply names the plugin {plugin}, which has no such hook: it does not export {interface}")]
    NoHook { plugin: String, interface: &'static str },
    /// An artifact that is needed during the run cannot be read.
    #[error(transparent)]
    Artifact(#[from] mighost_artifact::ArtifactError),
}

impl RuntimeError {
    /// The error that a guest returned, as long as it may be.
    pub fn returned(guest: String, text: String) -> Self {
        let text = shortened(text, MAX_OUTSIDE_TEXT);
        Self::Returned { guest, text }
    }

    /// The party to blame.
    pub fn blame(&self) -> Blame {
        match self {
            Self::Engine(_) => Blame::Host,
            Self::MissingPlugin { .. }
            | Self::OtherVersion { .. }
            | Self::TwoProviders { .. }
            | Self::TwoKinds { .. }
            | Self::NoSuperuserRole { .. }
            | Self::UnknownHook { .. }
            | Self::UnknownPlugin { .. }
            | Self::NoHook { .. }
            | Self::UnknownKind { .. } => Blame::Operator,
            Self::Refused { error, .. } if matches!(**error, SinkError::Offline { .. }) => Blame::Operator,
            Self::Sink(SinkError::ConnectionLost(_)) => Blame::Database,
            Self::Sink(SinkError::Offline { .. } | SinkError::Interrupted | SinkError::Write(_)) => Blame::Operator,
            Self::Compile { .. }
            | Self::Mistyped { .. }
            | Self::MissingFunction { .. }
            | Self::Resource { .. }
            | Self::HostMistyped { .. }
            | Self::MistypedExport { .. }
            | Self::ForbiddenImport { .. }
            | Self::MissingExport { .. }
            | Self::PluginCycle(_)
            | Self::NoEarlierVersion { .. }
            | Self::AmbiguousEarlierVersion { .. }
            | Self::UnknownVersion { .. }
            | Self::Sink(_)
            | Self::Refused { .. }
            | Self::Returned { .. }
            | Self::Panicked { .. }
            | Self::Trapped { .. }
            | Self::TimeLimit { .. }
            | Self::Idle { .. }
            | Self::MemoryLimit { .. }
            | Self::StackLimit { .. }
            | Self::NotInObjects { .. }
            | Self::NotInTests { .. }
            | Self::NotInCases { .. }
            | Self::NotNow { .. }
            | Self::Unfinished { .. }
            | Self::NotInHook { .. }
            | Self::Artifact(_) => Blame::Guest,
        }
    }

    /// The hints for the user.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::OtherVersion { plugin, older: true, .. } => format!("install a later version of plugin {plugin}"),
            Self::OtherVersion { .. } => "install the version of the plugin that exports it as well, under another \
                                          name; or export both versions from one plugin"
                .into(),
            Self::MissingPlugin { .. } => {
                "add the plugin to the project's plugins folder; `mighost plugins` lists the plugins there".into()
            }
            Self::ForbiddenImport { import, .. } if import.starts_with("mighost:host/") => {
                "rebuild it with this version's WIT (`mighost wit`), or install a version of mighost that offers \
                 it".into()
            }
            Self::ForbiddenImport { .. } => "guests have no files, no network and no environment".into(),
            Self::Compile { .. } => "the file may be corrupt: download or rebuild it".into(),
            Self::PluginCycle(_) => "move what they share to a plugin that both import".into(),
            Self::StackLimit { .. } => "look for unbounded recursion".into(),
            Self::Mistyped { .. } | Self::MissingFunction { .. } => {
                "both declare the same version: build both against the same WIT, and raise the version of an interface that changes"
                    .into()
            }
            Self::Resource { .. } => "define the interface without resources".into(),
            Self::HostMistyped { .. } | Self::MistypedExport { .. } | Self::MissingExport { .. } => {
                "rebuild it with this version's WIT (`mighost wit`)".into()
            }
            Self::TwoProviders { .. } | Self::TwoKinds { .. } => "remove one of the two plugins".into(),
            Self::NoEarlierVersion { .. } => {
                "if its name, its schema or its arguments have changed, name the version to replace as REVISION.KEY \
                 (in Rust: `replaceable::replace_version`)"
                    .into()
            }
            Self::UnknownKind { .. } => "add a plugin that provides the kind to the plugins folder".into(),
            Self::UnknownHook { known, .. } => format!("plugins with this hook: {}", list(known)),
            Self::NoHook { .. } => "`mighost plugins` lists what plugins export".into(),
            Self::NoSuperuserRole { .. } => {
                "set superuser-role in mighost.toml, or MIGHOST_SU_ROLE_NAME in the environment".into()
            }
            Self::TimeLimit { .. } => {
                "if it really needs longer, raise guest-time under [limits] in mighost.toml".into()
            }
            Self::MemoryLimit { .. } => {
                "read large results in batches with a cursor, or raise memory under [limits] in mighost.toml".into()
            }
            Self::Sink(error) => return refusal_hint(error),
            Self::Refused { error, .. } => return refusal_hint(error),
            _ => return None,
        })
    }
}

impl From<&RuntimeError> for Diagnostic {
    fn from(error: &RuntimeError) -> Self {
        let mut diagnostic = match error {
            RuntimeError::Sink(error) => error.diagnose(Blame::Guest),
            RuntimeError::Refused { error: cause, .. } => Diagnostic {
                what: error.to_string(),
                ..cause.diagnose(Blame::Guest)
            },
            RuntimeError::Artifact(error) => return error.into(),
            RuntimeError::Engine(_) => Diagnostic::new(error.blame(), ExitKind::Internal, error.to_string()),
            RuntimeError::UnknownHook { .. } | RuntimeError::NoHook { .. } => {
                Diagnostic::new(error.blame(), ExitKind::Config, error.to_string())
            }
            RuntimeError::MissingPlugin { .. }
            | RuntimeError::Mistyped { .. }
            | RuntimeError::OtherVersion { .. }
            | RuntimeError::MissingFunction { .. }
            | RuntimeError::Resource { .. }
            | RuntimeError::HostMistyped { .. }
            | RuntimeError::MistypedExport { .. }
            | RuntimeError::ForbiddenImport { .. }
            | RuntimeError::MissingExport { .. }
            | RuntimeError::Compile { .. }
            | RuntimeError::PluginCycle(_)
            | RuntimeError::TwoProviders { .. }
            | RuntimeError::TwoKinds { .. }
            | RuntimeError::UnknownKind { .. } => Diagnostic::new(error.blame(), ExitKind::Artifact, error.to_string()),
            RuntimeError::NoEarlierVersion { .. }
            | RuntimeError::AmbiguousEarlierVersion { .. }
            | RuntimeError::UnknownVersion { .. }
            | RuntimeError::Returned { .. }
            | RuntimeError::Panicked { .. }
            | RuntimeError::Trapped { .. }
            | RuntimeError::TimeLimit { .. }
            | RuntimeError::Idle { .. }
            | RuntimeError::MemoryLimit { .. }
            | RuntimeError::StackLimit { .. }
            | RuntimeError::NotInObjects { .. }
            | RuntimeError::NotInTests { .. }
            | RuntimeError::NotInCases { .. }
            | RuntimeError::NotNow { .. }
            | RuntimeError::Unfinished { .. }
            | RuntimeError::NoSuperuserRole { .. }
            | RuntimeError::UnknownPlugin { .. }
            | RuntimeError::NotInHook { .. } => Diagnostic::new(error.blame(), ExitKind::Guest, error.to_string()),
        };
        if let RuntimeError::Trapped { backtrace, output, .. } = error {
            diagnostic
                .location
                .extend(backtrace.iter().map(|frame| format!("in {frame}")));
            if !output.is_empty() {
                diagnostic.location.push("its output:".to_owned());
                diagnostic
                    .location
                    .extend(output.iter().map(|line| format!("  {line}")));
            }
        }
        diagnostic.hints.extend(error.hint());
        diagnostic
    }
}

fn refusal_hint(error: &SinkError) -> Option<String> {
    let hint = match error {
        SinkError::Offline { .. } => "run it without --sql, or write the migration without queries",
        SinkError::TransactionControl { .. } => {
            "mighost begins and commits the transaction; call suspend-transaction before statements that cannot run in \
             one, or set transaction = \"none\" in migration.toml"
        }
        _ => return None,
    };
    Some(hint.to_owned())
}

fn other_version(older: bool) -> &'static str {
    match older {
        true => "is older",
        false => "is not compatible with it",
    }
}

fn has(functions: &[String]) -> String {
    match functions {
        [] => String::new(),
        functions => format!("; it has {}", functions.join(", ")),
    }
}

fn guest_word(guest: &str) -> &str {
    guest.split(' ').next().unwrap_or("guest")
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        "none".into()
    } else {
        names.join(", ")
    }
}

/// In the units of `memory` under `[limits]`.
fn size(bytes: usize) -> String {
    match bytes {
        _ if bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        _ if bytes.is_multiple_of(1 << 10) => format!("{} KiB", bytes >> 10),
        _ => format!("{bytes} bytes"),
    }
}

fn seconds(duration: &Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}
