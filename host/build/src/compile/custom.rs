//! The driver `command`: the author's program makes a component, or a core module, of which a component is made. So any language can be
//! used.
//!
//! The program runs in the folder. The environment contains the folder of the guest's world as WIT, the name of the world, and a folder
//! for temporary files.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use wasmparser::{Parser, Payload};
use wit_component::StringEncoding;

use super::{Job, component, tool, world};
use crate::custom_build::CommandBuild;
use crate::error::BuildError;
use crate::fingerprint::SourceStamps;
use mighost_artifact::sections::{self, Sections};
use mighost_core::{Event, Level};

/// The folder of the guest's world, as WIT.
const WIT: &str = "MIGHOST_WIT";
/// The name of the world in it.
const WORLD: &str = "MIGHOST_WORLD";
/// A folder outside the sources that is kept between builds.
const WORK: &str = "MIGHOST_WORK";

/// Custom sections of this name describe the imports and exports of a core module.
const COMPONENT_TYPE: &str = "component-type";

pub(super) fn build(job: &Job<'_>) -> Result<Vec<u8>, BuildError> {
    let Some(how) = job.source.command() else {
        return Err(job.failed("its manifest has no command", ""));
    };
    let output = job.folder().join(&how.output);
    // The output of an earlier build must not be mistaken for that of this one.
    match std::fs::remove_file(&output) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(BuildError::write(&output)(error)),
        _ => {}
    }
    run(job, how)?;
    tell_leftovers(job);
    if !output.is_file() {
        let reason = format!("{} did not write {}", how.program, how.output.display());
        return Err(job.failed(
            reason,
            "It runs in the folder and must write the file named by `output` there.",
        ));
    }
    let bytes = sections::read_file(&output)?;
    if Parser::is_core_wasm(&bytes) {
        return component::encode(job, &described(job, bytes)?);
    }
    check_exports(job, &bytes, &output)?;
    Ok(bytes)
}

fn run(job: &Job<'_>, how: &CommandBuild) -> Result<(), BuildError> {
    let absolute = |path: &Path| std::path::absolute(path).map_err(BuildError::read(path));
    let program = match Path::new(&how.program).components().count() {
        1 => PathBuf::from(&how.program),
        // The base folder of such a path depends on the system.
        _ => absolute(&job.folder().join(&how.program))?,
    };
    let mut command = Command::new(&program);
    command
        .args(&how.arguments)
        .current_dir(job.folder())
        .env(WIT, absolute(&job.world.wit)?)
        .env(WORLD, world::WORLD)
        .env(WORK, absolute(&job.work)?);
    match tool::try_run(job, &how.program, &mut command) {
        Err(error) if error.kind() == ErrorKind::NotFound => Err(BuildError::NoTool {
            path: job.folder().to_owned(),
            tool: how.program.clone(),
            hint:
                "install it, or set `command` in the folder's manifest to a name on the PATH or a path below the folder"
                    .into(),
        }),
        Err(error) => Err(job.failed(format!("{} cannot be run: {error}", how.program), "")),
        Ok(result) => result,
    }
}

/// New files among the sources count as changes of the sources: the next run would build again.
fn tell_leftovers(job: &Job<'_>) {
    let Ok(Some(now)) = SourceStamps::read(job.folder(), job.source.manifest()) else {
        return;
    };
    let new: Vec<String> = now
        .files
        .iter()
        .filter(|(path, stamp)| job.files.get(*path) != Some(stamp))
        .map(|(path, _)| path.display().to_string())
        .collect();
    if let Some(first) = new.first() {
        let more = match new.len() {
            1 => String::new(),
            several => format!(" and {} more", several - 1),
        };
        job.reporter.report(Event::Note {
            level: Level::Warn,
            text: format!(
                "building {} wrote {first}{more} among its sources, so every run rebuilds it; change the command to \
                 write below target/ or to the folder given by {WORK}",
                job.source.name()
            ),
        });
    }
}

/// The core module with a description of its imports and exports: its own, or that of the guest's world.
fn described(job: &Job<'_>, mut module: Vec<u8>) -> Result<Vec<u8>, BuildError> {
    let describes = |payload: Payload<'_>| match payload {
        Payload::CustomSection(section) => section.name().starts_with(COMPONENT_TYPE),
        _ => false,
    };
    if Parser::new(0).parse_all(&module).map_while(Result::ok).any(describes) {
        return Ok(module);
    }
    let (resolve, world) = (&job.world.resolve, job.world.world);
    wit_component::embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8, false)
        .map_err(|error| job.failed(format!("cannot add the component type to its module: {error:#}"), ""))?;
    Ok(module)
}

/// A component must export what its world exports; this has not been checked before.
fn check_exports(job: &Job<'_>, bytes: &[u8], output: &Path) -> Result<(), BuildError> {
    let sections = Sections::parse(bytes).map_err(|defect| defect.at(output))?;
    let world = job.world.resolve.worlds.get(job.world.world);
    let wanted = world.iter().flat_map(|world| world.exports.keys());
    let missing = wanted
        .map(|key| job.world.resolve.name_world_key(key))
        .find(|name| !sections.exports.contains(name));
    match missing {
        None => Ok(()),
        Some(name) => Err(job.failed(
            format!("the component in {} does not export {name}", output.display()),
            format!("It exports: {}", sections.exports.join(", ")),
        )),
    }
}
