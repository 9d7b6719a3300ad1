//! The guests' clock, which stands still, and what becomes of one that waits.
//!
//! A wait would hold the transaction and its locks for as long as the guest likes, and end never where the guest looks at the clock to know when it is over.
//! So it ends the run at once. A moment is let pass: runtimes that give up take one before they say why.

use std::time::Duration;

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::clocks::WasiClocksView;
use wasmtime_wasi::p2::DynPollable;
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock::Host;
use wasmtime_wasi::{HostMonotonicClock, HostWallClock};

use super::error::RuntimeError;
use super::guest::GuestState;

/// What may be waited for; the adapter of modules, `nowasi.wat`, has the same.
const MOMENT: Duration = Duration::from_millis(5);
/// Of the version that wasmtime has; guests may import any that is compatible.
const INTERFACE: &str = "wasi:clocks/monotonic-clock@0.2.12";

/// Nanoseconds at which the clock stands: Go takes a clock of zero for broken.
const NOW: u64 = 1_000_000_000;

pub(super) struct FrozenClock;

impl HostWallClock for FrozenClock {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn now(&self) -> Duration {
        Duration::from_nanos(NOW)
    }
}

impl HostMonotonicClock for FrozenClock {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        NOW
    }
}

type Waiting = wasmtime::Result<(Resource<DynPollable>,)>;

/// Puts itself in the place of what WASI has for waiting.
pub(super) fn refuse_to_wait(linker: &mut Linker<GuestState>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let mut clock = linker.instance(INTERFACE)?;
    clock.func_wrap(
        "subscribe-duration",
        |mut store: StoreContextMut<'_, GuestState>, (duration,): (u64,)| wait(store.data_mut(), duration),
    )?;
    clock.func_wrap(
        "subscribe-instant",
        |mut store: StoreContextMut<'_, GuestState>, (when,): (u64,)| wait(store.data_mut(), when.saturating_sub(NOW)),
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

fn wait(state: &mut GuestState, nanoseconds: u64) -> Waiting {
    let duration = Duration::from_nanos(nanoseconds);
    if duration > MOMENT {
        let text = format!(
            "it waits for {duration:?}, but the sandbox's clock stands still: leave it to the database, which has pg_sleep"
        );
        let guest = state.step.operation().unwrap_or_else(|| state.name.clone()).to_string();
        return Err(state.step.fail(RuntimeError::Returned { guest, text }));
    }
    Ok((state.clocks().subscribe_duration(nanoseconds)?,))
}
