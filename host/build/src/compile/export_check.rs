//! Explains missing or mistyped exports of a guest: expected against found.

use std::fs;

use wasmparser::{KnownCustom, Name, Parser, Payload};
use wit_parser::{Function, WorldItem};

use super::{Job, world};
use crate::error::BuildError;
use mighost_artifact::wit_text;

/// The linker's name for a function that it replaces by a trap, because it is called with other types than it has.
const MISMATCH: &str = "signature_mismatch:";

/// The error of a linker that misses `function`, an export of C, C++ and Zig; `output` is the linker's output.
pub(super) fn undefined(job: &Job<'_>, tool: &str, function: &str, output: &str) -> BuildError {
    let found = found(job, function);
    let reason = match found {
        // C++ has one function for each set of types.
        Some(_) => format!("{tool} failed: {function} has the wrong signature"),
        None => format!("{tool} failed: the required function {function} is missing"),
    };
    job.failed(reason, lines(job, function, found, Some(output)))
}

/// Refuses a module in which an exported function has other types than those with which the bindings call it: the linker accepts that,
/// and each call would trap.
pub(super) fn check(job: &Job<'_>, module: &[u8]) -> Result<(), BuildError> {
    let Some(function) = mismatched(module) else {
        return Ok(());
    };
    let reason = format!("{function} has the wrong signature");
    let found = found(job, &function);
    Err(job.failed(reason, lines(job, &function, found, None)))
}

fn lines(job: &Job<'_>, function: &str, found: Option<String>, output: Option<&str>) -> String {
    let expected = declared(job, function).map(|text| format!("expected: {text}"));
    let found = found.map(|text| format!("found:    {text}"));
    let output = output.map(str::to_owned);
    let lines: Vec<String> = [expected, found, output].into_iter().flatten().collect();
    lines.join("\n")
}

/// The line of the bindings or the helper that declares `function`.
fn declared(job: &Job<'_>, function: &str) -> Option<String> {
    let header = format!("{}.h", world::WORLD);
    [header.as_str(), "mighost.h"].into_iter().find_map(|name| {
        let text = fs::read_to_string(job.work.join("bindings").join(name)).ok()?;
        // Not the examples in the helper's comments.
        let mut lines = text.lines().map(str::trim);
        let line = lines.find(|line| line.ends_with(");") && names(line, function))?;
        Some(line.trim_end_matches(';').to_owned())
    })
}

/// The line in the author's code that seems to define `function`, with its place.
fn found(job: &Job<'_>, function: &str) -> Option<String> {
    job.sources(&["c", "cpp", "cc", "cxx", "zig"])
        .into_iter()
        .find_map(|path| {
            let text = fs::read_to_string(job.folder().join(path)).ok()?;
            let mut lines = text.lines().enumerate();
            let (number, line) = lines.find(|(_, line)| names(line, function))?;
            let line = line.trim().trim_end_matches('{').trim_end();
            Some(format!("{line} ({}:{})", path.display(), number + 1))
        })
}

/// Whether the line contains `function` followed by parameters.
fn names(line: &str, function: &str) -> bool {
    line.match_indices(function).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let behind = line.get(at + function.len()..).unwrap_or_default();
        let in_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        before.is_some_and(|c| !in_word(c)) && behind.starts_with('(')
    })
}

/// The first function among the module's names that the linker has replaced by a trap.
fn mismatched(module: &[u8]) -> Option<String> {
    let payloads = Parser::new(0).parse_all(module).map_while(Result::ok);
    let names = payloads.filter_map(|payload| match payload {
        Payload::CustomSection(section) => match section.as_known() {
            KnownCustom::Name(names) => Some(names),
            _ => None,
        },
        _ => None,
    });
    let functions = names.flatten().map_while(Result::ok).filter_map(|name| match name {
        Name::Function(map) => Some(map),
        _ => None,
    });
    let mut functions = functions.flatten().map_while(Result::ok);
    functions.find_map(|naming| naming.name.strip_prefix(MISMATCH).map(str::to_owned))
}

/// The WIT of the exported function whose name `is` accepts, e.g. `describe: func(table: string)`, with its interface.
pub(super) fn wit(job: &Job<'_>, is: impl Fn(&str) -> bool) -> Option<String> {
    let resolve = &job.world.resolve;
    let exports = &resolve.worlds.get(job.world.world)?.exports;
    exports.iter().find_map(|(key, item)| {
        let WorldItem::Interface { id, .. } = item else {
            return None;
        };
        let functions = &resolve.interfaces.get(*id)?.functions;
        let function: &Function = functions.values().find(|function| is(&function.name))?;
        let text = wit_text::function(resolve, function);
        Some(format!("{}: {text} of {}", function.name, resolve.name_world_key(key)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_is_a_name_and_parameters() {
        assert!(names("void upgrade(void) {", "upgrade"));
        assert!(names("export fn exports_a(x: u32) void {", "exports_a"));
        assert!(!names("void exports_a_b(int x) {", "exports_a"));
        assert!(!names("int my_upgrade(void) {", "upgrade"));
        assert!(!names("// upgrade", "upgrade"));
    }

    #[test]
    fn a_trap_of_the_linker_is_found_by_its_name() {
        let module = |name: &str| wat::parse_str(format!("(module (func ${name} unreachable))")).unwrap();
        assert_eq!(
            mismatched(&module("signature_mismatch:upgrade")).as_deref(),
            Some("upgrade")
        );
        assert_eq!(mismatched(&module("upgrade")), None);
    }
}
