//! The drivers `c` and `cpp`: zig compiles the folder's files, with bindings to the guest's world and `mighost.h` or `mighost.hpp`.

use std::path::{Path, PathBuf};
use std::process::Command;

use wit_bindgen_core::Files;

use super::{Job, Source, component, export_check, tool, world};
use crate::driver::Driver;
use crate::error::BuildError;
use crate::toolchain::ZIG;

const HELPER: &str = include_str!("../../helpers/c/mighost.h");
const CPP_HELPER: &str = include_str!("../../helpers/cpp/mighost.hpp");
/// The helper's own part, compiled once for each guest.
const IMPLEMENTATION: &str = include_str!("../../helpers/c/mighost.c");
/// That of tests that are components.
const TESTING: &str = include_str!("../../helpers/c/testing.c");
const CPP_TESTING: &str = include_str!("../../helpers/cpp/testing.hpp");
/// Of a guest's stack, in bytes. Zig's default of 16 MiB would be part of each instance.
pub(super) const STACK: usize = 1 << 20;
pub(super) const TARGET: &str = "wasm32-wasi";

/// What every call of the compiler has. Of what -g brings, the names of functions are kept.
/// Zig would switch `assert` off for what is optimized.
const COMMON: [&str; 6] = ["-target", TARGET, "-Os", "-g", "-Wall", "-UNDEBUG"];
const C: [&str; 1] = ["-std=c17"];
/// Exceptions would need a runtime that WebAssembly's engines do not agree on yet.
const CPP: [&str; 3] = ["-std=c++20", "-fno-exceptions", "-fno-rtti"];
const C_FILES: [&str; 1] = ["c"];
const CPP_FILES: [&str; 3] = ["cpp", "cc", "cxx"];

pub(super) fn build(job: &Job<'_>) -> Result<Vec<u8>, BuildError> {
    let bindings = bindings(job)?;
    job.write("bindings/mighost.h", HELPER.as_bytes())?;
    job.write("bindings/mighost.c", IMPLEMENTATION.as_bytes())?;
    let output = job.work.join("guest.wasm");
    let cpp = job.source.driver() == Driver::Cpp;
    let mut inputs = vec![bindings.join(format!("{}.c", world::WORLD)), bindings.join("mighost.c")];
    if job.source.is_test() {
        job.write("bindings/testing.c", TESTING.as_bytes())?;
        inputs.push(bindings.join("testing.c"));
    }
    if cpp {
        job.write("bindings/mighost.hpp", CPP_HELPER.as_bytes())?;
        job.write("bindings/testing.hpp", CPP_TESTING.as_bytes())?;
        inputs = objects(job, &bindings, inputs)?;
    }
    let mut command = compiler(job, if cpp { "c++" } else { "cc" }, &bindings)?;
    command.args(if cpp { CPP.as_slice() } else { C.as_slice() });
    command
        .arg("-mexec-model=reactor")
        .arg(format!("-Wl,-z,stack-size={STACK}"))
        .args(job.sources(if cpp { &CPP_FILES } else { &C_FILES }))
        .args(inputs)
        .arg(bindings.join(format!("{}_component_type.o", world::WORLD)))
        .arg("-o")
        .arg(&output);
    tool::run(job, if cpp { "zig c++" } else { "zig cc" }, &mut command)?;
    let module = std::fs::read(&output).map_err(BuildError::read(&output))?;
    export_check::check(job, &module)?;
    component::encode(job, &module)
}

/// Compiles `files` and the folder's own files in C as what they are: a compiler of C++ would take them for C++.
fn objects(job: &Job<'_>, bindings: &Path, files: Vec<PathBuf>) -> Result<Vec<PathBuf>, BuildError> {
    let own = job.sources(&C_FILES).into_iter().map(Path::to_owned);
    let mut objects = Vec::new();
    for (number, file) in files.into_iter().chain(own).enumerate() {
        let object = job.work.join(format!("{number}.o"));
        let mut command = compiler(job, "cc", bindings)?;
        command.args(C).arg("-c").arg(file).arg("-o").arg(&object);
        tool::run(job, "zig cc", &mut command)?;
        objects.push(object);
    }
    Ok(objects)
}

/// A call of the compiler. It runs in the folder, so that messages and `__FILE__` have the file's own name.
fn compiler(job: &Job<'_>, name: &str, bindings: &Path) -> Result<Command, BuildError> {
    let mut command = zig(job)?;
    command
        .arg(name)
        .args(COMMON)
        .args(["-I", ".", "-I"])
        .arg(bindings)
        .args(defines(job));
    Ok(command)
}

/// Zig, which is installed where it is not there. It keeps what it compiles, its C library among it, in caches; its default for them is the
/// user's home.
pub(super) fn zig(job: &Job<'_>) -> Result<Command, BuildError> {
    let zig = job
        .toolchains
        .require(&ZIG, job.reporter)
        .map_err(|error| job.no_tool(error))?;
    let cache = |folder: &Path| folder.join("zig-cache");
    let mut command = zig.command();
    command
        .current_dir(job.folder())
        .env("ZIG_GLOBAL_CACHE_DIR", cache(job.toolchains.folder()))
        .env("ZIG_LOCAL_CACHE_DIR", cache(&job.work));
    Ok(command)
}

/// Writes the bindings in C and returns their folder, as seen from the source folder.
pub(super) fn bindings(job: &Job<'_>) -> Result<PathBuf, BuildError> {
    let mut files = Files::default();
    let mut generate = || {
        let (mut resolve, world) = job.world.for_bindings()?;
        let mut generator = wit_bindgen_c::Opts::default().build();
        generator.generate(&mut resolve, world, &mut files)
    };
    generate().map_err(|error| job.failed(format!("no bindings can be made for its world: {error:#}"), ""))?;
    for (name, content) in files.iter() {
        job.write(&format!("bindings/{name}"), content)?;
    }
    Ok(tool::from_folder(job, &job.work.join("bindings")))
}

/// Tells the helper what kind of guest this is.
fn defines(job: &Job<'_>) -> Vec<String> {
    let mut defines = Vec::new();
    match job.source {
        Source::Migration(_) => defines.push("-DMIGHOST_MIGRATION".to_owned()),
        Source::Plugin(plugin) if plugin.test => defines.push("-DMIGHOST_TEST".to_owned()),
        Source::Plugin(plugin) => {
            if !plugin.kinds.is_empty() {
                defines.push("-DMIGHOST_OBJECT_TYPE".to_owned());
            }
            if !plugin.hooks.is_empty() {
                defines.push("-DMIGHOST_HOOK".to_owned());
            }
        }
    }
    defines
}
