//! Projects of many trivial migrations, and the same statements for psql and the peers.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The configuration: the database is the one of the bench's variable.
const CONFIGURATION: &str = r#"[project]
migrations = ["migrations"]
plugins = ["plugins"]
schema = "public"

[databases.bench]
url = "${MIGHOST_BENCH_URL}"
"#;

/// A project without migrations.
pub fn empty(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder.join("migrations"))?;
    std::fs::create_dir_all(folder.join("plugins"))?;
    std::fs::write(folder.join("mighost.toml"), CONFIGURATION)?;
    Ok(())
}

/// The statements of migration `number`: a table and an index.
fn upgrade(number: usize) -> String {
    format!("create table t{number} (a int, b text);\ncreate index i{number} on t{number} (a);\n")
}

pub fn revision(number: usize) -> String {
    format!("{number:012x}")
}

/// A project of a line of `count` SQL migrations.
pub fn sql(folder: &Path, count: usize) -> anyhow::Result<()> {
    empty(folder)?;
    for number in 0..count {
        add_sql(folder, number, &upgrade(number), &format!("drop table t{number};\n"))?;
    }
    Ok(())
}

/// Adds migration `number` to a line of them.
pub fn add_sql(folder: &Path, number: usize, upgrade: &str, downgrade: &str) -> anyhow::Result<()> {
    let revision = revision(number);
    let migration = folder.join("migrations").join(format!("{revision}_table_{number}"));
    std::fs::create_dir_all(&migration)?;
    std::fs::write(migration.join("migration.toml"), manifest(number))?;
    std::fs::write(migration.join("upgrade.sql"), upgrade)?;
    std::fs::write(migration.join("downgrade.sql"), downgrade)?;
    Ok(())
}

fn manifest(number: usize) -> String {
    let down = number.checked_sub(1).map(|before| format!("{:?}", revision(before)));
    format!(
        "revision = {:?}\ndown-revisions = [{}]\nmessage = \"Table {number}\"\n",
        revision(number),
        down.unwrap_or_default()
    )
}

/// The same statements as [`sql`] has, one transaction each, for `psql -f`.
pub fn script(file: &Path, count: usize) -> anyhow::Result<()> {
    let mut text = String::new();
    for number in 0..count {
        write!(text, "begin;\n{}commit;\n", upgrade(number))?;
    }
    std::fs::write(file, text)?;
    Ok(())
}

/// The same for the peers that take a folder of files: `name` makes a file's name, `text` its content.
pub fn files(
    folder: &Path,
    count: usize,
    name: impl Fn(usize) -> String,
    text: impl Fn(&str) -> String,
) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    for number in 0..count {
        std::fs::write(folder.join(name(number)), text(&upgrade(number)))?;
    }
    Ok(())
}

/// A project that holds the artifacts of another one, and no sources.
pub fn of_artifacts(folder: &Path, built: &Path) -> anyhow::Result<()> {
    empty(folder)?;
    for artifact in artifacts(built)? {
        if let Some(name) = artifact.file_name() {
            std::fs::copy(&artifact, folder.join("migrations").join(name))?;
        }
    }
    Ok(())
}

/// What `mighost build` left in a project.
pub fn artifacts(project: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for folder in std::fs::read_dir(project.join(".mighost/build"))? {
        let folder = folder?.path();
        if folder.is_dir() {
            for artifact in std::fs::read_dir(folder)? {
                found.push(artifact?.path());
            }
        }
    }
    found.retain(|path| path.extension().is_some_and(|extension| extension == "wasm"));
    found.sort();
    Ok(found)
}
