//! The driver `zig`: zig compiles the folder's `migration.zig` or `plugin.zig`, with bindings in C that it translates, and `mighost.zig`.

use std::path::Path;
use std::process::Stdio;

use super::{Job, Source, c, component, export_check, tool, world};
use crate::error::BuildError;

const HELPER: &str = include_str!("../../helpers/zig/mighost.zig");
/// The files that it imports. `testing.zig` is for tests that are components.
const PARTS: [(&str, &str); 3] = [
    ("sql.zig", include_str!("../../helpers/zig/sql.zig")),
    ("database.zig", include_str!("../../helpers/zig/database.zig")),
    ("testing.zig", include_str!("../../helpers/zig/testing.zig")),
];
/// Run-time checks, e.g. of indices and arithmetic, are kept: their failures are shown to the user.
const MODE: &str = "ReleaseSafe";

pub(super) fn build(job: &Job<'_>) -> Result<Vec<u8>, BuildError> {
    let main = main_file(job)?;
    let bindings = c::bindings(job)?;
    let helper = job.write("bindings/mighost.zig", HELPER.as_bytes())?;
    for (name, content) in PARTS {
        job.write(&format!("bindings/{name}"), content.as_bytes())?;
    }
    let root = job.write("bindings/root.zig", root(job.source).as_bytes())?;
    let translated = job.write("bindings/bindings.zig", &translated(job, &bindings)?)?;
    let output = job.work.join("guest.wasm");
    let module = |name: &str, path: &Path| format!("-M{name}={}", path.display());
    let options = ["-target", c::TARGET, "-O", MODE];
    let mut command = c::zig(job)?;
    command
        .args(["build-exe", "-mexec-model=reactor", "--color", "off", "--stack"])
        .arg(c::STACK.to_string())
        .arg(format!("-femit-bin={}", output.display()))
        // Options and files before a -M belong to that module.
        .args(options)
        .args(["-cflags", "-Os", "--"])
        .arg(bindings.join(format!("{}.c", world::WORLD)))
        .arg(bindings.join(format!("{}_component_type.o", world::WORLD)))
        .args(["-lc", "--dep", "guest", "--dep", "mighost"])
        .arg(module("root", &root))
        .args(options)
        .args(["--dep", "mighost"])
        .arg(module("guest", main))
        .args(options)
        .args(["--dep", "bindings"])
        .arg(module("mighost", &helper))
        .args(options)
        .arg(module("bindings", &translated));
    tool::run(job, "zig build-exe", &mut command)?;
    let module = std::fs::read(&output).map_err(BuildError::read(&output))?;
    export_check::check(job, &module)?;
    component::encode(job, &module)
}

/// The root file of the guest's code, which imports the others.
fn main_file<'a>(job: &'a Job<'_>) -> Result<&'a Path, BuildError> {
    let expected = match job.source {
        Source::Migration(_) => "migration.zig",
        Source::Plugin(_) => "plugin.zig",
    };
    let files = job.sources(&["zig"]);
    match files.as_slice() {
        [only] => Ok(only),
        several => several
            .iter()
            .find(|path| **path == Path::new(expected))
            .copied()
            .ok_or_else(|| job.failed(format!("it has several Zig files, but none is {expected}"), "")),
    }
}

/// The C header, translated to Zig.
fn translated(job: &Job<'_>, bindings: &Path) -> Result<Vec<u8>, BuildError> {
    let mut command = c::zig(job)?;
    command
        .args(["translate-c", "-target", c::TARGET, "-lc"])
        .arg(bindings.join(format!("{}.h", world::WORLD)));
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| job.failed(format!("zig cannot be run: {error}"), ""))?;
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(job.failed("zig translate-c failed", String::from_utf8_lossy(&output.stderr))),
    }
}

/// The root of the program: it exports the functions of the world, and reports panics to the user.
fn root(source: &Source) -> String {
    let mut exports = String::new();
    match source {
        Source::Migration(_) => exports.push_str("    _ = mighost.Migration(guest);\n"),
        Source::Plugin(plugin) if plugin.test => exports.push_str("    _ = mighost.testing.Test(guest);\n"),
        Source::Plugin(plugin) => {
            if !plugin.kinds.is_empty() {
                exports.push_str("    _ = mighost.KindProvider(guest);\n");
            }
            if !plugin.hooks.is_empty() {
                exports.push_str("    _ = mighost.VersionHook(guest);\n");
            }
        }
    }
    format!(
        "const std = @import(\"std\");\nconst mighost = @import(\"mighost\");\nconst guest = @import(\"guest\");\n\n\
         pub const panic = std.debug.FullPanic(mighost.panicked);\n\ncomptime {{\n    _ = guest;\n{exports}}}\n"
    )
}
