//! The registry of the components that provide operation interfaces and kinds of objects.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use crate::{Guest, GuestKind, Provided, Runtime, RuntimeError, VERSION_HOOK};
use mighost_artifact::interface_version::{self, Offered};
use mighost_artifact::{Artifact, ArtifactInfo, LoadedPlugin};
use mighost_core::Reporter;

/// The size of an artifact, in bytes, below which compiling takes no noticeable time.
const LARGE: u64 = 256 << 10;

/// The plugins of a project, found by their exports. A plugin is compiled when it is first needed.
pub struct Registry {
    runtime: Arc<Runtime>,
    reporter: Arc<dyn Reporter>,
    plugins: Vec<LoadedPlugin>,
    by_interface: BTreeMap<String, usize>,
    by_kind: BTreeMap<String, usize>,
    guests: Mutex<HashMap<usize, Arc<Guest>>>,
}

impl Registry {
    /// # Errors
    /// If two plugins export the same interface or provide the same kind: which one runs must not be left to chance.
    pub fn new(
        runtime: Arc<Runtime>,
        reporter: Arc<dyn Reporter>,
        plugins: Vec<LoadedPlugin>,
    ) -> Result<Self, RuntimeError> {
        let mut by_interface = BTreeMap::new();
        let mut by_kind = BTreeMap::new();
        for (number, plugin) in plugins.iter().enumerate() {
            let name_of = |other: usize| {
                plugins
                    .get(other)
                    .map(|plugin| plugin.metadata.name.clone())
                    .unwrap_or_default()
            };
            for interface in operation_interfaces(&plugin.artifact) {
                if let Some(other) = by_interface.insert(interface.clone(), number) {
                    let (first, second) = (name_of(other), plugin.metadata.name.clone());
                    return Err(RuntimeError::TwoProviders {
                        interface,
                        first,
                        second,
                    });
                }
            }
            for kind in &plugin.metadata.kinds {
                if let Some(other) = by_kind.insert(kind.clone(), number) {
                    let (first, second) = (name_of(other), plugin.metadata.name.clone());
                    return Err(RuntimeError::TwoKinds {
                        kind: kind.clone(),
                        first,
                        second,
                    });
                }
            }
        }
        Ok(Self {
            runtime,
            reporter,
            plugins,
            by_interface,
            by_kind,
            guests: Mutex::default(),
        })
    }

    /// A migration, linked to the plugins that it imports.
    ///
    /// # Errors
    /// If the artifact cannot be read or run, or a plugin that it needs is missing or has another type.
    pub fn migration(&self, info: &Arc<ArtifactInfo>, revision: &str) -> Result<Guest, RuntimeError> {
        let artifact = Artifact::load(info.clone())?;
        self.load(&artifact, GuestKind::Migration(revision.to_owned()), &mut Vec::new())
    }

    /// A test that is a component, linked to the plugins that it imports.
    ///
    /// # Errors
    /// As for [`Registry::migration`].
    pub fn test(&self, test: &LoadedPlugin) -> Result<Guest, RuntimeError> {
        let artifact = Artifact::load(test.artifact.clone())?;
        let kind = GuestKind::Test(test.metadata.name.clone());
        self.load(&artifact, kind, &mut Vec::new())
    }

    /// Whether a migration and the plugins that it imports are compiled, so that it can run at once.
    pub fn is_compiled(&self, migration: &ArtifactInfo) -> bool {
        let is_compiled = |info: &ArtifactInfo| self.runtime.is_compiled(&info.code_digest);
        is_compiled(migration) && self.imported(migration).all(is_compiled)
    }

    /// The plugins that a migration imports.
    fn imported<'a>(&'a self, migration: &'a ArtifactInfo) -> impl Iterator<Item = &'a ArtifactInfo> {
        let numbers = migration
            .imports
            .iter()
            .filter_map(|import| self.by_interface.get(import));
        numbers.filter_map(|number| Some(&*self.plugins.get(*number)?.artifact))
    }

    /// Compiles the large ones of these migrations, and the plugins that they import, on a thread of its own, in order, while the run
    /// continues. Components that were compiled before cost nothing. Errors are left to the callers that need the migration.
    pub fn compile_ahead(self: &Arc<Self>, migrations: Vec<(Arc<ArtifactInfo>, String)>) {
        let needs = |info: &ArtifactInfo| info.size > LARGE && !self.runtime.is_compiled(&info.code_digest);
        let large: Vec<_> = migrations
            .into_iter()
            .filter(|(info, _)| needs(info) || self.imported(info).any(needs))
            .collect();
        if large.is_empty() {
            return;
        }
        let registry = self.clone();
        // Not a task of the run, which would have to wait for it at the end.
        std::thread::spawn(move || {
            for (info, revision) in large {
                let _ = registry.migration(&info, &revision);
            }
        });
    }

    /// The plugin that provides objects of `kind`.
    ///
    /// # Errors
    /// If no plugin provides the kind, or the plugin cannot be loaded.
    pub fn kind(&self, kind: &str) -> Result<Arc<Guest>, RuntimeError> {
        match self.by_kind.get(kind) {
            Some(number) => self.plugin(*number, &mut Vec::new()),
            None => {
                let known = self.by_kind.keys().cloned().collect();
                Err(RuntimeError::UnknownKind {
                    kind: kind.to_owned(),
                    known,
                })
            }
        }
    }

