//! Guests: compiled and linked components, their instances and state.

use std::fmt;
use std::sync::Arc;

use wasmtime::component::{Component, InstancePre, ResourceTable};
use wasmtime::{Store, Trap, UpdateDeadline};
use wasmtime_wasi::{I32Exit, WasiCtx, WasiCtxView, WasiView};

use super::clock::FrozenClock;
use super::error::RuntimeError;
use super::limits::{self, Limiter, Stopwatch};
use super::link_diagnostics;
use super::stdio::Output;
use super::step::GuestStep;
use mighost_artifact::Assets;

/// The kind of a guest, which decides what it may import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GuestKind {
    /// With its revision.
    Migration(String),
    /// With its name.
    Plugin(String),
    /// With its name.
    Test(String),
}

impl fmt::Display for GuestKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Migration(revision) => write!(f, "migration {revision}"),
            Self::Plugin(name) => write!(f, "plugin {name}"),
            Self::Test(name) => write!(f, "test {name}"),
        }
    }
}

/// A component ready to be instantiated any number of times.
pub struct Guest {
    pub kind: GuestKind,
    /// Its name in messages, e.g. `plugin roles`.
    pub(super) name: Arc<str>,
    pub(super) component: Component,
    pub(super) pre: InstancePre<GuestState>,
    pub(super) assets: Arc<Assets>,
}

/// The state of one instance of a guest.
pub(super) struct GuestState {
    pub step: Arc<GuestStep>,
    pub name: Arc<str>,
    pub assets: Arc<Assets>,
    pub table: ResourceTable,
    pub stopwatch: Stopwatch,
    /// The message of the SDK's panic hook, to be shown with the trap that follows.
    pub panic: Option<String>,
    output: Output,
    limiter: Limiter,
    wasi: WasiCtx,
}

impl WasiView for GuestState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

/// An instance in a store of its own, so that a trap does not affect other guests.
pub(super) struct Instance {
    pub store: Store<GuestState>,
    pub instance: wasmtime::component::Instance,
}

impl Guest {
    /// # Errors
    /// If the start-up code of the component trapped or exceeded a limit.
    pub(super) async fn instantiate(&self, step: &Arc<GuestStep>) -> Result<Instance, RuntimeError> {
        let limits = &step.settings.limits;
        let output = Output::new(&step.revision, step.reporter.clone());
        let state = GuestState {
            step: step.clone(),
            name: self.name.clone(),
            assets: self.assets.clone(),
            table: ResourceTable::new(),
            stopwatch: Stopwatch::new(limits.guest_time),
            panic: None,
            limiter: Limiter::new(limits.memory),
            wasi: empty_wasi(&output),
            output,
        };
        let mut store = Store::new(self.pre.engine(), state);
        store.limiter(|state| &mut state.limiter);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|mut context| {
            Ok(if context.data_mut().stopwatch.check() {
                UpdateDeadline::Interrupt
            } else {
                UpdateDeadline::Yield(1)
            })
        });
        match self.pre.instantiate_async(&mut store).await {
            Ok(instance) => Ok(Instance { store, instance }),
            Err(error) => Err(explain(&mut store, &error)),
        }
    }
}

impl Guest {
    /// The missing function of `interface` of `mighost:host`, which the guest should export; `error` is wasmtime's.
    pub(super) fn not_exported(&self, interface: &str, error: &wasmtime::Error) -> RuntimeError {
        link_diagnostics::exports(self.pre.engine(), &self.component, &self.name, interface).unwrap_or_else(|| {
            RuntimeError::Compile {
                guest: self.name.to_string(),
                reason: format!("its export {interface} does not have the expected types: {error:#}"),
            }
        })
    }
}

/// The reason why a call into a guest ended with a trap.
pub(super) fn explain(store: &mut Store<GuestState>, error: &wasmtime::Error) -> RuntimeError {
    let state = store.data_mut();
    if let Some(failure) = state.step.take_failure() {
        return failure;
    }
    let guest = state.name.to_string();
    let trap = error.downcast_ref::<Trap>();
    if state.stopwatch.exceeded && trap == Some(&Trap::Interrupt) {
        return RuntimeError::TimeLimit {
            guest,
            limit: state.stopwatch.limit(),
        };
    }
    if trap == Some(&Trap::StackOverflow) {
        return RuntimeError::StackLimit {
            guest,
            limit: limits::STACK,
        };
    }
    if let Some(text) = state.panic.take() {
        return RuntimeError::Panicked { guest, text };
    }
    if let Some(asked) = state.limiter.refused {
        return RuntimeError::MemoryLimit {
            guest,
            asked,
            limit: state.limiter.memory(),
        };
    }
    let exit = error.downcast_ref::<I32Exit>();
    let reason = match (trap, exit) {
        (Some(trap), _) => trap.to_string(),
        (None, Some(I32Exit(code))) => format!("it exited with code {code}"),
        (None, None) => format!("{:#}", error.root_cause()),
    };
    let frames = error
        .downcast_ref::<wasmtime::WasmBacktrace>()
        .into_iter()
        .flat_map(|backtrace| backtrace.frames());
    let backtrace = frames
        .map(|frame| {
            let function = frame
                .func_name()
                .map_or_else(|| format!("function {}", frame.func_index()), str::to_owned);
            match frame
                .symbols()
                .iter()
                .find_map(|symbol| Some((symbol.file()?, symbol.line()?)))
            {
                Some((file, line)) => format!("{function} at {file}:{line}"),
                None => function,
            }
        })
        .collect();
    RuntimeError::Trapped {
        guest,
        reason,
        backtrace,
        output: state.output.lines(),
    }
}

/// A WASI without any access: no files, no environment, no network, clocks that stand still, the same random numbers in each run.
/// Standard output and error go to `output`.
fn empty_wasi(output: &Output) -> WasiCtx {
    let mut builder = WasiCtx::builder();
    builder
        .stdout(output.clone())
        .stderr(output.clone())
        .wall_clock(FrozenClock)
        .monotonic_clock(FrozenClock)
        .secure_random(wasmtime_wasi::random::Deterministic::new(vec![42]))
        .insecure_random(wasmtime_wasi::random::Deterministic::new(vec![42]))
        .insecure_random_seed(42)
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false);
    builder.build()
}
