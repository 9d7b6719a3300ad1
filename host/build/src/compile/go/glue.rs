//! Glue code between the generated bindings and the author's package: it converts Go's errors and panics for the host.

/// The generator's path of the module's packages, and their path here.
const GENERATED: &str = "\"wit_component/";
const OURS: &str = "\"mighost/wit/";

const IMPORTS: &str = "\t\"mighost\"\n\tguest ";

/// A file of the bindings with changed import paths.
pub(super) fn moved(text: &str) -> String {
    text.replace(GENERATED, OURS)
}

/// `wit_exports.go` with parameters that Go's compiler accepts. It limits the parameters of an exported function to 128 bytes. A pointer
/// takes 8 bytes, a 32-bit number, as which it arrives, 4: with pointers, sixteen parameters and a result are too many.
pub(super) fn narrowed(text: &str) -> String {
    let mut narrow = Vec::new();
    let mut lines = Vec::new();
    for line in text.lines() {
        let mut line = line.to_owned();
        if line.starts_with("func wasm_export") {
            narrow.clear();
            if line.contains("arg14 ") {
                for number in 0..=15 {
                    let wide = format!("arg{number} uintptr");
                    if line.contains(&wide) {
                        line = line.replace(&wide, &format!("arg{number} uint32"));
                        narrow.push(number);
                    }
                }
            }
        } else {
            for number in &narrow {
                let address = format!("unsafe.Pointer(arg{number})");
                line = line.replace(&address, &format!("unsafe.Pointer(uintptr(arg{number}))"));
            }
        }
        lines.push(line);
    }
    lines.push(String::new());
    lines.join("\n")
}

/// The package that the bindings call for an interface, made from the stubs that the generator writes. `module` is the author's package,
/// and `defined` are the names of the author's functions.
pub(super) fn exported(package: &str, stubs: &str, module: &str, defined: &[String]) -> String {
    let has = |name: &str| defined.iter().any(|own| own == name);
    match package {
        "export_mighost_host_revision" => revision(module, has("Objects")),
        "export_mighost_host_kind_provider" => kind_provider(module, has("Replace"), has("Introspect")),
        // The author's function takes the step, whose data the host provides.
        "export_mighost_host_version_hook" => {
            operations(stubs, module).replace("OnVersionApply()\n", "OnVersionApply(mighost.CurrentStep())\n")
        }
        _ => operations(stubs, module),
    }
}

fn revision(module: &str, objects: bool) -> String {
    let defined = match objects {
        true => "\tvar err error\n\tdefer mighost.Ended(&err)\n\treturn mighost.ByKey(guest.Objects())",
        false => "\treturn nil",
    };
    let call = |name: &str| {
        format!(
            "func {name}() wit.Result[wit.Unit, string] {{\n\tvar err error\n\tdefer mighost.Ended(&err)\n\terr = guest.{name}()\n\
             \treturn wit.Ok[wit.Unit, string](wit.Unit{{}})\n}}\n\n"
        )
    };
    format!(
        "package export_mighost_host_revision\n\nimport (\n{IMPORTS}{module:?}\n\t{OURS}mighost_host_objects\"\n\
         \twit \"go.bytecodealliance.org/pkg/wit/types\"\n)\n\n{}{}func Objects() []wit.Tuple2[string, mighost_host_objects.Object] {{\n\
         {defined}\n}}\n",
        call("Upgrade"),
        call("Downgrade"),
    )
}

/// Without `replace`, the old object is dropped and the new one created; without `introspect`, there are no objects.
fn kind_provider(module: &str, replace: bool, introspect: bool) -> String {
    let call = |name: &str, params: &[&str]| {
        let declared: Vec<String> = params
            .iter()
            .map(|name| format!("{name} mighost_host_objects.Object"))
            .collect();
        let sent: Vec<String> = params.iter().map(|name| format!("mighost.FromHost({name})")).collect();
        format!(
            "func {name}({}) wit.Result[wit.Unit, string] {{\n\tvar panicked error\n\tdefer mighost.Ended(&panicked)\n\
             \tif err := guest.{name}({}); err != nil {{\n\t\treturn wit.Err[wit.Unit, string](err.Error())\n\t}}\n\
             \treturn wit.Ok[wit.Unit, string](wit.Unit{{}})\n}}\n\n",
            declared.join(", "),
            sent.join(", "),
        )
    };
    let replace = match replace {
        true => call("Replace", &["earlier", "object"]),
        false => "func Replace(earlier mighost_host_objects.Object, object mighost_host_objects.Object) wit.Result[wit.Unit, string] {\n\
                  \tif dropped := Drop(earlier); dropped.IsErr() {\n\t\treturn dropped\n\t}\n\treturn Create(object)\n}\n\n"
            .to_owned(),
    };
    let found = match introspect {
        true => "guest.Introspect(kind, schema)",
        false => "[]mighost.Object(nil), error(nil)",
    };
    format!(
        "package export_mighost_host_kind_provider\n\nimport (\n{IMPORTS}{module:?}\n\t{OURS}mighost_host_objects\"\n\
         \twit \"go.bytecodealliance.org/pkg/wit/types\"\n)\n\n{}{}{}\
         func Introspect(kind, schema string) wit.Result[[]mighost_host_objects.Object, string] {{\n\tvar panicked error\n\
         \tdefer mighost.Ended(&panicked)\n\tobjects, err := {found}\n\tif err != nil {{\n\
         \t\treturn wit.Err[[]mighost_host_objects.Object, string](err.Error())\n\t}}\n\
         \treturn wit.Ok[[]mighost_host_objects.Object, string](mighost.AllToHost(objects))\n}}\n",
        call("Create", &["object"]),
        call("Drop", &["object"]),
        replace,
    )
}