    /// The plugin of this name.
    ///
    /// # Errors
    /// If there is no such plugin, or it cannot be loaded.
    pub fn named(&self, name: &str) -> Result<Arc<Guest>, RuntimeError> {
        match self.plugins.iter().position(|plugin| plugin.metadata.name == name) {
            Some(number) => self.plugin(number, &mut Vec::new()),
            None => Err(RuntimeError::UnknownPlugin {
                name: name.to_owned(),
                known: self.plugins.iter().map(|plugin| plugin.metadata.name.clone()).collect(),
            }),
        }
    }

    /// The plugins in `names`, in this order, each with a hook for every step.
    ///
    /// # Errors
    /// If a name is not that of a plugin, or a plugin has no such hook or cannot be loaded.
    pub fn version_hooks(&self, names: &[String]) -> Result<Vec<Arc<Guest>>, RuntimeError> {
        let find = |name: &String| {
            let number = self.plugins.iter().position(|plugin| plugin.metadata.name == *name);
            let number = number.ok_or_else(|| RuntimeError::UnknownHook {
                name: name.clone(),
                known: self
                    .plugins
                    .iter()
                    .filter(|plugin| has_version_hook(&plugin.artifact))
                    .map(|plugin| plugin.metadata.name.clone())
                    .collect(),
            })?;
            match self.plugins.get(number) {
                Some(plugin) if has_version_hook(&plugin.artifact) => self.plugin(number, &mut Vec::new()),
                _ => Err(RuntimeError::NoHook {
                    plugin: name.clone(),
                    interface: VERSION_HOOK,
                }),
            }
        };
        names.iter().map(find).collect()
    }

    fn load(&self, artifact: &Artifact, kind: GuestKind, loading: &mut Vec<usize>) -> Result<Guest, RuntimeError> {
        let name = kind.to_string();
        self.runtime.load(artifact, kind, &*self.reporter, &mut |interface| {
            let (provided, number) = self.provider(&name, interface)?;
            Ok(Provided {
                guest: self.plugin(number, loading)?,
                interface: provided.to_owned(),
            })
        })
    }

    /// `loading` contains the plugins that are being linked: meeting one again means a cycle.
    fn plugin(&self, number: usize, loading: &mut Vec<usize>) -> Result<Arc<Guest>, RuntimeError> {
        if let Some(guest) = self.guests.lock().unwrap_or_else(PoisonError::into_inner).get(&number) {
            return Ok(guest.clone());
        }
        let name = |number: usize| self.name(number);
        if let Some(first) = loading.iter().position(|other| *other == number) {
            let circle = loading.iter().skip(first).copied().chain([number]);
            return Err(RuntimeError::PluginCycle(circle.map(name).collect()));
        }
        let Some(plugin) = self.plugins.get(number) else {
            return Err(RuntimeError::PluginCycle(Vec::new()));
        };
        let artifact = Artifact::load(plugin.artifact.clone())?;
        loading.push(number);
        let guest = self.load(&artifact, GuestKind::Plugin(name(number)), loading);
        loading.pop();
        let guest = Arc::new(guest?);
        self.guests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(number, guest.clone());
        Ok(guest)
    }

    /// The plugin that provides `interface`, and the name under which it exports it: the same version or a later compatible one.
    fn provider(&self, guest: &str, interface: &str) -> Result<(&str, usize), RuntimeError> {
        // A name without a package, e.g. of a function that a language runtime imports, cannot be installed.
        if !interface.contains(':') {
            return Err(RuntimeError::ForbiddenImport {
                guest: guest.to_owned(),
                import: interface.to_owned(),
            });
        }
        let exported = self.by_interface.keys().map(String::as_str);
        if let Some(best) = interface_version::best(interface, exported.clone())
            && let Some(number) = self.by_interface.get(best)
        {
            return Ok((best, *number));
        }
        let mut others = exported.filter_map(|name| Some((name, interface_version::offered(interface, name)?)));
        Err(match others.next_back() {
            Some((found, offered)) => RuntimeError::OtherVersion {
                guest: guest.to_owned(),
                interface: interface.to_owned(),
                plugin: self
                    .by_interface
                    .get(found)
                    .map(|number| self.name(*number))
                    .unwrap_or_default(),
                found: found.to_owned(),
                older: offered == Offered::Older,
            },
            None => RuntimeError::MissingPlugin {
                guest: guest.to_owned(),
                interface: interface.to_owned(),
            },
        })
    }

    fn name(&self, number: usize) -> String {
        let plugin = self.plugins.get(number);
        plugin.map(|plugin| plugin.metadata.name.clone()).unwrap_or_default()
    }
}

/// The interfaces of operations that an artifact exports, e.g. `mighost:roles/roles@0.1.0`. Other exports of language runtimes do not
/// count.
pub fn operation_interfaces(artifact: &ArtifactInfo) -> impl Iterator<Item = String> {
    let names = artifact
        .exports
        .iter()
        .filter(|name| name.contains('/') && !name.starts_with("mighost:host/"));
    names.cloned()
}

/// Whether a plugin has a hook for every step.
pub fn has_version_hook(artifact: &ArtifactInfo) -> bool {
    artifact.exports.iter().any(|name| name == VERSION_HOOK)
}
