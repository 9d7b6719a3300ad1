//! The component that all SQL migrations share: it needs no compiler and is compiled to machine code only once.

use std::sync::OnceLock;

use super::ArtifactInfo;
use super::error::Defect;
use mighost_core::Digest;

/// The package `mighost:host`, file by file, as included in the host; the first file documents the package.
pub const WIT: [(&str, &str); 11] = [
    ("world.wit", include_str!("../../../wit/world.wit")),
    ("assets.wit", include_str!("../../../wit/assets.wit")),
    ("context.wit", include_str!("../../../wit/context.wit")),
    ("database.wit", include_str!("../../../wit/database.wit")),
    ("hooks.wit", include_str!("../../../wit/hooks.wit")),
    ("log.wit", include_str!("../../../wit/log.wit")),
    ("postgres.wit", include_str!("../../../wit/postgres.wit")),
    ("replaceable.wit", include_str!("../../../wit/replaceable.wit")),
    ("revision.wit", include_str!("../../../wit/revision.wit")),
    ("session.wit", include_str!("../../../wit/session.wit")),
    ("test.wit", include_str!("../../../wit/test.wit")),
];

/// The bytes of the SQL component, made from its text once per process (1 ms).
pub fn sql_component() -> Result<&'static [u8], Defect> {
    static COMPONENT: OnceLock<Result<Vec<u8>, String>> = OnceLock::new();
    let component = COMPONENT.get_or_init(|| encode().map_err(|error| error.to_string()));
    component
        .as_deref()
        .map_err(|error| Defect::Malformed(format!("mighost's own SQL component is broken: {error}")))
}

/// Whether an artifact's code is the SQL component of this mighost, which defines no objects.
pub fn is_sql_migration(artifact: &ArtifactInfo) -> bool {
    static DIGEST: OnceLock<Option<Digest>> = OnceLock::new();
    let digest = DIGEST.get_or_init(|| sql_component().ok().map(Digest::of));
    *digest == Some(artifact.code_digest)
}

fn encode() -> anyhow::Result<Vec<u8>> {
    let mut core = wat::parse_str(include_str!("sql_component.wat"))?;
    let mut resolve = wit_parser::Resolve::default();
    let mut files = wit_parser::SourceMap::new();
    for (name, text) in WIT {
        files.push(name.as_ref(), text);
    }
    let package = resolve.push_group(files.parse().map_err(|(_, error)| error)?)?;
    let world = resolve.select_world(&[package], Some("migration"))?;
    wit_component::embed_component_metadata(&mut core, &resolve, world, wit_component::StringEncoding::UTF8, false)?;
    wit_component::ComponentEncoder::default()
        .validate(true)
        .module(&core)?
        .encode()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sections;

    #[test]
    fn imports_nothing_but_what_it_uses() {
        let component = sql_component().unwrap();
        let sections = Sections::parse(component).unwrap();
        let mut imports = sections.imports.clone();
        imports.sort();
        assert_eq!(
            imports.join(" "),
            ["assets", "context", "database", "objects"]
                .map(|name| format!("mighost:host/{name}@0.1.0"))
                .join(" ")
        );
        assert_eq!(sections.exports, ["mighost:host/revision@0.1.0"]);
        assert!(component.len() < 4096, "{} bytes", component.len());
    }
}
