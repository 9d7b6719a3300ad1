//! Messages and progress for the person who watches the run: [`info!`](crate::info!), [`warn!`](crate::warn!),
//! [`debug!`](crate::debug!), [`progress`].

use crate::bindings::mighost::host::log as host;
pub use crate::bindings::mighost::host::log::Level;

/// One message. The macros `debug!`, `info!` and `warn!` format one as `format!` does.
pub fn message(level: Level, text: &str) {
    host::message(level, text);
}

/// `done` of `total` units of the guest's choice; `total` is none where it is not known beforehand. Cheap to call often.
pub fn progress(done: u64, total: impl Into<Option<u64>>) {
    host::progress(done, total.into());
}

/// A message that is shown with `--verbose` only. Arguments as in `format!`.
#[macro_export]
macro_rules! debug {
    ($($argument:tt)*) => { $crate::log::message($crate::log::Level::Debug, &::std::format!($($argument)*)) };
}

/// A message for the person who watches the run. Arguments as in `format!`.
#[macro_export]
macro_rules! info {
    ($($argument:tt)*) => { $crate::log::message($crate::log::Level::Info, &::std::format!($($argument)*)) };
}

/// A warning for the person who watches the run. Arguments as in `format!`.
#[macro_export]
macro_rules! warn {
    ($($argument:tt)*) => { $crate::log::message($crate::log::Level::Warn, &::std::format!($($argument)*)) };
}
