mod templates;

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use mighost_config::{Environment, LoadRequest, load_project};
use mighost_core::Silent;
use mighost_graph::check_id;

fn texts(revisions: &[&str]) -> Vec<String> {
    revisions.iter().map(|&text| text.to_owned()).collect()
}

struct New {
    message: String,
    down_revisions: Vec<String>,
    depends_on: Vec<String>,
    branch_labels: Vec<String>,
    template: &'static str,
    settings: RevisionSettings,
}

impl New {
    fn message(message: &str, template: &'static str) -> Self {
        Self {
            message: message.to_owned(),
            down_revisions: texts(&["0123456789ab"]),
            depends_on: Vec::new(),
            branch_labels: Vec::new(),
            template,
            settings: settings(""),
        }
    }

    fn write(&self, location: &Path, revision: &str) -> Result<Written, NewRevisionError> {
        let date: Timestamp = "2026-01-31T12:34:56.789Z".parse().unwrap();
        let template = template::find(&self.settings.templates, self.template)?;
        let new = NewRevision {
            revision,
            message: &self.message,
            down_revisions: &self.down_revisions,
            depends_on: &self.depends_on,
            branch_labels: &self.branch_labels,
            date: &date.to_zoned(self.settings.timezone.clone()),
            template: &template,
            args: &BTreeMap::from([("ticket".to_owned(), "T-1".to_owned())]),
            sdk: &rust::Sdk::Carried {
                root: location.parent().unwrap().to_owned(),
            },
        };
        write_sources(location, location, &new, &self.settings, &Silent)
    }
}

/// `[revision]` with these lines.
fn settings(lines: &str) -> RevisionSettings {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("[revision]\n{lines}");
    fs::write(folder.path().join("mighost.toml"), text).unwrap();
    let request = LoadRequest {
        directory: folder.path(),
        config: None,
        extra: &[],
        environment: &Environment::new(),
    };
    load_project(&request).unwrap().revision
}

/// All files with their names.
fn show(written: &Written) -> String {
    let show = |path: &PathBuf| {
        let name = path.strip_prefix(written.folder.parent().unwrap()).unwrap();
        format!("== {}\n{}", name.display(), fs::read_to_string(path).unwrap())
    };
    written.files.iter().map(show).collect()
}