/// Each stub with a call of the author's function of that name as its body. The author's function returns the result in WIT and an error;
/// `result<T, string>` is a T and an error.
fn operations(stubs: &str, module: &str) -> String {
    let mut glue = String::new();
    let mut skipped = false;
    for line in stubs.lines() {
        if line.starts_with("import (") {
            glue.push_str(&format!("{line}\n{IMPORTS}{module:?}\n"));
        } else if let Some(body) = line.strip_prefix("func ").and_then(body) {
            glue.push_str(&format!("{line}\n{body}"));
            skipped = true;
        } else if line == "// TODO: Implement" {
            // It is returned below.
        } else if skipped && line.trim() == "panic(\"not implemented\")" {
            skipped = false;
        } else {
            glue.push_str(line);
            glue.push('\n');
        }
    }
    moved(&glue)
}

/// The body for `Name(_one T, _two U) R {`.
fn body(signature: &str) -> Option<String> {
    let (name, rest) = signature.split_once('(')?;
    let (params, result) = parenthesis(rest)?;
    let result = result.trim().trim_end_matches('{').trim();
    let names: Vec<&str> = at_commas(params)
        .into_iter()
        .filter_map(|param| param.trim().split(' ').next())
        .filter(|name| !name.is_empty())
        .collect();
    let call = format!("guest.{name}({})", names.join(", "));
    let begun = "\tvar err error\n\tdefer mighost.Ended(&err)\n";
    if result.is_empty() {
        return Some(format!("{begun}\terr = {call}\n"));
    }
    let parts = result
        .strip_prefix("witTypes.Result[")
        .and_then(|parts| parts.strip_suffix(']'));
    match parts.map(at_commas).as_deref() {
        Some([ok, error]) if error.trim() == "string" => {
            let parts = format!("{}, string", ok.trim());
            let (answer, given) = match ok.trim() {
                "witTypes.Unit" => (format!("failed := {call}"), "witTypes.Unit{}"),
                _ => (format!("answer, failed := {call}"), "answer"),
            };
            Some(format!(
                "{begun}\t{answer}\n\tif failed != nil {{\n\t\treturn witTypes.Err[{parts}](failed.Error())\n\t}}\n\
                 \treturn witTypes.Ok[{parts}]({given})\n"
            ))
        }
        _ => Some(format!(
            "{begun}\tanswer, failed := {call}\n\terr = failed\n\treturn answer\n"
        )),
    }
}

/// The text before the closing parenthesis, and the text after it.
fn parenthesis(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0_u32;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' if depth == 0 => return Some((text.get(..at)?, text.get(at + 1..)?)),
            ')' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// The parts separated by commas outside brackets.
fn at_commas(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_u32);
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.extend(text.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.extend(text.get(start..));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_go_become_what_the_interface_has() {
        assert_eq!(
            body("Nothing()  {").as_deref(),
            Some("\tvar err error\n\tdefer mighost.Ended(&err)\n\terr = guest.Nothing()\n")
        );
        assert_eq!(
            body("Count(_table string, _of map[string]int) uint32 {").as_deref(),
            Some(
                "\tvar err error\n\tdefer mighost.Ended(&err)\n\tanswer, failed := guest.Count(_table, _of)\n\terr = failed\n\treturn answer\n"
            )
        );
        let listed = body("List(_keep witTypes.Option[uint32]) witTypes.Result[[]string, string] {").unwrap();
        assert!(listed.contains("answer, failed := guest.List(_keep)\n"), "{listed}");
        assert!(
            listed.contains("return witTypes.Err[[]string, string](failed.Error())"),
            "{listed}"
        );
        let done = body("Go(_t witTypes.Tuple2[string, uint8]) witTypes.Result[witTypes.Unit, string] {").unwrap();
        assert!(
            done.contains("failed := guest.Go(_t)\n") && !done.contains("answer"),
            "{done}"
        );
        // An error that is not a string is made by the author.
        let own = body("Own() witTypes.Result[uint8, Reason] {").unwrap();
        assert!(own.contains("answer, failed := guest.Own()\n"), "{own}");
    }

    #[test]
    fn many_parameters_are_made_narrow() {
        let params: Vec<String> = (0..16).map(|number| format!("arg{number} uintptr")).collect();
        let text = format!(
            "func wasm_export_few(arg0 uintptr) {{\nunsafe.Pointer(arg0)\n}}\nfunc wasm_export_many({}) uintptr {{\nunsafe.Pointer(arg1) unsafe.Pointer(arg11)\n}}",
            params.join(", ")
        );
        let narrow = narrowed(&text);
        assert!(narrow.contains("few(arg0 uintptr) {\nunsafe.Pointer(arg0)"), "{narrow}");
        assert!(narrow.contains("arg15 uint32) uintptr {"), "{narrow}");
        assert!(
            narrow.contains("unsafe.Pointer(uintptr(arg1)) unsafe.Pointer(uintptr(arg11))"),
            "{narrow}"
        );
    }
}
