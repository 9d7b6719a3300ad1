//! The world of a guest, made by the host from the kind of the guest, the interfaces that it uses, and the exports in its own `wit/`.
//!
//! Authors copy no WIT: the host includes its own package, and those of plugins are decoded from their components. Python and JavaScript
//! import the whole world, so it contains only what the manifest names.

use std::fs;
use std::path::{Path, PathBuf};

use wit_bindgen_core::wit_parser as bindings;
use wit_parser::{PackageId, Resolve, SourceMap, UnresolvedPackageGroup, WorldId};

use super::Source;
use super::plugin_interfaces::{Packages, PluginInterfaces};
use crate::error::BuildError;
use crate::manifest::PluginSource;
use mighost_artifact::{InterfaceName, WIT, WIT_VERSION, WitDocs};

/// The name of the world, after which bindings are named.
pub(super) const WORLD: &str = "guest";
const PACKAGE: &str = "mighost:build";
/// The world of a plugin's own `wit/`.
const OWN_WORLD: &str = "plugin";
/// The maximum number of files in a `wit/`.
const MAX_FILES: usize = 200;

/// The world for which a guest is compiled.
pub(super) struct GuestWorld {
    pub resolve: Resolve,
    pub world: WorldId,
    /// The folder with the same as text: `guest.wit`, and other packages below `deps/`.
    pub wit: PathBuf,
}

impl GuestWorld {
    /// The same for binding generators, whose `wit-parser` has another version than the host's.
    pub fn for_bindings(&self) -> anyhow::Result<(bindings::Resolve, bindings::WorldId)> {
        let mut resolve = bindings::Resolve::default();
        let (package, _) = resolve.push_dir(&self.wit)?;
        let world = resolve.select_world(&[package], Some(WORLD))?;
        Ok((resolve, world))
    }
}

/// A plugin's own `wit/`.
pub(super) struct OwnWit {
    files: Vec<(PathBuf, String)>,
    group: UnresolvedPackageGroup,
}

impl OwnWit {
    /// Reads the `*.wit` files of `folder/wit`; `None` if there is no such folder. Folders in it, such as `deps`, are ignored.
    pub fn read(folder: &Path) -> Result<Option<Self>, BuildError> {
        let folder = folder.join("wit");
        if !folder.is_dir() {
            return Ok(None);
        }
        let mut paths = Vec::new();
        for entry in fs::read_dir(&folder).map_err(BuildError::read(&folder))? {
            let path = entry.map_err(BuildError::read(&folder))?.path();
            if path.extension().is_some_and(|extension| extension == "wit") && path.is_file() {
                paths.push(path);
            }
        }
        paths.sort();
        if paths.is_empty() || paths.len() > MAX_FILES {
            let text = format!("it has {} .wit files; 1 to {MAX_FILES} are allowed", paths.len());
            return Err(BuildError::Source { path: folder, text });
        }
        let mut files = Vec::new();
        let mut sources = SourceMap::new();
        for path in paths {
            let text = fs::read_to_string(&path).map_err(BuildError::read(&path))?;
            sources.push(&path, text.as_str());
            files.push((path, text));
        }
        let group = sources.parse().map_err(|(sources, error)| BuildError::Source {
            path: folder.clone(),
            text: error.render(&sources),
        })?;
        if !group.main.worlds.iter().any(|(_, world)| world.name == OWN_WORLD) {
            let text = format!(
                "it has no world `{OWN_WORLD}` with the plugin's exports: world {OWN_WORLD} {{ export NAME; }}"
            );
            return Err(BuildError::Source { path: folder, text });
        }
        Ok(Some(Self { files, group }))
    }

    /// Interfaces of other packages that it names, except those of the host.
    pub fn uses(&self) -> Vec<InterfaceName> {
        let packages = self.group.main.foreign_deps.iter();
        let names = packages.flat_map(|(package, items)| {
            items.keys().map(move |interface| InterfaceName {
                package: format!("{}:{}", package.namespace, package.name),
                interface: interface.clone(),
                version: package.version.as_ref().map(ToString::to_string),
            })
        });
        names.filter(|name| !name.of_host()).collect()
    }

    /// The package's name without its version.
    pub fn package_name(&self) -> String {
        format!("{}:{}", self.group.main.name.namespace, self.group.main.name.name)
    }

    /// With the interfaces of others that it uses.
    fn resolve(self, providers: &PluginInterfaces) -> Result<Resolve, String> {
        let used: Vec<String> = self
            .uses()
            .iter()
            .map(|name| providers.full_name(name))
            .collect::<Result<_, _>>()?;
        let mut resolve = Resolve::default();
        let deps = dependencies(&providers.packages(&used)?)?;
        resolve
            .push_groups(self.group, deps)
            .map_err(|error| error.render(&resolve.source_map))?;
        Ok(resolve)
    }

    /// The package's name with its version.
    fn package(&self) -> String {
        self.group.main.name.to_string()
    }
}

