//! Plugins and migrations in JavaScript, TypeScript and Python: the examples up and down, errors with file and line, bad input.

use std::fs;
use std::path::{Path, PathBuf};

use mighost_tests::project::{Outcome, Project};

/// The folder of toolchains that the repository's tests share: installing is done once on a machine.
fn toolchains() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.mighost/toolchains");
    std::env::var_os("MIGHOST_TOOLCHAINS").map_or(own, PathBuf::from)
}

fn with_tools(mut project: Project) -> Project {
    project.set("MIGHOST_TOOLCHAINS", toolchains().to_str().unwrap());
    project
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The examples' plugin and migration, in folders of the project's own.
fn examples(project: &Project, names: &[&str]) {
    let languages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples/languages");
    for name in names {
        copy(&languages.join(name), &project.path().join(name));
    }
}

fn migration(project: &Project, file: &str, code: &str) {
    project.write(
        "migrations/r1/migration.toml",
        "revision = \"r1\"\nmessage = \"First\"\n",
    );
    project.write(&format!("migrations/r1/{file}"), code);
}

/// Builds a migration that must not be built; what is said of it.
fn refused(file: &str, code: &str) -> String {
    let project = with_tools(Project::offline());
    migration(&project, file, code);
    shown(&project.run(&["build"]))
}

fn shown(outcome: &Outcome) -> String {
    assert_ne!(outcome.code, 0, "{}", outcome.stderr);
    outcome.shown()
}

#[track_caller]
fn assert_has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
}

