//! The driver `command`: a program of the author's makes a component, or a core module that is made one here. So any language will do.
//!
//! The program runs in the folder. It is told by the environment where the guest's world lies as WIT, what it is called, and where there is room
//! for what it makes on its way.

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
/// A folder that is there from build to build, outside the sources.
const WORK: &str = "MIGHOST_WORK";

/// Custom sections of this name describe what a core module imports and exports.
const COMPONENT_TYPE: &str = "component-type";

pub(super) fn build(job: &Job<'_>) -> Result<Vec<u8>, BuildError> {
    let Some(how) = job.source.command() else {
        return Err(job.failed("its manifest names no command", ""));
    };
    let output = job.folder().join(&how.output);
    // What an earlier build left is not what this one makes.
    match std::fs::remove_file(&output) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(BuildError::write(&output)(error)),
        _ => {}
    }
    run(job, how)?;
    tell_leftovers(job);
    if !output.is_file() {
        let reason = format!("{} left no {}", how.program, how.output.display());
        return Err(job.failed(
            reason,
            "It runs in the folder, and `output` is the file that it writes there.",
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
        // From which folder such a path is looked at differs between systems.
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
            hint: "install it, or correct `command` in the folder's manifest: a name on the PATH, or a path below the folder".into(),
        }),
        Err(error) => Err(job.failed(format!("{} cannot be run: {error}", how.program), "")),
        Ok(result) => result,
    }
}

/// What lies among the sources now and did not before is a change of theirs: the next run would build again.
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
                "building {} wrote {first}{more} among its sources, so each run builds it again; let the command write below target/, \
                 or into the folder that {WORK} names",
                job.source.name()
            ),
        });
    }
}

/// The core module with a description of what it imports and exports: its own, or that of the guest's world.
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
        .map_err(|error| job.failed(format!("its module cannot be described: {error:#}"), ""))?;
    Ok(module)
}

/// A component must export what its world does; nobody else has looked.
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
