//! Embeds the Rust SDK and the WIT, so that guests in Rust are built without a clone of mighost.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?)
        .join("../..")
        .canonicalize()?;
    let mut files = Vec::new();
    let embedded = [
        ("plugin-sdk/src", "mighost-sdk/src"),
        ("plugins/schema/wit", "plugins/schema/wit"),
        ("wit", "wit"),
    ];
    for (folder, place) in embedded {
        let folder = root.join(folder);
        println!("cargo::rerun-if-changed={}", folder.display());
        list(&folder, Path::new(place), &mut files)?;
    }
    files.sort();
    let manifest = root.join("Cargo.toml");
    println!("cargo::rerun-if-changed={}", manifest.display());
    let text = fs::read_to_string(&manifest)?;
    let wit_bindgen = text
        .lines()
        .find(|line| line.starts_with("wit-bindgen = "))
        .ok_or("Cargo.toml of the workspace has no wit-bindgen")?;
    let mut code = format!("const WIT_BINDGEN: &str = {wit_bindgen:?};\nconst FILES: &[(&str, &str)] = &[\n");
    for (place, file) in files {
        writeln!(code, "({:?}, include_str!({:?})),", place, file)?;
    }
    code.push_str("];\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("sdk.rs"), code)?;
    Ok(())
}

fn list(folder: &Path, place: &Path, files: &mut Vec<(PathBuf, PathBuf)>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let place = place.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            list(&path, &place, files)?;
        } else {
            files.push((place, path));
        }
    }
    Ok(())
}
