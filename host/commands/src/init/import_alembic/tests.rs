use std::path::Path;

use super::*;
use mighost_config::{Environment, LoadRequest, load};
use mighost_core::{DatabaseUrl, Silent};

const INI: &str = "[alembic]\nscript_location = %(here)s/alembic\nversion_locations = alembic/versions:vendor/versions\n\
    path_separator = os\n[dev]\nsqlalchemy.url = postgresql+psycopg2://me:secret@localhost/dev\n\
    [test]\nsqlalchemy.url = postgresql://%(TEST_USER)s@localhost/test\n[lite]\nsqlalchemy.url = sqlite:///x\n";

fn write(root: &Path, name: &str, text: &str) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn take_over(root: &Path, dry_run: bool) -> Result<TakenOver, CommandError> {
    let project = Project {
        directory: root.to_owned(),
        ..Project::default()
    };
    let request = TakeOverRequest {
        directory: root.to_owned(),
        from: root.join("alembic.ini"),
        section: None,
        python: Python::Never,
        dry_run,
    };
    run(&project, &request, &Silent)
}

fn alembic() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, "alembic.ini", INI);
    write(
        root,
        "alembic/versions/a1_first.py",
        "\"\"\"first \"one\"\n\nRevision ID: a1\nCreate Date: 2020-01-31 12:00:00.5\n\"\"\"\nrevision = 'a1'\ndown_revision = None\n",
    );
    write(
        root,
        "vendor/versions/v1.py",
        "'''vendor'''\nrevision = 'v1'\ndown_revision = None\nbranch_labels = ('vendor',)\ndepends_on = 'a1'\n",
    );
    write(root, "vendor/versions/__init__.py", "");
    folder
}

/// In many projects Alembic's folder is named `migrations`, e.g. with Flask.
#[test]
fn alembics_own_folder_stays() {
    let folder = alembic();
    let root = folder.path();
    write(root, "migrations/env.py", "");
    let taken = take_over(root, false).unwrap();
    assert!(
        taken
            .folders
            .iter()
            .all(|folder| folder.ours.starts_with("mighost-migrations/"))
    );
    assert!(
        taken.notes.iter().any(|note| note.contains("is not changed")),
        "{:?}",
        taken.notes
    );
    let settings = std::fs::read_to_string(root.join("mighost.toml")).unwrap();
    assert!(settings.contains("\"mighost-migrations/alembic\""), "{settings}");
    let names: Vec<_> = std::fs::read_dir(root.join("migrations")).unwrap().collect();
    assert_eq!(names.len(), 1);
}