#[test]
fn sql() {
    let folder = tempfile::tempdir().unwrap();
    let location = folder.path().join("migrations");
    let written = New::message("Create \"stations\"", "sql")
        .write(&location, "a1b2c3d4e5f6")
        .unwrap();
    assert_snapshot!(show(&written), @r#"
    == a1b2c3d4e5f6_create_stations/migration.toml
    revision = "a1b2c3d4e5f6"
    down-revisions = ["0123456789ab"]
    message = 'Create "stations"'
    date = "2026-01-31T12:34:56Z"
    build = "sql"

    # "none" for statements that cannot run in a transaction, such as CREATE INDEX CONCURRENTLY.
    transaction = "per-migration"
    == a1b2c3d4e5f6_create_stations/upgrade.sql
    -- Create "stations"
    == a1b2c3d4e5f6_create_stations/downgrade.sql
    -- Takes back: Create "stations"
    "#);
}

#[test]
fn rust() {
    let folder = tempfile::tempdir().unwrap();
    let new = New {
        down_revisions: texts(&["a", "b"]),
        depends_on: texts(&["c"]),
        branch_labels: texts(&["net"]),
        ..New::message("Größe\nsecond line", "rust")
    };
    assert_snapshot!(show(&new.write(folder.path(), "A1").unwrap()), @r#"
    == A1_gr_e_second_line/migration.toml
    revision = "A1"
    down-revisions = ["a", "b"]
    depends-on = ["c"]
    branch-labels = ["net"]
    message = """
    Größe
    second line"""
    date = "2026-01-31T12:34:56Z"
    build = "rust"

    # "none" for statements that cannot run in a transaction, such as CREATE INDEX CONCURRENTLY.
    transaction = "per-migration"
    == A1_gr_e_second_line/Cargo.toml
    [package]
    name = "migration-a1"
    version = "0.0.0"
    edition = "2024"
    publish = false

    [lib]
    crate-type = ["cdylib"]

    [dependencies]
    mighost-sdk = { path = "../../.mighost/sdk/mighost-sdk" }

    # The crate stands alone, whatever workspace is around the project.
    [workspace]

    [profile.release]
    opt-level = "s"
    lto = true
    codegen-units = 1
    panic = "abort"
    strip = true
    == A1_gr_e_second_line/src/lib.rs
    //! Größe
    //! second line

    use mighost_sdk::prelude::*;

    struct Revision;

    impl Migration for Revision {
        fn upgrade() {
            // execute("CREATE TABLE station (id integer PRIMARY KEY, name text NOT NULL)");
        }

        fn downgrade() {
            // execute("DROP TABLE station");
        }
    }

    mighost_sdk::export_migration!(Revision);
    == A1_gr_e_second_line/tests/migration.toml
    # `mighost test A1` runs these without a database; with --update it writes what is expected.

    [[case]]
    name = "the way up"
    call = "upgrade()"
    statements = []

    [[case]]
    name = "the way back"
    call = "downgrade()"
    statements = []
    == A1_gr_e_second_line/README.md
    # Größe
    # second line

    Revision `A1`, written in Rust: all of the code is in [src/lib.rs](src/lib.rs).

    ```sh
    mighost build  # builds what has changed
    mighost test A1  # runs tests/migration.toml
    mighost upgrade A1 --dry-run  # runs it and takes it back
    ```
    "#);

    fs::write(
        folder.path().join("Cargo.toml"),
        "[workspace]\nmembers = [\"*\"]\ndependencies.mighost-sdk = { path = \"sdk\" }",
    )
    .unwrap();
    let written = new.write(folder.path(), "a2").unwrap();
    assert_snapshot!(fs::read_to_string(&written.files[1]).unwrap(), @r#"
    [package]
    name = "migration-a2"
    version = "0.0.0"
    edition = "2024"
    publish = false

    [lib]
    crate-type = ["cdylib"]

    [dependencies]
    mighost-sdk.workspace = true
    "#);
}

#[test]
fn crates_have_names_that_cargo_takes() {
    let folder = tempfile::tempdir().unwrap();
    let written = New::message("x", "rust").write(folder.path(), "w.2020.É").unwrap();
    let manifest: toml::Table = fs::read_to_string(&written.files[1]).unwrap().parse().unwrap();
    assert_eq!(manifest["package"]["name"].as_str(), Some("migration-w-2020--"));
}

#[test]
fn the_sdk_is_found_above_the_project() {
    let folder = tempfile::tempdir().unwrap();
    let location = folder.path().join("project/migrations");
    fs::create_dir_all(folder.path().join("plugin-sdk")).unwrap();
    fs::create_dir_all(&location).unwrap();
    fs::write(folder.path().join("plugin-sdk/Cargo.toml"), "").unwrap();
    // Members are listed individually: the new crate is not one of them.
    fs::write(location.join("Cargo.toml"), "[workspace]\nmembers = [\"other\"]").unwrap();
    let written = New::message("x", "rust").write(&location, "a1").unwrap();
    let manifest: toml::Table = fs::read_to_string(&written.files[1]).unwrap().parse().unwrap();
    let path = manifest["dependencies"]["mighost-sdk"]["path"].as_str().unwrap();
    assert_eq!(path, "../../../plugin-sdk");
    assert!(written.folder.join(path).join("Cargo.toml").is_file());
    assert!(manifest.contains_key("workspace"));
}

#[test]
fn nothing_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let new = New::message("one", "sql");
    let written = new.write(folder.path(), "a1").unwrap();
    fs::write(&written.files[1], "mine").unwrap();
    assert!(matches!(
        new.write(folder.path(), "a1"),
        Err(NewRevisionError::Exists { .. })
    ));
    assert_eq!(fs::read_to_string(&written.files[1]).unwrap(), "mine");
}

#[test]
fn ids() {
    let id = random_id().unwrap();
    assert!(id.len() == 12 && id.chars().all(|c| c.is_ascii_hexdigit()), "{id}");
    assert_ne!(id, random_id().unwrap());
    assert!(check_id(&id).is_ok() && check_id("w.2020.22").is_ok() && check_id("é").is_ok());
    for bad in [
        "",
        "a-b",
        "a+1",
        "a@b",
        "a:b",
        "../x",
        "a b",
        ".a",
        "..",
        "head",
        "base",
        &"a".repeat(201),
    ] {
        assert!(check_id(bad).is_err(), "{bad}");
    }
}

#[test]
fn locations() {
    let folder = tempfile::tempdir().unwrap();
    let known = ["a", "b"].map(|name| folder.path().join(name));
    assert_eq!(choose_location(&known, None).unwrap(), known[0]);
    assert_eq!(choose_location(&known, Some(&known[1])).unwrap(), known[1]);
    fs::create_dir(&known[1]).unwrap();
    std::os::unix::fs::symlink("b", folder.path().join("link")).unwrap();
    assert_eq!(
        choose_location(&known, Some(&folder.path().join("link"))).unwrap(),
        known[1]
    );
    assert!(matches!(
        choose_location(&known, Some(folder.path())),
        Err(NewRevisionError::Location { .. })
    ));
    assert!(matches!(choose_location(&[], None), Err(NewRevisionError::NoLocation)));
}

#[test]
fn slugs() {
    assert_eq!(slug("Create table: Stations!", 40), "create_table_stations");
    assert_eq!(slug("  ", 40), "");
    assert_eq!(slug("観測所", 40), "migration");
    assert_eq!(
        slug("one two three four five six seven eight nine", 40),
        "one_two_three_four_five_six_seven_eight"
    );
    assert_eq!(slug(&"x".repeat(99), 40), "x".repeat(40));
}

proptest! {
    #[test]
    fn any_message_gives_a_folder(message: String) {
        let slug = slug(&message, 40);
        prop_assert!(slug.is_empty() == message.trim().is_empty() && slug.len() <= 40);
        prop_assert!(slug.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
    }

    #[test]
    fn any_message_stays_a_comment(message in "(\\PC|\n|\r|\u{85}|\u{2028}|\u{0}|'|\"|\\\\){0,40}") {
        let folder = tempfile::tempdir().unwrap();
        let written = New::message(&message, "sql").write(folder.path(), "a1").unwrap();
        let metadata: toml::Table = fs::read_to_string(&written.files[0]).unwrap().parse().unwrap();
        let expected = if message.is_empty() { NO_MESSAGE } else { message.as_str() };
        prop_assert_eq!(metadata["message"].as_str(), Some(expected));
        for script in &written.files[1..] {
            let script = fs::read_to_string(script).unwrap();
            prop_assert!(script.lines().all(|line| line.starts_with("--")), "{script}");
        }
    }
}
