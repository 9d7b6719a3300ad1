//! The end-to-end tests, one program for all: each that links the host takes as long as compiling a crate.

mod alembic_doubts;
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
mod hostile_schema;
mod journal;
mod killed;
mod language_go;
mod languages;
mod last_words;
mod looking;
mod mistakes;
mod new_sources;
mod pooler;
mod prose;
mod runners;
mod schema;
mod schema_judge;
mod scripting;
mod scripting_guests;
mod test_components;
mod test_endings;
mod test_history;
mod testing;
mod trust;
mod tutorials;
mod without_postgres;

/// A file that is not named above would never be run.
#[test]
fn every_file_is_a_module() {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for suite in [here.join("tests/suite"), here.join("../host/postgres/tests/suite")] {
        let mut folders = vec![(suite.join("main.rs"), suite)];
        while let Some((parent, folder)) = folders.pop() {
            let names = std::fs::read_to_string(&parent).unwrap();
            for entry in std::fs::read_dir(&folder).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                let Some(module) = name.strip_suffix(".rs").filter(|module| *module != "main") else {
                    continue;
                };
                assert!(
                    names.contains(&format!("mod {module};\n")),
                    "{} does not name {module}",
                    parent.display()
                );
                let below = folder.join(module);
                if below.is_dir() {
                    folders.push((folder.join(&name), below));
                }
            }
        }
    }
}
