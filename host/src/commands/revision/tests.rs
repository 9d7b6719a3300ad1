use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::config::{Environment, LoadRequest, load_project};
use crate::report::Silent;
use crate::revision::check_id;

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

    fn write(&self, location: &Path, revision: &str) -> Result<Written, RevisionError> {
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
            sdk: None,
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
    # Not published yet: write { path = "..." } in place of the version, with the folder plugin-sdk of a clone of mighost.
    # MIGHOST_SDK in the environment of `mighost revision` names the folder for new migrations.
    mighost-sdk = "0.1.0"

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
fn the_sdk_is_found_above_the_project() {
    let folder = tempfile::tempdir().unwrap();
    let location = folder.path().join("project/migrations");
    fs::create_dir_all(folder.path().join("plugin-sdk")).unwrap();
    fs::create_dir_all(&location).unwrap();
    fs::write(folder.path().join("plugin-sdk/Cargo.toml"), "").unwrap();
    // Members that are listed one by one: the new crate is none of them.
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
        Err(RevisionError::Exists { .. })
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
        Err(RevisionError::Location { .. })
    ));
    assert!(matches!(choose_location(&[], None), Err(RevisionError::NoLocation)));
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

/// What the template of a folder's name gives.
fn folder_name(template: &str, message: &str) -> Result<String, RevisionError> {
    let folder = tempfile::tempdir().unwrap();
    let new = New {
        settings: settings(&format!(
            "timezone = 'America/Vancouver'\nfolder-template = '{template}'"
        )),
        ..New::message(message, "sql")
    };
    let written = new.write(folder.path(), "a1")?;
    Ok(written.folder.file_name().unwrap().to_str().unwrap().to_owned())
}

#[test]
fn folder_templates() {
    for (template, message, expected) in [
        ("{{ rev }}_{{ slug }}", "Create stations", "a1_create_stations"),
        ("{{ rev }}_{{ slug }}", "", "a1"),
        // Alembic's tokens, in the time zone that is set: the day before UTC's noon.
        (
            r#"{{ year }}{{ "%02d" | format(month) }}{{ "%02d" | format(day) }}-{{ hour }}{{ minute }}{{ second }}-{{ rev }}"#,
            "x",
            "20260131-43456-a1",
        ),
        ("{{ epoch }}-{{ slug }}", "x y", "1769862896-x_y"),
        ("{{ args.ticket | lower }}_{{ rev }}", "x", "t-1_a1"),
        ("{{ message | upper | replace(\" \", \"\") }}", "a b", "AB"),
        (
            "{% if down_revisions %}{{ down_revisions | first }}-{% endif %}{{ rev }}",
            "x",
            "0123456789ab-a1",
        ),
    ] {
        assert_eq!(folder_name(template, message).unwrap(), expected, "{template}");
    }
}

