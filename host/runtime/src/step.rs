//! A running step: the state that all guests of the step share.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use super::guest::Instance;
use super::limits::Watch;
use super::{Guest, HostServices, NoHostServices, RuntimeError, StepInfo, TestHost};
use mighost_core::{Direction, Limits, Reporter, RunSettings, Sink};

/// The instance of a plugin, once it is created; locked while it is called.
type Place = Arc<tokio::sync::Mutex<Option<Instance>>>;

/// The settings of the run that guests see; the same for every step.
#[derive(Clone, Debug)]
pub struct GuestContext {
    pub schema: String,
    /// `None` offline if the operator has not set one: there is no connection whose role could be used instead.
    pub superuser_role: Option<String>,
    pub args: BTreeMap<String, String>,
    pub limits: Limits,
    pub offline: bool,
    /// The server's `server_version_num`; `None` offline.
    pub server_version: Option<u32>,
}

/// The data of the server that guests see.
#[derive(Clone, Copy, Debug)]
pub struct ServerFacts<'a> {
    /// The role that the run connected as.
    pub user: &'a str,
    /// `server_version_num`.
    pub version: u32,
}

impl GuestContext {
    /// The context of a run under `settings`. Offline a server may still answer queries (`--online-reads`), but its role is not used as
    /// the superuser role, which depends on the operator of the script.
    pub fn new(settings: &RunSettings, offline: bool, server: Option<ServerFacts<'_>>) -> Self {
        let connected = server.filter(|_| !offline).map(|server| server.user.to_owned());
        Self {
            schema: settings.schema.clone(),
            superuser_role: settings.superuser_role.clone().or(connected),
            args: settings.args.clone(),
            limits: settings.limits.clone(),
            offline,
            server_version: server.map(|server| server.version),
        }
    }
}

/// The maximum number of guards that the guests of a step may hold.
const MAX_GUARDS: usize = 1000;

/// The number of bytes of a guard's reason that are kept.
const MAX_REASON: usize = 8 << 10;

/// The guards of a step, oldest first.
#[derive(Default)]
struct Guards {
    held: Vec<(u32, String)>,
    next: u32,
}

/// A statement guard, numbered by the step.
pub struct GuardHandle(pub u32);

/// One revision that is being upgraded or downgraded. Plugins are instantiated when they are first called, each in a store of its own,
/// and exist as long as the step.
pub struct GuestStep {
    pub revision: String,
    pub direction: Direction,
    /// The data for hooks of the step; `None` while its migration runs.
    pub hook: Option<StepInfo>,
    pub settings: Arc<GuestContext>,
    pub reporter: Arc<dyn Reporter>,
    pub providers: Arc<dyn HostServices>,
    /// `None` if only the objects of a guest are requested.
    pub sink: Option<Arc<tokio::sync::Mutex<dyn Sink>>>,
    /// The test host; `None` for guests that are not tests.
    pub test_host: Option<Arc<dyn TestHost>>,
    instances: Mutex<HashMap<Arc<str>, Place>>,
    /// The first reason why the host ended a guest. A trap only propagates it through the guests.
    failure: Mutex<Option<RuntimeError>>,
    operations: Mutex<Vec<Arc<str>>>,
    /// The guards that guests hold: while there is one, no guest may send anything to the database.
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
            test_host: None,
            instances: Mutex::default(),
            failure: Mutex::default(),
            operations: Mutex::default(),
            guards: Mutex::default(),
            watch: Watch::default(),
        })
    }

    /// A case of a test, which has a test host instead of a database.
    pub fn for_test(
        settings: Arc<GuestContext>,
        reporter: Arc<dyn Reporter>,
        test_host: Arc<dyn TestHost>,
    ) -> Arc<Self> {
        Arc::new(Self {
            revision: String::new(),
            direction: Direction::Upgrade,
            hook: None,
            settings,
            reporter,
            providers: Arc::new(NoHostServices),
            sink: None,
            test_host: Some(test_host),
            instances: Mutex::default(),
            failure: Mutex::default(),
            operations: Mutex::default(),
            guards: Mutex::default(),
            watch: Watch::default(),
        })
    }

    /// The same step for one of its hooks, with separate instances of plugins.
    pub fn for_hook(&self, info: StepInfo) -> Arc<Self> {
        Arc::new(Self {
            revision: self.revision.clone(),
            direction: self.direction,
            hook: Some(info),
            settings: self.settings.clone(),
            reporter: self.reporter.clone(),
            providers: self.providers.clone(),
            sink: self.sink.clone(),
            test_host: None,
            instances: Mutex::default(),
            failure: Mutex::default(),
            operations: Mutex::default(),
            guards: Mutex::default(),
            watch: Watch::default(),
        })
    }

    /// The slot of a plugin's instance.
    pub(super) fn instance(&self, guest: &Guest) -> Place {
        let mut instances = self.instances.lock().unwrap_or_else(PoisonError::into_inner);
        instances.entry(guest.name.clone()).or_default().clone()
    }

    /// Ends the instances of plugins. They refer to the step; without this, neither they nor the sink would ever be freed.
    pub(super) fn release(&self) {
        let instances = std::mem::take(&mut *self.instances.lock().unwrap_or_else(PoisonError::into_inner));
        drop(instances);
    }

    /// Ends the guests: keeps the first reason and returns the error that unwinds them.
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

    /// The running operation, passed to the sink so that failures name it.
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

    /// Begins a guard. `None` if there are too many guards.
    pub(super) fn guard(&self, mut reason: String) -> Option<GuardHandle> {
        let mut guards = self.guards.lock().unwrap_or_else(PoisonError::into_inner);
        if guards.held.len() >= MAX_GUARDS {
            return None;
        }
        reason.truncate(reason.floor_char_boundary(MAX_REASON));
        // Otherwise the truncated part would be kept with the memory of the text.
        reason.shrink_to_fit();
        let number = guards.next;
        guards.next = number.wrapping_add(1);
        guards.held.push((number, reason));
        Some(GuardHandle(number))
    }

    /// Ends a guard.
    pub(super) fn release_guard(&self, GuardHandle(number): &GuardHandle) {
        let mut guards = self.guards.lock().unwrap_or_else(PoisonError::into_inner);
        guards.held.retain(|(held, _)| held != number);
    }

    /// The reason why statements are refused, if they are.
    pub(super) fn refused(&self) -> Option<String> {
        let guards = self.guards.lock().unwrap_or_else(PoisonError::into_inner);
        guards.held.last().map(|(_, reason)| reason.clone())
    }

    /// Checks whether a guest that has returned without an error has succeeded.
    pub(super) fn finish(&self, guest: &Guest) -> Result<(), RuntimeError> {
        match (self.take_failure(), self.refused()) {
            (Some(failure), _) => Err(failure),
            // The recorded requests would be lost silently.
            (None, Some(_)) => Err(RuntimeError::Unfinished {
                guest: guest.name.to_string(),
            }),
            (None, None) => Ok(()),
        }
    }

    /// The running operation; `None` if the migration itself runs.
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