#[test]
fn examples_in_javascript_and_typescript() {
    let project = with_tools(Project::on_server());
    examples(
        &project,
        &[
            "plugins/jsonschema",
            "plugins/labels",
            "migrations/js1_sites",
            "migrations/ts1_site_labels",
        ],
    );
    let manifest = project.path().join("migrations/js1_sites/migration.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("down-revisions = [\"c1\"]\n", "")).unwrap();
    let empty = project.catalog();
    project.run(&["upgrade", "head"]).ok();
    for (metadata, fits) in [
        (r#"{"surface": "snow"}"#, true),
        (r#"{"surface": "mud"}"#, false),
        (
            r#"{"surface": "rock", "obstacles": [{"bearing": 360, "height": 1}]}"#,
            false,
        ),
        (
            r#"{"surface": "rock", "obstacles": [{"bearing": 1.5, "height": 1}]}"#,
            false,
        ),
        (r#"{"surface": "rock", "colour": 1}"#, false),
        (r#"{"surface": "rock", "contact": "nobody"}"#, false),
        ("5", false),
    ] {
        project.sql(&format!(
            "do $do$ declare fits boolean := true; begin
                begin insert into sites (name, metadata) values ('x', $json${metadata}$json$);
                exception when check_violation then fits := false; end;
                if fits <> {fits} then raise exception 'not as expected'; end if;
            end $do$"
        ));
    }
    let labels = project.sql("select column_name, language, label from labels order by 1, 2");
    assert_eq!(
        labels,
        "|en|Sites\n|fr|Sites\nmetadata|en|Surroundings\nmetadata|fr|Environs\nname|en|Name\nname|fr|Nom"
    );
    assert_eq!(project.sql("select obj_description('sites'::regclass)"), "Sites");
    project.run(&["downgrade", "base"]).ok();
    assert_eq!(project.catalog(), empty);
}

#[test]
fn examples_in_python() {
    let project = with_tools(Project::on_server());
    examples(&project, &["plugins/variables", "migrations/py1_readings"]);
    let manifest = project.path().join("migrations/py1_readings/migration.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("down-revisions = [\"ts1\"]\n", "")).unwrap();
    project.sql("create table sites (name text primary key); insert into sites values ('Harbour'), ('Ridge')");
    let before = project.catalog();
    let outcome = project.run(&["upgrade", "head"]).ok();
    assert_has(&outcome.stderr, &["py1: 3 variables described, 4 readings taken"]);
    assert_eq!(
        project.sql("select count(*), min(air_temperature) from readings"),
        "4|-7.4"
    );
    assert_eq!(
        project.sql("select col_description('readings'::regclass, 3)"),
        "Air temperature [°C]"
    );
    assert_eq!(
        project.sql("select count(*) from pg_constraint where conrelid = 'readings'::regclass and contype = 'c'"),
        "5"
    );
    // A script needs no database: the same code, with nothing asked.
    assert_has(
        &project.run(&["upgrade", "--sql", "base:head"]).ok().stdout,
        &["constraint \"readings_air_temperature_minimum\" check (\"air_temperature\" >= -90)"],
    );
    project.run(&["downgrade", "base"]).ok();
    assert_eq!(project.catalog(), before);
}

#[test]
fn what_is_thrown_names_file_and_line() {
    let project = with_tools(Project::on_server());
    migration(
        &project,
        "migration.js",
        "import { check } from \"./lib/check.js\";\n\nexport function upgrade() {\n    check(5);\n}\n",
    );
    project.write(
        "migrations/r1/lib/check.js",
        "// A comment\n\n\nexport function check(n) {\n    throw new RangeError(\"not \" + n);\n}\n",
    );
    assert_has(
        &shown(&project.run(&["upgrade", "head"])),
        &[
            "RangeError: not 5",
            "lib/check.js:5 in check",
            "migration.js:4 in upgrade",
        ],
    );
    // The same in TypeScript, whose types take lines.
    project.write(
        "migrations/r1/migration.toml",
        "revision = \"r1\"\nbuild = \"typescript\"\n",
    );
    fs::remove_file(project.path().join("migrations/r1/migration.js")).unwrap();
    project.write(
        "migrations/r1/migration.ts",
        "interface Wanted {\n    a: number;\n}\n\nfunction fail(wanted: Wanted): never {\n    throw new Error(`a is ${wanted.a}`, { cause: \
         new Error(\"why\") });\n}\n\nexport function upgrade(): void {\n    fail({ a: 1 });\n}\n",
    );
    assert_has(
        &shown(&project.run(&["upgrade", "head"])),
        &[
            "Error: a is 1",
            "migration.ts:6 in fail",
            "migration.ts:10 in upgrade",
            "caused by Error: why",
        ],
    );
}

#[test]
fn exceptions_name_file_and_line() {
    let project = with_tools(Project::on_server());
    migration(
        &project,
        "migration.py",
        "from mighost import query_value, try_execute, DatabaseError\n\nimport limits\n\n\ndef upgrade():\n    assert query_value(\"select \
         $1::int + 1\", 41) == 42\n    try:\n        try_execute(\"select 1/0\")\n    except DatabaseError as error:\n        assert \
         error.sqlstate == \"22012\"\n    limits.check(5)\n",
    );
    project.write(
        "migrations/r1/limits.py",
        "def check(n):\n    raise ValueError(f\"not {n}\")\n",
    );
    assert_has(
        &shown(&project.run(&["upgrade", "head"])),
        &[
            "ValueError: not 5",
            "migration.py:12 in upgrade",
            "limits.check(5)",
            "limits.py:2 in check",
        ],
    );
    for (code, expected) in [
        (
            "import threading\ndef upgrade():\n    threading.Thread(target=print).start()\n",
            "the sandbox has no threads",
        ),
        ("def upgrade():\n    open('/etc/passwd')\n", "the sandbox has no files"),
    ] {
        project.write("migrations/r1/migration.py", code);
        assert_has(&shown(&project.run(&["upgrade", "head"])), &["migration.py:", expected]);
    }
}

/// Nobody would wait for them, and nothing that they do would be missed.
#[test]
fn functions_that_are_async_are_refused() {
    let run = |file: &str, code: &str| {
        let project = with_tools(Project::offline());
        migration(&project, file, code);
        shown(&project.run(&["upgrade", "--sql", "base:r1"]))
    };
    let text = run(
        "migration.js",
        "import { execute } from \"mighost\";\nexport async function upgrade() {\n    await 1;\n    execute`select 1`;\n}\n",
    );
    assert_has(&text, &["exit 8", "upgrade is async", "must be a plain function"]);
    let text = run(
        "migration.py",
        "from mighost import execute\n\n\nasync def upgrade():\n    execute(\"select 1\")\n",
    );
    assert_has(&text, &["exit 8", "upgrade must be a plain function"]);
}

/// `print` is for whoever looks for a mistake.
#[test]
fn what_python_prints_is_there_with_verbose() {
    let project = with_tools(Project::offline());
    migration(&project, "migration.py", "def upgrade():\n    print(\"printed\", 7)\n");
    let told = project.run(&["upgrade", "--sql", "base:r1", "--verbose"]).ok();
    assert_has(&told.stderr, &["r1: printed 7"]);
    let quiet = project.run(&["upgrade", "--sql", "base:r1"]).ok();
    assert!(!quiet.stderr.contains("printed"), "{}", quiet.stderr);
}

#[test]
fn mistakes_in_javascript() {
    assert_has(
        &refused("migration.js", "export function upgrade( {\n"),
        &["esbuild failed", "migration.js:2:0", "Expected"],
    );
    assert_has(
        &refused(
            "migration.js",
            "import fs from \"fs\";\nexport function upgrade() { fs.readFileSync(\"x\"); }\n",
        ),
        &["Could not resolve \"fs\"", "The sandbox has no Node.js modules"],
    );
    assert_has(
        &refused("migration.js", "export function upgrad() {}\n"),
        &[
            "migration.js does not export the function upgrade",
            "mighost:host/revision@0.1.0",
        ],
    );
    assert_has(
        &refused(
            "migration.js",
            "import { setRole } from \"mighost:roles/roles\";\nexport function upgrade() { setRole(\"x\"); }\n",
        ),
        &["it imports mighost:roles/roles, which is not listed under `uses` in the manifest"],
    );
    assert_has(
        &refused("helper.js", "export function upgrade() {}\n"),
        &["its main file migration.js"],
    );
}

#[test]
fn mistakes_in_typescript() {
    let text = refused(
        "migration.ts",
        "import { execute } from \"mighost\";\n\nexport function upgrade(): void {\n    const n: number = \"five\";\n    execute(n);\n}\n",
    );
    assert_has(
        &text,
        &["tsc failed", "migration.ts(4,11): error TS2322", "migration.ts(5,"],
    );
    assert_has(
        &refused("migration.ts", "export function upgrade(n: number): void {}\n"),
        &["tsc failed", "TS2322"],
    );
}

#[test]
fn mistakes_in_python() {
    assert_has(
        &refused("migration.py", "def upgrade(:\n    pass\n"),
        &["migration.py:1: invalid syntax", "def upgrade(:"],
    );
    assert_has(
        &refused("migration.py", "import yaml\n\ndef upgrade():\n    pass\n"),
        &["migration.py:1: there is no module yaml", "requirements.txt"],
    );
    assert_has(
        &refused("migration.py", "def upgrad():\n    pass\n"),
        &[
            "migration.py does not define the function upgrade",
            "expected: upgrade: func() -> result<_, string>",
        ],
    );
    assert_has(
        &refused("migration.py", "def upgrade(schema, force=False):\n    pass\n"),
        &["migration.py:1 defines upgrade(schema, force=False), which is called with 0 values"],
    );
    assert_has(
        &refused(
            "migration.py",
            "from mighost.plugins import roles\n\ndef upgrade():\n    roles.reset_role()\n",
        ),
        &["migration.py:1 imports roles from mighost.plugins", "`uses`"],
    );
    assert_has(
        &refused("migration.py", "import ctypes\n\ndef upgrade():\n    pass\n"),
        &["migration.py:1 imports ctypes, which cannot run in the sandbox"],
    );
}

#[test]
fn a_package_with_native_code_is_refused() {
    let project = with_tools(Project::offline());
    migration(
        &project,
        "migration.py",
        "import markupsafe._speedups\n\ndef upgrade():\n    pass\n",
    );
    project.write("migrations/r1/requirements.txt", "MarkupSafe==3.0.2\n");
    assert_has(
        &shown(&project.run(&["build"])),
        &[
            "migration.py:1 imports markupsafe._speedups, which cannot run in the sandbox",
            "it needs native code",
        ],
    );
}

#[test]
fn a_machine_without_node_or_python() {
    for (file, code, expected) in [
        (
            "migration.js",
            "export function upgrade() {}\n",
            &["npm is missing", "install Node.js"][..],
        ),
        (
            "migration.py",
            "def upgrade():\n    pass\n",
            &["pip is missing", "install Python 3 with pip"][..],
        ),
    ] {
        let mut project = Project::offline();
        migration(&project, file, code);
        let empty = project.path().join("bin");
        fs::create_dir(&empty).unwrap();
        project.set("PATH", empty.to_str().unwrap());
        project.set("MIGHOST_TOOLCHAINS", empty.to_str().unwrap());
        assert_has(&shown(&project.run(&["build"])), expected);
    }
    let mut project = Project::offline();
    let nothing = project.path().join("nothing");
    project.set("MIGHOST_TOOLCHAINS", nothing.to_str().unwrap());
    project.config(
        "[databases.test]\nurl = \"postgresql://nobody@/none?host=/nonexistent\"\n\n[toolchains]\ninstall = false\n",
    );
    migration(&project, "migration.py", "def upgrade():\n    pass\n");
    assert_has(
        &shown(&project.run(&["build"])),
        &[
            "componentize-py",
            "`install = false` in [toolchains] forbids installing it",
        ],
    );
}
