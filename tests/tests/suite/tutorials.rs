//! The tutorials of `docs/tutorials`, done as a new user would, for each language they are written for.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use mighost_tests::tutorial::{Tutorial, languages};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn document(name: &str) -> String {
    fs::read_to_string(root().join("docs/tutorials").join(name)).unwrap()
}

fn run(name: &str, language: &str) {
    let text = document(name);
    assert!(
        languages(&text).contains(&language),
        "{name} has nothing for {language}"
    );
    Tutorial::run(name, &text, Some(language), |folder| {
        if language == "Rust" {
            crates_are_there(folder, &text);
        }
    });
}

/// What cargo has compiled for the demo's guests is used again, in the versions that it was compiled in.
fn crates_are_there(folder: &Path, text: &str) {
    let project = folder.join("stations");
    let cargo = root().join(".mighost/build/cargo");
    fs::create_dir_all(&cargo).unwrap();
    fs::create_dir_all(project.join(".mighost/build")).unwrap();
    symlink(cargo.canonicalize().unwrap(), project.join(".mighost/build/cargo")).unwrap();
    for block in text.split("file=").skip(1) {
        let file = block.lines().next().unwrap();
        if let Some(package) = file.strip_suffix("/src/lib.rs") {
            fs::create_dir_all(project.join(package)).unwrap();
            fs::copy(
                root().join("migrations/Cargo.lock"),
                project.join(package).join("Cargo.lock"),
            )
            .unwrap();
        }
    }
}

/// A test for each language of a tutorial, so that they run side by side; and one that none is forgotten.
macro_rules! tutorials {
    ($module:ident, $file:literal, $($test:ident => $language:literal),+ $(,)?) => {
        mod $module {
            $(
                #[test]
                fn $test() {
                    super::run($file, $language);
                }
            )+

            #[test]
            fn every_language_is_run() {
                let text = super::document($file);
                let run = [$($language),+];
                for language in super::languages(&text) {
                    assert!(run.contains(&language), "{language} of {} is not run", $file);
                }
            }
        }
    };
}

tutorials!(operation, "operation.md",
    rust => "Rust", c => "C", cpp => "C++", zig => "Zig", go => "Go",
    javascript => "JavaScript", typescript => "TypeScript", python => "Python",
);

tutorials!(gronk, "gronk.md", rust => "Rust", typescript => "TypeScript", python => "Python");
