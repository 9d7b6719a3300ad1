//! A panic's text would be lost, since a guest has no stderr: it goes to the host's log.

use std::panic;

use crate::log::{self, Level};

/// Sends the text and the place of a panic to the host's log, at level `warn`, so that the host can show them with the trap.
///
/// The message reads `panicked at src/lib.rs:12:5: TEXT`. The export macros call it, and on `wasm32-unknown-unknown` it is
/// called when the component starts, so guests need not.
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

/// `wasm-component-ld` and `wit-component` have the component call this when it starts. Other targets of wasm bring an
/// `_initialize` of their own.
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
#[unsafe(export_name = "_initialize")]
extern "C" fn initialize() {
    install_panic_hook();
}
