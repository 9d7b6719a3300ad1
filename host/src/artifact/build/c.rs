//! The driver `c`: zig compiles every `*.c` of the folder, with bindings to the guest's world and `mighost.h`.

use std::path::Path;
use std::process::Command;

use wit_bindgen_core::Files;

use super::super::error::ArtifactError;
use super::{Job, Source, component, tool, world};
use crate::toolchain::ZIG;

const HELPER: &str = include_str!("c/mighost.h");
/// The helper's own part, compiled once for each guest.
const GLUE: &str = "#define MIGHOST_IMPLEMENTATION\n#include \"mighost.h\"\n";
/// Of a guest's stack, in bytes. Zig's default of 16 MiB would be part of each instance.
const STACK: usize = 1 << 20;

pub(super) fn build(job: &Job<'_>) -> Result<Vec<u8>, ArtifactError> {
    let zig = job
        .toolchains
        .require(&ZIG, job.reporter)
        .map_err(|error| job.no_tool(error))?;
    let bindings = bindings(job)?;
    job.write("bindings/mighost.h", HELPER.as_bytes())?;
    let glue = job.write("bindings/mighost.c", GLUE.as_bytes())?;
    let output = job.work.join("guest.wasm");
    let mut command = zig.command();
    zig_caches(job, &mut command);
    // Run in the folder, so that messages and __FILE__ have the file's own name.
    command
        .current_dir(job.folder())
        .args([
            "cc",
            "-target",
            "wasm32-wasi",
            "-mexec-model=reactor",
            "-Os",
            "-Wall",
            "-std=c17",
        ])
        .arg(format!("-Wl,-z,stack-size={STACK}"))
        .args(["-Wl,--strip-all", "-I", ".", "-I"])
        .arg(&bindings)
        .args(defines(job))
        .args(job.sources(&["c"]))
        .arg(bindings.join(format!("{}.c", world::WORLD)))
        .arg(bindings.join(format!("{}_component_type.o", world::WORLD)))
        .arg(glue)
        .arg("-o")
        .arg(&output);
    tool::run(job, "zig cc", &mut command)?;
    let module = std::fs::read(&output).map_err(ArtifactError::read(&output))?;
    component::encode(job, &module)
}

/// Writes the bindings and returns their folder.
fn bindings(job: &Job<'_>) -> Result<std::path::PathBuf, ArtifactError> {
    let mut files = Files::default();
    let mut generate = || {
        let (mut resolve, world) = job.world.for_bindings()?;
        wit_bindgen_c::Opts::default()
            .build()
            .generate(&mut resolve, world, &mut files)
    };
    generate().map_err(|error| job.failed(format!("no bindings can be made for its world: {error:#}"), ""))?;
    for (name, content) in files.iter() {
        job.write(&format!("bindings/{name}"), content)?;
    }
    Ok(job.work.join("bindings"))
}

/// Tells the helper what kind of guest this is.
fn defines(job: &Job<'_>) -> Vec<String> {
    match job.source {
        Source::Migration(_) => vec!["-DMIGHOST_MIGRATION".to_owned()],
        Source::Plugin(plugin) if plugin.kinds.is_empty() => Vec::new(),
        Source::Plugin(plugin) => vec![format!("-DMIGHOST_OBJECT_TYPE=\"{}\"", plugin.kinds.join(","))],
    }
}

/// zig keeps what it compiles, its C library among it, in caches; the default is the user's home.
fn zig_caches(job: &Job<'_>, command: &mut Command) {
    let cache = |folder: &Path| folder.join("zig-cache");
    command
        .env("ZIG_GLOBAL_CACHE_DIR", cache(job.toolchains.folder()))
        .env("ZIG_LOCAL_CACHE_DIR", cache(&job.work));
}
