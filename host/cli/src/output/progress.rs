//! Progress as permanent lines and one that is redrawn.

use std::sync::Arc;
use std::time::{Duration, Instant};

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::{Styles, duration, escape_line, escape_text};
use mighost_core::{Direction, Event, Level};

/// The interval at which an activity is reported again if there is no live line.
const REPEAT: Duration = Duration::from_secs(10);

/// The size of code, in bytes, whose compilation takes seconds and is reported without `--verbose`, e.g. of Python.
const LARGE: usize = 8 << 20;

/// Turns events into lines. Pure except for the times that it is given.
pub(super) struct Progress {
    quiet: bool,
    verbose: bool,
    step: Option<Step>,
    /// The activity outside steps: building, waiting.
    activity: Option<String>,
    /// The last report of the activity.
    told: Option<Instant>,
}

struct Step {
    direction: Direction,
    revision: String,
    message: String,
    number: usize,
    of: usize,
    started: Instant,
    operation: Option<Arc<str>>,
    /// Units done, and their total.
    progress: Option<(u64, Option<u64>)>,
}

impl Progress {
    pub fn new(quiet: bool, verbose: bool) -> Self {
        Self {
            quiet,
            verbose,
            step: None,
            activity: None,
            told: None,
        }
    }

    /// Ends the activity: the run has ended, successfully or not.
    pub fn stop(&mut self) {
        self.step = None;
        self.activity = None;
        self.told = None;
    }

    /// Sets the activity.
    pub fn working(&mut self, text: &str) {
        self.activity = Some(text.to_owned());
    }

    /// Processes an event and returns permanent lines. `live` is true if there is a live line as well.
    pub fn receive(&mut self, event: Event, now: Instant, styles: Styles, live: bool) -> Vec<String> {
        match event {
            Event::Note { level, text } => self.message(level, "", &text, styles),
            Event::Building {
                name,
                driver,
                number,
                of,
            } => self.activity(
                format!("building {number}/{of} {} ({driver})", escape_line(&name)),
                live,
            ),
            Event::Installing { name, version, client } => self.activity(
                format!("installing {} {} ({client})", escape_line(&name), escape_line(&version)),
                live,
            ),
            Event::Compiling { name, size } => {
                let text = format!("compiling {}{}", escape_line(&name), large(size));
                self.activity(text, live || !self.verbose)
            }
            Event::Compiled {
                name,
                size,
                elapsed,
                memory,
            } => {
                self.activity = None;
                let memory = memory
                    .map(|bytes| format!(", with {} MiB of memory", bytes >> 20))
                    .unwrap_or_default();
                let name = escape_line(&name);
                let line = format!("compiled {name} in {}{memory}; later runs reuse it", duration(elapsed));
                self.lines_if(self.verbose || size >= LARGE, line)
            }
            Event::Waiting { holder, waited } => {
                let text = format!(
                    "waiting for another run, {} so far: {}",
                    duration(waited),
                    escape_line(&holder)
                );
                let again = self.tell_again(now);
                self.activity(text, live || !again)
            }
            Event::StepStarted {
                direction,
                revision,
                message,
                number,
                of,
            } => {
                self.activity = None;
                self.told = Some(now);
                let step = Step {
                    direction,
                    revision,
                    message,
                    number,
                    of,
                    started: now,
                    operation: None,
                    progress: None,
                };
                let line = format!("{} ...", step.title(styles));
                self.step = Some(step);
                self.lines_if(self.verbose, line)
            }
            Event::Operation { name } => {
                // Sent for each call, and usually not shown.
                let told = self.verbose.then(|| format!("    {}", styles.dim(&escape_line(&name))));
                if let Some(step) = &mut self.step {
                    step.operation = Some(name);
                }
                told.into_iter().collect()
            }
            Event::GuestMessage { revision, level, text } => {
                self.message(level, &format!("{revision}: "), &text, styles)
            }
            Event::GuestProgress { revision, done, total } => {
                if let Some(step) = self.step.as_mut().filter(|step| step.revision == revision) {
                    step.progress = Some((done, total));
                }
                let again = !live && self.tell_again(now);
                let line = format!("    {}: {}", escape_line(&revision), share(done, total));
                self.lines_if(again, line)
            }
            Event::ServerNotice { severity, message } => {
                let level = match severity.as_str() {
                    "WARNING" => Level::Warn,
                    "DEBUG" | "LOG" => Level::Debug,
                    _ => Level::Info,
                };
                self.message(level, "PostgreSQL: ", &message, styles)
            }
            Event::StepFinished {
                direction,
                revision,
                elapsed,
                statements,
            } => {
                let step = self.step.take().filter(|step| step.revision == revision);
                let title = match step {
                    Some(step) => step.title(styles),
                    None => format!("{direction} {}", styles.name(&escape_line(&revision))),
                };
                let statements = match (self.verbose, statements) {
                    (false, _) => String::new(),
                    (true, 1) => ", 1 statement".to_owned(),
                    (true, statements) => format!(", {statements} statements"),
                };
                let done = styles.dim(&format!("({}{statements})", duration(elapsed)));
                self.lines_if(true, format!("{title} {done}"))
            }
        }
    }

