//! Messages and progress for the user: [`info!`](crate::info!), [`warn!`](crate::warn!), [`debug!`](crate::debug!), [`progress`].

use crate::bindings::mighost::host::log as host;
pub use crate::bindings::mighost::host::log::Level;

/// Shows a message. The macros `debug!`, `info!` and `warn!` format one like `format!`.
pub fn message(level: Level, text: &str) {
    host::message(level, text);
}

/// Reports that `done` of `total` units are done, in units of the guest's choice; `total` is `None` if it is not known in advance.
/// Frequent calls are cheap.
pub fn progress(done: u64, total: impl Into<Option<u64>>) {
    host::progress(done, total.into());
}

/// Shows a message, only with `--verbose`. Arguments as in `format!`.
#[macro_export]
macro_rules! debug {
    ($($argument:tt)*) => { $crate::log::message($crate::log::Level::Debug, &::std::format!($($argument)*)) };
}

/// Shows a message. Arguments as in `format!`.
#[macro_export]
macro_rules! info {
    ($($argument:tt)*) => { $crate::log::message($crate::log::Level::Info, &::std::format!($($argument)*)) };
}

/// Shows a warning. Arguments as in `format!`.
#[macro_export]
macro_rules! warn {
    ($($argument:tt)*) => { $crate::log::message($crate::log::Level::Warn, &::std::format!($($argument)*)) };
}
