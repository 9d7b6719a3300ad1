//! `mighost:host/log`.

use super::super::bindings::mighost::host::log::{Host, Level as GuestLevel};
use super::super::guest::GuestState;
use mighost_core::{Event, Level};

/// The longest message that is passed on, in bytes.
const MAX_MESSAGE: usize = 8 << 10;

/// How the SDK's panic hook begins its message; the trap that follows shows it.
const PANIC: &str = "panicked at ";

impl Host for GuestState {
    async fn message(&mut self, level: GuestLevel, text: String) -> wasmtime::Result<()> {
        let mut end = text.len().min(MAX_MESSAGE);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let mut text = text;
        if end < text.len() {
            text.truncate(end);
            text.push_str(" [...]");
        }
        if let Some(panic) = text.strip_prefix(PANIC) {
            self.panic = Some(panic.to_owned());
            return Ok(());
        }
        let level = match level {
            GuestLevel::Debug => Level::Debug,
            GuestLevel::Info => Level::Info,
            GuestLevel::Warn => Level::Warn,
        };
        self.step.reporter.report(Event::GuestMessage {
            revision: self.step.revision.clone(),
            level,
            text,
        });
        Ok(())
    }

    async fn progress(&mut self, done: u64, total: Option<u64>) -> wasmtime::Result<()> {
        self.step.reporter.report(Event::GuestProgress {
            revision: self.step.revision.clone(),
            done,
            total,
        });
        Ok(())
    }
}
