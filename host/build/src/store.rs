//! All artifacts of a project: those that are in its folders, and those that are built from sources there.
//!
//! Information on each file is cached in `.mighost/build/index.json`, by length and modification time, so that the next run reads one
//! file instead of every artifact. A source folder whose own modification time is unchanged is not listed.

mod index;
mod lock;
mod rebuild;
mod scan;

use std::fs;
use std::path::{Path, PathBuf};

use self::index::Index;
use self::rebuild::{Interfaces, Outcome};
use self::scan::{Item, Location};
use crate::compile::{BuildContext, Node, Stale, Waiting};
use crate::error::BuildError;
use crate::manifest::{MigrationSource, PluginSource};
use crate::toolchain::Toolchains;
use mighost_artifact::{ArtifactInfo, LoadedPlugin, ProjectArtifacts};
use mighost_core::{Event, Level, Reporter};

/// Whether sources are built when the store is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuildMode {
    /// Build stale sources.
    Stale,
    /// Rebuild everything.
    Force,
    /// Build nothing; fail if something is stale (`--no-build`).
    Never,
    /// Build nothing; of stale sources, the manifest is enough. For commands that run nothing.
    Describe,
}

/// The folders of a project's migrations and plugins.
#[derive(Clone, Debug)]
pub struct ArtifactStore {
    /// The folder of built artifacts and the index, `.mighost/build`.
    pub build_dir: PathBuf,
    pub migrations: Vec<PathBuf>,
    pub plugins: Vec<PathBuf>,
    pub toolchains: Toolchains,
}

/// Cargo's lock file, which is beside the sources of a crate that is not in a workspace.
const LOCK_FILE: &str = "Cargo.lock";

/// The part of a project to load.
enum Scope<'a> {
    /// Migrations and plugins.
    Project,
    /// Tests that are components.
    Tests {
        locations: &'a [PathBuf],
        plugins: &'a [LoadedPlugin],
    },
}

impl<'a> Scope<'a> {
    /// The plugins that are available to it.
    fn plugins(&self) -> &'a [LoadedPlugin] {
        match self {
            Self::Project => &[],
            Self::Tests { plugins, .. } => plugins,
        }
    }
}

impl ArtifactStore {
    /// Reads every artifact, building sources according to `mode`.
    ///
    /// # Errors
    /// If artifacts or sources are invalid; all others are built and kept. If a location cannot be read.
    pub fn load(&self, mode: BuildMode, reporter: &dyn Reporter) -> Result<ProjectArtifacts, BuildError> {
        self.load_from(&Scope::Project, mode, reporter)
    }

    /// Reads the tests that are components in the folders `locations`, building them according to `mode`. They may use interfaces of
    /// `plugins`.
    ///
    /// # Errors
    /// As for [`ArtifactStore::load`].
    pub fn load_tests(
        &self,
        locations: &[PathBuf],
        plugins: &[LoadedPlugin],
        mode: BuildMode,
        reporter: &dyn Reporter,
    ) -> Result<Vec<LoadedPlugin>, BuildError> {
        let shelf = Scope::Tests { locations, plugins };
        Ok(self.load_from(&shelf, mode, reporter)?.plugins)
    }

    fn load_from(
        &self,
        shelf: &Scope<'_>,
        mode: BuildMode,
        reporter: &dyn Reporter,
    ) -> Result<ProjectArtifacts, BuildError> {
        self.load_holding(None, shelf, mode, reporter)
    }

    /// `held` is the lock on built artifacts, if it is already held.
    fn load_holding(
        &self,
        mut held: Option<lock::Held>,
        shelf: &Scope<'_>,
        mode: BuildMode,
        reporter: &dyn Reporter,
    ) -> Result<ProjectArtifacts, BuildError> {
        // The index is parsed while the folders are listed.
        let (index, places) = std::thread::scope(|scope| {
            let index = scope.spawn(|| Index::read(&self.index_path(shelf)));
            let places = self.places(shelf);
            (index.join().unwrap_or_default(), places)
        });
        let places = places?;
        // Before the artifacts are checked, because builds in the meantime change these folders.
        let outputs = scan::output_folders(&places);
        let mut learned = index.outputs != outputs;
        let outputs_hold = !learned && outputs.values().all(Option::is_some);
        let indexed = index.entries.len();
        let mut items = scan::looked_at(places, index.entries)?;
        learned |= indexed != items.len();
        let mut stale = Vec::new();
        let mut outcome = Outcome::default();
        for (number, item) in items.iter_mut().enumerate() {
            if item.output.is_some() {
                let is_current =
                    |artifact: &ArtifactInfo| mode != BuildMode::Force && (outputs_hold || is_there(artifact));
                item.known = item.known.take().filter(|artifact| is_current(artifact));
            }
            learned |= item.learned || item.known.is_none();
            if item.known.is_some() {
                continue;
            }
            let looked = match item.output {
                None => item.read_artifact().map_err(BuildError::from),
                // Its manifest is one of its files, so it is not read if nothing has changed.
                Some(_) => item.stale().map(|found| stale.push((number, found))),
            };
            outcome.failures.extend(looked.err());
        }
        let described = mode == BuildMode::Describe && !stale.is_empty();
        match mode {
            BuildMode::Describe => {
                for (number, stale) in stale {
                    if let Some(item) = items.get_mut(number) {
                        item.known = Some(Box::new(stale.source.describe(&stale.output)));
                    }
                }
            }
            BuildMode::Never => {
                let not_built = stale.first().map(|(number, _)| *number);
                let interfaces = interfaces(&items, shelf);
                let mut outdated = items.iter().filter(|item| rebuild::is_outdated(item, &interfaces));
                let first = not_built
                    .and_then(|number| items.get(number))
                    .or_else(|| outdated.next());
                outcome.failures.extend(first.map(|item| BuildError::NotBuilt {
                    path: item.path.clone(),
                }));
            }
            BuildMode::Stale | BuildMode::Force => {
                let interfaces = interfaces(&items, shelf);
                let must_build = !stale.is_empty() || items.iter().any(|item| rebuild::is_outdated(item, &interfaces));
                if must_build && held.is_none() {
                    held = lock::take(&self.build_dir, reporter);
                    if held.as_ref().is_some_and(|held| held.waited) {
                        // Another process has built in the meantime, and there may be nothing left to do.
                        return self.load_holding(held, shelf, mode, reporter);
                    }
                }
                let keep = |items: &[Item]| {
                    let entries = items.iter().filter_map(Item::entry).collect();
                    let outputs = outputs.clone();
                    self.write_index(&self.index_path(shelf), &Index { outputs, entries }, reporter);
                };
                self.build(&mut items, stale, shelf, reporter, &mut outcome, &keep);
                learned |= outcome.built > 0;
            }
        }
        let migrations = items.iter().filter(|item| item.is_migration()).count();
        let entries = items.into_iter().filter_map(Item::into_entry);
        let index = Index {
            outputs,
            entries: entries.collect(),
        };
        if learned && !described {
            self.write_index(&self.index_path(shelf), &index, reporter);
        }
        drop(held);
        if let Some(error) = BuildError::of_all(outcome.failures, outcome.built) {
            return Err(error);
        }
        let mut loaded = ProjectArtifacts::default();
        loaded.built = outcome.built;
        for (number, (place, entry)) in index.entries.into_iter().enumerate() {
            if number < migrations {
                loaded.add_migration(&place, *entry.artifact)?;
            } else {
                loaded.add_plugin(&place, *entry.artifact)?;
            }
        }
        Ok(loaded)
    }

