//! `mighost:host/log`.

use super::super::bindings::mighost::host::log::{Host, Level as GuestLevel};
use super::super::guest::GuestState;
use mighost_core::{Event, Level, shortened};

/// The maximum length of a message, in bytes.
const MAX_MESSAGE: usize = 8 << 10;

/// The beginning of messages of the SDK's panic hook; the trap that follows shows them.
const PANIC: &str = "panicked at ";

impl Host for GuestState {
    async fn message(&mut self, level: GuestLevel, text: String) -> wasmtime::Result<()> {
        let text = shortened(text, MAX_MESSAGE);
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
