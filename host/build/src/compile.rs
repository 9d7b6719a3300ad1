//! Build drivers: from sources to artifacts. A driver makes the component; this module adds metadata and assets in the same way for all.
//!
//! Rust is built first, by one call of cargo; then other languages, each folder by a `Job`, plugins before the guests that use them.

mod c;
mod component;
mod custom;
mod export_check;
mod go;
mod interpreter_cache;
mod javascript;
mod plugin_interfaces;
mod python;
mod rust;
mod schedule;
mod sql;
mod tool;
mod world;
mod zig;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};

pub(super) use plugin_interfaces::{PluginInterfaces, Provider};
pub use rust::look as look_for_rust;
pub(super) use schedule::{Node, Waiting};
pub(super) use world::package_text;

use self::interpreter_cache::Built;
use crate::custom_build::CommandBuild;
use crate::driver::Driver;
use crate::error::BuildError;
use crate::fingerprint::FileStamps;
use crate::manifest::{MigrationSource, PluginSource, source_digest, source_digest_of};
use crate::toolchain::Toolchains;
use mighost_artifact::{ArtifactInfo, Assets, InterfaceName, Metadata, PluginMetadata, RevisionsMetadata};
use mighost_core::{Digest, Event, Reporter};

/// The number of folders that are built at a time. Compilers need memory, and most of them use several cores already.
const AT_A_TIME: usize = 2;

/// A source folder to build.
#[derive(Clone, Debug)]
pub enum Source {
    Migration(MigrationSource),
    Plugin(PluginSource),
}

impl Source {
    pub fn folder(&self) -> &Path {
        match self {
            Self::Migration(source) => &source.folder,
            Self::Plugin(source) => &source.folder,
        }
    }

    fn is_test(&self) -> bool {
        matches!(self, Self::Plugin(source) if source.test)
    }

    /// Information on it without building it: the manifest. The digests are meaningless, and the artifact at `output` may be missing.
    pub(super) fn describe(&self, output: &Path) -> ArtifactInfo {
        let nothing = Digest::of(&[]);
        let (mut revisions, mut plugin) = (None, None);
        match self {
            Self::Migration(source) => revisions = Some(RevisionsMetadata::new(None, source.revisions.clone())),
            Self::Plugin(source) => plugin = Some(plugin_metadata(source, None)),
        }
        ArtifactInfo {
            path: output.to_owned(),
            size: 0,
            digest: nothing,
            code_digest: nothing,
            own_digest: nothing,
            imports: [].into(),
            exports: [].into(),
            interfaces: Arc::default(),
            revisions,
            plugin,
        }
    }

    /// Interfaces of plugins that it declares to import.
    fn uses(&self) -> &[InterfaceName] {
        match self {
            Self::Migration(source) => &source.uses,
            Self::Plugin(source) => &source.uses,
        }
    }

    /// The file that marks its folder as a source.
    fn manifest(&self) -> &'static str {
        match self {
            Self::Migration(_) => MigrationSource::MANIFEST,
            Self::Plugin(source) if source.test => PluginSource::TEST_MANIFEST,
            Self::Plugin(_) => PluginSource::MANIFEST,
        }
    }

    /// The author's own build program, if any.
    fn command(&self) -> Option<&CommandBuild> {
        match self {
            Self::Migration(source) => source.command.as_ref(),
            Self::Plugin(source) => source.command.as_ref(),
        }
    }

    fn driver(&self) -> Driver {
        match self {
            Self::Migration(source) => source.driver,
            Self::Plugin(source) => source.driver,
        }
    }

    /// Its name in messages, and that of its artifact's file: the name of the folder.
    pub fn name(&self) -> String {
        self.folder()
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default()
    }
}

/// A source folder that is stale.
pub(super) struct Stale {
    pub source: Source,
    pub files: FileStamps,
    /// The path of its artifact.
    pub output: PathBuf,
}

/// The result of building a source folder.
pub(super) struct Finished {
    /// The path of the artifact.
    pub output: PathBuf,
    /// The artifact.
    pub bytes: Vec<u8>,
    /// The files from which it was made, and those that the build left.
    pub files: FileStamps,
    /// The interfaces of a plugin.
    pub provider: Option<Provider>,
}

