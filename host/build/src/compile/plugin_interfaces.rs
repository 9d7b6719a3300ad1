//! Interfaces of plugins, decoded from their components, so that their users need no copy of the WIT.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use wit_component::{Output as _, WitPrinter};
use wit_parser::{InterfaceId, Resolve, Type, TypeDefKind, TypeOwner};

use mighost_artifact::sections::{self, Sections};
use mighost_artifact::{InterfaceName, is_of_plugin};
use mighost_core::Digest;

/// A built plugin.
pub(crate) struct Provider {
    name: String,
    /// Names of the interfaces that it exports, e.g. `mighost:roles/roles@0.1.0`.
    exports: Vec<String>,
    artifact: Artifact,
    decoded: OnceLock<Result<Resolve, String>>,
}

/// The source of its bytes.
enum Artifact {
    Bytes(Arc<[u8]>),
    File(PathBuf),
}

impl Provider {
    /// A previously built artifact, read when it is needed.
    pub fn of_file(name: String, exports: Vec<String>, path: PathBuf) -> Self {
        Self::new(name, exports, Artifact::File(path))
    }

    /// An artifact that was just built.
    pub fn of_bytes(name: String, bytes: Arc<[u8]>) -> Self {
        let exports = Sections::parse(&bytes)
            .map(|sections| sections.exports)
            .unwrap_or_default();
        Self::new(name, exports, Artifact::Bytes(bytes))
    }

    fn new(name: String, exports: Vec<String>, artifact: Artifact) -> Self {
        Self {
            name,
            exports,
            artifact,
            decoded: OnceLock::new(),
        }
    }

    /// The digest of each interface that it exports, including the types of others that it uses, without documentation.
    pub fn interfaces(&self) -> Result<BTreeMap<String, Digest>, String> {
        let own: Vec<&String> = self.exports.iter().filter(|name| is_of_plugin(name)).collect();
        if own.is_empty() {
            return Ok(BTreeMap::new());
        }
        let resolve = self.resolve()?;
        let mut digests = BTreeMap::new();
        for name in own {
            let mut texts = BTreeMap::new();
            let mut pending = vec![name.clone()];
            while let Some(name) = pending.pop() {
                if texts.contains_key(&name) {
                    continue;
                }
                let id = find(resolve, &name).ok_or_else(|| format!("the component has no {name}"))?;
                let text = print(resolve, id, "interface", false).map_err(|error| format!("{error:#}"))?;
                pending.extend(used_by_types(resolve, id));
                texts.insert(name, text);
            }
            // The name is known already: a later version with the same text is the same.
            let own = texts.remove(name).unwrap_or_default();
            let others = texts.iter().flat_map(|(name, text)| [name.as_bytes(), text.as_bytes()]);
            digests.insert(
                name.clone(),
                Digest::of_parts(std::iter::once(own.as_bytes()).chain(others)),
            );
        }
        Ok(digests)
    }

    fn resolve(&self) -> Result<&Resolve, String> {
        let decode = || {
            let bytes = match &self.artifact {
                Artifact::Bytes(bytes) => bytes.clone(),
                Artifact::File(path) => sections::read_file(path).map_err(|error| error.to_string())?.into(),
            };
            sections::decode(&bytes).map(|decoded| decoded.resolve().clone())
        };
        let decoded = self.decoded.get_or_init(decode).as_ref();
        decoded
            .map_err(|reason: &String| format!("the interfaces of the plugin {} cannot be read: {reason}", self.name))
    }
}

/// All plugins that have been built so far.
#[derive(Default)]
pub(crate) struct PluginInterfaces {
    all: Mutex<Vec<Arc<Provider>>>,
}

/// Interfaces as WIT, a text for each package, by the package's name with its version.
pub(crate) type Packages = BTreeMap<String, BTreeMap<String, String>>;

