//! The drivers `c` and `cpp`: zig compiles the folder's files, with bindings to the guest's world and `mighost.h` or `mighost.hpp`.

use std::path::{Path, PathBuf};
use std::process::Command;

use wit_bindgen_core::Files;

use super::{Job, Source, component, export_check, tool, world};
use crate::driver::Driver;
use crate::error::BuildError;
use crate::toolchain::ZIG;

const HEADERS: [(&str, &str); 2] = [
    ("mighost.h", include_str!("../../helpers/c/mighost.h")),
    ("internal.h", include_str!("../../helpers/c/internal.h")),
];
const CPP_HEADERS: [(&str, &str); 3] = [
    ("mighost.hpp", include_str!("../../helpers/cpp/mighost.hpp")),
    ("database.hpp", include_str!("../../helpers/cpp/database.hpp")),
    ("testing.hpp", include_str!("../../helpers/cpp/testing.hpp")),
];
/// The implementation of the helper, compiled once for each guest.
const IMPLEMENTATION: [(&str, &str); 3] = [
    ("mighost.c", include_str!("../../helpers/c/mighost.c")),
    ("statements.c", include_str!("../../helpers/c/statements.c")),
    ("rows.c", include_str!("../../helpers/c/rows.c")),
];
/// The one of tests that are components.
const TESTING: (&str, &str) = ("testing.c", include_str!("../../helpers/c/testing.c"));
/// The size of a guest's stack, in bytes. Zig's default of 16 MiB would be part of each instance.
pub(super) const STACK: usize = 1 << 20;
pub(super) const TARGET: &str = "wasm32-wasi";

/// Options of every call of the compiler. Of the output of -g, only the names of functions are kept.
/// Zig would disable `assert` in optimized code.
const COMMON: [&str; 6] = ["-target", TARGET, "-Os", "-g", "-Wall", "-UNDEBUG"];
const C: [&str; 1] = ["-std=c17"];
/// Exceptions would need a runtime that WebAssembly engines do not yet agree on.
const CPP: [&str; 3] = ["-std=c++20", "-fno-exceptions", "-fno-rtti"];
const C_FILES: [&str; 1] = ["c"];
const CPP_FILES: [&str; 3] = ["cpp", "cc", "cxx"];

pub(super) fn build(job: &Job<'_>) -> Result<Vec<u8>, BuildError> {
    let bindings = bindings(job)?;
    let output = job.work.join("guest.wasm");
    let cpp = job.source.driver() == Driver::Cpp;
    for (name, content) in HEADERS.iter().chain(CPP_HEADERS.iter().filter(|_| cpp)) {
        job.write(&format!("bindings/{name}"), content.as_bytes())?;
    }
    let mut inputs = vec![bindings.join(format!("{}.c", world::WORLD))];
    let testing = job.source.is_test().then_some(&TESTING);
    for (name, content) in IMPLEMENTATION.iter().chain(testing) {
        job.write(&format!("bindings/{name}"), content.as_bytes())?;
        inputs.push(bindings.join(name));
    }
    if cpp {
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

/// Compiles `files` and the folder's own C files as C: a C++ compiler would treat them as C++.
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

/// A call of the compiler. It runs in the folder, so that messages and `__FILE__` contain only the name of the file.
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

/// Zig, which is installed if it is missing. It keeps compiled files, including its C library, in caches; their default location is the
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
    generate().map_err(|error| job.failed(format!("cannot generate bindings for its world: {error:#}"), ""))?;
    for (name, content) in files.iter() {
        job.write(&format!("bindings/{name}"), content)?;
    }
    Ok(tool::from_folder(job, &job.work.join("bindings")))
}

/// Selects the kind of the guest in the helper.
fn defines(job: &Job<'_>) -> Vec<String> {
    let mut defines = Vec::new();
    match job.source {
        Source::Migration(_) => defines.push("-DMIGHOST_MIGRATION".to_owned()),
        Source::Plugin(plugin) if plugin.test => defines.push("-DMIGHOST_TEST".to_owned()),
        Source::Plugin(plugin) => {
            if !plugin.kinds.is_empty() {
                defines.push("-DMIGHOST_KIND_PROVIDER".to_owned());
            }
            if !plugin.hooks.is_empty() {
                defines.push("-DMIGHOST_HOOK".to_owned());
            }
        }
    }
    defines
}
