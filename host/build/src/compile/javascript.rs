//! The drivers `javascript` and `typescript`: esbuild makes one file of the guest's code and the packages that it imports, which becomes
//! an asset of the artifact. The component that runs it is QuickJS, made by componentize-qjs.

mod bundle;
mod names;
mod packages;
mod runtime;
mod source_map;
mod typecheck;
mod types;

use std::path::Path;

use wit_parser::{Function, FunctionKind, Interface, Resolve, WorldItem};

use super::interpreter_cache::Built;
use super::{Job, Source};
use crate::error::BuildError;
use mighost_artifact::Assets;

/// The assets in which `runtime.js` expects the guest's code and its source map.
const CODE: &str = "mighost:code.js";
const LINES: &str = "mighost:lines.json";

pub(super) fn build(job: &Job<'_>) -> Result<Built, BuildError> {
    let stem = match job.source {
        Source::Migration(_) => "migration",
        Source::Plugin(_) => "plugin",
    };
    let endings = ["ts", "mts", "js", "mjs"];
    let names = endings.map(|ending| format!("{stem}.{ending}"));
    let Some(entry) = names.iter().find(|name| job.folder().join(name).is_file()) else {
        let reason = format!("its main file {stem}.js or {stem}.ts is missing");
        return Err(job.failed(reason, ""));
    };
    let modules = packages::install(job)?;
    if Path::new(entry)
        .extension()
        .is_some_and(|ending| ending == "ts" || ending == "mts")
    {
        typecheck::check(job, entry, modules.as_deref())?;
    }
    let bundle = bundle::make(job, entry, modules.as_deref())?;
    let component = runtime::component(job)?;
    let mut assets = Assets::new();
    assets.insert(CODE.to_owned(), bundle.code);
    assets.insert(LINES.to_owned(), bundle.lines);
    Ok(Built { component, assets })
}

/// An interface of the guest's world.
struct WorldInterface<'a> {
    /// E.g. `mighost:roles/roles@0.1.0`.
    full: String,
    /// Its name as an export, e.g. `kindProvider`.
    place: String,
    interface: &'a Interface,
}

impl<'a> WorldInterface<'a> {
    /// Without the version.
    fn short(&self) -> &str {
        self.full.split('@').next().unwrap_or(&self.full)
    }

    fn functions(&self) -> impl Iterator<Item = &'a Function> + use<'a> {
        let functions = self.interface.functions.values();
        functions.filter(|function| matches!(function.kind, FunctionKind::Freestanding))
    }

    fn is_kind_function(&self) -> bool {
        self.short() == "mighost:host/kind-provider"
    }

    fn is_hook(&self) -> bool {
        self.full.starts_with("mighost:host/version-hook")
    }

    fn is_revision(&self) -> bool {
        self.short() == "mighost:host/revision"
    }
}

fn interfaces<'a>(
    resolve: &'a Resolve,
    items: impl Iterator<Item = (&'a wit_parser::WorldKey, &'a WorldItem)>,
) -> Vec<WorldInterface<'a>> {
    let of = |(key, item): (&wit_parser::WorldKey, &WorldItem)| {
        let WorldItem::Interface { id, .. } = item else {
            return None;
        };
        let interface = resolve.interfaces.get(*id)?;
        let full = resolve.name_world_key(key);
        Some(WorldInterface {
            place: names::camel(interface.name.as_deref().unwrap_or(&full)),
            full,
            interface,
        })
    };
    items.filter_map(of).collect()
}

fn imports<'a>(job: &'a Job<'_>) -> Vec<WorldInterface<'a>> {
    interfaces(&job.world.resolve, world(job).flat_map(|world| &world.imports))
}

fn exports<'a>(job: &'a Job<'_>) -> Vec<WorldInterface<'a>> {
    interfaces(&job.world.resolve, world(job).flat_map(|world| &world.exports))
}

fn world<'a>(job: &'a Job<'_>) -> impl Iterator<Item = &'a wit_parser::World> {
    job.world.resolve.worlds.get(job.world.world).into_iter()
}
