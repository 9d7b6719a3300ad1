//! What a guest may use: memory, tables, stack, time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use wasmtime::{Engine, EngineWeak, ResourceLimiter};

/// Stack of one guest, in bytes; wasmtime's own recommendation is half a megabyte, Python needs more.
pub(super) const STACK: usize = 2 << 20;
/// How often a computing guest is looked at.
const TICK: Duration = Duration::from_millis(10);
/// Entries of one table, which are function pointers; Python has 10,000.
const TABLE_ELEMENTS: usize = 1 << 20;

/// Limits the memories of one store, all of them together, and each of its tables; remembers what it refused.
pub(super) struct Limiter {
    memory: usize,
    used: usize,
    pub refused: Option<usize>,
}

impl Limiter {
    pub fn new(memory: usize) -> Self {
        Self {
            memory,
            used: 0,
            refused: None,
        }
    }

    pub fn memory(&self) -> usize {
        self.memory
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let wanted = self.used.saturating_add(desired.saturating_sub(current));
        let allowed = wanted <= self.memory;
        if allowed {
            self.used = wanted;
        } else {
            self.refused = Some(wanted);
        }
        Ok(allowed)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ELEMENTS)
    }
}

/// Measures what a guest computes between two answers of the host, so that waiting for the database does not count.
pub(super) struct Stopwatch {
    limit: Duration,
    resumed: Instant,
    pub exceeded: bool,
}

impl Stopwatch {
    pub fn new(limit: Duration) -> Self {
        Self {
            limit,
            resumed: Instant::now(),
            exceeded: false,
        }
    }

    pub fn limit(&self) -> Duration {
        self.limit
    }

    /// The guest goes on now: it was called, or the host answered.
    pub fn resume(&mut self) {
        self.resumed = Instant::now();
    }

    /// True where the guest must be ended.
    pub fn check(&mut self) -> bool {
        self.exceeded = self.resumed.elapsed() > self.limit;
        self.exceeded
    }
}

/// Advances the engine's epoch for as long as the engine lives. Started with the first guest: many commands run none.
pub(super) fn start_ticking(engine: &Engine, started: &AtomicBool) {
    if started.swap(true, Ordering::Relaxed) {
        return;
    }
    let engine: EngineWeak = engine.weak();
    std::thread::spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    });
}
