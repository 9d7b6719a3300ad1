//! Reports the events of steps in order. A step may be sent while the server still works on those before it; messages of its guest are
//! kept until those are done.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::run::StepDone;
use mighost_core::{Event, Reporter};

/// The maximum number of events that are kept of one step. Further ones are reported immediately.
const MAX_KEPT: usize = 1000;

/// Reports events in the order of the steps.
pub(crate) struct EventSequencer {
    reporter: Arc<dyn Reporter>,
    state: Mutex<State>,
}

struct State {
    /// The step that the server works on, as far as known: all before it are done.
    current: usize,
    /// The time at which it became current.
    since: Instant,
    /// The steps whose beginning was reported.
    told: usize,
    kept: BTreeMap<usize, Vec<Event>>,
    /// The closed steps, from `current` on: their ends, and when they were begun.
    closed: VecDeque<(StepDone, Instant)>,
    done: Vec<StepDone>,
}

impl EventSequencer {
    pub fn new(reporter: Arc<dyn Reporter>) -> Arc<Self> {
        Arc::new(Self {
            reporter,
            state: Mutex::new(State {
                current: 0,
                since: Instant::now(),
                told: 0,
                kept: BTreeMap::new(),
                closed: VecDeque::new(),
                done: Vec::new(),
            }),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The reporter for events in the step of that number, counted from 0.
    pub fn of_step(self: &Arc<Self>, number: usize) -> Arc<dyn Reporter> {
        Arc::new(OfStep {
            number,
            order: self.clone(),
        })
    }

    fn report(&self, number: usize, event: Event) {
        let mut state = self.state();
        let beginning = matches!(event, Event::StepStarted { .. });
        if beginning && number < state.told {
            return;
        }
        if beginning {
            state.told = number + 1;
        }
        if number > state.current {
            let kept = state.kept.entry(number).or_default();
            if kept.len() < MAX_KEPT {
                kept.push(event);
                return;
            }
        }
        self.reporter.report(event);
    }

    /// The end of the step of that number was sent. Its time is set when it is done.
    pub fn closed(&self, done: StepDone, begun: Instant) {
        self.state().closed.push_back((done, begun));
    }

    /// The server has completed this number of steps. The closed ones among them are reported.
    pub fn settled(&self, steps: usize) {
        let mut state = self.state();
        while state.current < steps {
            let Some((mut done, begun)) = state.closed.pop_front() else {
                return;
            };
            // The server began it when it had completed the previous one, or later, when it was sent.
            let elapsed = state.since.max(begun).elapsed();
            done.seconds = elapsed.as_secs_f64();
            self.reporter.report(finished(&done, elapsed));
            state.done.push(done);
            state.current += 1;
            state.since = Instant::now();
            let current = state.current;
            for event in state.kept.remove(&current).unwrap_or_default() {
                self.reporter.report(event);
            }
        }
    }

    /// Discards the steps that were sent and are not done, and their events.
    pub fn forget_unsettled(&self) {
        let mut state = self.state();
        state.closed.clear();
        state.kept.clear();
        // The kept events were not reported.
        state.told = state.told.min(state.current + 1);
    }

    pub fn take_done(&self) -> Vec<StepDone> {
        std::mem::take(&mut self.state().done)
    }
}

fn finished(done: &StepDone, elapsed: Duration) -> Event {
    Event::StepFinished {
        direction: done.direction,
        revision: done.revision.clone(),
        elapsed,
        statements: done.statements,
    }
}

struct OfStep {
    number: usize,
    order: Arc<EventSequencer>,
}

impl Reporter for OfStep {
    fn report(&self, event: Event) {
        self.order.report(self.number, event);
    }
}
