//! Makes components of core modules, for compilers that only make modules, and checks the imports of any component.

use wasmparser::BinaryReader;
use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::Resolve;

use super::Job;
use crate::error::BuildError;
use mighost_artifact::Sections;

const PREVIEW1: &str = "wasi_snapshot_preview1";

/// Makes a component of a module that contains the description of its world. Its imports from WASI preview 1, e.g. of C libraries, are
/// provided by an adapter that gives access to nothing: no files, no environment, a clock that stands still.
pub(super) fn encode(job: &Job<'_>, module: &[u8]) -> Result<Vec<u8>, BuildError> {
    let encode = || -> anyhow::Result<Vec<u8>> {
        let mut encoder = ComponentEncoder::default();
        encoder.validate(true);
        if imports_preview1(module) {
            encoder.adapter(PREVIEW1, &adapter()?)?;
        }
        encoder.module(&without_debug_info(module)?)?.encode()
    };
    encode().map_err(|error| {
        let mut chain = error.chain().map(ToString::to_string).collect::<Vec<_>>();
        // The last cause names the import or the function.
        let reason = chain.pop().unwrap_or_default();
        job.failed(
            format!("its module cannot be converted to a component: {reason}"),
            chain.join("\n"),
        )
    })
}

/// `nowasi.wat` with a description of its imports.
fn adapter() -> anyhow::Result<Vec<u8>> {
    let mut module = wat::parse_str(include_str!("nowasi.wat"))?;
    let mut resolve = Resolve::default();
    let package = resolve.push_str("nowasi.wit", include_str!("nowasi.wit"))?;
    let world = resolve.select_world(&[package], None)?;
    wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)?;
    Ok(module)
}

/// The module without debug information, which is most of it. The names of functions are kept, for reports of traps.
fn without_debug_info(module: &[u8]) -> anyhow::Result<Vec<u8>> {
    const HEADER: usize = 8;
    let mut kept = module.get(..HEADER).unwrap_or_default().to_vec();
    let mut rest = module.get(HEADER..).unwrap_or_default();
    while !rest.is_empty() {
        let mut reader = BinaryReader::new(rest, 0);
        let id = reader.read_u8()?;
        let size = reader.read_var_u32()? as usize;
        let content = reader.current_position();
        reader.read_bytes(size)?;
        let (section, behind) = rest.split_at(reader.current_position());
        let is_debug = id == 0 && {
            let mut content = BinaryReader::new(section.get(content..).unwrap_or_default(), 0);
            content.read_string()?.starts_with(".debug_")
        };
        if !is_debug {
            kept.extend_from_slice(section);
        }
        rest = behind;
    }
    Ok(kept)
}

fn imports_preview1(module: &[u8]) -> bool {
    let payloads = wasmparser::Parser::new(0).parse_all(module).map_while(Result::ok);
    for payload in payloads {
        if let wasmparser::Payload::ImportSection(imports) = payload {
            return imports
                .into_imports()
                .filter_map(Result::ok)
                .any(|import| import.module == PREVIEW1);
        }
    }
    false
}

/// Refuses a component with unknown imports: it may import the interfaces of its world, and those of WASI 0.2 without access to anything.
pub(super) fn check_imports(job: &Job<'_>, component: &[u8]) -> Result<(), BuildError> {
    let sections = Sections::parse(component).map_err(|defect| defect.at(job.folder()))?;
    let world = job.world.resolve.worlds.get(job.world.world);
    let offered: Vec<String> = world
        .iter()
        .flat_map(|world| world.imports.keys())
        .map(|key| job.world.resolve.name_world_key(key))
        .collect();
    let refused = sections.imports.iter().find(|name| {
        let wasi = name.starts_with("wasi:") && name.contains("@0.2.");
        !wasi && !offered.contains(name)
    });
    match refused {
        None => Ok(()),
        Some(name) => Err(job.failed(
            format!("its component imports {name}, which mighost does not offer"),
            "A guest can import the interfaces of mighost's WIT and those listed under `uses` in its manifest.",
        )),
    }
}