#[test]
fn folder_templates_that_are_wrong() {
    let errors: Vec<String> = [
        "{{ reff }}",
        "{{ rev",
        "{{ year }}/{{ rev }}",
        "..",
        "{{ slug[:0] }}",
        "%%(year)d_%%(rev)s",
        "{{ rev | nonsense }}",
        "{{ rev * 300 }}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% for a in range(9999) %}{{ rev * 300 }}{% endfor %}",
        "{{ rev * 9999999999 }}",
    ]
    .iter()
    .map(|template| folder_name(template, "x").unwrap_err().to_string())
    .collect();
    assert_snapshot!(errors.join("\n"), @r#"
    a template is not right: folder-template in mighost.toml, line 1: `reff` is undefined; there are: args, branch_labels, build, crate_name, date, day, depends_on, down_revisions, epoch, hour, message, minute, month, rev, sdk_dependency, second, slug, template, workspace, year
    a template is not right: folder-template in mighost.toml, line 1: unexpected end of input, expected end of variable block
    a template is not right: folder-template in mighost.toml: "2026/a1" has several parts; revisions are looked for directly below the folders of migrations
    a template is not right: folder-template in mighost.toml: ".." would be a hidden folder
    a template is not right: folder-template in mighost.toml: it gives an empty name
    a template is not right: folder-template in mighost.toml: this is Alembic's way to write it; here it is "{{ year }}_{{ rev }}"
    a template is not right: folder-template in mighost.toml, line 1: filter nonsense is unknown
    a template is not right: folder-template in mighost.toml: it gives a name of 600 bytes, and 255 are possible
    a template is not right: folder-template in mighost.toml, line 1: it takes more than 100000 steps
    a template is not right: folder-template in mighost.toml: it writes more than 1048576 bytes
    a template is not right: folder-template in mighost.toml, line 1: repeated string is too large
    "#);
}

#[test]
fn templates_have_bounds() {
    let deep = format!("{}{}", "{% if rev %}".repeat(500), "{% endif %}".repeat(500));
    for template in [
        "{% for a in range(3) recursive %}{{ loop(range(3)) }}{% endfor %}",
        &deep,
        &"x".repeat(2 << 20),
        &format!("{{{{ {}1{} }}}}", "(".repeat(5000), ")".repeat(5000)),
    ] {
        let error = jinja::render("t", template, &Variables::new()).unwrap_err();
        assert_eq!(error.template, "t");
    }
}

#[test]
fn file_templates_of_alembic() {
    for (theirs, ours) in [
        ("%%(rev)s_%%(slug)s", "{{ rev }}_{{ slug }}"),
        (
            "%(year)d_%(month).2d_%(day).2d_%(hour).2d%(minute).2d-%(rev)s_%(slug)s",
            "{{ year }}_{{ \"%02d\" | format(month) }}_{{ \"%02d\" | format(day) }}_{{ \"%02d\" | format(hour) }}\
             {{ \"%02d\" | format(minute) }}-{{ rev }}_{{ slug }}",
        ),
        ("%%(epoch)s_100%%", "{{ epoch }}_100%"),
        (
            "%(year)04d/%(rev).4s",
            "{{ \"%04d\" | format(year) }}_{{ \"%.4s\" | format(rev) }}",
        ),
        ("{{x}}%(rev)s", "{{ \"{\" }}{{ \"{\" }}x}}{{ rev }}"),
        ("größe_%(rev)s", "größe_{{ rev }}"),
    ] {
        assert_eq!(folder_template_from_alembic(theirs).as_deref(), Ok(ours), "{theirs}");
    }
    for (theirs, text) in [
        ("%(author)s", "no token"),
        ("%(rev", "no `)`"),
        ("%(rev)", "no type"),
        ("%(rev)\"s", "cannot be converted"),
        ("%(year)f", "cannot be converted"),
    ] {
        let error = folder_template_from_alembic(theirs).unwrap_err();
        assert!(error.contains(text), "{theirs}: {error}");
    }
    let converted = folder_template_from_alembic("%%(year)d_%%(month).2d-%%(rev)s_%%(slug)s").unwrap();
    assert_eq!(folder_name(&converted, "Create x").unwrap(), "2026_01-a1_create_x");
    let converted = folder_template_from_alembic("{{x}}%(rev).1s").unwrap();
    assert_eq!(folder_name(&converted, "x").unwrap(), "{{x}}a");
}

#[test]
fn ids_by_template() {
    let mut variables = Variables::from([
        ("count".to_owned(), Value::from(41)),
        ("random".to_owned(), Value::from("ab12cd34ef56")),
    ]);
    let date: Timestamp = "2026-05-31T22:30:00Z".parse().unwrap();
    let zone = settings("timezone = 'Europe/Berlin'").timezone;
    variables.extend(names::date_variables(&date.to_zoned(zone)));
    for (template, expected) in [
        ("{{ random }}", "ab12cd34ef56"),
        ("{{ \"%04d\" | format(count + 1) }}", "0042"),
        ("w.{{ year }}.{{ month }}.{{ random[:4] }}", "w.2026.6.ab12"),
        (
            "{{ date | replace(\"-\", \"\") | replace(\":\", \"\") | replace(\"+\", \"_\") }}",
            "20260601T003000_0200",
        ),
    ] {
        assert_eq!(names::id(template, &variables).unwrap(), expected);
    }
    for template in ["{{ count }}-1", "head", "", "{{ rev }}"] {
        let error = names::id(template, &variables).unwrap_err().to_string();
        assert!(error.contains("id-template in mighost.toml"), "{error}");
    }
}

/// A project's templates: files below a folder.
fn project_templates(files: &[(&str, &str)]) -> (tempfile::TempDir, RevisionSettings) {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join("templates").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let settings = RevisionSettings {
        templates: folder.path().join("templates"),
        ..settings("")
    };
    (folder, settings)
}

#[test]
fn templates_of_the_project() {
    let (folder, settings) = project_templates(&[
        (
            "sql/upgrade.sql.jinja",
            "{{ message | comment(\"-- \") }}\n-- {{ args.ticket }}\nset lock_timeout = '1s';\n",
        ),
        ("sql/README.md", "{{ not filled in }}\n"),
        ("ours/template.toml", "description = 'With a seed'\nbuild = 'sql'"),
        ("ours/upgrade.sql", "-- as it is: {{ rev }}\n"),
        ("ours/assets/seed.csv.jinja", "{{ rev }},{{ year }}\n"),
        (".git/config", ""),
    ]);
    let found = template::all(&settings.templates).unwrap();
    let names: Vec<_> = found
        .iter()
        .map(|template| {
            (
                template.name.as_str(),
                template.description.as_str(),
                template.folder.is_some(),
            )
        })
        .collect();
    assert_eq!(
        names,
        [
            ("sql", "upgrade.sql and downgrade.sql", true),
            ("rust", "a crate that uses mighost-sdk", false),
            ("ours", "With a seed", true)
        ]
    );
    let write = |template, id| {
        let new = New {
            settings: settings.clone(),
            ..New::message("x\n; drop table y", template)
        };
        show(&new.write(&folder.path().join("migrations"), id).unwrap())
    };
    assert_snapshot!(write("sql", "a1"), @r#"
    == a1_x_drop_table_y/migration.toml
    revision = "a1"
    down-revisions = ["0123456789ab"]
    message = """
    x
    ; drop table y"""
    date = "2026-01-31T12:34:56Z"
    build = "sql"

    # "none" for statements that cannot run in a transaction, such as CREATE INDEX CONCURRENTLY.
    transaction = "per-migration"
    == a1_x_drop_table_y/upgrade.sql
    -- x
    -- ; drop table y
    -- T-1
    set lock_timeout = '1s';
    == a1_x_drop_table_y/downgrade.sql
    -- Takes back: x
    -- ; drop table y
    == a1_x_drop_table_y/README.md
    {{ not filled in }}
    "#);
    assert_snapshot!(write("ours", "a2"), @r#"
    == a2_x_drop_table_y/migration.toml
    revision = "a2"
    down-revisions = ["0123456789ab"]
    message = """
    x
    ; drop table y"""
    date = "2026-01-31T12:34:56Z"
    build = "sql"

    # "none" for statements that cannot run in a transaction, such as CREATE INDEX CONCURRENTLY.
    transaction = "per-migration"
    == a2_x_drop_table_y/assets/seed.csv
    a2,2026
    == a2_x_drop_table_y/upgrade.sql
    -- as it is: {{ rev }}
    "#);
}

#[test]
fn templates_that_are_wrong() {
    let errors: Vec<String> = [
        &[("t/upgrade.sql.jinja", "select 1;\n{{ nothing }}")][..],
        &[("t/upgrade.sql.jinja", "\n\n{% if %}")],
        &[("t/template.toml", "descriptoin = 'x'")],
        &[("t/notes.txt", "no code")],
        &[("t/upgrade.sql", ""), ("t/migration.toml.jinja", "revision = 'other'")],
        &[
            ("t/upgrade.sql", ""),
            ("t/migration.toml.jinja", "revision = {{ rev | toml }}"),
        ],
        &[("t/upgrade.sql", ""), ("t/migration.toml", "revision = ")],
        &[("other/upgrade.sql", "")],
    ]
    .iter()
    .map(|files| {
        let (folder, settings) = project_templates(files);
        let new = New {
            settings,
            ..New::message("x", "t")
        };
        let location = folder.path().join("migrations");
        let error = new.write(&location, "a1").unwrap_err().to_string();
        // Nothing is left behind.
        assert!(fs::read_dir(&location).map_or(true, |mut entries| entries.next().is_none()));
        error.replace(&folder.path().display().to_string(), "PROJECT")
    })
    .collect();
    assert_snapshot!(errors.join("\n---\n"), @r#"
    a template is not right: PROJECT/templates/t/upgrade.sql.jinja, line 2: `nothing` is undefined; there are: args, branch_labels, build, crate_name, date, day, depends_on, down_revisions, epoch, hour, message, minute, month, rev, sdk_dependency, second, slug, template, workspace, year
    ---
    a template is not right: PROJECT/templates/t/upgrade.sql.jinja, line 3: unexpected end of block
    ---
    a template is not right: PROJECT/templates/t/template.toml: TOML parse error at line 1, column 1
      |
    1 | descriptoin = 'x'
      | ^^^^^^^^^^^
    unknown field `descriptoin`, expected `description` or `build`
    ---
    the template "t" writes no migration: PROJECT/migrations/a1_x: there is no code beside the manifest: mighost looks for upgrade.sql and downgrade.sql, or a Cargo.toml
    ---
    the template "t" writes no migration: its migration.toml has revision "other" instead of "a1"
    ---
    the template "t" writes no migration: its migration.toml has down-revisions [] instead of ["0123456789ab"]
    ---
    the template "t" writes no migration: PROJECT/migrations/a1_x/migration.toml: TOML parse error at line 1, column 12
      |
    1 | revision = 
      |            ^
    string values must be quoted, expected literal string
    ---
    there is no template "t"
    "#);
}

#[test]
fn hooks_run_in_order_and_stop_at_the_first_failure() {
    let folder = tempfile::tempdir().unwrap();
    let hooks = r#"
        [[revision.hooks]]
        command = ["sh", "-c", "echo one: $1 >> log", "sh", "{{ folder | replace(root, '.') }}"]
        [[revision.hooks]]
        name = "each"
        files = "*.sql"
        command = ["sh", "-c", "echo two: $1 >> log; echo '-- formatted' >> $1", "sh", "{{ file }}"]
        [[revision.hooks]]
        name = "broken"
        files = "migration.*"
        command = ["sh", "-c", "echo no good; exit 1", "sh"]
        [[revision.hooks]]
        command = ["sh", "-c", "echo never >> log"]
    "#;
    let new = New {
        settings: settings(hooks),
        ..New::message("x", "sql")
    };
    let error = new.write(folder.path(), "a1").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the hook broken failed for migration.toml: it ended with exit status: 1"
    );
    let log = fs::read_to_string(folder.path().join("log")).unwrap();
    assert_snapshot!(log.replace(&folder.path().display().to_string(), "ROOT"), @"
    one: ./a1_x
    two: ROOT/a1_x/upgrade.sql
    two: ROOT/a1_x/downgrade.sql
    ");
    let script = fs::read_to_string(folder.path().join("a1_x/upgrade.sql")).unwrap();
    assert_eq!(script, "-- x\n-- formatted\n");
}
