//! The component that runs a guest's bundle: imports of the world as modules, and exports that call those of the bundle.

use std::fmt::Write as _;

use wit_parser::{Function, Type, TypeDefKind};

use super::super::{Job, interpreter_cache, tool, world};
use super::{exports, imports, names};
use crate::error::BuildError;
use crate::toolchain::{COMPONENTIZE_QJS, NODE};

const HELPER: &str = include_str!("../../../helpers/javascript/mighost.js");
const RUNTIME: &str = include_str!("../../../helpers/javascript/runtime.js");
/// Only migrations have this interface, so the helper's import of it is inserted for them.
const REPLACEABLE: &str = "mighost:host/replaceable";

pub(super) fn component(job: &Job<'_>) -> Result<Vec<u8>, BuildError> {
    let helper = helper(job);
    let main = main_module(job);
    let version = COMPONENTIZE_QJS.package.version;
    interpreter_cache::kept(
        job,
        "javascript",
        &[version.as_bytes(), helper.as_bytes(), main.as_bytes()],
        || {
            let tools = job
                .toolchains
                .require(&COMPONENTIZE_QJS, job.reporter)
                .map_err(|error| job.no_tool(error))?;
            let node = job
                .toolchains
                .require(&NODE, job.reporter)
                .map_err(|error| job.no_tool(error))?;
            job.write("runtime/mighost.js", helper.as_bytes())?;
            let entry = job.write("runtime/main.js", main.as_bytes())?;
            let output = job.work.join("guest.wasm");
            let mut command = node.command();
            command
                .arg(&tools.program)
                .arg("--wit")
                .arg(&job.world.wit)
                .args(["--world", world::WORLD, "--sync", "--js"])
                .arg(&entry)
                .arg("--output")
                .arg(&output)
                .current_dir(job.work.join("runtime"));
            tool::run(job, "componentize-qjs", &mut command)?;
            std::fs::read(&output).map_err(BuildError::read(&output))
        },
    )
}

fn helper(job: &Job<'_>) -> String {
    let import = imports(job).into_iter().find(|import| import.short() == REPLACEABLE);
    let line = match import {
        Some(import) => format!("import * as hostReplaceable from {:?};", import.full),
        None => "const hostReplaceable = undefined;".to_owned(),
    };
    HELPER.replace("/*REPLACEABLE*/", &line)
}

fn main_module(job: &Job<'_>) -> String {
    let mut text = String::from("import * as mighost from \"./mighost.js\";\n");
    let mut modules = String::from("const modules = {\n");
    // Interfaces of types only do not exist at run time.
    for (number, import) in imports(job)
        .iter()
        .enumerate()
        .filter(|(_, import)| !import.interface.functions.is_empty())
    {
        let _ = writeln!(text, "import * as m{number} from {:?};", import.full);
        let _ = writeln!(
            modules,
            "    {:?}: m{number}, {:?}: m{number},",
            import.full,
            import.short()
        );
    }
    let _ = write!(text, "{modules}}};\n{RUNTIME}\n");
    for export in exports(job) {
        let place = &export.place;
        let _ = writeln!(text, "export const {place} = {{");
        for function in export.functions() {
            let name = names::camel(&function.name);
            if export.is_revision() && name == "objects" {
                text.push_str("    objects,\n");
            } else {
                let otherwise = match export.is_kind_function() && interpreter_cache::may_lack(&export.full, &name) {
                    true => format!(", defaults.{name}"),
                    false => String::new(),
                };
                let find = format!("find({place:?}, {name:?}{otherwise})");
                // The author's function takes the step, whose data the host provides.
                let given = export.is_hook().then_some("currentStep()");
                text.push_str(&forward(
                    place,
                    &name,
                    &find,
                    function.params.len(),
                    given,
                    declares_error(job, function),
                ));
            }
        }
        text.push_str("};\n");
    }
    text
}

/// A function that calls the guest's. Its parameters are written out, because QuickJS is slow at collecting and spreading arguments.
fn forward(
    place: &str,
    name: &str,
    find: &str,
    parameters: usize,
    given: Option<&str>,
    declares_error: bool,
) -> String {
    let parameters: Vec<String> = (0..parameters).map(|number| format!("v{number}")).collect();
    let parameters = parameters.join(", ");
    let arguments = given.unwrap_or(&parameters);
    let caught = if declares_error { "declared" } else { "fail" };
    format!(
        r#"    {name}({parameters}) {{
        try {{
            const answer = (found.{place}_{name} ??= {find})({arguments});
            if (typeof answer?.then === "function") refuseAsync({name:?});
            return answer;
        }} catch (thrown) {{
            {caught}(thrown);
        }}
    }},
"#
    )
}

fn declares_error(job: &Job<'_>, function: &Function) -> bool {
    match function.result {
        Some(Type::Id(id)) => {
            let kind = job.world.resolve.types.get(id).map(|ty| &ty.kind);
            matches!(kind, Some(TypeDefKind::Result(result)) if result.err.is_some())
        }
        _ => false,
    }
}