    /// Everything in the locations: first migrations, then plugins.
    fn places(&self, shelf: &Scope<'_>) -> Result<Vec<Location>, BuildError> {
        if let Scope::Tests { locations, .. } = shelf {
            return scan::places(&self.build_dir, locations, PluginSource::TEST_MANIFEST);
        }
        let mut places = scan::places(&self.build_dir, &self.migrations, MigrationSource::MANIFEST)?;
        places.extend(scan::places(&self.build_dir, &self.plugins, PluginSource::MANIFEST)?);
        Ok(places)
    }

    fn index_path(&self, shelf: &Scope<'_>) -> PathBuf {
        self.build_dir.join(match shelf {
            Scope::Project => "index.json",
            Scope::Tests { .. } => "tests.json",
        })
    }

    /// Without an index the next run is slower, so a failure is only reported.
    fn write_index(&self, path: &Path, index: &Index, reporter: &dyn Reporter) {
        let result = index.to_json().map_err(std::io::Error::other).and_then(|json| {
            fs::create_dir_all(&self.build_dir)?;
            write_replacing(path, &json)
        });
        if let Err(error) = result {
            let text = format!("cannot write {}: {error}", path.display());
            reporter.report(Event::Note {
                level: Level::Debug,
                text,
            });
        }
    }

    /// Rebuilds stale sources, and guests whose plugin interfaces have changed.
    fn build(
        &self,
        items: &mut [Item],
        stale: Vec<(usize, Stale)>,
        shelf: &Scope<'_>,
        reporter: &dyn Reporter,
        outcome: &mut Outcome,
        keep: &dyn Fn(&[Item]),
    ) {
        let interfaces = interfaces(items, shelf);
        if stale.is_empty() && !items.iter().any(|item| rebuild::is_outdated(item, &interfaces)) {
            return;
        }
        let shop = BuildContext::new(&self.build_dir, &self.toolchains, reporter, stale.len());
        let mut waiting = Waiting::default();
        for (number, stale) in stale {
            match Node::of_source(number, stale) {
                Ok(node) => waiting.push(node),
                Err(error) => outcome.failures.push(error),
            }
        }
        // Guests without imports from plugins are unchanged; for the others that is not known yet.
        let mut settled = Vec::new();
        for (number, item) in items.iter().enumerate() {
            let Some(artifact) = &item.known else { continue };
            match Node::of_artifact(number, artifact) {
                Some(node) => waiting.push(node),
                None => settled.push(&**artifact),
            }
        }
        settled.extend(shelf.plugins().iter().map(|plugin| &*plugin.artifact));
        let interfaces = settled.iter().flat_map(|artifact| rebuild::of(artifact)).collect();
        for provider in settled.iter().filter_map(|artifact| rebuild::provider_of(artifact)) {
            shop.providers.add(provider);
        }
        let made = rebuild::build(items, waiting, interfaces, &shop, keep);
        outcome.built += made.built;
        outcome.failures.extend(made.failures);
    }
}

/// The exports of plugins, as far as known.
fn interfaces(items: &[Item], shelf: &Scope<'_>) -> Interfaces {
    let known = items.iter().filter_map(|item| item.known.as_deref());
    let others = shelf.plugins().iter().map(|plugin| &*plugin.artifact);
    known.chain(others).flat_map(rebuild::of).collect()
}

fn is_there(artifact: &ArtifactInfo) -> bool {
    fs::metadata(&artifact.path).is_ok_and(|metadata| metadata.len() == artifact.size)
}

/// Writes to a temporary file and renames it, so that neither readers nor a crash leave half a file.
fn write_replacing(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let beside = path.with_extension(format!("{}.tmp", std::process::id()));
    fs::write(&beside, bytes)?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests;
