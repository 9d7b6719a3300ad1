//! The data that `mighost inspect` shows of a file.

use std::path::Path;

use serde::Serialize;
use wit_component::DecodedWasm;
use wit_parser::WorldItem;

use super::error::ArtifactError;
use super::sections::{self, Sections};
use super::{ArtifactInfo, PluginMetadata, RevisionsMetadata};
use mighost_core::Digest;

/// An artifact, inspected without running it.
#[derive(Debug, Serialize)]
pub struct Inspection {
    /// The size, in bytes.
    pub size: usize,
    pub digest: Digest,
    /// The digest of the code alone: artifacts that share it are compiled once.
    pub code_digest: Digest,
    pub revisions: Option<RevisionsMetadata>,
    pub plugin: Option<PluginMetadata>,
    /// Names and lengths in bytes.
    pub assets: Vec<(String, usize)>,
    pub imports: Vec<String>,
    pub exports: Vec<String>,
    /// The component's world as WIT text.
    pub wit: String,
}

/// Reads the artifact at `path`.
///
/// # Errors
/// If the file cannot be read, is not a component, or its metadata is malformed.
pub fn inspect(path: &Path) -> Result<Inspection, ArtifactError> {
    let bytes = sections::read_file(path)?;
    let sections = Sections::parse(&bytes).map_err(|defect| defect.at(path))?;
    let wit = wit_text(&bytes).map_err(|error| ArtifactError::Malformed {
        path: path.to_owned(),
        reason: format!("its types cannot be read: {error}"),
    })?;
    Ok(Inspection {
        size: bytes.len(),
        digest: Digest::of(&bytes),
        code_digest: sections.code_digest(),
        assets: sections
            .assets()
            .into_iter()
            .map(|(name, content)| (name, content.len()))
            .collect(),
        revisions: sections.revisions,
        // Its comments are in the WIT.
        plugin: sections.plugin.map(|plugin| PluginMetadata { docs: None, ..plugin }),
        imports: sections.imports,
        exports: sections.exports,
        wit,
    })
}

/// Whether `artifact` imports only types from `interface`, which then needs no provider. False if that is unknown.
pub fn imports_types_alone(artifact: &ArtifactInfo, interface: &str) -> bool {
    let Ok(bytes) = sections::read_file(&artifact.path) else {
        return false;
    };
    let Ok(DecodedWasm::Component(resolve, world)) = sections::decode(&bytes) else {
        return false;
    };
    let imports = resolve.worlds.get(world).into_iter().flat_map(|world| &world.imports);
    let mut found = imports.filter(|(key, _)| resolve.name_world_key(key) == interface);
    found.all(|(_, item)| match item {
        WorldItem::Interface { id, .. } => resolve
            .interfaces
            .get(*id)
            .is_some_and(|interface| interface.functions.is_empty()),
        _ => false,
    })
}

fn wit_text(artifact: &[u8]) -> Result<String, String> {
    let decoded = sections::decode(artifact)?;
    let mut printer = wit_component::WitPrinter::default();
    let dependencies: Vec<_> = decoded
        .resolve()
        .packages
        .iter()
        .map(|(id, _)| id)
        .filter(|id| *id != decoded.package())
        .collect();
    printer
        .print(decoded.resolve(), decoded.package(), &dependencies)
        .map_err(|error| format!("{error:#}"))?;
    Ok(printer.output.to_string())
}
