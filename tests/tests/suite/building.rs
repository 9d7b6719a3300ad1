//! Building: what is built again and when, what is kept where something fails, and folders that a program of the author's builds.

use insta::assert_snapshot;
use mighost_tests::guests::{self, Code};
use mighost_tests::project::Project;

const TOOLS: &str = "package acme:tools@0.1.0;

/// What there is to work with.
interface tools {
    /// How hard.
    enum force {
        /// With care.
        little,
        much,
    }

    /// Uses one of them.
    apply: func() -> u32;
}

world plugin {
    export tools;
}
";
const USER: &str =
    "package test:user; world migration { include mighost:host/migration@0.1.0; import acme:tools/tools@0.1.0; }";

/// The plugin `tools`, as a program would leave it.
fn tools(wit: &str, functions: &[&str]) -> Vec<u8> {
    let names: Vec<String> = functions
        .iter()
        .map(|name| format!("acme:tools/tools@0.1.0#{name}"))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    guests::component(&Code::new().module(&names), "plugin", &[wit])
}

/// A migration that calls it.
fn user(wit: &str) -> Vec<u8> {
    Code::new()
        .import("acme:tools/tools@0.1.0", "apply", "$apply", "(result i32)")
        .then("(drop (call $apply))")
        .execute("create table used ()")
        .component_in("migration", &[wit, USER])
}

fn bare(table: &str) -> Vec<u8> {
    Code::new().execute(&format!("create table {table} ()")).component()
}

/// A migration's folder that `command` builds; `more` are further lines of its manifest.
fn migration(project: &Project, revision: &str, command: &str, more: &str) {
    let manifest =
        format!("revision = \"{revision}\"\nbuild = \"command\"\ncommand = {command}\noutput = \"x.wasm\"\n{more}");
    project.write(&format!("migrations/{revision}/migration.toml"), manifest);
}

/// One that is copied from where a compiler would leave it.
fn copied(project: &Project, revision: &str, component: &[u8], more: &str) {
    project.write(&format!("made/{revision}.wasm"), component);
    migration(
        project,
        revision,
        &format!("[\"cp\", \"../../made/{revision}.wasm\", \"x.wasm\"]"),
        more,
    );
}

fn write_tools(project: &Project, wit: &str, component: &[u8]) {
    project.write("made/tools.wasm", component);
    project.write(
        "plugins/tools/plugin.toml",
        "name = \"tools\"\nversion = \"0.1.0\"\nbuild = \"command\"\ncommand = [\"cp\", \"../../made/tools.wasm\", \"x.wasm\"]\noutput = \"x.wasm\"\n",
    );
    project.write("plugins/tools/wit/tools.wit", wit);
}

/// The plugin, and a migration that uses it, built.
fn with_tools(project: Project) -> Project {
    write_tools(&project, TOOLS, &tools(TOOLS, &["apply"]));
    copied(&project, "a1", &user(TOOLS), "uses = [\"acme:tools/tools\"]\n");
    let built = project.run(&["build"]).ok().shown();
    assert!(built.contains("2 built, 0 up to date"), "{built}");
    project
}

