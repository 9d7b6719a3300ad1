//! The only owner of stdout and stderr: progress, listings, JSON, errors.
//!
//! Data goes to stdout, everything else to stderr. What comes from guests or the server is shown with its control characters
//! escaped, so that no migration can steer the terminal of the person who watches it.

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

/// How often the live line is drawn again while nothing happens, so that the time on it goes on.
const TICK: Duration = Duration::from_millis(200);

/// How soon after one drawing of the live line an event draws it again: a guest may send events without end.
const MIN_BETWEEN_DRAWINGS: Duration = Duration::from_millis(50);

/// The width of a line where the terminal does not tell.
const DEFAULT_WIDTH: usize = 100;

/// What the command line says about output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    pub color: ColorChoice,
    /// Only data, warnings and errors.
    pub quiet: bool,
    /// Each operation and the guests' debug messages too.
    pub verbose: bool,
    /// One JSON document on stdout in the place of text.
    pub json: bool,
    /// Show the causes of a failure, down to the first.
    pub raise: bool,
}

/// One of the two streams, and what it can show.
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
    /// Whether stderr's cursor stands on a live line.
    live: bool,
    drawn: Option<Instant>,
}

impl Output {
    /// On the process's own stdout and stderr. In a terminal a thread keeps the live line going until the last reference is
    /// dropped.
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
            // Without the thread the line is drawn at events only, which is good enough to go on.
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

    /// On other streams; `err` gets a live line where it is a terminal. `width` is that of a line, in columns.
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

    /// The styles of stdout, for those who build lines for [`print`](Self::print).
    pub fn styles(&self) -> Styles {
        self.lock().out.styles
    }

    /// Writes to stdout as it stands, e.g. a script or a WIT file.
    ///
    /// # Errors
    /// Those of stdout. A reader that has gone away is none: it has what it wanted.
    pub fn data(&self, bytes: &[u8]) -> io::Result<()> {
        let mut inner = self.lock();
        inner.clear_live();
        let out = &mut inner.out.writer;
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => result,
        }
    }

    /// Writes lines of text to stdout, and nothing with `--json`. What `text` holds of others' text must be escaped.
    ///
    /// # Errors
    /// As [`data`](Self::data).
    pub fn print(&self, text: &str) -> io::Result<()> {
        match self.options.json || text.is_empty() {
            true => Ok(()),
            false => self.data(format!("{}\n", text.trim_end_matches('\n')).as_bytes()),
        }
    }

    /// Writes the one JSON document of the command to stdout, and nothing without `--json`.
    ///
    /// # Errors
    /// As [`data`](Self::data).
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

    /// Shows a line on stderr, unless quiet. It is escaped.
    pub fn note(&self, text: &str) {
        if !self.options.quiet {
            self.lock().err_line(&escape_text(text));
        }
    }

    /// Shows on the live line what goes on; elsewhere it is not worth a line.
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

    /// Shows the command line's own text on stderr as it stands, even if quiet.
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
        // The exit code tells even where stdout cannot be written.
        let _ = self.json(&serde_json::json!({ "error": diagnostic, "exit_code": diagnostic.exit.code() }));
    }

    /// Takes the live line away, before another program gets the terminal.
    pub fn finish(&self) {
        let mut inner = self.lock();
        inner.progress.stop();
        inner.clear_live();
    }

    fn draw_live(&self) {
        let mut inner = self.lock();
        inner.draw_live(self.width);
    }

    /// A thread that panicked while it wrote leaves a line unfinished at worst.
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
    /// Nobody can be told that stderr is gone, so its errors are dropped.
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
                // Back to the start of the line, and the rest of it erased after the new text, so that nothing flickers.
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
