//! Files that are not what they should be, and revisions that make no history.

use insta::assert_snapshot;
use mighost_tests::guests::{self, Code, revision, section};
use mighost_tests::project::{Outcome, Project, Server};

/// What `history` says of a project with this file among its migrations.
fn with_file(bytes: &[u8]) -> Outcome {
    let project = Project::offline();
    project.write("migrations/vendor.wasm", bytes);
    project.run(&["history"])
}

/// `bytes` with every `one` replaced by the equally long `other`.
fn replaced(bytes: &[u8], one: &[u8], other: &[u8]) -> Vec<u8> {
    assert_eq!(one.len(), other.len());
    let mut bytes = bytes.to_vec();
    for at in 0..bytes.len() - one.len() {
        if bytes[at..].starts_with(one) {
            bytes[at..at + one.len()].copy_from_slice(other);
        }
    }
    bytes
}

#[test]
fn not_a_component() {
    assert_snapshot!(with_file(b"SELECT 1;").shown(), @r"
    exit 5
    error: PROJECT/migrations/vendor.wasm is not WebAssembly: it does not begin with the bytes \0asm
    fault: the migration or plugin; its author needs to fix it
    hint: build migrations and plugins with `mighost build`; run `mighost inspect FILE` to see what a file contains
    ");
    assert_snapshot!(with_file(b"").shown(), @r"
    exit 5
    error: PROJECT/migrations/vendor.wasm is not WebAssembly: it does not begin with the bytes \0asm
    fault: the migration or plugin; its author needs to fix it
    hint: build migrations and plugins with `mighost build`; run `mighost inspect FILE` to see what a file contains
    ");
    let module = b"\0asm\x01\0\0\0";
    assert_snapshot!(with_file(module).shown(), @"
    exit 5
    error: PROJECT/migrations/vendor.wasm is a core WebAssembly module, not a component
    fault: the migration or plugin; its author needs to fix it
    hint: build it with `mighost build`, or convert it to a component: `wasm-tools component new FILE.wasm`
    ");
    let artifact = Code::new().migration("a1", &[]);
    assert_snapshot!(with_file(&artifact[..artifact.len() - 7]).shown(), @"
    exit 5
    error: PROJECT/migrations/vendor.wasm: its section at byte 1666 is truncated or malformed
    fault: the migration or plugin; its author needs to fix it
    hint: the file may be truncated or corrupt: download or rebuild it
    ");
    let project = Project::offline();
    project.write("core.wasm", module);
    assert_snapshot!(project.run(&["inspect", "core.wasm"]).shown(), @"
    exit 5
    error: PROJECT/core.wasm is a core WebAssembly module, not a component
    fault: the migration or plugin; its author needs to fix it
    hint: build it with `mighost build`, or convert it to a component: `wasm-tools component new FILE.wasm`
    ");
    assert_snapshot!(project.run(&["inspect", "nothing.wasm"]).shown(), @"
    exit 5
    error: cannot read PROJECT/nothing.wasm: No such file or directory (os error 2)
    fault: the command, the configuration or the environment
    ");
}

/// The outside is whole and the inside is not: found when it is compiled.
#[test]
fn broken_inside() {
    let server = Server::shared();
    let project = Project::on(&server, "");
    let code = Code::new().execute("CREATE TABLE never ()").component();
    // The core function's `call` becomes an instruction that does not exist.
    let at = code
        .windows(4)
        .rposition(|window| window == [0x10, 0x00, 0x41, 0x00])
        .unwrap();
    let mut broken = code.clone();
    broken[at] = 0xff;
    project.write(
        "migrations/a1.wasm",
        guests::migration(&broken, vec![revision("a1", &[])]),
    );
    assert_snapshot!(project.run(&["upgrade", "head"]).shown(), @"
    exit 5
    error: migration a1 is not a component that can be run: failed to compile: wasm[0]::function[3]::body: WebAssembly translation error: Invalid input WebAssembly code at offset 539: illegal opcode: 0xff
      in the upgrade of revision a1, PROJECT/migrations/a1.wasm
    state: a1 was rolled back
    fault: the migration or plugin; its author needs to fix it
    hint: the file may be corrupt: download or rebuild it
    ");
    assert_eq!(project.catalog(), "");
}

#[test]
fn of_another_world_or_version() {
    let package = "package acme:thing@1.0.0; interface thing { do-it: func() -> u32; } world other { export thing; }";
    let core = Code::new().module(&["acme:thing/thing@1.0.0#do-it"]);
    let other = guests::component(&core, "other", &[package]);
    assert_snapshot!(with_file(&other).shown(), @"
    exit 5
    error: PROJECT/migrations/vendor.wasm has no mighost:revision section, so it is not a migration built by mighost
    fault: the migration or plugin; its author needs to fix it
    hint: build migrations and plugins with `mighost build`; run `mighost inspect FILE` to see what a file contains
    ");
    assert_snapshot!(with_file(&guests::migration(&other, vec![revision("a1", &[])])).shown(), @"
    exit 5
    error: PROJECT/migrations/vendor.wasm declares revisions but does not export mighost:host/revision; it exports: acme:thing/thing@1.0.0
    fault: the migration or plugin; its author needs to fix it
    hint: a migration is built for the world `migration` of `mighost wit`
    ");
    let newer = replaced(
        &Code::new().execute("SELECT 1").migration("a1", &[]),
        b"@0.1.0",
        b"@0.2.0",
    );
    assert_snapshot!(with_file(&newer).shown(), @"
    exit 5
    error: PROJECT/migrations/vendor.wasm needs mighost:host/objects@0.2.0, but this version of mighost offers mighost:host@0.1.0
    fault: the migration or plugin; its author needs to fix it
    hint: install a version of mighost that offers it, or rebuild the artifact with this version's WIT (`mighost wit`)
    ");
}

#[test]
fn metadata() {
    let component = Code::new().component();
    let with = |sections: &[Vec<u8>]| {
        let mut bytes = component.clone();
        sections.iter().for_each(|section| bytes.extend(section));
        with_file(&bytes).shown()
    };
    let good = br#"{"format":3,"wit":"0.1.0","builder":"test","revisions":[{"revision":"a1"}]}"#;
    let revisions = |json: &[u8]| section("mighost:revision", json);
    assert_snapshot!(with(&[]), @"
    exit 5
    error: PROJECT/migrations/vendor.wasm has no mighost:revision section, so it is not a migration built by mighost
    fault: the migration or plugin; its author needs to fix it
    hint: build migrations and plugins with `mighost build`; run `mighost inspect FILE` to see what a file contains
    ");
    assert_snapshot!(with(&[revisions(good), revisions(good)]), @"
    exit 5
    error: PROJECT/migrations/vendor.wasm: it has two mighost:revision sections
    fault: the migration or plugin; its author needs to fix it
    hint: the file may be truncated or corrupt: download or rebuild it
    ");
    assert_snapshot!(with(&[revisions(&[good, b" and more".as_slice()].concat())]), @"
    exit 5
    error: PROJECT/migrations/vendor.wasm: its mighost:revision section is malformed: trailing characters at line 1 column 77
    fault: the migration or plugin; its author needs to fix it
    hint: the file may be truncated or corrupt: download or rebuild it
    ");
    assert_snapshot!(with(&[revisions(b"{}")]), @"
    exit 5
    error: PROJECT/migrations/vendor.wasm: its mighost:revision section is malformed: missing field `format` at line 1 column 2
    fault: the migration or plugin; its author needs to fix it
    hint: the file may be truncated or corrupt: download or rebuild it
    ");
    assert_snapshot!(with(&[revisions(br#"{"format":4,"wit":"0.3.0","graph":[]}"#)]), @"
    exit 5
    error: PROJECT/migrations/vendor.wasm: its mighost:revision section has format 4, but this version of mighost reads format 3
    fault: the migration or plugin; its author needs to fix it
    hint: install a later version of mighost, or rebuild it with this one
    ");
    assert_snapshot!(with(&[revisions(br#"{"format":1,"wit":"0.1.0","builder":"mighost 0.1.0","revisions":[]}"#)]), @"
    exit 5
    error: PROJECT/migrations/vendor.wasm was built for an earlier mighost:host@0.1.0: run `mighost build`
    fault: the migration or plugin; its author needs to fix it
    hint: if you do not have the sources, ask for a rebuilt artifact
    ");
    assert_snapshot!(with(&[revisions(br#"{"format":3,"wit":"0.1.0","builder":"test","revisions":[]}"#)]), @"
    exit 5
    error: PROJECT/migrations/vendor.wasm: its mighost:revision section lists no revision
    fault: the migration or plugin; its author needs to fix it
    hint: the file may be truncated or corrupt: download or rebuild it
    ");
    assert_snapshot!(with(&[revisions(&replaced(good, b"\"a1\"", b"\"a/\""))]), @"
    exit 4
    error: 'a/' cannot be the id of a revision: the character '/' is not allowed
      a/ is in PROJECT/migrations/vendor.wasm
    fault: the migration or plugin; its author needs to fix it
    ");
    assert_snapshot!(with(&[revisions(good), section("mighost:assets", b"\xff\xff\xff\xff")]), @"
    exit 5
    error: PROJECT/migrations/vendor.wasm: its mighost:assets section is truncated or malformed
    fault: the migration or plugin; its author needs to fix it
    hint: the file may be truncated or corrupt: download or rebuild it
    ");
    assert_snapshot!(with(&[revisions(good), section("mighost:assets", b"\0\0\0\0more")]), @"
    exit 5
    error: PROJECT/migrations/vendor.wasm: its mighost:assets section has trailing data
    fault: the migration or plugin; its author needs to fix it
    hint: the file may be truncated or corrupt: download or rebuild it
    ");
    assert_snapshot!(with(&[revisions(good), section("mighost:future", b"")]), @"
    exit 5
    error: PROJECT/migrations/vendor.wasm: it has a section mighost:future, which this version of mighost does not know
    fault: the migration or plugin; its author needs to fix it
    hint: install a later version of mighost, or rebuild it with this one
    ");
    let mut trailing = Code::new().migration("a1", &[]);
    trailing.extend(b"\0\0\0");
    assert_snapshot!(with_file(&trailing).shown(), @"
    exit 5
    error: PROJECT/migrations/vendor.wasm: it is malformed: unexpected end-of-file (at offset 0x6f8)
    fault: the migration or plugin; its author needs to fix it
    hint: the file may be truncated or corrupt: download or rebuild it
    ");
}

/// Opening a named pipe waits for a writer, which never comes.
#[test]
fn a_named_pipe_is_no_artifact() {
    let project = Project::offline();
    project.write("migrations/keep", "");
    let made = std::process::Command::new("mkfifo")
        .arg(project.path().join("migrations/vendor.wasm"))
        .status();
    assert!(made.unwrap().success());
    assert_snapshot!(project.run(&["history"]).shown(), @"
    exit 5
    error: cannot read PROJECT/migrations/vendor.wasm: it is not a regular file
    fault: the command, the configuration or the environment
    ");
}

#[test]
fn links_that_leave_the_project_are_refused() {
    let project = Project::offline();
    project.sql_migration("a1", &[], "SELECT 1;", "SELECT 2;");
    project.write("shared/list.csv", "1\n");
    let assets = project.path().join("migrations/a1_a1/assets");
    std::fs::create_dir_all(&assets).unwrap();
    std::os::unix::fs::symlink("../../../shared/list.csv", assets.join("list.csv")).unwrap();
    project.run(&["build"]).ok();
    std::os::unix::fs::symlink("/etc/passwd", assets.join("users.csv")).unwrap();
    assert_snapshot!(project.run(&["build"]).shown(), @"
    exit 5
    building 1/1 a1_a1 (sql)
    error: PROJECT/migrations/a1_a1/assets/users.csv: it is a link to /etc/passwd, which is outside the project; copy the file
    fault: the migration or plugin; its author needs to fix it
    ");
}

#[test]
fn assets_that_no_artifact_can_hold_are_not_read() {
    let project = Project::offline();
    project.sql_migration("a1", &[], "SELECT 1;", "SELECT 2;");
    project.write("migrations/a1_a1/assets/large", "");
    let large = std::fs::File::options()
        .write(true)
        .open(project.path().join("migrations/a1_a1/assets/large"));
    large.unwrap().set_len(2 << 30).unwrap();
    assert_snapshot!(project.run(&["build"]).shown(), @"
    exit 5
    building 1/1 a1_a1 (sql)
    error: PROJECT/migrations/a1_a1/assets: its files have 2147483648 bytes; an artifact may have 268435456
    fault: the migration or plugin; its author needs to fix it
    ");
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_not_utf_8_is_refused() {
    use std::os::unix::ffi::OsStrExt;

    let project = Project::offline();
    let name = std::ffi::OsStr::from_bytes(b"a1_\xff");
    std::fs::create_dir_all(project.path().join("migrations").join(name)).unwrap();
    assert_snapshot!(project.run(&["history"]).shown(), @"
    exit 5
    error: PROJECT/migrations/a1_�: its name is not UTF-8; rename it
    fault: the migration or plugin; its author needs to fix it
    ");
}

#[test]
fn sources() {
    let project = Project::offline();
    project.write(
        "migrations/a1_x/migration.toml",
        "revision = \"a1\"\ndown_revisions = []\n",
    );
    assert_snapshot!(project.run(&["build"]).shown(), @"
    exit 5
    error: PROJECT/migrations/a1_x/migration.toml: TOML parse error at line 2, column 1
             |
           2 | down_revisions = []
             | ^^^^^^^^^^^^^^
           unknown field `down_revisions`, expected one of `build`, `command`, `output`, `revision`, `down-revisions`, `depends-on`, `branch-labels`, `message`, `date`, `transaction`, `capabilities`, `uses`, `revisions`
    fault: the migration or plugin; its author needs to fix it
    ");
    project.write("migrations/a1_x/migration.toml", "revision = \"a1\"\n");
    assert_snapshot!(project.run(&["build"]).shown(), @r#"
    exit 5
    error: PROJECT/migrations/a1_x: there is no code next to the manifest: mighost looks for upgrade.sql and downgrade.sql, a Cargo.toml, *.c, *.cpp, *.cc, *.cxx, *.zig, *.go, *.js, *.mjs, *.ts, *.mts or *.py; for any other language use build = "command"
    fault: the migration or plugin; its author needs to fix it
    "#);
    project.write("migrations/a1_x/upgrade.sql", b"SELECT 1;\nSELECT '\xff';\n");
    assert_snapshot!(project.run(&["build"]).shown(), @"
    exit 5
    building 1/1 a1_x (sql)
    error: PROJECT/migrations/a1_x/upgrade.sql: line 2 is not UTF-8
    fault: the migration or plugin; its author needs to fix it
    ");
    project.write("migrations/a1_x/upgrade.sql", b"SELECT 1;");
    assert_snapshot!(project.run(&["history", "-q"]).shown(), @"exit 0");
    project.write("migrations/a1_x/upgrade.sql", b"SELECT 2, 3;");
    assert_snapshot!(project.run(&["upgrade", "head", "--no-build", "--sql"]).shown(), @"
    exit 5
    error: PROJECT/migrations/a1_x is not built, and --no-build forbids building it
    fault: the command, the configuration or the environment
    hint: run `mighost build`
    ");
}

fn chain(revisions: &[(&str, &[&str])]) -> Project {
    let project = Project::offline();
    for (revision, down) in revisions {
        project.sql_migration(revision, down, "SELECT 1;", "SELECT 1;");
    }
    project
}

#[test]
fn no_history() {
    let project = chain(&[("a1", &[])]);
    project.write("migrations/vendor.wasm", Code::new().migration("a1", &[]));
    assert_snapshot!(project.run(&["history"]).shown(), @"
    exit 5
    error: revision a1 is in two places: PROJECT/migrations/a1_a1 and PROJECT/migrations/vendor.wasm
    fault: the migration or plugin; its author needs to fix it
    hint: remove one of the two
    ");
    let twice = guests::migration(&Code::new().component(), vec![revision("a1", &[]), revision("a1", &[])]);
    assert_snapshot!(with_file(&twice).shown(), @"
    exit 5
    error: revision a1 appears twice in PROJECT/migrations/vendor.wasm
    fault: the migration or plugin; its author needs to fix it
    hint: remove one of the two
    ");
    assert_snapshot!(chain(&[("b2", &["a1"])]).run(&["history", "-q"]).shown(), @"
    exit 4
    error: revision 'b2' has the down revision 'a1', which does not exist; add the missing migration, or correct down-revisions in the migration.toml of 'b2'
      b2 is in PROJECT/migrations/b2_b2
    fault: the migration or plugin; its author needs to fix it
    ");
    let cycle = chain(&[("a1", &["c3"]), ("b2", &["a1"]), ("c3", &["b2"])]);
    assert_snapshot!(cycle.run(&["history", "-q"]).shown(), @"
    exit 4
    error: the down revisions form a cycle, so none of these can be first: 'a1' -> 'c3' -> 'b2' -> 'a1'
      a1 is in PROJECT/migrations/a1_a1
      c3 is in PROJECT/migrations/c3_c3
      b2 is in PROJECT/migrations/b2_b2
    fault: the migration or plugin; its author needs to fix it
    ");
    assert_snapshot!(chain(&[("a1", &["a1"])]).run(&["history", "-q"]).shown(), @"
    exit 4
    error: revision 'a1' is its own down revision or depends on itself
      a1 is in PROJECT/migrations/a1_a1
    fault: the migration or plugin; its author needs to fix it
    ");
}

#[test]
fn unclear_targets() {
    let project = chain(&[("a1", &[]), ("b2aa", &["a1"]), ("b2bb", &["a1"])]);
    assert_snapshot!(project.run(&["upgrade", "head", "--sql", "-q"]).shown(), @"
    exit 4
    error: 'head' must be one revision here, but there are 2 heads: 'b2aa' and 'b2bb'. Join them with `mighost merge b2aa b2bb`, use `heads` for all of them, or name one
    fault: the command, the configuration or the environment
    ");
    assert_snapshot!(project.run(&["show", "b2"]).shown(), @"
    exit 4
    error: 'b2' is ambiguous: it matches 'b2aa' and 'b2bb'; type more characters
    fault: the command, the configuration or the environment
    ");
    assert_snapshot!(project.run(&["upgrade", "b2", "--sql"]).shown(), @"
    exit 4
    error: 'b2' is ambiguous: it matches 'b2aa' and 'b2bb'; type more characters
    fault: the command, the configuration or the environment
    ");
    assert_snapshot!(project.run(&["upgrade", "zz", "--sql"]).shown(), @"
    exit 4
    error: no revision or branch label is or starts with 'zz'; `mighost history` lists them
    fault: the command, the configuration or the environment
    ");
    assert_snapshot!(project.run(&["downgrade", "a1", "--sql"]).shown(), @"
    exit 4
    error: a downgrade with --sql must say where it starts: write START:a1 instead of a1
    fault: the command, the configuration or the environment
    ");
}

#[test]
fn version_table_of_another_project() {
    let project = Project::on_server();
    project.sql_migration("a1", &[], "CREATE TABLE t ();", "DROP TABLE t;");
    project.run(&["upgrade", "head"]).ok();
    project.sql("UPDATE mighost_version SET version_num = 'ffff'");
    assert_snapshot!(project.run(&["upgrade", "head"]).shown(), @"
    exit 4
    error: the version table contains 'ffff', which is not a revision of this project; restore its migration, or correct the version table with `mighost stamp --purge REVISION`
    fault: the command, the configuration or the environment
    ");
    assert_snapshot!(project.run(&["downgrade", "base"]).shown(), @"
    exit 4
    error: the version table contains 'ffff', which is not a revision of this project; restore its migration, or correct the version table with `mighost stamp --purge REVISION`
    fault: the command, the configuration or the environment
    ");
    let current = project.run(&["current"]);
    assert_snapshot!(current.data() + &current.shown(), @"
    ffff (not a revision of this project)
    exit 0
    ");
    assert_eq!(
        (project.heads(), project.sql("SELECT count(*) FROM t")),
        ("ffff".into(), "0".into())
    );
    project.run(&["stamp", "--purge", "a1"]).ok();
    assert_eq!(project.heads(), "a1");
}

#[test]
fn two_heads_on_a_server() {
    let project = Project::on_server();
    project.sql_migration("a1", &[], "CREATE TABLE a1 ();", "DROP TABLE a1;");
    project.sql_migration("b2", &["a1"], "CREATE TABLE b2 ();", "DROP TABLE b2;");
    project.sql_migration("c3", &["a1"], "CREATE TABLE c3 ();", "DROP TABLE c3;");
    assert_snapshot!(project.run(&["upgrade", "head"]).shown(), @"
    exit 4
    building 1/3 a1_a1 (sql)
    building 2/3 b2_b2 (sql)
    building 3/3 c3_c3 (sql)
    error: 'head' must be one revision here, but there are 2 heads: 'b2' and 'c3'. Join them with `mighost merge b2 c3`, use `heads` for all of them, or name one
    fault: the command, the configuration or the environment
    ");
    assert_eq!((project.heads(), project.catalog()), ("none".into(), String::new()));
    project.run(&["upgrade", "heads"]).ok();
    assert_eq!(project.heads(), "b2 c3");
    assert_snapshot!(project.run(&["downgrade", "-1"]).shown(), @"
    exit 4
    error: '-1' is ambiguous: it could start from any of 'b2' and 'c3'; name the branch, as in `b2@-1`, or a revision
    fault: the command, the configuration or the environment
    ");
    assert_eq!(project.heads(), "b2 c3");
}

#[test]
fn changed_after_it_was_applied() {
    let project = Project::on_server();
    project.sql_migration("a1", &[], "CREATE TABLE t ();", "DROP TABLE t;");
    project.sql_migration("b2", &["a1"], "CREATE TABLE u ();", "DROP TABLE u;");
    project.run(&["upgrade", "a1"]).ok();
    project.sql_migration("a1", &[], "CREATE TABLE t (id int);", "DROP TABLE t;");
    assert_snapshot!(project.run(&["upgrade", "head"]).shown(), @"
    exit 4
    building 1/1 a1_a1 (sql)
    error: a migration has changed after being applied to test: a1
    fault: the command, the configuration or the environment
    hint: restore the files, and make the change in a new revision
    hint: or, if the change is harmless, accept it: `mighost stamp --accept REVISION`
    hint: or add --allow-changed to continue this time
    ");
    assert_eq!(project.heads(), "a1");
    assert_snapshot!(project.run(&["downgrade", "base"]).shown(), @"
    exit 4
    error: a migration has changed after being applied to test: a1
    fault: the command, the configuration or the environment
    hint: restore the files, and make the change in a new revision
    hint: or, if the change is harmless, accept it: `mighost stamp --accept REVISION`
    hint: or add --allow-changed to continue this time
    ");
    assert_eq!(project.heads(), "a1");
    assert_snapshot!(project.run(&["upgrade", "head", "--allow-changed"]).shown(), @"
    exit 0
    warning: changed since they were applied: a1
    [1/1] upgrade b2 about b2 (T)
    test upgraded by 1 revision in T, now at b2
    ");
    assert_eq!(project.heads(), "b2");
}

/// The plan is made of the index, which anybody who may write to the project can edit.
#[test]
fn an_edited_index_does_not_decide_what_is_recorded() {
    let project = Project::on_server();
    project.sql_migration("a1", &[], "CREATE TABLE t ();", "DROP TABLE t;");
    project.run(&["build"]).ok();
    let index = project.path().join(".mighost/build/index.json");
    let text = std::fs::read_to_string(&index).unwrap();
    std::fs::write(&index, text.replace("\"a1\"", "\"b1\"")).unwrap();
    let refused = project.run(&["upgrade"]);
    assert_eq!(refused.code, 5, "{}", refused.stderr);
    assert!(
        refused
            .stderr
            .contains("error: the index of built artifacts does not match "),
        "{}",
        refused.stderr
    );
    assert!(
        refused.stderr.contains("hint: run `mighost build --force`"),
        "{}",
        refused.stderr
    );
    assert_eq!(project.heads(), "base");
    project.run(&["build", "--force"]).ok();
    project.run(&["upgrade"]).ok();
    assert_eq!(project.heads(), "a1");
}
