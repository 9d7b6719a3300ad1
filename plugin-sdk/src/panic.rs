//! Reporting of panics. A guest has no stderr, so the text of a panic goes to the host's log instead of being lost.

use std::panic;

use crate::log::{self, Level};

/// Sends the text and the location of a panic to the host's log, at level `warn`, so that the host can show them with the trap.
///
/// The message has the form `panicked at src/lib.rs:12:5: TEXT`. The export macros call this function, and on `wasm32-unknown-unknown` it
/// is called when the component starts, so guests need not call it.
pub fn install_panic_hook() {
    panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let text = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("a panic without a text");
        let message = match panic.location() {
            Some(place) => format!("panicked at {place}: {text}"),
            None => format!("panicked: {text}"),
        };
        log::message(Level::Warn, &message);
    }));
}

/// `wasm-component-ld` and `wit-component` make the component call this when it starts. Other WebAssembly targets have an `_initialize`
/// of their own.
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
#[unsafe(export_name = "_initialize")]
extern "C" fn initialize() {
    install_panic_hook();
}
