//! Limits of a guest: memory, tables, stack, time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::step::GuestStep;
use wasmtime::{Engine, EngineWeak, ResourceLimiter};

/// Stack of one guest, in bytes. wasmtime recommends half a megabyte, but Python needs more.
pub(super) const STACK: usize = 2 << 20;
/// The interval at which a computing guest is checked.
const TICK: Duration = Duration::from_millis(10);
/// Entries of one table of function pointers; Python has 10,000.
const TABLE_ELEMENTS: usize = 100_000;

/// Core instances, tables and memories of one component, each; a Python component has about 30.
const CORE_PARTS: usize = 100;

/// Limits the total memory of a store and each of its tables, and remembers what it refused.
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

    fn instances(&self) -> usize {
        CORE_PARTS
    }

    fn tables(&self) -> usize {
        CORE_PARTS
    }

    fn memories(&self) -> usize {
        CORE_PARTS
    }
}

/// Measures the time that a guest computes between two calls of the host, so that waiting for the database does not count.
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

    /// The guest continues: it was called, or the host returned.
    pub fn resume(&mut self) {
        self.resumed = Instant::now();
    }

    /// True if the guest must be ended.
    pub fn check(&mut self) -> bool {
        self.exceeded = self.resumed.elapsed() > self.limit;
        self.exceeded
    }
}

/// Detects a guest that neither computes, which epochs measure, nor waits for the database. Language runtimes can sleep through WASI, and
/// a sleeping guest would hold the run's lock indefinitely.
#[derive(Default)]
pub(super) struct Watch {
    /// The number of host calls that wait for the database or for another guest.
    waiting: AtomicUsize,
    /// The number of ticks without such a call.
    idle: AtomicUsize,
}

/// The interval at which [`Watch`] checks.
const WATCH_TICK: Duration = Duration::from_millis(100);

/// The additional time of a guest beyond its limit: a plugin may have to be compiled first.
const WATCH_GRACE: Duration = Duration::from_secs(30);

impl Watch {
    /// Counts a call to the database, until it is dropped.
    pub fn wait(step: &Arc<GuestStep>) -> Waiting {
        step.watch.waiting.fetch_add(1, Ordering::Relaxed);
        step.watch.idle.store(0, Ordering::Relaxed);
        Waiting(step.clone())
    }

    /// Returns when there was no call to the database for longer than a guest may compute.
    pub async fn until_idle(&self, limit: Duration) {
        let limit = limit.saturating_add(WATCH_GRACE);
        let ticks = usize::try_from(limit.as_millis() / WATCH_TICK.as_millis()).unwrap_or(usize::MAX);
        loop {
            tokio::time::sleep(WATCH_TICK).await;
            if self.waiting.load(Ordering::Relaxed) > 0 {
                self.idle.store(0, Ordering::Relaxed);
            } else if self.idle.fetch_add(1, Ordering::Relaxed) > ticks {
                return;
            }
        }
    }
}

/// A call that waits for the database.
pub(super) struct Waiting(Arc<GuestStep>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.watch.idle.store(0, Ordering::Relaxed);
        self.0.watch.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Advances the engine's epoch for as long as the engine exists. Started with the first guest, because many commands run none.
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

/// The peak memory of this process so far, in bytes; `None` if the system does not provide it.
pub(super) fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}
