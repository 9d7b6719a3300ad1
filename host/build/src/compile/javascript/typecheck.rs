//! Type checks by TypeScript, with declarations of the guest's world.

use std::path::Path;
use std::process::Command;

use super::super::{Job, tool};
use super::{exports, types};
use crate::error::BuildError;
use crate::toolchain::{TYPESCRIPT, platform_program};

const HELPER: &str = include_str!("../../../helpers/javascript/mighost.d.ts");

/// # Errors
/// If the code has type errors, which the error shows, or TypeScript is unavailable.
pub(super) fn check(job: &Job<'_>, entry: &str, modules: Option<&Path>) -> Result<(), BuildError> {
    write(job, entry, modules)?;
    let found = job
        .toolchains
        .require(&TYPESCRIPT, job.reporter)
        .map_err(|error| job.no_tool(error))?;
    let folder = found.folder.unwrap_or_default().join("node_modules");
    let program = platform_program(&folder, "@typescript", "lib/tsc")
        .ok_or_else(|| job.failed("TypeScript is not available for this platform", ""))?;
    let mut command = Command::new(program);
    command
        .current_dir(job.folder())
        .args(["--pretty", "false", "--project"])
        .arg(job.work.join("types/tsconfig.json"));
    tool::run(job, "tsc", &mut command)
}

/// Writes declarations and settings below `types/`, to which an editor's tsconfig.json may refer as well.
pub(super) fn write(job: &Job<'_>, entry: &str, modules: Option<&Path>) -> Result<(), BuildError> {
    job.write("types/mighost.d.ts", HELPER.as_bytes())?;
    let world = types::declarations(&job.world.resolve, job.world.world);
    job.write("types/world.d.ts", world.as_bytes())?;
    let folder = std::path::absolute(job.folder()).map_err(BuildError::read(job.folder()))?;
    job.write("types/check.ts", check_text(job, &folder.join(entry)).as_bytes())?;
    let mut options = serde_json::json!({
        "strict": true,
        "noEmit": true,
        "target": "es2023",
        "lib": ["es2023"],
        "module": "esnext",
        "moduleResolution": "bundler",
        "allowImportingTsExtensions": true,
        "allowJs": true,
        "skipLibCheck": true,
        "types": [],
    });
    if let (Some(modules), Some(options)) = (modules, options.as_object_mut()) {
        options.insert("paths".into(), paths(modules));
    }
    let settings = serde_json::json!({
        "compilerOptions": options,
        "files": ["mighost.d.ts", "world.d.ts", "check.ts"],
    });
    job.write("types/tsconfig.json", settings.to_string().as_bytes())?;
    Ok(())
}

/// The places where the compiler looks for packages: first for types beside a package, since it would otherwise use the package's own
/// code. Those of a package with a scope, `@a/b`, are in `@types/a__b`.
fn paths(modules: &Path) -> serde_json::Value {
    let types = modules.join("@types");
    let mut paths = serde_json::Map::new();
    for entry in std::fs::read_dir(&types).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Some((scope, package)) = name.split_once("__") {
            let place = types.join(&name).display().to_string();
            paths.insert(format!("@{scope}/{package}"), serde_json::json!([place]));
            paths.insert(
                format!("@{scope}/{package}/*"),
                serde_json::json!([format!("{place}/*")]),
            );
        }
    }
    let (types, modules) = (types.display(), modules.display());
    paths.insert(
        "*".into(),
        serde_json::json!([format!("{types}/*"), format!("{modules}/*")]),
    );
    paths.into()
}

/// A module that checks the exports of the guest's code.
fn check_text(job: &Job<'_>, entry: &Path) -> String {
    let entry = serde_json::Value::from(entry.to_string_lossy().as_ref());
    let mut text =
        format!("// Made by `mighost build`: what the guest's code must export.\nimport * as guest from {entry};\n");
    for export in exports(job) {
        let wanted = if export.is_revision() {
            "{ upgrade(): void; downgrade?(): void; objects?(): Record<string, import(\"mighost\").ReplaceableObject> | \
             [string, import(\"mighost\").ReplaceableObject][] }"
                .to_owned()
        } else if export.is_hook() {
            "{ onVersionApply(step: import(\"mighost\").Step): void }".to_owned()
        } else if export.is_kind_function() {
            let whole = format!("typeof import({:?})", export.full);
            format!("Partial<{whole}> & Pick<{whole}, \"create\" | \"drop\">")
        } else {
            format!("typeof import({:?})", export.full)
        };
        let place = &export.place;
        text.push_str(&format!(
            "{{\n    type Wanted = {wanted};\n    const found: \"{place}\" extends keyof typeof guest ? {{ {place}: Wanted }} : Wanted = guest;\n    \
             void found;\n}}\n"
        ));
    }
    text
}
