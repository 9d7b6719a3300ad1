//! Selects the folders for the sources of revisions.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::Folder;

/// The folder of migrations, or of several such folders, in the project `root`. Alembic's own folder often has the same name, and is
/// kept.
pub(super) fn migrations(root: &Path) -> &'static str {
    let usual = root.join("migrations");
    if usual.join("env.py").is_file() {
        "mighost-migrations"
    } else {
        "migrations"
    }
}

/// A folder for each version location: a single one is `migrations` itself; several are below it, named after their own.
pub(super) fn folders(migrations: &str, locations: &[PathBuf]) -> Vec<Folder> {
    if let [only] = locations {
        let ours = migrations.to_owned();
        return vec![Folder {
            alembic: only.clone(),
            ours,
        }];
    }
    let mut taken = BTreeSet::new();
    let mut folders = Vec::new();
    for location in locations {
        let mut parts = location
            .components()
            .rev()
            .map(|part| part.as_os_str().to_string_lossy());
        let name = parts.find(|part| part != "versions").unwrap_or_default();
        let ours = unique(&format!("{migrations}/{}", plain(&name)), &mut taken);
        folders.push(Folder {
            alembic: location.clone(),
            ours,
        });
    }
    folders
}

/// `name` without characters that are unsuitable for a folder.
fn plain(name: &str) -> String {
    let name: String = name
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') {
                c
            } else {
                '_'
            }
        })
        .take(120)
        .collect();
    match name.trim_start_matches('.') {
        // These are ignored when sources are searched for.
        "" | "target" | "node_modules" => format!("_{name}"),
        name => name.to_owned(),
    }
}

fn unique(name: &str, taken: &mut BTreeSet<String>) -> String {
    let mut number = 1;
    let mut candidate = name.to_owned();
    while !taken.insert(candidate.clone()) {
        number += 1;
        candidate = format!("{name}_{number}");
    }
    candidate
}

/// Assigns a folder to each file: that of its location, named like the file.
pub(super) struct Places<'a> {
    root: &'a Path,
    folders: &'a [Folder],
    taken: BTreeSet<String>,
}

impl<'a> Places<'a> {
    pub fn new(root: &'a Path, folders: &'a [Folder]) -> Self {
        let taken = BTreeSet::new();
        Self { root, folders, taken }
    }

    /// The name of the file in messages, and its folder.
    pub fn place(&mut self, file: &Path) -> (String, String) {
        let parents = self.folders.iter().filter(|folder| file.starts_with(&folder.alembic));
        let nearest = parents
            .max_by_key(|folder| folder.alembic.components().count())
            .or(self.folders.first());
        let parent = nearest.map_or("migrations", |folder| folder.ours.as_str());
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        let folder = unique(&format!("{parent}/{}", plain(&stem)), &mut self.taken);
        let shown = file.strip_prefix(self.root).unwrap_or(file);
        (shown.to_string_lossy().into_owned(), folder)
    }
}