#[test]
fn without_python() {
    let folder = alembic();
    let root = folder.path();
    let dry = take_over(root, true).unwrap();
    assert_eq!((dry.revisions.len(), dry.not_taken_over), (2, 2));
    assert!(!root.join("mighost.toml").exists() && !root.join("migrations").exists());

    let taken = take_over(root, false).unwrap();
    assert_eq!(taken.databases, ["dev", "test"]);
    let shown: Vec<_> = taken.folders.iter().map(|folder| folder.ours.as_str()).collect();
    assert_eq!(shown, ["migrations/alembic", "migrations/vendor"]);
    let text = |name: &str| fs::read_to_string(root.join(name)).unwrap();
    insta::assert_snapshot!(text("migrations/alembic/a1_first/migration.toml"), @r#"
    revision = "a1"
    down-revisions = []
    message = 'first "one"'
    date = "2020-01-31T12:00:00Z"
    build = "sql"
    "#);
    insta::assert_snapshot!(text("migrations/vendor/v1/migration.toml"), @r#"
    revision = "v1"
    down-revisions = []
    depends-on = ["a1"]
    branch-labels = ["vendor"]
    message = "vendor"
    build = "sql"
    "#);
    insta::assert_snapshot!(text("migrations/vendor/v1/upgrade.sql"), @"
    -- upgrade of vendor/versions/v1.py is NOT TAKEN OVER: Alembic was not run
    -- Databases that Alembic brought past it do not need it. On others it fails until it is written here, in place of this:
    DO $not_taken_over$ BEGIN RAISE EXCEPTION USING MESSAGE = 'the upgrade of revision v1 was not taken over from Alembic: Alembic was not run', HINT = 'write it in migrations/vendor/v1/upgrade.sql'; END $not_taken_over$;
    ");
    insta::assert_snapshot!(text("mighost.toml"), @r#"
    # mighost's configuration, taken over from alembic.ini. `mighost --help` lists the commands; docs/configuration.md the settings.

    [project]
    migrations = ["migrations/alembic", "migrations/vendor"]
    plugins = ["plugins"]

    # What plain names in migrations mean first.
    schema = "public"

    # Alembic's own table, which it can still read.
    version-table = "alembic_version"

    # The password can be omitted here, and be in ~/.pgpass or, as ${VARIABLE}, in the environment.
    [databases.dev]
    url = "postgresql://me:secret@localhost/dev"

    [databases.test]
    url = "postgresql://${TEST_USER}@localhost/test"
    "#);
    insta::assert_snapshot!(taken.notes.join("\n").replace(&root.display().to_string(), "ROOT"), @"
    [lite] is a database of sqlite; mighost supports PostgreSQL only, so it is left out
    Python was not run (--no-python), so no code is taken over
    the password of `dev` is in mighost.toml, as it was in Alembic's file; ~/.pgpass is a better place for it
    the url of `test` uses the environment variable TEST_USER, whose value env.py provided
    ");
    let mut left: Vec<_> = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(
        left,
        [
            ".gitattributes",
            ".gitignore",
            "alembic",
            "alembic.ini",
            "mighost.toml",
            "migrations",
            "plugins",
            "vendor"
        ]
    );
    assert!(!root.join("migrations/.unfinished").exists());
    let environment = Environment::from([("TEST_USER".to_owned(), "tester".to_owned())]);
    for (label, url) in [
        ("dev", "postgresql://me:secret@localhost/dev"),
        ("test", "postgresql://tester@localhost/test"),
    ] {
        let extra = [format!("db={label}")];
        let settings = load(&LoadRequest {
            directory: root,
            config: None,
            extra: &extra,
            environment: &environment,
        })
        .unwrap();
        let DatabaseUrl::Url(found) = settings.url else {
            panic!("{label}")
        };
        assert_eq!(found.expose(), url);
        assert_eq!(settings.version_table, "alembic_version");
    }
    assert!(matches!(
        take_over(root, false),
        Err(CommandError::TakeOver(TakeOverError::Exists { .. }))
    ));
}

#[test]
fn what_is_there_stays() {
    let folder = alembic();
    let root = folder.path();
    write(root, "migrations/mine", "");
    for dry_run in [true, false] {
        assert!(matches!(
            take_over(root, dry_run),
            Err(CommandError::TakeOver(TakeOverError::Exists { .. }))
        ));
    }
    assert!(root.join("migrations/mine").exists() && !root.join("mighost.toml").exists());
    fs::remove_dir_all(root.join("migrations")).unwrap();
    // A run that was killed in the middle leaves these.
    write(root, "migrations/.unfinished", "");
    write(root, "migrations/old/migration.toml", "");
    write(root, ".mighost-init-abc/mighost.toml", "");
    take_over(root, false).unwrap();
    assert!(!root.join("migrations/old").exists() && !root.join(".mighost-init-abc").exists());
}

#[test]
fn histories_that_are_none_are_refused() {
    let folder = alembic();
    let root = folder.path();
    write(
        root,
        "alembic/versions/b.py",
        "revision = 'b'\ndown_revision = 'gone'\n",
    );
    let error = take_over(root, false).unwrap_err();
    assert!(error.to_string().contains("'gone'"), "{error}");
    write(root, "alembic/versions/b.py", "revision = make()\n");
    let error = take_over(root, false).unwrap_err();
    assert!(
        error.to_string().contains("cannot be read without running it"),
        "{error}"
    );
    assert!(!root.join("mighost.toml").exists() && !root.join("migrations").exists());
    assert!(
        fs::read_dir(root)
            .unwrap()
            .all(|entry| !entry.unwrap().file_name().to_string_lossy().starts_with(".mighost"))
    );
}

/// Flask-Migrate keeps `alembic.ini` beside `env.py`, without a `script_location`, in a folder named `migrations`.
#[test]
fn a_project_of_flask_migrate() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, "migrations/alembic.ini", "[alembic]\n");
    write(root, "migrations/env.py", "");
    write(
        root,
        "migrations/versions/a1.py",
        "revision = 'a1'\ndown_revision = None\n",
    );
    let project = Project {
        directory: root.to_owned(),
        ..Project::default()
    };
    let request = |directory: PathBuf| TakeOverRequest {
        directory,
        from: root.join("migrations/alembic.ini"),
        section: None,
        python: Python::Never,
        dry_run: false,
    };
    let taken = run(&project, &request(root.to_owned()), &Silent).unwrap();
    assert_eq!(taken.folders[0].ours, "mighost-migrations");
    assert!(root.join("mighost-migrations/a1/migration.toml").exists());
    let error = run(&project, &request(root.to_owned()), &Silent).unwrap_err();
    assert!(matches!(error, CommandError::TakeOver(TakeOverError::Exists { .. })));
    let taken = run(&project, &request(root.join("db")), &Silent).unwrap();
    assert_eq!(
        (taken.revisions.len(), taken.databases.as_slice()),
        (1, &["alembic".to_owned()][..])
    );
    let text = fs::read_to_string(root.join("db/mighost.toml")).unwrap();
    assert!(text.contains("url = \"${DATABASE_URL}\""), "{text}");
}

/// An empty project would block the next try.
#[test]
fn a_project_without_revisions_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, "alembic.ini", INI);
    for dry_run in [true, false] {
        let error = take_over(root, dry_run).unwrap_err();
        assert!(
            matches!(error, CommandError::TakeOver(TakeOverError::NoRevisions { .. })),
            "{error}"
        );
        let places = format!(
            "{}, {}",
            root.join("alembic/versions").display(),
            root.join("vendor/versions").display()
        );
        assert!(error.to_string().ends_with(&places), "{error}");
    }
    let left: Vec<_> = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["alembic.ini"]);
}