/// The environment of a build, besides the sources.
pub(super) struct BuildContext<'a> {
    /// The folder of built artifacts, `.mighost/build`.
    pub folder: &'a Path,
    pub toolchains: &'a Toolchains,
    /// The plugins that are already built; the caller adds those that are built in the meantime.
    pub providers: PluginInterfaces,
    pub reporter: &'a dyn Reporter,
    progress: Progress,
}

/// The progress of a build.
struct Progress {
    begun: AtomicUsize,
    of: AtomicUsize,
    /// Drivers whose tools are unavailable: one failure is reported, and not one for each folder.
    lacking: Mutex<BTreeSet<Driver>>,
}

impl<'a> BuildContext<'a> {
    /// The build has `of` folders.
    pub fn new(folder: &'a Path, toolchains: &'a Toolchains, reporter: &'a dyn Reporter, of: usize) -> Self {
        Self {
            folder,
            toolchains,
            providers: PluginInterfaces::default(),
            reporter,
            progress: Progress {
                begun: AtomicUsize::new(0),
                of: AtomicUsize::new(of),
                lacking: Mutex::default(),
            },
        }
    }

    /// Another folder has to be built.
    pub fn one_more(&self) {
        self.progress.of.fetch_add(1, Ordering::Relaxed);
    }

    fn tell(&self, source: &Source) {
        self.reporter.report(Event::Building {
            name: source.name(),
            driver: source.driver().name(),
            number: self.progress.begun.fetch_add(1, Ordering::Relaxed) + 1,
            of: self.progress.of.load(Ordering::Relaxed),
        });
    }

    fn lacking(&self) -> MutexGuard<'_, BTreeSet<Driver>> {
        self.progress.lacking.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The build of one folder, from a driver's point of view. A driver is a function of it that returns the bytes of the component.
struct Job<'a> {
    source: &'a Source,
    files: &'a FileStamps,
    /// A folder for files of the build, which is kept between builds: bindings, the output of tools.
    work: PathBuf,
    /// The imports and exports of the guest.
    world: world::GuestWorld,
    toolchains: &'a Toolchains,
    reporter: &'a dyn Reporter,
}

impl Job<'_> {
    /// The source folder.
    fn folder(&self) -> &Path {
        self.source.folder()
    }

    /// The source files whose names end in one of `extensions`, relative to the folder. Files below `assets` and `wit` are not code.
    fn sources(&self, extensions: &[&str]) -> Vec<&Path> {
        let code = |path: &&Path| {
            !path.starts_with("assets")
                && !path.starts_with("wit")
                && path
                    .extension()
                    .is_some_and(|end| extensions.iter().any(|extension| end == *extension))
        };
        self.files.keys().map(PathBuf::as_path).filter(code).collect()
    }

    fn failed(&self, reason: impl Into<String>, output: impl Into<String>) -> BuildError {
        BuildError::Build {
            path: self.folder().to_owned(),
            reason: reason.into(),
            output: output.into(),
        }
    }

    fn no_tool(&self, error: crate::toolchain::ToolchainError) -> BuildError {
        BuildError::Toolchain {
            path: self.folder().to_owned(),
            error: Box::new(error),
        }
    }

    /// Writes a file below the work folder, unless it exists with the same content.
    fn write(&self, name: &str, content: &[u8]) -> Result<PathBuf, BuildError> {
        let path = self.work.join(name);
        if std::fs::read(&path).is_ok_and(|there| there == content) {
            return Ok(path);
        }
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(BuildError::write(parent))?;
        }
        std::fs::write(&path, content).map_err(BuildError::write(&path))?;
        Ok(path)
    }
}

/// The result of building one folder in [`build`]; `None` if skipped because the tools of its driver are unavailable.
pub(super) type Answer = Option<Result<Finished, BuildError>>;

