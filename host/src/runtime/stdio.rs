//! What a guest writes to its standard output and error. It goes nowhere, since guests have `log`; but what a language's runtime says before it
//! gives up is said there and nowhere else. So the end of it is kept for the error, and each line is told with `--verbose`.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use crate::report::{Event, Level, Reporter};

/// How much is kept, in bytes.
const KEPT: usize = 8 << 10;
/// How many lines of it an error shows.
const LINES: usize = 40;
/// How much a guest may write at once, in bytes.
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
    bytes: VecDeque<u8>,
    /// Whether bytes before them were dropped.
    cut: bool,
    /// The line that has not ended yet.
    line: Vec<u8>,
}

impl Kept {
    /// Takes `bytes`, and answers the lines that end with them.
    fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for byte in bytes {
            if *byte == b'\n' || self.line.len() == KEPT {
                lines.push(String::from_utf8_lossy(&self.line).trim_end().to_owned());
                self.line.clear();
            }
            if *byte != b'\n' {
                self.line.push(*byte);
            }
        }
        self.bytes
            .extend(bytes.get(bytes.len().saturating_sub(KEPT)..).unwrap_or_default());
        let excess = self.bytes.len().saturating_sub(KEPT);
        self.cut |= excess > 0 || bytes.len() > KEPT;
        self.bytes.drain(..excess);
        lines.retain(|line| !line.is_empty());
        lines
    }

    /// The last lines, each whole.
    fn lines(&mut self) -> Vec<String> {
        let text = String::from_utf8_lossy(self.bytes.make_contiguous());
        let whole = match self.cut {
            true => text.split_once('\n').map_or(&*text, |(_, rest)| rest),
            false => &text,
        };
        let lines: Vec<&str> = whole.trim().lines().map(str::trim_end).collect();
        let last = lines.get(lines.len().saturating_sub(LINES)..).unwrap_or_default();
        last.iter().map(|line| (*line).to_owned()).collect()
    }
}

impl Output {
    pub fn new(revision: &str, reporter: Arc<dyn Reporter>) -> Self {
        Self {
            revision: revision.into(),
            reporter,
            kept: Arc::default(),
        }
    }

    /// The last lines that were written.
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
        // Of later versions of WASI, which guests do not get.
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
    fn the_end_is_kept() {
        let mut kept = Kept::default();
        assert_eq!(kept.push(b"panic: "), Vec::<String>::new());
        assert_eq!(kept.push(b"no\n\ngoroutine 1\r\n  main"), ["panic: no", "goroutine 1"]);
        assert_eq!(kept.lines(), ["panic: no", "", "goroutine 1", "  main"]);
        for number in 0..10_000 {
            kept.push(format!("line {number}\n").as_bytes());
        }
        assert!(kept.bytes.len() <= KEPT);
        let lines = kept.lines();
        assert_eq!((lines.len(), lines.last().unwrap().as_str()), (LINES, "line 9999"));
        assert_eq!(lines[0], format!("line {}", 10_000 - LINES));
    }

    #[test]
    fn one_endless_line_is_bounded() {
        let mut kept = Kept::default();
        for _ in 0..100 {
            kept.push(&[b'x'; 10_000]);
        }
        assert!(kept.line.len() <= KEPT && kept.bytes.len() <= KEPT);
        assert_eq!(kept.lines()[0].len(), KEPT);
        // Nor does what is no text do harm.
        kept.push(&[0xff, 0xfe, b'\n', b'a']);
        assert!(kept.lines()[0].ends_with('a'));
    }
}