/// A reason is a comment of one line, whatever Python said.
#[test]
fn answers_become_scripts() {
    let folder = alembic();
    let root = folder.path();
    let side = |why: Option<&str>, one_way: Option<&str>| serde_json::json!({"sql": "", "why": why, "one_way": one_way, "autocommit": false});
    let answer = serde_json::json!({
        "alembic": "1.20.1",
        "locations": [root.join("alembic/versions")],
        "script_location": root.join("alembic"),
        "revisions": [{
            "file": root.join("alembic/versions/a1_first.py"),
            "revision": "a1",
            "down_revisions": [],
            "depends_on": [],
            "branch_labels": [],
            "doc": "first",
        }],
        "environment_error": null,
        "version_table": "alembic_version",
        "version_table_schema": null,
        "dialect": "postgresql",
        "runs": 1,
        "statements": ["SET ROLE me"],
        "callbacks": true,
        "rendered": {"a1": {
            "upgrade": side(Some("it says\r\n\u{1b}'no'"), None),
            "downgrade": side(None, Some("it raises\rError")),
        }},
    });
    let mut answer: Answer = serde_json::from_value(answer).unwrap();
    let project = AlembicProject::read(&root.join("alembic.ini"), None).unwrap();
    let places = folders("migrations", &answer.locations);
    let mut notes = Vec::new();
    let [revision]: [Revision; 1] = answered(&answer, &project, &places, &mut notes).try_into().unwrap();
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert_eq!(revision.one_way.as_deref(), Some("it raises\rError"));
    let manifest = text::manifest(&revision);
    assert!(
        manifest.contains("# It can go up only. Its downgrade in Alembic: it raises Error\n"),
        "{manifest}"
    );
    manifest.parse::<toml::Table>().unwrap();
    let script = text::script(&revision, &revision.upgrade, "upgrade");
    assert!(
        is_not_taken_over(&script) && !is_not_taken_over("create table a ();"),
        "{script}"
    );
    assert!(
        !script.contains(['\r', '\u{1b}']) && script.contains("it says   ''no''"),
        "{script}"
    );
    assert_eq!(
        script.lines().filter(|line| !line.starts_with("--")).count(),
        1,
        "{script}"
    );

    answer.environment_error = Some("ImportError: gone".to_owned());
    let [revision]: [Revision; 1] = answered(&answer, &project, &places, &mut notes).try_into().unwrap();
    let why = Some("env.py did not run offline: ImportError: gone");
    assert_eq!(revision.upgrade.not_taken_over.as_deref(), why);
    assert_eq!(revision.downgrade.not_taken_over.as_deref(), why);
    assert_eq!(revision.one_way, None);
}