#[test]
fn a_guest_is_built_again_when_what_it_uses_is_another() {
    let project = with_tools(Project::on_server());
    project.run(&["upgrade", "head"]).ok();
    assert_snapshot!(project.run(&["build"]).shown(), @"
    exit 0
    0 built, 2 up to date
    ");

    let more = TOOLS.replace("-> u32;", "-> u32;\n    put-away: func() -> u32;");
    write_tools(&project, &more, &tools(&more, &["apply", "put-away"]));
    assert_snapshot!(project.run(&["build"]).shown(), @"
    exit 0
    building 1/1 tools (command)
    building 2/2 a1 (command)
    2 built, 0 up to date
    ");
    // The migration is the one that was applied: its sources are.
    assert_snapshot!(project.run(&["upgrade", "head"]).shown(), @"
    exit 0
    test is at a1: nothing to do
    ");
    assert_snapshot!(project.run(&["check"]).shown(), @"exit 0");
}

#[test]
fn comments_make_no_other_interface() {
    let project = with_tools(Project::offline());
    let wit = project.run(&["wit"]).ok().data();
    for comment in [
        "/// What there is to work with.",
        "/// With care.",
        "/// Uses one of them.",
    ] {
        assert!(wit.contains(comment), "{wit}");
    }
    let artifact = std::fs::read_dir(project.path().join(".mighost/build")).unwrap();
    let folder = artifact
        .map(|entry| entry.unwrap().path())
        .find(|path| path.file_name().unwrap().to_str().unwrap().starts_with("plugins-"));
    let file = folder.unwrap().join("tools.wasm");
    let inspected = project.run(&["inspect", file.to_str().unwrap(), "--wit"]);
    assert!(
        inspected.data().contains("/// Uses one of them."),
        "{}",
        inspected.data()
    );

    let other = TOOLS.replace("Uses one of them.", "Makes use of one.");
    write_tools(&project, &other, &tools(&other, &["apply"]));
    let again = project.run(&["build"]).ok().shown();
    assert!(again.contains("1 built, 1 up to date"), "{again}");
    assert!(project.run(&["wit"]).ok().data().contains("/// Makes use of one."));
}

#[test]
fn a_plugin_that_is_gone_is_told_to_who_runs() {
    let project = with_tools(Project::on_server());
    std::fs::remove_dir_all(project.path().join("plugins/tools")).unwrap();
    let again = project.run(&["build"]).ok().shown();
    assert!(again.contains("0 built, 1 up to date"), "{again}");
    assert_snapshot!(project.run(&["upgrade", "head"]).shown(), @"
    exit 5
    error: migration a1 needs acme:tools/tools@0.1.0, which no plugin of this project exports
      in the upgrade of revision a1, PROJECT/migrations/a1
    state: a1 was rolled back
    fault: the command, the configuration or the environment
    hint: add the plugin to the project's plugins folder; `mighost plugins` lists the plugins there
    ");
}

#[test]
fn a_plugin_without_sources_may_be_another_too() {
    let project = Project::offline();
    let plugin = |wit: &str, functions: &[&str]| {
        let artifact = guests::plugin(&tools(wit, functions), "tools", &[]);
        project.write("plugins/tools.wasm", artifact);
    };
    plugin(TOOLS, &["apply"]);
    copied(&project, "a1", &user(TOOLS), "uses = [\"acme:tools/tools\"]\n");
    project.run(&["build"]).ok();
    let more = TOOLS.replace("-> u32;", "-> u32;\n    put-away: func() -> u32;");
    plugin(&more, &["apply", "put-away"]);
    assert_snapshot!(project.run(&["upgrade", "head", "--no-build"]).shown(), @"
    exit 5
    error: PROJECT/migrations/a1 is not built, and --no-build forbids building it
    fault: the command, the configuration or the environment
    hint: run `mighost build`
    ");
    assert_snapshot!(project.run(&["build"]).shown(), @"
    exit 0
    building 1/1 a1 (command)
    1 built, 1 up to date
    ");
}

#[test]
fn what_can_be_built_is_kept() {
    let project = Project::offline();
    let failing = |revision: &str| {
        let command = format!("[\"sh\", \"-c\", \"echo no luck with {revision} >&2; exit 1\"]");
        migration(&project, revision, &command, "");
    };
    failing("a1");
    copied(&project, "b2", &bare("b2"), "");
    failing("c3");
    copied(&project, "d4", &bare("d4"), "");
    project.write(
        "migrations/e5/migration.toml",
        "revision = \"e5\"\nbuild = \"fortran\"\n",
    );
    let shown = project.run(&["build"]).shown();
    // Two are built at a time.
    let (_, error) = shown.split_once("d4 (command)\n").unwrap();
    assert_snapshot!(error, @r#"
    error: 3 sources or artifacts are invalid
      PROJECT/migrations/e5/migration.toml: TOML parse error at line 2, column 9
        |
      2 | build = "fortran"
        |         ^^^^^^^^^
      unknown variant `fortran`, expected one of `sql`, `rust`, `c`, `go`, `cpp`, `zig`, `javascript`, `typescript`, `python`, `command`
      cannot build PROJECT/migrations/a1: sh failed
        no luck with a1
      cannot build PROJECT/migrations/c3: sh failed
        no luck with c3
    state: 2 others were built and are kept
    fault: the migration or plugin; its author needs to fix it
    "#);
    for revision in ["a1", "c3", "e5"] {
        copied(&project, revision, &bare(revision), "");
    }
    let again = project.run(&["build"]).ok().shown();
    assert!(again.contains("3 built, 2 up to date"), "{again}");
}

#[test]
fn who_uses_what_fails_is_not_tried() {
    let project = with_tools(Project::offline());
    project.write("made/tools.wasm", "no component");
    project.write("plugins/tools/notes.txt", "changed");
    copied(&project, "b2", &user(TOOLS), "uses = [\"acme:tools/tools\"]\n");
    assert_snapshot!(project.run(&["build"]).shown(), @r"
    exit 5
    building 1/2 tools (command)
    error: PROJECT/plugins/tools/x.wasm is not WebAssembly: it does not begin with the bytes \0asm
    fault: the migration or plugin; its author needs to fix it
    hint: build migrations and plugins with `mighost build`; run `mighost inspect FILE` to see what a file contains
    ");
}

#[test]
fn a_program_is_told_where_things_are() {
    let project = Project::on_server();
    project.write("made/a1.wasm", bare("a1"));
    let script = "#!/bin/sh\nset -e\ntest \"$MIGHOST_WORLD\" = guest\ntest -f \"$MIGHOST_WIT/guest.wit\"\n\
                  test -d \"$MIGHOST_WIT/deps/mighost-host\"\necho \"$1\" > \"$MIGHOST_WORK/kept\"\ncp ../../made/a1.wasm out.wasm\n";
    project.write("migrations/a1/build.sh", script);
    let path = project.path().join("migrations/a1/build.sh");
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    project.write(
        "migrations/a1/migration.toml",
        "revision = \"a1\"\nbuild = \"command\"\ncommand = [\"./build.sh\", \"told\"]\noutput = \"out.wasm\"\n",
    );
    project.run(&["upgrade", "head"]).ok();
    assert_eq!(project.sql("select count(*) from a1"), "0");
    let kept = std::fs::read_dir(project.path().join(".mighost/build/guests")).unwrap();
    let kept: Vec<_> = kept.map(|entry| entry.unwrap().path().join("a1/kept")).collect();
    assert_eq!(std::fs::read_to_string(&kept[0]).unwrap(), "told\n");
    // What it leaves is none of the sources.
    let again = project.run(&["build"]).ok().shown();
    assert!(again.contains("0 built, 1 up to date"), "{again}");
    project.write("migrations/a1/build.sh", format!("{script}# changed\n"));
    let again = project.run(&["build"]).ok().shown();
    assert!(again.contains("1 built, 0 up to date"), "{again}");
}

#[test]
fn a_core_module_is_made_a_component() {
    let project = Project::on_server();
    let exports = ["upgrade", "downgrade", "objects"].map(|name| format!("mighost:host/revision@0.1.0#{name}"));
    let code = Code::new().execute("create table of_a_module ()");
    let text = code.module(&exports.each_ref().map(String::as_str));
    copied(&project, "a1", &wat::parse_str(&text).unwrap(), "");
    project.run(&["upgrade", "head"]).ok();
    assert_eq!(project.sql("select count(*) from of_a_module"), "0");
}

#[test]
fn programs_that_fail() {
    let project = Project::offline();
    let tried = |command: &str, more: &str| {
        migration(&project, "a1", command, more);
        project.run(&["build"]).shown()
    };
    assert_snapshot!(tried("[\"no-such-compiler\", \"x\"]", ""), @"
    exit 5
    building 1/1 a1 (command)
    error: cannot build PROJECT/migrations/a1: no-such-compiler is not installed
    fault: the command, the configuration or the environment
    hint: install it, or set `command` in the folder's manifest to a name on the PATH or a path below the folder
    ");
    assert_snapshot!(tried("[\"./missing.sh\"]", ""), @"
    exit 5
    building 1/1 a1 (command)
    error: cannot build PROJECT/migrations/a1: ./missing.sh is not installed
    fault: the command, the configuration or the environment
    hint: install it, or set `command` in the folder's manifest to a name on the PATH or a path below the folder
    ");
    let shown = tried("[\"sh\", \"-c\", \"seq 1 100; echo the reason >&2; exit 2\"]", "");
    assert!(
        shown.contains("a1: sh failed\n  [41 earlier lines omitted]\n  42\n"),
        "{shown}"
    );
    assert!(shown.contains("\n  100\n  the reason\nfault"), "{shown}");
    assert_snapshot!(tried("[\"true\"]", ""), @"
    exit 5
    building 1/1 a1 (command)
    error: cannot build PROJECT/migrations/a1: true did not write x.wasm
      It runs in the folder and must write the file named by `output` there.
    fault: the migration or plugin; its author needs to fix it
    ");
    assert_snapshot!(tried("[\"sh\", \"-c\", \"echo text > x.wasm\"]", ""), @r"
    exit 5
    building 1/1 a1 (command)
    error: PROJECT/migrations/a1/x.wasm is not WebAssembly: it does not begin with the bytes \0asm
    fault: the migration or plugin; its author needs to fix it
    hint: build migrations and plugins with `mighost build`; run `mighost inspect FILE` to see what a file contains
    ");
    assert_snapshot!(tried("[]", ""), @r#"
    exit 5
    error: PROJECT/migrations/a1/migration.toml: build = "command" needs the program to run and the file that it writes, e.g. command = ["make", "x.wasm"] and output = "x.wasm"
    fault: the migration or plugin; its author needs to fix it
    "#);
    // A module that exports nothing, and components that lack an export, or want what there is not.
    project.write("made/a1.wasm", wat::parse_str("(module)").unwrap());
    let copy = "[\"cp\", \"../../made/a1.wasm\", \"x.wasm\"]";
    assert_snapshot!(tried(copy, ""), @"
    exit 5
    building 1/1 a1 (command)
    error: cannot build PROJECT/migrations/a1: its module cannot be converted to a component: failed to find export of interface `mighost:host/revision@0.1.0` function `upgrade`
      failed to decode world from module
      module was not valid
    fault: the migration or plugin; its author needs to fix it
    ");
    project.write("made/a1.wasm", tools(TOOLS, &["apply"]));
    assert_snapshot!(tried(copy, ""), @"
    exit 5
    building 1/1 a1 (command)
    error: cannot build PROJECT/migrations/a1: the component in PROJECT/migrations/a1/x.wasm does not export mighost:host/revision@0.1.0
      It exports: acme:tools/tools@0.1.0
    fault: the migration or plugin; its author needs to fix it
    ");
    project.write("made/a1.wasm", user(TOOLS));
    assert_snapshot!(tried(copy, ""), @"
    exit 5
    building 1/1 a1 (command)
    error: cannot build PROJECT/migrations/a1: its component imports acme:tools/tools@0.1.0, which mighost does not offer
      A guest can import the interfaces of mighost's WIT and those listed under `uses` in its manifest.
    fault: the migration or plugin; its author needs to fix it
    ");
    project.write(
        "migrations/a1/migration.toml",
        "revision = \"a1\"\ncommand = [\"make\"]\noutput = \"x.wasm\"\n",
    );
    assert_snapshot!(project.run(&["build"]).shown(), @r#"
    exit 5
    error: PROJECT/migrations/a1/migration.toml: `command` and `output` are only valid with build = "command"
    fault: the migration or plugin; its author needs to fix it
    "#);
    project.write("made/a1.wasm", bare("a1"));
    assert_snapshot!(tried("[\"sh\", \"-c\", \"cp ../../made/a1.wasm x.wasm; date > x.o\"]", ""), @"
    exit 0
    building 1/1 a1 (command)
    warning: building a1 wrote x.o among its sources, so every run rebuilds it; change the command to write below target/ or to the folder given by MIGHOST_WORK
    1 built, 0 up to date
    ");
}
