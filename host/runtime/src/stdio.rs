//! Standard output and error of guests. They are not shown, since guests have `log`; but a language runtime that gives up reports the
//! reason only there. So their beginning and end are kept for the error message, and each line is shown with `--verbose`.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use mighost_core::{Event, Level, Reporter};

/// The number of bytes that are kept of the beginning, and also of the end: some runtimes report the reason first, others last.
const HALF: usize = 4 << 10;
/// The number of lines of each that an error shows.
const LINES: usize = 16;
/// The number of bytes that a guest may write at once.
const AT_ONCE: usize = 64 << 10;

/// Both streams of one instance.
#[derive(Clone)]
pub(super) struct Output {
    revision: Arc<str>,
    reporter: Arc<dyn Reporter>,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    beginning: Vec<u8>,
    end: VecDeque<u8>,
    /// Whether anything between them was dropped.
    cut: bool,
    /// The line that has not ended yet.
    line: Vec<u8>,
}

impl Kept {
    /// Appends `bytes` and returns the lines that they complete.
    fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let (first, rest) = bytes.split_at(bytes.len().min(HALF.saturating_sub(self.beginning.len())));
        self.beginning.extend(first);
        self.end
            .extend(rest.get(rest.len().saturating_sub(HALF)..).unwrap_or_default());
        let excess = self.end.len().saturating_sub(HALF);
        self.cut |= excess > 0 || rest.len() > HALF;
        self.end.drain(..excess);
        let mut lines = Vec::new();
        for byte in bytes {
            if *byte == b'\n' || self.line.len() == HALF {
                lines.push(String::from_utf8_lossy(&self.line).trim_end().to_owned());
                self.line.clear();
            }
            if *byte != b'\n' {
                self.line.push(*byte);
            }
        }
        lines.retain(|line| !line.is_empty());
        lines
    }

    /// The first lines and the last.
    fn lines(&self) -> Vec<String> {
        let mut first = self.beginning.clone();
        let end: Vec<u8> = self.end.iter().copied().collect();
        if !self.cut {
            first.extend(&end);
            let lines = lines_of(&first);
            let Some(last) = lines.len().checked_sub(LINES).filter(|last| *last > LINES) else {
                return lines;
            };
            return shortened(&lines, lines.get(last..).unwrap_or_default());
        }
        // The first line of the end may have lost its beginning.
        let whole = end.iter().position(|byte| *byte == b'\n').unwrap_or_default();
        let last = lines_of(end.get(whole..).unwrap_or_default());
        shortened(
            &lines_of(&first),
            last.get(last.len().saturating_sub(LINES)..).unwrap_or_default(),
        )
    }
}

fn lines_of(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.lines().map(str::trim_end);
    lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// The first of `lines`, and `last`.
fn shortened(lines: &[String], last: &[String]) -> Vec<String> {
    let first = lines.iter().take(LINES).cloned();
    first
        .chain(std::iter::once("[...]".to_owned()))
        .chain(last.iter().cloned())
        .collect()
}

impl Output {
    pub fn new(revision: &str, reporter: Arc<dyn Reporter>) -> Self {
        Self {
            revision: revision.into(),
            reporter,
            kept: Arc::default(),
        }
    }

    /// The first lines that were written, and the last.
    pub fn lines(&self) -> Vec<String> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).lines()
    }

    fn push(&self, bytes: &[u8]) {
        let lines = self.kept.lock().unwrap_or_else(PoisonError::into_inner).push(bytes);
        for text in lines {
            self.reporter.report(Event::GuestMessage {
                revision: self.revision.to_string(),
                level: Level::Debug,
                text,
            });
        }
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        // Part of later versions of WASI, which guests do not get.
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait::async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {}
}

impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.push(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(AT_ONCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginning_and_end_are_kept() {
        let mut kept = Kept::default();
        assert_eq!(kept.push(b"panic: "), Vec::<String>::new());
        assert_eq!(kept.push(b"no\n\ngoroutine 1\r\n  main"), ["panic: no", "goroutine 1"]);
        assert_eq!(kept.lines(), ["panic: no", "goroutine 1", "  main"]);
        kept.push(b"\n");
        for number in 0..40 {
            kept.push(format!("line {number}\n").as_bytes());
        }
        let shown = |kept: &Kept| {
            let lines = kept.lines();
            assert_eq!(lines.len(), 2 * LINES + 1);
            [0, LINES - 1, LINES, LINES + 1, 2 * LINES]
                .map(|at| lines[at].clone())
                .join(", ")
        };
        assert_eq!(shown(&kept), "panic: no, line 12, [...], line 24, line 39");
        for number in 40..10_000 {
            kept.push(format!("line {number}\n").as_bytes());
        }
        assert_eq!(shown(&kept), "panic: no, line 12, [...], line 9984, line 9999");
    }

    #[test]
    fn one_endless_line_is_bounded() {
        let mut kept = Kept::default();
        for _ in 0..100 {
            kept.push(&[b'x'; 10_000]);
        }
        assert!(kept.line.len() <= HALF);
        let lengths: Vec<usize> = kept.lines().iter().map(String::len).collect();
        assert_eq!(lengths, [HALF, "[...]".len(), HALF]);
        // Bytes that are not text do no harm either.
        kept.push(&[0xff, 0xfe, b'\n', b'a']);
        assert_eq!(kept.lines().last().unwrap(), "a");
    }
}
