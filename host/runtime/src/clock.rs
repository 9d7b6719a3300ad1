//! The clock of guests, which stands still, and the end of guests that wait.
//!
//! A wait would hold the transaction and its locks for as long as the guest likes, and would never end if the guest checks the clock to
//! find out when it is over. So it ends the run immediately, after a short delay: language runtimes that give up wait briefly before they
//! report why.

use std::time::Duration;

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::clocks::WasiClocksView;
use wasmtime_wasi::p2::DynPollable;
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock::Host;
use wasmtime_wasi::{HostMonotonicClock, HostWallClock};

use super::error::RuntimeError;
use super::guest::GuestState;

/// The duration for which a guest may wait; the adapter of modules, `nowasi.wat`, has the same.
const MOMENT: Duration = Duration::from_millis(5);
/// In wasmtime's version; guests may import any compatible one.
const INTERFACE: &str = "wasi:clocks/monotonic-clock@0.2.12";

/// The time at which the clock stands, in nanoseconds: Go considers a clock of zero as broken.
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

/// Replaces WASI's functions for waiting.
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
            "it waits for {duration:?}, but the sandbox's clock does not advance: use pg_sleep in the database"
        );
        let guest = state.step.operation().unwrap_or_else(|| state.name.clone()).to_string();
        return Err(state.step.fail(RuntimeError::Returned { guest, text }));
    }
    Ok((state.clocks().subscribe_duration(nanoseconds)?,))
}
