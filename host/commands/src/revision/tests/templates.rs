//! Templates: names, ids, files, errors; hooks on the result.

use insta::assert_snapshot;

use super::*;

/// The result of a template for a folder's name.
fn folder_name(template: &str, message: &str) -> Result<String, NewRevisionError> {
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
        // Alembic's tokens, in the given time zone: the day before UTC's noon.
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
    invalid template: folder-template in mighost.toml, line 1: `reff` is undefined; available: args, branch_labels, build, code, crate_name, date, day, depends_on, down_revisions, epoch, hour, language, message, minute, month, rev, sdk_dependency, second, slug, template, workspace, year
    invalid template: folder-template in mighost.toml, line 1: unexpected end of input, expected end of variable block
    invalid template: folder-template in mighost.toml: "2026/a1" has several parts; revisions must be directly below a migrations folder
    invalid template: folder-template in mighost.toml: ".." would be a hidden folder
    invalid template: folder-template in mighost.toml: it produces an empty name
    invalid template: folder-template in mighost.toml: this is Alembic's syntax; write "{{ year }}_{{ rev }}"
    invalid template: folder-template in mighost.toml, line 1: filter nonsense is unknown
    invalid template: folder-template in mighost.toml: it produces a name of 600 bytes; the limit is 255
    invalid template: folder-template in mighost.toml, line 1: it takes more than 100000 steps
    invalid template: folder-template in mighost.toml: it writes more than 1048576 bytes
    invalid template: folder-template in mighost.toml, line 1: repeated string is too large
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
        ("%(author)s", "not a token"),
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
            ("c", "a C file, compiled with zig", false),
            ("cpp", "a C++ file, compiled with zig", false),
            ("zig", "a Zig file", false),
            ("go", "a Go package", false),
            ("javascript", "a JavaScript module", false),
            ("typescript", "a TypeScript module, type-checked", false),
            ("python", "a Python module", false),
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
    invalid template: PROJECT/templates/t/upgrade.sql.jinja, line 2: `nothing` is undefined; available: args, branch_labels, build, code, crate_name, date, day, depends_on, down_revisions, epoch, hour, language, message, minute, month, rev, sdk_dependency, second, slug, template, workspace, year
    ---
    invalid template: PROJECT/templates/t/upgrade.sql.jinja, line 3: unexpected end of block
    ---
    invalid template: PROJECT/templates/t/template.toml: TOML parse error at line 1, column 1
      |
    1 | descriptoin = 'x'
      | ^^^^^^^^^^^
    unknown field `descriptoin`, expected `description` or `build`
    ---
    the template "t" does not produce a migration: PROJECT/migrations/a1_x: there is no code next to the manifest: mighost looks for upgrade.sql and downgrade.sql, a Cargo.toml, *.c, *.cpp, *.cc, *.cxx, *.zig, *.go, *.js, *.mjs, *.ts, *.mts or *.py; for any other language use build = "command"
    ---
    the template "t" does not produce a migration: its migration.toml has revision "other" instead of "a1"
    ---
    the template "t" does not produce a migration: its migration.toml has down-revisions [] instead of ["0123456789ab"]
    ---
    the template "t" does not produce a migration: PROJECT/migrations/a1_x/migration.toml: TOML parse error at line 1, column 12
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