/// Builds `stale`, none of which uses another, and immediately passes each result with its index in `stale` to `done`, so that an
/// interruption does not lose finished ones. Cargo packages of one workspace are built by one call of cargo.
pub(super) fn build(stale: &[&Stale], shop: &BuildContext<'_>, done: impl FnMut(usize, Answer)) {
    let sources = stale.iter().map(|stale| &stale.source);
    let rust: Vec<_> = sources.filter(|source| source.driver() == Driver::Rust).collect();
    // Reported before the work, because cargo can take minutes.
    rust.iter().for_each(|source| shop.tell(source));
    let folders = rust.iter().map(|source| source.folder().to_owned()).collect();
    let modules = Mutex::new(rust::build_all(
        folders,
        &shop.folder.join("cargo"),
        shop.folder.parent().unwrap_or(shop.folder),
        shop.reporter,
    ));
    // Whether the folder is built; not if it needs a tool whose absence is already reported.
    let begin = |stale: &&Stale| {
        let driver = stale.source.driver();
        let possible = !shop.lacking().contains(&driver);
        if possible && driver != Driver::Rust {
            shop.tell(&stale.source);
        }
        possible
    };
    let make = |stale: &&Stale, possible: bool| {
        let driver = stale.source.driver();
        let built = match driver {
            Driver::Rust => {
                let mut modules = modules.lock().unwrap_or_else(PoisonError::into_inner);
                // `None` if it needs a tool whose absence is already reported.
                modules.remove(stale.source.folder())?.map(Built::from)
            }
            _ if !possible => return None,
            _ => component(stale, shop),
        };
        let lacks = matches!(built, Err(BuildError::Toolchain { .. } | BuildError::NoTool { .. }));
        // Each folder has a program of its own.
        if lacks && driver != Driver::Command {
            shop.lacking().insert(driver);
        }
        Some(built.and_then(|built| finished(stale, built, shop)))
    };
    in_parallel(stale, begin, make, done);
}

/// Calls `begin` for each of `items` in their order, `make` with its result for a few at a time, and `done` on this thread with each result
/// as soon as it is available.
fn in_parallel<I: Sync, B, T: Send>(
    items: &[I],
    begin: impl Fn(&I) -> B + Sync,
    make: impl Fn(&I, B) -> T + Sync,
    mut done: impl FnMut(usize, T),
) {
    let next = Mutex::new(0);
    let work = |made: mpsc::Sender<(usize, T)>| {
        loop {
            let mut following = next.lock().unwrap_or_else(PoisonError::into_inner);
            let number = *following;
            let Some(item) = items.get(number) else { return };
            *following += 1;
            let begun = begin(item);
            drop(following);
            // The receiver exists until all senders are dropped.
            let _ = made.send((number, make(item, begun)));
        }
    };
    std::thread::scope(|scope| {
        let (sender, made) = mpsc::channel();
        for _ in 0..AT_A_TIME.min(items.len()) {
            let sender = sender.clone();
            scope.spawn(|| work(sender));
        }
        drop(sender);
        made.iter().for_each(|(number, answer)| done(number, answer));
    });
}

/// The component of a source in a language other than Rust.
fn component(stale: &Stale, shop: &BuildContext<'_>) -> Result<Built, BuildError> {
    let Stale { source, files, output } = stale;
    let driver = source.driver();
    if driver == Driver::Sql {
        if let Source::Plugin(_) = source {
            let text = "a plugin cannot be built by the driver sql".into();
            return Err(BuildError::Source {
                path: source.folder().to_owned(),
                text,
            });
        }
        let component = mighost_artifact::sql_component().map_err(|defect| defect.at(source.folder()))?;
        return Ok(component.to_vec().into());
    }
    // Like the folder of the artifact: folders of the same name in two locations do not conflict.
    let location = output.parent().and_then(Path::file_name).unwrap_or_default();
    let work = shop.folder.join("guests").join(location).join(source.name());
    std::fs::create_dir_all(&work).map_err(BuildError::write(&work))?;
    let job = Job {
        source,
        files,
        world: world::synthesize(source, &shop.providers, &work)?,
        work,
        toolchains: shop.toolchains,
        reporter: shop.reporter,
    };
    let built = match driver {
        Driver::Sql | Driver::Rust => return Err(job.failed("it is built elsewhere", "")),
        Driver::Go => go::build(&job).map(Built::from),
        Driver::C | Driver::Cpp => c::build(&job).map(Built::from),
        Driver::Zig => zig::build(&job).map(Built::from),
        Driver::Javascript | Driver::Typescript => javascript::build(&job),
        Driver::Python => python::build(&job),
        Driver::Command => custom::build(&job).map(Built::from),
    }?;
    component::check_imports(&job, &built.component)?;
    Ok(built)
}

