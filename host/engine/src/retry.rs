//! Retries a step that could not acquire a lock within `lock_timeout`.

use std::time::Duration;

use crate::error::EngineError;
use crate::run::Run;
use mighost_core::{Event, Level, SinkError, StepSink};
use mighost_runtime::RuntimeError;

/// The maximum number of retries of a step after a `lock_timeout`.
const LOCK_ATTEMPTS: u32 = 6;
/// The pause before the second attempt; each further pause is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The retries of the current step.
#[derive(Default)]
pub(crate) struct Attempts {
    number: usize,
    made: u32,
}

impl Attempts {
    /// The pause before the next attempt at a step, if there is one.
    fn next(&mut self, number: usize) -> Option<Duration> {
        if self.number != number {
            *self = Self { number, made: 0 };
        }
        self.made += 1;
        (self.made < LOCK_ATTEMPTS).then(|| FIRST_PAUSE * 2_u32.pow(self.made - 1))
    }
}

impl<S: StepSink + 'static> Run<S> {
    /// Rolls the step back and waits, if the failed step may be retried; otherwise returns the error.
    pub(crate) async fn retry(
        &self,
        attempts: &mut Attempts,
        number: usize,
        error: EngineError,
    ) -> Result<(), EngineError> {
        let EngineError::Runtime(RuntimeError::Sink(cause)) = &error else {
            return Err(error);
        };
        let mut sink = self.sink.lock().await;
        let (true, Some(pause)) = (sink.may_retry(cause), attempts.next(number)) else {
            return Err(error);
        };
        sink.abort_step().await?;
        drop(sink);
        let revision = self.plan.steps.get(number).map_or("", |step| &step.revision);
        let text = format!(
            "{revision}: could not acquire a lock within lock-timeout; retrying in {} ms",
            pause.as_millis()
        );
        self.reporter.report(Event::Note {
            level: Level::Warn,
            text,
        });
        tokio::select! {
            () = self.interruption() => Err(RuntimeError::from(SinkError::Interrupted).into()),
            () = tokio::time::sleep(pause) => Ok(()),
        }
    }
}
