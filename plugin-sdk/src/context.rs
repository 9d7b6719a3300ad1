//! The run that the guest takes part in: its direction, schema and settings.

use std::fmt::Display;
use std::str::FromStr;

use crate::bindings::mighost::host::context as host;
pub use crate::bindings::mighost::host::context::{
    Direction, argument, current_direction as direction, dialect, offline, revision, schema,
};

/// Ends the run and reports `reason`. A plugin uses it to refuse a migration's request.
pub fn fail(reason: &str) -> ! {
    host::fail(reason);
    panic!("{reason}")
}

/// The value of `-x name=value`, read as a `T`; `default` if it is not given.
///
/// # Panics
/// If the value cannot be read as a `T`.
pub fn argument_or<T: FromStr<Err: Display>>(name: &str, default: T) -> T {
    match argument(name) {
        None => default,
        Some(text) => match text.parse() {
            Ok(value) => value,
            Err(error) => panic!("the argument {name}={text} cannot be used: {error}"),
        },
    }
}

/// The value of `-x name=value`.
///
/// # Panics
/// If it is not given.
pub fn required_argument(name: &str) -> String {
    argument(name).unwrap_or_else(|| {
        panic!("the argument {name} is needed: give it as -x {name}=VALUE or under args in the project's configuration")
    })
}
