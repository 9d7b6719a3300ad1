//! The progress of a suite, on stderr.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::output::{Output, duration, escape_line};
use mighost_testkit::{CaseResult, Outcome, Progress};

/// The interval of lines on the progress of a history without a live line.
const LINES_EVERY: Duration = Duration::from_secs(15);

/// Counts cases; with `--verbose` each has a line.
pub struct TestProgress {
    output: Arc<Output>,
    planned: AtomicUsize,
    done: AtomicUsize,
    failed: AtomicUsize,
    /// The progress of a history, as text.
    place: Mutex<Option<String>>,
    told: Mutex<Instant>,
}

impl TestProgress {
    pub fn new(output: Arc<Output>) -> Self {
        Self {
            output,
            planned: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
            failed: AtomicUsize::new(0),
            place: Mutex::default(),
            told: Mutex::new(Instant::now()),
        }
    }

    fn show(&self) {
        let failures = match self.failed.load(Ordering::Relaxed) {
            0 => String::new(),
            failed => format!(", {failed} failed"),
        };
        let done = self.done.load(Ordering::Relaxed);
        let place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        self.output.working(&match &*place {
            Some(place) => format!("{place}: {done} {}{failures}", if done == 1 { "case" } else { "cases" }),
            None => format!("testing {done}/{}{failures}", self.planned.load(Ordering::Relaxed)),
        });
    }
}

impl Progress for TestProgress {
    fn planned(&self, cases: usize, _: u64) {
        self.planned.fetch_add(cases, Ordering::Relaxed);
    }

    fn done(&self, result: &CaseResult) {
        self.done.fetch_add(1, Ordering::Relaxed);
        self.failed.fetch_add(usize::from(result.failed()), Ordering::Relaxed);
        if self.output.options().verbose {
            let word = match &result.outcome {
                Outcome::Passed => "ok  ",
                Outcome::Failed { .. } => "FAIL",
                Outcome::Skipped { .. } => "skip",
            };
            let time = duration(Duration::from_secs_f64(result.seconds));
            self.output.note(&format!("{word} {} ({time})", result.title()));
        }
        self.show();
    }

    fn reached(&self, revision: &str, number: usize, of: usize) {
        let place = format!("testing revision {number}/{of} {}", escape_line(revision));
        // A log gets a line now and then, which shows that the tests are still running.
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.output.is_live() && !self.output.options().verbose && told.elapsed() >= LINES_EVERY {
            *told = Instant::now();
            self.output.note(&place);
        }
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
        self.show();
    }
}