impl PluginInterfaces {
    pub fn add(&self, provider: Provider) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(Arc::new(provider));
    }

    fn all(&self) -> Vec<Arc<Provider>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The full name of the interface that `name` refers to.
    pub fn full_name(&self, name: &InterfaceName) -> Result<String, String> {
        let all = self.all();
        let exports = all
            .iter()
            .flat_map(|provider| provider.exports.iter().map(move |export| (provider, export)));
        let mut meant: Vec<_> = exports.clone().filter(|(_, export)| name.means(export)).collect();
        // Two plugins with the same interface are refused when plugins are linked.
        meant.sort_by_key(|(_, export)| *export);
        meant.dedup_by_key(|(_, export)| *export);
        match meant.as_slice() {
            [(_, export)] => Ok((*export).clone()),
            [] => {
                let mut there: Vec<&str> = exports
                    .map(|(_, export)| export.as_str())
                    .filter(|export| is_of_plugin(export))
                    .collect();
                there.sort_unstable();
                there.dedup();
                let there = match there.is_empty() {
                    true => "no plugin of this project exports an interface".to_owned(),
                    false => format!("the project's plugins export: {}", there.join(", ")),
                };
                Err(format!(
                    "it uses {name}, which no plugin of this project exports; {there}"
                ))
            }
            several => {
                let list: Vec<_> = several
                    .iter()
                    .map(|(provider, export)| format!("{export} ({})", provider.name))
                    .collect();
                Err(format!(
                    "it uses {name}, which exists in several versions: {}; add the version",
                    list.join(", ")
                ))
            }
        }
    }

    /// The WIT of the interfaces `full_names`, and of those whose types they use.
    pub(crate) fn packages(&self, full_names: &[String]) -> Result<Packages, String> {
        let all = self.all();
        let mut packages = Packages::new();
        let mut pending: Vec<(String, Option<Arc<Provider>>)> =
            full_names.iter().map(|name| (name.clone(), None)).collect();
        while let Some((name, user)) = pending.pop() {
            let Some((package, interface)) = split(&name) else {
                continue;
            };
            if name.starts_with(mighost_artifact::HOST_PACKAGE)
                || packages
                    .get(&package)
                    .is_some_and(|known| known.contains_key(&interface))
            {
                continue;
            }
            // An exporter of an interface has all of it; one that only uses its types may have dropped some.
            let exporter = all.iter().find(|provider| provider.exports.contains(&name)).cloned();
            let Some(provider) = exporter.or(user) else {
                return Err(format!("no plugin of this project exports {name}"));
            };
            let resolve = provider.resolve()?;
            let Some(id) = find(resolve, &name) else {
                return Err(format!("the component of the plugin {} has no {name}", provider.name));
            };
            let text = print(resolve, id, &interface, true)
                .map_err(|error| format!("{name} cannot be written as WIT: {error:#}"))?;
            packages.entry(package).or_default().insert(interface, text);
            let of_types = used_by_types(resolve, id)
                .into_iter()
                .map(|name| (name, Some(provider.clone())));
            pending.extend(of_types);
        }
        Ok(packages)
    }
}

/// `mighost:roles/roles@0.1.0` as `mighost:roles@0.1.0` and `roles`.
fn split(full: &str) -> Option<(String, String)> {
    let (package, rest) = full.split_once('/')?;
    Some(match rest.split_once('@') {
        Some((interface, version)) => (format!("{package}@{version}"), interface.to_owned()),
        None => (package.to_owned(), rest.to_owned()),
    })
}

fn find(resolve: &Resolve, full: &str) -> Option<InterfaceId> {
    let mut ids = resolve.interfaces.iter().map(|(id, _)| id);
    ids.find(|id| resolve.id_of(*id).as_deref() == Some(full))
}

fn print(resolve: &Resolve, id: InterfaceId, name: &str, docs: bool) -> anyhow::Result<String> {
    let mut printer = WitPrinter::default();
    printer.emit_docs(docs);
    printer.print_interface_outer(resolve, id, name)?;
    printer.output.indent_start();
    printer.print_interface(resolve, id)?;
    printer.output.indent_end();
    Ok(printer.output.to_string())
}

/// Names of the interfaces whose types the interface `id` uses.
fn used_by_types(resolve: &Resolve, id: InterfaceId) -> Vec<String> {
    let Some(interface) = resolve.interfaces.get(id) else {
        return Vec::new();
    };
    let owners = interface
        .types
        .values()
        .filter_map(|ty| match resolve.types.get(*ty)?.kind {
            TypeDefKind::Type(Type::Id(other)) => match resolve.types.get(other)?.owner {
                TypeOwner::Interface(owner) if owner != id => resolve.id_of(owner),
                _ => None,
            },
            _ => None,
        });
    owners.collect()
}
