//! The engine and its linkers: each component is compiled once and linked to its imports.

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use wasmtime::component::{Component, HasSelf, InstancePre, Linker};
use wasmtime::{Config, Engine};

use super::bindings::{mighost::host as interfaces, step_info, testing};
use super::cache::CompileCache;
use super::error::RuntimeError;
use super::guest::{Guest, GuestKind, GuestState};
use super::{clock, compile_effort, limits, link_diagnostics, plugin_link};
use mighost_artifact::Artifact;
use mighost_core::{Digest, Event, Level, Reporter};

/// The size of code, in bytes, above which compiling takes long enough to be reported.
const NOTICEABLE_CODE: u64 = 512 << 10;
/// The duration of compiling after which it is reported.
const LONG: Duration = Duration::from_secs(1);

/// The provider of an interface.
pub struct Provided {
    pub guest: Arc<Guest>,
    /// The interface as the guest exports it: in the requested version or a compatible one.
    pub interface: String,
}

/// Compiles and links guests. One serves a whole run.
pub struct Runtime {
    engine: Engine,
    cache: Option<CompileCache>,
    /// By digest of the code: a thousand SQL migrations are one component.
    components: Mutex<HashMap<Digest, Arc<Mutex<Option<Component>>>>>,
    /// Migrations that import only from the host are linked once, too.
    linked: Mutex<HashMap<Digest, InstancePre<GuestState>>>,
    ticking: AtomicBool,
}

impl Runtime {
    /// # Errors
    /// If the system does not allow what wasmtime needs.
    pub fn new() -> Result<Self, RuntimeError> {
        let mut config = Config::new();
        config.wasm_component_model(true);
        config.epoch_interruption(true);
        config.max_wasm_stack(limits::STACK);
        config.async_stack_size(limits::STACK + (1 << 20));
        config.wasm_backtrace_max_frames(std::num::NonZeroUsize::new(20));
        let engine = Engine::new(&config).map_err(|error| RuntimeError::Engine(format!("{error:#}")))?;
        let cache = CompileCache::open(&engine);
        Ok(Self {
            engine,
            cache,
            components: Mutex::default(),
            linked: Mutex::default(),
            ticking: AtomicBool::new(false),
        })
    }

    /// Compiles `artifact`, unless that has been done, and links it. `provider` returns the provider of an interface that is not of the
    /// host.
    ///
    /// # Errors
    /// If the code is not a component, or imports something that is not provided or has another type.
    pub fn load(
        &self,
        artifact: &Artifact,
        kind: GuestKind,
        reporter: &dyn Reporter,
        provider: &mut dyn FnMut(&str) -> Result<Provided, RuntimeError>,
    ) -> Result<Guest, RuntimeError> {
        let name = kind.to_string();
        let component = self.component(artifact, &name, reporter)?;
        // Plugins are linked only once, and may import less.
        let alone = matches!(kind, GuestKind::Migration(_))
            && artifact.info.imports.iter().all(|name| plugin_link::of_host(name));
        let digest = artifact.info.code_digest;
        let known = alone.then(|| {
            self.linked
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get(&digest)
                .cloned()
        });
        let pre = match known.flatten() {
            Some(pre) => pre,
            None => {
                let mut linker = self.linker(&component, &kind)?;
                plugin_link::link(&mut linker, &self.engine, &component, &name, provider)?;
                let pre = linker
                    .instantiate_pre(&component)
                    .map_err(|error| self.link_error(&name, &component, &error))?;
                if alone {
                    let mut linked = self.linked.lock().unwrap_or_else(PoisonError::into_inner);
                    linked.insert(digest, pre.clone());
                }
                pre
            }
        };
        limits::start_ticking(&self.engine, &self.ticking);
        Ok(Guest {
            kind,
            name: name.into(),
            component,
            pre,
            assets: artifact.assets.clone(),
        })
    }

    /// Whether code of this digest has been compiled already.
    pub fn is_compiled(&self, code: &Digest) -> bool {
        let components = self.components.lock().unwrap_or_else(PoisonError::into_inner);
        let in_memory = components
            .get(code)
            .is_some_and(|place| place.try_lock().is_ok_and(|place| place.is_some()));
        in_memory || self.cache.as_ref().is_some_and(|cache| cache.has(code))
    }

