//! The only owner of stdout and stderr: progress, listings, JSON, errors.
//!
//! Data goes to stdout, everything else to stderr. Control characters in text from guests or the server are escaped, so that migrations
//! cannot control the user's terminal.

mod diagnostic;
mod escape;
mod excerpt;
pub mod graph;
pub mod listing;
mod progress;
mod style;
mod summary;
pub mod test;
#[cfg(test)]
mod tests;

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

pub use escape::{escape_line, escape_text};
pub use style::{ColorChoice, Styles};
pub use summary::{Summary, duration};

use mighost_config::Environment;
use mighost_core::{Diagnostic, Event, Reporter};
use progress::Progress;

/// The interval at which the live line is redrawn without events, so that its time advances.
const TICK: Duration = Duration::from_millis(200);

/// The minimum interval between redrawing the live line for events: a guest may send events without end.
const MIN_BETWEEN_DRAWINGS: Duration = Duration::from_millis(50);

/// The width of a line if the terminal does not report it.
const DEFAULT_WIDTH: usize = 100;

/// The output options of the command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    pub color: ColorChoice,
    /// Only data, warnings and errors.
    pub quiet: bool,
    /// Each operation and the guests' debug messages too.
    pub verbose: bool,
    /// One JSON document on stdout instead of text.
    pub json: bool,
    /// Show the whole chain of causes of a failure.
    pub raise: bool,
}

/// One of the two streams, and its capabilities.
pub struct Stream {
    writer: Box<dyn Write + Send>,
    terminal: bool,
    styles: Styles,
}

impl Stream {
    /// A stream that is not a terminal: a test's buffer.
    #[cfg(test)]
    pub fn plain(writer: impl Write + Send + 'static) -> Self {
        Self {
            writer: Box::new(writer),
            terminal: false,
            styles: Styles::plain(),
        }
    }

    fn standard(writer: impl Write + IsTerminal + Send + 'static, choice: ColorChoice, env: &Environment) -> Self {
        let terminal = writer.is_terminal();
        Self {
            writer: Box::new(writer),
            terminal,
            styles: Styles::for_stream(choice, env, terminal),
        }
    }
}

/// Both streams. A [`Reporter`]: events become progress on stderr.
pub struct Output {
    options: Options,
    width: usize,
    inner: Mutex<Inner>,
}

struct Inner {
    out: Stream,
    err: Stream,
    progress: Progress,
    /// Whether the cursor of stderr is on a live line.
    live: bool,
    drawn: Option<Instant>,
}

impl Output {
    /// Writes to the stdout and stderr of the process. In a terminal a thread updates the live line until the last reference is dropped.
    pub fn standard(options: Options, environment: &Environment) -> Arc<Self> {
        let out = Stream::standard(io::stdout(), options.color, environment);
        let err = Stream::standard(io::stderr(), options.color, environment);
        // A terminal that cannot move its cursor gets plain lines.
        let dumb = environment.get("TERM").is_some_and(|term| term == "dumb");
        let live = err.terminal && !dumb && !options.quiet;
        let width = terminal_size::terminal_size_of(io::stderr()).map_or(DEFAULT_WIDTH, |(width, _)| width.0.into());
        let output = Arc::new(Self::new(options, width, Stream { terminal: live, ..err }, out));
        if live {
            let weak = Arc::downgrade(&output);
            // Without the thread the line is only redrawn at events, which is good enough.
            let _ = std::thread::Builder::new().name("progress".to_owned()).spawn(move || {
                while let Some(output) = weak.upgrade() {
                    output.draw_live();
                    drop(output);
                    std::thread::sleep(TICK);
                }
            });
        }
        output
    }

    /// Writes to other streams; `err` gets a live line if it is a terminal. `width` is that of a line, in columns.
    pub fn new(options: Options, width: usize, err: Stream, out: Stream) -> Self {
        Self {
            options,
            width: width.max(20),
            inner: Mutex::new(Inner {
                out,
                err,
                progress: Progress::new(options.quiet, options.verbose),
                live: false,
                drawn: None,
            }),
        }
    }

    pub fn options(&self) -> Options {
        self.options
    }

    /// The styles of stdout, for code that builds lines for [`print`](Self::print).
    pub fn styles(&self) -> Styles {
        self.lock().out.styles
    }