    /// The line for the activity, in less than `width` columns.
    pub fn live_line(&self, now: Instant, width: usize, styles: Styles) -> Option<String> {
        if self.quiet {
            return None;
        }
        let text = match (&self.step, &self.activity) {
            (Some(step), _) => step.live_text(now, width),
            (None, Some(activity)) => activity.clone(),
            (None, None) => return None,
        };
        // The last column stays free: a cursor after it would be on the next line.
        Some(styles.dim(&cut(&text, width.saturating_sub(1))))
    }

    fn lines_if(&self, wanted: bool, line: String) -> Vec<String> {
        match wanted && !self.quiet {
            true => vec![line],
            false => Vec::new(),
        }
    }

    /// Sets the activity, which becomes a permanent line if there is no live line.
    fn activity(&mut self, text: String, shown_elsewhere: bool) -> Vec<String> {
        let lines = self.lines_if(
            !shown_elsewhere || (self.verbose && self.activity.as_ref() != Some(&text)),
            text.clone(),
        );
        self.activity = Some(text);
        lines
    }

    fn tell_again(&mut self, now: Instant) -> bool {
        let again = self
            .told
            .is_none_or(|told| now.saturating_duration_since(told) >= REPEAT);
        if again {
            self.told = Some(now);
        }
        again
    }

    fn message(&self, level: Level, from: &str, text: &str, styles: Styles) -> Vec<String> {
        let shown = match level {
            Level::Debug => self.verbose && !self.quiet,
            Level::Info => !self.quiet,
            Level::Warn => true,
        };
        if !shown {
            return Vec::new();
        }
        let label = match level {
            Level::Warn => format!("{}: ", styles.warning("warning")),
            _ => String::new(),
        };
        let from = escape_line(from);
        escape_text(text)
            .lines()
            .enumerate()
            .map(|(index, line)| match index {
                0 => format!("{label}{from}{line}"),
                _ => format!("    {line}"),
            })
            .collect()
    }
}

impl Step {
    /// `[ 3/14] upgrade a1b2c3 create stations`.
    fn title(&self, styles: Styles) -> String {
        let of = self.of.to_string();
        let title = format!(
            "[{:>width$}/{of}] {} {} {}",
            self.number,
            self.direction,
            styles.name(&escape_line(&self.revision)),
            escape_line(&self.message),
            width = of.len()
        );
        title.trim_end().to_owned()
    }

    /// The title, the operation, the progress and the time; a long title is truncated so that the rest fits.
    fn live_text(&self, now: Instant, width: usize) -> String {
        let mut text = String::new();
        if let Some(operation) = &self.operation {
            text.push_str(&format!(": {}", short_operation(operation)));
        }
        if let Some((done, total)) = self.progress {
            text.push_str(&format!(", {}", share(done, total)));
        }
        text.push_str(&format!(" ({})", duration(now.saturating_duration_since(self.started))));
        let title = self.title(Styles::plain());
        let room = width.saturating_sub(text.width() + 1).max(width / 3);
        format!("{}{text}", cut(&title, room))
    }
}

/// `mighost:roles/roles@0.1.0#set-role` as `roles.set-role`.
fn short_operation(name: &str) -> String {
    let short = name.split_once('#').map(|(interface, function)| {
        let interface = interface.split('@').next().unwrap_or_default();
        let interface = interface.rsplit('/').next().unwrap_or_default();
        format!("{interface}.{function}")
    });
    escape_line(short.as_deref().unwrap_or(name)).into_owned()
}

/// `1200 of 3000 (40 %)`. Guests may report any numbers, even more done than there is.
fn share(done: u64, total: Option<u64>) -> String {
    match total {
        Some(total) if total > 0 => {
            let percent = u128::from(done) * 100 / u128::from(total);
            format!("{done} of {total} ({} %)", percent.min(100))
        }
        _ => format!("{done} done"),
    }
}

/// `text` in at most `width` columns.
fn cut(text: &str, width: usize) -> String {
    let mut used = 0;
    let mut cut = String::new();
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        cut.push(c);
    }
    cut
}

/// The size of code, if it is large enough to explain a wait.
fn large(size: usize) -> String {
    match size {
        LARGE.. => format!(" ({} MiB)", size >> 20),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests;
