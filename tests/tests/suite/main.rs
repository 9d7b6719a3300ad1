//! The end-to-end tests, one program for all: each that links the host takes as long as compiling a crate.

mod alembic_takeover;
mod authoring;
mod bad_artifacts;
mod bad_configuration;
mod bad_guests;
mod bad_links;
mod bad_plugins;
mod building;
mod chain;
mod check;
mod commands;
mod docs;
mod helpers;
mod hooks;
mod journal;
mod killed;
mod language_go;
mod languages;
mod last_words;
mod layers;
mod looking;
mod mistakes;
mod new_sources;
mod pooler;
mod runners;
mod schema;
mod schema_judge;
mod scripting;
mod scripting_guests;
mod test_components;
mod test_endings;
mod test_history;
mod testing;
mod tutorials;

/// A file that is not named above would never be run.
#[test]
fn every_file_is_a_module() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite");
    let main = std::fs::read_to_string(folder.join("main.rs")).unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if let Some(module) = name.strip_suffix(".rs").filter(|module| *module != "main") {
            assert!(
                main.contains(&format!("mod {module};\n")),
                "main.rs does not name {module}"
            );
        }
    }
}
