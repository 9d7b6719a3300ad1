//! Beginning a step again after a lock was not to be had within `lock_timeout`.

use std::time::Duration;

use crate::error::EngineError;
use crate::run::Run;
use mighost_core::SinkError;
use mighost_core::StepSink;
use mighost_core::{Event, Level};
use mighost_runtime::RuntimeError;

/// How often a step is begun again after a lock was not to be had within `lock_timeout`.
const LOCK_ATTEMPTS: u32 = 6;
/// The pause before the second attempt; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// How often which step was begun again.
#[derive(Default)]
pub(crate) struct Attempts {
    number: usize,
    made: u32,
}

impl Attempts {
    /// The pause before the next attempt at a step, if there is to be one.
    fn next(&mut self, number: usize) -> Option<Duration> {
        if self.number != number {
            *self = Self { number, made: 0 };
        }
        self.made += 1;
        (self.made < LOCK_ATTEMPTS).then(|| FIRST_PAUSE * 2_u32.pow(self.made - 1))
    }
}

impl<S: StepSink + 'static> Run<S> {
    /// Takes the step back and waits a while, where the step that failed may be begun again; gives the error back where not.
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
            "{revision}: a lock was not to be had within lock-timeout; trying again in {} ms",
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