    /// Writes to stdout unchanged, e.g. a script or a WIT file.
    ///
    /// # Errors
    /// Those of stdout. A closed reader is not an error: it has got what it wanted.
    pub fn data(&self, bytes: &[u8]) -> io::Result<()> {
        let mut inner = self.lock();
        inner.clear_live();
        let out = &mut inner.out.writer;
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => result,
        }
    }

    /// Writes lines of text to stdout, and nothing with `--json`. Foreign text in `text` must be escaped.
    ///
    /// # Errors
    /// As for [`data`](Self::data).
    pub fn print(&self, text: &str) -> io::Result<()> {
        match self.options.json || text.is_empty() {
            true => Ok(()),
            false => self.data(format!("{}\n", text.trim_end_matches('\n')).as_bytes()),
        }
    }

    /// Writes the one JSON document of the command to stdout, and nothing without `--json`.
    ///
    /// # Errors
    /// As for [`data`](Self::data).
    pub fn json(&self, document: &impl Serialize) -> io::Result<()> {
        if !self.options.json {
            return Ok(());
        }
        let mut text = serde_json::to_string_pretty(document)?;
        text.push('\n');
        self.data(text.as_bytes())
    }

    /// Shows the last line of a run on stderr, unless quiet.
    pub fn summary(&self, summary: &Summary) {
        if !self.options.quiet {
            let mut inner = self.lock();
            inner.progress.stop();
            let line = summary.render(inner.err.styles);
            inner.err_line(&line);
        }
    }

    /// Shows a line on stderr, escaped, unless quiet.
    pub fn note(&self, text: &str) {
        if !self.options.quiet {
            self.lock().err_line(&escape_text(text));
        }
    }

    /// Shows the current activity on the live line; without one it is not worth a line.
    pub fn working(&self, text: &str) {
        let mut inner = self.lock();
        inner.progress.working(text);
        let drawn = inner.drawn;
        if drawn.is_none_or(|drawn| drawn.elapsed() >= MIN_BETWEEN_DRAWINGS) {
            inner.draw_live(self.width);
        }
    }

    /// Whether stderr has a live line.
    pub fn is_live(&self) -> bool {
        self.lock().err.terminal
    }

    /// Whether stdout shows styles.
    pub fn is_styled_out(&self) -> bool {
        self.lock().out.styles != Styles::plain()
    }

    /// Whether stderr shows styles.
    pub fn is_styled_err(&self) -> bool {
        self.lock().err.styles != Styles::plain()
    }

    /// Shows text of the command line itself on stderr, unchanged, even if quiet.
    pub fn usage(&self, text: &str) {
        self.lock().err_line(text.trim_end_matches('\n'));
    }

    /// Shows a failure on stderr, and as the JSON document `{"error": ...}` with `--json`.
    pub fn diagnostic(&self, diagnostic: &Diagnostic) {
        let mut inner = self.lock();
        inner.progress.stop();
        let text = diagnostic::render(diagnostic, inner.err.styles, self.width);
        inner.err_line(text.trim_end_matches('\n'));
        if self.options.raise {
            for cause in &diagnostic.causes {
                let line = format!("cause: {}", escape_text(cause).replace('\n', "\n       "));
                inner.err_line(&line);
            }
        }
        drop(inner);
        // The exit code shows the failure even if stdout cannot be written.
        let _ = self.json(&serde_json::json!({ "error": diagnostic, "exit_code": diagnostic.exit.code() }));
    }

    /// Removes the live line, before another program gets the terminal.
    pub fn finish(&self) {
        let mut inner = self.lock();
        inner.progress.stop();
        inner.clear_live();
    }

    fn draw_live(&self) {
        let mut inner = self.lock();
        inner.draw_live(self.width);
    }

    /// A thread that panicked while writing leaves an unfinished line at worst.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reporter for Output {
    fn owns_signals(&self) -> bool {
        true
    }

    fn report(&self, event: Event) {
        let mut inner = self.lock();
        let Inner { err, progress, .. } = &mut *inner;
        let lines = progress.receive(event, Instant::now(), err.styles, err.terminal);
        for line in lines {
            inner.err_line(&line);
        }
        let now = Instant::now();
        if inner
            .drawn
            .is_none_or(|drawn| now.saturating_duration_since(drawn) >= MIN_BETWEEN_DRAWINGS)
        {
            inner.draw_live(self.width);
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.lock().clear_live();
    }
}

impl Inner {
    /// Errors of stderr are ignored, because they cannot be reported.
    fn err_line(&mut self, line: &str) {
        self.clear_live();
        let _ = writeln!(self.err.writer, "{line}").and_then(|()| self.err.writer.flush());
    }

    fn draw_live(&mut self, width: usize) {
        if !self.err.terminal {
            return;
        }
        match self.progress.live_line(Instant::now(), width, self.err.styles) {
            Some(line) => {
                // Back to the start of the line, and the rest of it is erased after the new text, so that nothing flickers.
                let _ = write!(self.err.writer, "\r{line}\x1b[K").and_then(|()| self.err.writer.flush());
                self.live = true;
                self.drawn = Some(Instant::now());
            }
            None => self.clear_live(),
        }
    }

    fn clear_live(&mut self) {
        if std::mem::take(&mut self.live) {
            let _ = write!(self.err.writer, "\r\x1b[K").and_then(|()| self.err.writer.flush());
        }
    }
}