/// Makes the world of `source`, and writes it into `folder/wit`.
pub(super) fn synthesize(
    source: &Source,
    providers: &PluginInterfaces,
    folder: &Path,
) -> Result<GuestWorld, BuildError> {
    let wrong = |text: String| BuildError::Source {
        path: source.folder().to_owned(),
        text,
    };
    let own = match source {
        Source::Migration(_) => None,
        // It has a copy of its imports there, if any.
        Source::Plugin(plugin) if plugin.test => None,
        Source::Plugin(_) => OwnWit::read(source.folder())?,
    };
    let named = source.uses().iter().map(|name| providers.full_name(name));
    let named: Vec<String> = named.collect::<Result<_, _>>().map_err(wrong)?;
    let implied = own.iter().flat_map(OwnWit::uses).map(|name| providers.full_name(&name));
    let mut needed: Vec<String> = implied.collect::<Result<_, _>>().map_err(wrong)?;
    needed.extend(named.iter().cloned());
    let packages = providers.packages(&needed).map_err(wrong)?;
    let text = world_text(source, own.as_ref(), &named)?;
    let wit = folder.join("wit");
    write(&wit, &text, own.as_ref(), &packages)?;
    let mut resolve = Resolve::default();
    let package = resolve_all(&mut resolve, &text, own, &packages).map_err(wrong)?;
    let world = resolve
        .select_world(&[package], Some(WORLD))
        .map_err(|error| wrong(format!("{error:#}")))?;
    Ok(GuestWorld { resolve, world, wit })
}

fn world_text(source: &Source, own: Option<&OwnWit>, uses: &[String]) -> Result<String, BuildError> {
    let mut lines = Vec::new();
    let mut include_host = |world: &str| lines.push(format!("include mighost:host/{world}@{WIT_VERSION};"));
    match source {
        Source::Migration(_) => include_host("migration"),
        Source::Plugin(plugin) if plugin.test => include_host("test"),
        Source::Plugin(plugin) => {
            include_host("operations");
            if !plugin.kinds.is_empty() {
                include_host("kinds");
            }
            if !plugin.hooks.is_empty() {
                include_host("hooks");
            }
            if own.is_none() && plugin.kinds.is_empty() && plugin.hooks.is_empty() {
                let text = "the plugin would export nothing: write its interfaces below wit/, with a world `plugin` that exports \
                            them, or name `kinds` or `hooks` in plugin.toml";
                return Err(BuildError::Source {
                    path: source.folder().to_owned(),
                    text: text.to_owned(),
                });
            }
        }
    }
    lines.extend(uses.iter().map(|name| format!("import {name};")));
    if let Some(own) = own {
        let package = own.package();
        let include = match package.split_once('@') {
            Some((name, version)) => format!("include {name}/{OWN_WORLD}@{version};"),
            None => format!("include {package}/{OWN_WORLD};"),
        };
        lines.push(include);
    }
    let mut text = format!("/// Made by `mighost build`.\npackage {PACKAGE};\n\nworld {WORLD} {{\n");
    for line in lines {
        text.push_str(&format!("    {line}\n"));
    }
    text.push_str("}\n");
    Ok(text)
}

/// The world as files, for tools that read them.
fn write(folder: &Path, text: &str, own: Option<&OwnWit>, packages: &Packages) -> Result<(), BuildError> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(BuildError::write(folder))?;
    }
    let write = |path: &Path, text: &str| {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(BuildError::write(parent))?;
        }
        fs::write(path, text).map_err(BuildError::write(path))
    };
    write(&folder.join("guest.wit"), text)?;
    let deps = folder.join("deps");
    for (name, text) in WIT {
        write(&deps.join("mighost-host").join(name), text)?;
    }
    for (package, interfaces) in packages {
        write(
            &deps.join(folder_of(package)).join("package.wit"),
            &package_text(package, interfaces.values()),
        )?;
    }
    if let Some(own) = own {
        for (path, text) in &own.files {
            let name = path.file_name().unwrap_or_default();
            write(&deps.join(folder_of(&own.package())).join(name), text)?;
        }
    }
    Ok(())
}

/// The name of a package as that of a folder.
fn folder_of(package: &str) -> String {
    package.replace([':', '@'], "-")
}

/// The interfaces of a package as one text.
pub(crate) fn package_text<'a>(package: &str, interfaces: impl Iterator<Item = &'a String>) -> String {
    let mut text = format!("package {package};\n");
    for interface in interfaces {
        text.push('\n');
        text.push_str(interface);
    }
    text
}

fn resolve_all(
    resolve: &mut Resolve,
    text: &str,
    own: Option<OwnWit>,
    packages: &Packages,
) -> Result<PackageId, String> {
    let main = parse(&[("guest.wit", text)])?;
    let mut deps = dependencies(packages)?;
    deps.extend(own.map(|own| own.group));
    resolve
        .push_groups(main, deps)
        .map_err(|error| error.render(&resolve.source_map))
}

fn parse(files: &[(&str, &str)]) -> Result<UnresolvedPackageGroup, String> {
    let mut sources = SourceMap::new();
    for (name, text) in files {
        sources.push_str(name, *text);
    }
    sources.parse().map_err(|(sources, error)| error.render(&sources))
}

/// The host's package and those of plugins.
fn dependencies(packages: &Packages) -> Result<Vec<UnresolvedPackageGroup>, String> {
    let mut groups = vec![parse(&WIT)?];
    for (package, interfaces) in packages {
        groups.push(parse(&[(package, &package_text(package, interfaces.values()))])?);
    }
    Ok(groups)
}

/// The comments in a plugin's own `wit/`. They are only for readers, so an unreadable WIT has none; its build reports errors.
pub(super) fn docs(plugin: &PluginSource, providers: &PluginInterfaces) -> Option<WitDocs> {
    let own = OwnWit::read(&plugin.folder).ok().flatten().filter(|_| !plugin.test)?;
    let package = own.package();
    let resolve = own.resolve(providers).or_else(|_| {
        // A Rust crate has the interfaces that it uses below its own `deps/`.
        let mut resolve = Resolve::default();
        resolve.push_dir(plugin.folder.join("wit")).map(|_| resolve)
    });
    WitDocs::of(resolve.ok()?, &package)
}