    /// The component of `artifact`, compiled once: concurrent requests for the same one wait, others are compiled in parallel.
    fn component(&self, artifact: &Artifact, name: &str, reporter: &dyn Reporter) -> Result<Component, RuntimeError> {
        let digest = artifact.info.code_digest;
        let place = {
            // A thread that panicked while holding the lock has only failed to insert.
            let mut components = self.components.lock().unwrap_or_else(PoisonError::into_inner);
            components.entry(digest).or_default().clone()
        };
        let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(component) = &*place {
            return Ok(component.clone());
        }
        let load = || self.cache.as_ref().and_then(|cache| cache.load(&self.engine, &digest));
        let component = match load() {
            Some(component) => component,
            // The size of the file, which includes assets.
            None if artifact.info.size > NOTICEABLE_CODE => {
                let size = usize::try_from(artifact.info.size).unwrap_or(usize::MAX);
                let (name, started) = (name.to_owned(), Instant::now());
                reporter.report(Event::Compiling {
                    name: name.clone(),
                    size,
                });
                let component = telling_of_long_work(reporter, &name, size, || {
                    // Another process may be compiling the same code.
                    let _lock = self.cache.as_ref().and_then(|cache| cache.lock(&digest));
                    load().map_or_else(|| self.compile(artifact, &name), Ok)
                })?;
                reporter.report(Event::Compiled {
                    name,
                    size,
                    elapsed: started.elapsed(),
                    memory: limits::peak_memory(),
                });
                component
            }
            None => self.compile(artifact, name)?,
        };
        *place = Some(component.clone());
        Ok(component)
    }

    fn compile(&self, artifact: &Artifact, name: &str) -> Result<Component, RuntimeError> {
        let code = artifact.code()?;
        let refused = |reason| RuntimeError::Compile {
            guest: name.to_owned(),
            reason,
        };
        compile_effort::check(&code).map_err(refused)?;
        let component = Component::from_binary(&self.engine, &code).map_err(|error| refused(format!("{error:#}")))?;
        if let Some(cache) = &self.cache {
            cache.store(&component, &artifact.info.code_digest);
        }
        Ok(component)
    }

    /// The interfaces of the host. WASI is added only if a guest's language runtime imports it.
    fn linker(&self, component: &Component, kind: &GuestKind) -> Result<Linker<GuestState>, RuntimeError> {
        let mut linker = Linker::new(&self.engine);
        let mut add = || -> wasmtime::Result<()> {
            type Data = HasSelf<GuestState>;
            interfaces::assets::add_to_linker::<_, Data>(&mut linker, |state| state)?;
            interfaces::context::add_to_linker::<_, Data>(&mut linker, |state| state)?;
            interfaces::database::add_to_linker::<_, Data>(&mut linker, |state| state)?;
            interfaces::log::add_to_linker::<_, Data>(&mut linker, |state| state)?;
            interfaces::objects::add_to_linker::<_, Data>(&mut linker, |state| state)?;
            interfaces::postgres::add_to_linker::<_, Data>(&mut linker, |state| state)?;
            interfaces::session::add_to_linker::<_, Data>(&mut linker, |state| state)?;
            // A plugin that replaces objects of its own kind would wait for itself.
            if matches!(kind, GuestKind::Migration(_)) {
                interfaces::replaceable::add_to_linker::<_, Data>(&mut linker, |state| state)?;
            }
            if matches!(kind, GuestKind::Plugin(_)) {
                step_info::add_to_linker::<_, Data>(&mut linker, |state| state)?;
            }
            if matches!(kind, GuestKind::Test(_)) {
                testing::add_to_linker::<_, Data>(&mut linker, |state| state)?;
            }
            if component
                .component_type()
                .imports(&self.engine)
                .any(|(name, _)| name.starts_with("wasi:"))
            {
                wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
                clock::refuse_to_wait(&mut linker)?;
            }
            Ok(())
        };
        add().map_err(|error| RuntimeError::Engine(format!("{error:#}")))?;
        Ok(linker)
    }

    /// Reports imports that are not provided; wasmtime's own message explains types that do not fit. Imports from plugins have been
    /// linked before, so only those from the host and WASI are checked.
    fn link_error(&self, guest: &str, component: &Component, error: &wasmtime::Error) -> RuntimeError {
        if let Some(error) = link_diagnostics::imports(&self.engine, component, guest) {
            return error;
        }
        let text = format!("{error:#}");
        let ty = component.component_type();
        let import = ty.imports(&self.engine).map(|(name, _)| name).find(|name| {
            (name.starts_with("mighost:host/") || name.starts_with("wasi:")) && text.contains(&format!("`{name}`"))
        });
        match import {
            Some(import)
                if text.contains("implementation is missing") || text.contains("was not found in the linker") =>
            {
                RuntimeError::ForbiddenImport {
                    guest: guest.to_owned(),
                    import: import.to_owned(),
                }
            }
            _ => RuntimeError::Compile {
                guest: guest.to_owned(),
                reason: text,
            },
        }
    }
}

/// Runs `work`, and reports why it takes long if it does.
fn telling_of_long_work<T>(reporter: &dyn Reporter, name: &str, size: usize, work: impl FnOnce() -> T) -> T {
    let (done, wait) = channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if wait.recv_timeout(LONG) == Err(RecvTimeoutError::Timeout) {
                let megabytes = (size >> 19).div_ceil(2);
                reporter.report(Event::Note {
                    level: Level::Info,
                    text: format!("compiling {name} ({megabytes} MB); this is done once per machine"),
                });
            }
        });
        let answer = work();
        drop(done);
        answer
    })
}
