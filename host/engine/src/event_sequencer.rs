//! What is told of steps, in their order: a step may be sent while the server still works on those before it, and what its
//! guest says in the meantime is kept until they are done.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::run::StepDone;
use mighost_core::{Event, Reporter};

/// How many events of one step are kept. What comes after them is told at once.
const MAX_KEPT: usize = 1000;

/// Tells what happens in the order of the steps.
pub(crate) struct EventSequencer {
    reporter: Arc<dyn Reporter>,
    state: Mutex<State>,
}

struct State {
    /// The step that the server works on, as far as is known: all before it are done.
    current: usize,
    /// When it became so.
    since: Instant,
    /// The steps whose beginning was told.
    told: usize,
    kept: BTreeMap<usize, Vec<Event>>,
    /// The steps that are closed, from `current` on: their ends, when they were begun.
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

    /// The reporter for what happens in the step of that number, counted from 0.
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

    /// The step of that number is sent to its end. Its time is set when it is done.
    pub fn closed(&self, done: StepDone, begun: Instant) {
        self.state().closed.push_back((done, begun));
    }

    /// The server is done with so many steps. Those are told that are closed.
    pub fn settled(&self, steps: usize) {
        let mut state = self.state();
        while state.current < steps {
            let Some((mut done, begun)) = state.closed.pop_front() else {
                return;
            };
            // The server began with it when it was done with the one before, or later, when it was sent.
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

    /// Forgets what was sent and is not done, and what was kept of it.
    pub fn forget_unsettled(&self) {
        let mut state = self.state();
        state.closed.clear();
        state.kept.clear();
        // What was kept was told to nobody.
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
