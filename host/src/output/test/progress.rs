//! How a suite comes along, on stderr.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::output::{Output, duration};
use crate::testkit::{CaseResult, Outcome, Progress};

/// Counts cases; with `--verbose` each has a line.
pub struct TestProgress {
    output: Arc<Output>,
    planned: AtomicUsize,
    done: AtomicUsize,
    failed: AtomicUsize,
}

impl TestProgress {
    pub fn new(output: Arc<Output>) -> Self {
        Self {
            output,
            planned: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
            failed: AtomicUsize::new(0),
        }
    }
}

impl Progress for TestProgress {
    fn planned(&self, cases: usize, _: u64) {
        self.planned.fetch_add(cases, Ordering::Relaxed);
    }

    fn done(&self, result: &CaseResult) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        let failed = usize::from(result.failed());
        let failed = self.failed.fetch_add(failed, Ordering::Relaxed) + failed;
        if self.output.options().verbose {
            let word = match &result.outcome {
                Outcome::Passed => "ok  ",
                Outcome::Failed { .. } => "FAIL",
                Outcome::Skipped { .. } => "skip",
            };
            let time = duration(Duration::from_secs_f64(result.seconds));
            self.output.note(&format!("{word} {} ({time})", result.title()));
        }
        let of = self.planned.load(Ordering::Relaxed);
        let failures = match failed {
            0 => String::new(),
            failed => format!(", {failed} failed"),
        };
        self.output.working(&format!("testing {done}/{of}{failures}"));
    }
}
