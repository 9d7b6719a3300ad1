//! Projects in temporary folders: what is built, cached, or checked again.

use super::*;
use mighost_core::Silent;

struct Project(tempfile::TempDir);

impl Project {
    fn new() -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        project.write("migrations/a_first/migration.toml", "revision = \"a\"");
        project.write("migrations/a_first/upgrade.sql", "select 1");
        project.write(
            "migrations/b_second/migration.toml",
            "revision = \"b\"\ndown-revisions = [\"a\"]",
        );
        project.write("migrations/b_second/upgrade.sql", "select 2");
        // No manifest, so no migration.
        project.write("migrations/notes/text.md", "");
        project
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn load(&self, mode: BuildMode) -> Result<ProjectArtifacts, BuildError> {
        let library = ArtifactStore {
            build_dir: self.path("build"),
            migrations: vec![self.path("migrations")],
            plugins: vec![self.path("plugins")],
            toolchains: Toolchains::new(mighost_config::ToolchainSettings::defaults(self.0.path())),
        };
        library.load(mode, &Silent)
    }

    /// The number of built artifacts of a load, and the revisions that it found.
    fn built(&self, mode: BuildMode) -> (usize, String) {
        let loaded = self.load(mode).unwrap();
        let revisions: Vec<&str> = loaded.revisions().map(|(found, _)| found.revision.as_str()).collect();
        (loaded.built, revisions.join(" "))
    }

    fn index(&self) -> String {
        fs::read_to_string(self.path("build/index.json")).unwrap()
    }
}

#[test]
fn what_has_not_changed_is_neither_built_nor_read() {
    let project = Project::new();
    assert!(matches!(
        project.load(BuildMode::Never),
        Err(BuildError::NotBuilt { .. })
    ));
    assert_eq!(project.built(BuildMode::Stale), (2, "a b".into()));
    let index = project.index();
    assert_eq!(project.built(BuildMode::Stale), (0, "a b".into()));
    assert_eq!(project.built(BuildMode::Never), (0, "a b".into()));
    assert_eq!(project.index(), index);
    assert_eq!(project.built(BuildMode::Force), (2, "a b".into()));
}

#[test]
fn a_change_of_any_file_is_seen() {
    let project = Project::new();
    project.built(BuildMode::Stale);
    project.write("migrations/b_second/upgrade.sql", "select 2 + 2");
    assert_eq!(project.built(BuildMode::Stale), (1, "a b".into()));
    project.write(
        "migrations/b_second/migration.toml",
        "revision = \"c\"\ndown-revisions = [\"a\"]",
    );
    assert_eq!(project.built(BuildMode::Stale), (1, "a c".into()));
    project.write("migrations/b_second/downgrade.sql", "select 3");
    assert_eq!(project.built(BuildMode::Stale), (1, "a c".into()));
    fs::remove_dir_all(project.path("migrations/b_second")).unwrap();
    assert_eq!(project.built(BuildMode::Stale), (0, "a".into()));
    assert!(!project.index().contains("b_second"));
}

#[test]
fn an_artifact_that_is_gone_or_another_is_seen() {
    let project = Project::new();
    let loaded = project.load(BuildMode::Stale).unwrap();
    let built = loaded.migrations[0].path.clone();
    let ready = project.path("migrations/a.wasm");
    fs::rename(&built, &ready).unwrap();
    fs::remove_dir_all(project.path("migrations/a_first")).unwrap();
    assert_eq!(project.built(BuildMode::Stale), (0, "a b".into()));
    assert!(project.index().contains("a.wasm"));
    fs::write(&ready, "no longer one").unwrap();
    assert!(project.load(BuildMode::Stale).is_err());
    fs::remove_file(&ready).unwrap();
    fs::remove_file(&loaded.migrations[1].path).unwrap();
    assert_eq!(project.built(BuildMode::Stale), (1, "b".into()));
}

#[test]
fn folders_that_are_left_alone_are_known_by_their_times() {
    let project = Project::new();
    let artifact = project.load(BuildMode::Stale).unwrap().migrations[0].path.clone();
    let before = fs::FileTimes::new().set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(60));
    let settle = |folder: &Path| fs::File::open(folder).unwrap().set_times(before).unwrap();
    settle(artifact.parent().unwrap());
    settle(&project.path("migrations/a_first"));
    let before = project.index();
    assert_eq!(project.built(BuildMode::Never), (0, "a b".into()));
    let settled = project.index();
    assert_ne!(settled, before);
    assert_eq!(project.built(BuildMode::Never), (0, "a b".into()));
    assert_eq!(project.index(), settled);
    fs::remove_file(&artifact).unwrap();
    assert_eq!(project.built(BuildMode::Stale), (1, "a b".into()));
    project.write("migrations/a_first/downgrade.sql", "select 3");
    assert_eq!(project.built(BuildMode::Stale), (1, "a b".into()));
}

#[test]
fn a_broken_index_is_made_again() {
    let project = Project::new();
    project.built(BuildMode::Stale);
    project.write("build/index.json", "{");
    assert_eq!(project.built(BuildMode::Stale), (2, "a b".into()));
    assert_eq!(project.built(BuildMode::Stale), (0, "a b".into()));
}

/// Built artifacts are in the index before the whole build is finished, so that an interruption does not lose them.
#[test]
fn what_is_finished_is_kept_while_the_rest_is_built() {
    let project = Project::new();
    for (name, seconds) in [("c", "1.1"), ("d", "3")] {
        let manifest = format!(
            "revision = \"{name}\"\nbuild = \"command\"\ncommand = [\"sleep\", \"{seconds}\"]\noutput = \"none.wasm\""
        );
        project.write(&format!("migrations/{name}_slow/migration.toml"), &manifest);
    }
    std::thread::scope(|scope| {
        let building = scope.spawn(|| project.load(BuildMode::Stale));
        while !building.is_finished() && !project.path("build/index.json").exists() {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        assert!(!building.is_finished() && project.index().contains("a_first"));
        assert!(building.join().unwrap().is_err());
    });
}

#[test]
fn two_do_not_build_at_once() {
    let project = Project::new();
    fs::create_dir_all(project.path("build")).unwrap();
    let lock = fs::File::create(project.path("build/.lock")).unwrap();
    lock.lock().unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| project.built(BuildMode::Stale));
        std::thread::sleep(std::time::Duration::from_millis(300));
        assert!(!waiting.is_finished() && !project.path("build/index.json").exists());
        lock.unlock().unwrap();
        assert_eq!(waiting.join().unwrap(), (2, "a b".into()));
    });
    // If there is nothing to do, no process waits.
    lock.lock().unwrap();
    assert_eq!(project.built(BuildMode::Stale).0, 0);
}