/// The artifact: `built` with metadata and assets.
fn finished(stale: &Stale, built: Built, shop: &BuildContext<'_>) -> Result<Finished, BuildError> {
    let Stale { source, files, output } = stale;
    let folder = source.folder();
    // The build folder is `.mighost/build` in the project.
    check_links(shop.folder.ancestors().nth(2).unwrap_or(shop.folder), folder, files)?;
    // Before the digest, because it checks how much there is to read.
    let mut assets = assets_folder(folder, files)?;
    let digest = Some(source_digest(folder, files)?);
    assets.extend(built.assets);
    let metadata = match source {
        Source::Migration(source) => {
            let mut revisions = source.revisions.clone();
            if source.driver == Driver::Sql {
                assets.extend(sql::scripts(source)?);
            }
            if revisions.len() > 1 && source.driver == Driver::Sql {
                for revision in &mut revisions {
                    revision.source_digest = Some(source_digest_of(folder, files, &revision.revision)?);
                }
            }
            Metadata::Revisions(RevisionsMetadata::new(digest, revisions))
        }
        Source::Plugin(source) => Metadata::Plugin(PluginMetadata {
            docs: world::docs(source, &shop.providers),
            ..plugin_metadata(source, digest)
        }),
    };
    let bytes = mighost_artifact::assemble(folder, &built.component, &metadata, &assets)?;
    let provider = match source {
        Source::Plugin(source) => Some(Provider::of_bytes(source.name.clone(), bytes.as_slice().into())),
        Source::Migration(_) => None,
    };
    Ok(Finished {
        output: output.clone(),
        bytes,
        files: files.clone(),
        provider,
    })
}

fn plugin_metadata(source: &PluginSource, digest: Option<Digest>) -> PluginMetadata {
    let PluginSource {
        name,
        version,
        description,
        kinds,
        ..
    } = source.clone();
    PluginMetadata::new(digest, name, version, description, kinds)
}

/// Refuses links that leave the project: an artifact that is built from a stranger's sources would publish files of the machine.
fn check_links(project: &Path, folder: &Path, files: &FileStamps) -> Result<(), BuildError> {
    let project = project.canonicalize().map_err(BuildError::read(project))?;
    for path in files.keys().map(|path| folder.join(path)) {
        let metadata = std::fs::symlink_metadata(&path).map_err(BuildError::read(&path))?;
        if !metadata.is_symlink() {
            continue;
        }
        let target = path.canonicalize().map_err(BuildError::read(&path))?;
        if !target.starts_with(&project) {
            let text = format!(
                "it is a link to {}, which is outside the project; copy the file",
                target.display()
            );
            return Err(BuildError::Source { path, text });
        }
    }
    Ok(())
}

/// The files below `assets/`, which every driver includes.
fn assets_folder(folder: &Path, files: &FileStamps) -> Result<Assets, BuildError> {
    let sizes = files.iter().filter(|(path, _)| path.starts_with("assets"));
    let size = sizes.fold(0, |sum: u64, (_, stamp)| sum.saturating_add(stamp.size));
    if size > mighost_artifact::MAX_FILE {
        let path = folder.join("assets");
        return Err(BuildError::Source {
            path,
            text: format!(
                "its files have {size} bytes; an artifact may have {}",
                mighost_artifact::MAX_FILE
            ),
        });
    }
    let mut assets = Assets::new();
    for path in files.keys() {
        if let Ok(name) = path.strip_prefix("assets") {
            let full = folder.join(path);
            let content = std::fs::read(&full).map_err(BuildError::read(&full))?;
            assets.insert(name.to_string_lossy().replace('\\', "/"), content);
        }
    }
    Ok(assets)
}
