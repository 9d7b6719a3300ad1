//! One revision being run: what all guests that take part in it share.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use super::guest::Instance;
use super::limits::Watch;
use super::{Guest, HostServices, NoHostServices, RuntimeError, StepInfo, TestHost};
use mighost_core::Limits;
use mighost_core::Sink;
use mighost_core::{Direction, Reporter};

/// Where a plugin's instance is, once it is made; held while it is called.
type Place = Arc<tokio::sync::Mutex<Option<Instance>>>;

/// What guests see of the run's settings; the same for every step.
#[derive(Clone, Debug)]
pub struct GuestContext {
    pub schema: String,
    /// None offline where the operator set none: there is no connection whose role could stand for it.
    pub superuser_role: Option<String>,
    pub args: BTreeMap<String, String>,
    pub limits: Limits,
    pub offline: bool,
    /// The server's `server_version_num`; none offline.
    pub server_version: Option<u32>,
}

/// How many guards the guests of a step may hold.
const MAX_GUARDS: usize = 1000;

/// Bytes of a guard's reason that are kept.
const MAX_REASON: usize = 8 << 10;

/// The guards of a step, oldest first.
#[derive(Default)]
struct Guards {
    held: Vec<(u32, String)>,
    next: u32,
}

/// A guard against statements, numbered by the step.
pub struct GuardHandle(pub u32);

/// One revision on its way up or down. Plugins are instantiated when they are first called, each in a store of its own, and
/// live as long as the step.
pub struct GuestStep {
    pub revision: String,
    pub direction: Direction,
    /// What hooks of the step may ask of it; none while its migration runs.
    pub hook: Option<StepInfo>,
    pub settings: Arc<GuestContext>,
    pub reporter: Arc<dyn Reporter>,
    pub providers: Arc<dyn HostServices>,
    /// None where a guest is only asked for its objects.
    pub sink: Option<Arc<tokio::sync::Mutex<dyn Sink>>>,
    /// What a test asks; none for other guests.
    pub testbed: Option<Arc<dyn TestHost>>,
    instances: Mutex<HashMap<Arc<str>, Place>>,
    /// The first reason why a guest was ended by the host. A trap only carries it up through the guests.
    failure: Mutex<Option<RuntimeError>>,
    operations: Mutex<Vec<Arc<str>>>,
    /// The guards that guests hold: while there is one, none may ask anything of the database.
    guards: Mutex<Guards>,
    pub(super) watch: Watch,
}

impl GuestStep {
    pub fn new(
        revision: String,
        direction: Direction,
        settings: Arc<GuestContext>,
        reporter: Arc<dyn Reporter>,
        providers: Arc<dyn HostServices>,
        sink: Option<Arc<tokio::sync::Mutex<dyn Sink>>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            revision,
            direction,
            hook: None,
            settings,
            reporter,
            providers,
            sink,
            testbed: None,
            instances: Mutex::default(),
            failure: Mutex::default(),
            operations: Mutex::default(),
            guards: Mutex::default(),
            watch: Watch::default(),
        })
    }

    /// A case of a test, which has a bed instead of a database.
    pub fn for_test(settings: Arc<GuestContext>, reporter: Arc<dyn Reporter>, testbed: Arc<dyn TestHost>) -> Arc<Self> {
        Arc::new(Self {
            revision: String::new(),
            direction: Direction::Upgrade,
            hook: None,
            settings,
            reporter,
            providers: Arc::new(NoHostServices),
            sink: None,
            testbed: Some(testbed),
            instances: Mutex::default(),
            failure: Mutex::default(),
            operations: Mutex::default(),
            guards: Mutex::default(),
            watch: Watch::default(),
        })
    }

    /// The same step for one of its hooks, with instances of plugins of its own.
    pub fn for_hook(&self, info: StepInfo) -> Arc<Self> {
        Arc::new(Self {
            revision: self.revision.clone(),
            direction: self.direction,
            hook: Some(info),
            settings: self.settings.clone(),
            reporter: self.reporter.clone(),
            providers: self.providers.clone(),
            sink: self.sink.clone(),
            testbed: None,
            instances: Mutex::default(),
            failure: Mutex::default(),
            operations: Mutex::default(),
            guards: Mutex::default(),
            watch: Watch::default(),
        })
    }

    /// The place of a plugin's instance.
    pub(super) fn instance(&self, guest: &Guest) -> Place {
        let mut instances = self.instances.lock().unwrap_or_else(PoisonError::into_inner);
        instances.entry(guest.name.clone()).or_default().clone()
    }

    /// Ends the plugins' instances. They know the step, so without this neither would ever be freed, nor the sink that it holds.
    pub(super) fn release(&self) {
        let instances = std::mem::take(&mut *self.instances.lock().unwrap_or_else(PoisonError::into_inner));
        drop(instances);
    }

    /// Ends the guests: keeps the first reason and returns what unwinds them.
    pub(super) fn fail(&self, reason: RuntimeError) -> wasmtime::Error {
        self.failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(reason);
        wasmtime::format_err!("ended by the host")
    }

    pub(super) fn take_failure(&self) -> Option<RuntimeError> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The operation that runs now, told to the sink so that failures name it.
    pub(super) async fn enter_operation(&self, name: Arc<str>) {
        self.operations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(name);
        self.tell_operation().await;
    }

    pub(super) async fn leave_operation(&self) {
        self.operations.lock().unwrap_or_else(PoisonError::into_inner).pop();
        self.tell_operation().await;
    }

    /// A guest refuses statements from here on. None if there are too many guards.
    pub(super) fn guard(&self, mut reason: String) -> Option<GuardHandle> {
        let mut guards = self.guards.lock().unwrap_or_else(PoisonError::into_inner);
        if guards.held.len() >= MAX_GUARDS {
            return None;
        }
        reason.truncate(reason.floor_char_boundary(MAX_REASON));
        // What was cut off would be kept with the memory of the text.
        reason.shrink_to_fit();
        let number = guards.next;
        guards.next = number.wrapping_add(1);
        guards.held.push((number, reason));
        Some(GuardHandle(number))
    }

    /// It has released its guard.
    pub(super) fn release_guard(&self, GuardHandle(number): &GuardHandle) {
        let mut guards = self.guards.lock().unwrap_or_else(PoisonError::into_inner);
        guards.held.retain(|(held, _)| held != number);
    }

    /// Why statements are refused now, if they are.
    pub(super) fn refused(&self) -> Option<String> {
        let guards = self.guards.lock().unwrap_or_else(PoisonError::into_inner);
        guards.held.last().map(|(_, reason)| reason.clone())
    }

    /// Whether a guest that has returned without an error has succeeded.
    pub(super) fn finish(&self, guest: &Guest) -> Result<(), RuntimeError> {
        match (self.take_failure(), self.refused()) {
            (Some(failure), _) => Err(failure),
            // What was recorded would be lost silently.
            (None, Some(_)) => Err(RuntimeError::Unfinished {
                guest: guest.name.to_string(),
            }),
            (None, None) => Ok(()),
        }
    }

    /// The operation that runs now; none where the migration itself does.
    pub(super) fn operation(&self) -> Option<Arc<str>> {
        let operations = self.operations.lock().unwrap_or_else(PoisonError::into_inner);
        operations.last().cloned()
    }

    async fn tell_operation(&self) {
        if let Some(sink) = &self.sink {
            sink.lock().await.set_operation(self.operation());
        }
    }
}
