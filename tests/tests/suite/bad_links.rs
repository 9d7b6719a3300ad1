//! Guests whose interfaces do not meet: what one wants and another has differ in versions, functions or types.

use std::sync::Arc;

use insta::assert_snapshot;
use mighost_tests::guests::{self, Code, revision};
use mighost_tests::project::{Outcome, Project, Server};

/// The WIT of a plugin `tools`, with a user of it.
fn package(version: &str, interface: &str) -> String {
    format!(
        "package acme:tools@{version};
        interface tools {{ {interface} }}
        world user {{ include mighost:host/migration@0.1.0; import tools; }}
        world plugin {{ include mighost:host/operations@0.1.0; export tools; }}"
    )
}

const SWEEP: &str = "sweep: func() -> u32;";

/// A plugin of this name whose function `sweep` writes a table of the name `left`.
fn plugin(name: &str, version: &str, left: &str) -> Vec<u8> {
    let core = Code::new()
        .execute(&format!("CREATE TABLE {left} ()"))
        .module(&[&format!("acme:tools/tools@{version}#sweep")]);
    let component = guests::component(&core, "plugin", &[&package(version, SWEEP)]);
    guests::plugin(&component, name, &[])
}

/// A plugin of another interface, whose only function does nothing.
fn other_plugin(interface: &str, function: &str, core: &str) -> Vec<u8> {
    let core = format!(
        "(module (memory (export \"memory\") 1)
        (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
        (func (export \"acme:tools/tools@1.0.0#{function}\") {core}))"
    );
    let component = guests::component(&core, "plugin", &[&package("1.0.0", interface)]);
    guests::plugin(&component, "tools", &[])
}

/// A migration `id` that calls `sweep` of this version.
fn user(id: &str, down: &[&str], version: &str) -> Vec<u8> {
    let code = Code::new()
        .import(
            &format!("acme:tools/tools@{version}"),
            "sweep",
            "$sweep",
            "(result i32)",
        )
        .then("(drop (call $sweep))");
    let component = code.component_in("user", &[&package(version, SWEEP)]);
    guests::migration(&component, vec![revision(id, down)])
}

fn project(server: &Arc<Server>, migrations: &[(&str, Vec<u8>)], plugins: &[(&str, Vec<u8>)]) -> Project {
    let project = Project::on(server, "");
    for (name, migration) in migrations {
        project.write(&format!("migrations/{name}.wasm"), migration);
    }
    for (name, plugin) in plugins {
        project.write(&format!("plugins/{name}.wasm"), plugin);
    }
    project
}

fn upgrade(server: &Arc<Server>, migrations: &[(&str, Vec<u8>)], plugins: &[(&str, Vec<u8>)]) -> Outcome {
    project(server, migrations, plugins).run(&["upgrade", "head"])
}

/// A later version of one line serves those before it; another line does not.
#[test]
fn versions() {
    let server = Server::shared();
    let with = |wanted: &str, offered: &str| {
        let plugins = [("tools", plugin("tools", offered, "swept"))];
        upgrade(&server, &[("a1", user("a1", &[], wanted))], &plugins)
    };
    with("1.0.0", "1.3.0").ok();
    with("0.2.1", "0.2.4").ok();
    assert_snapshot!(with("1.3.0", "1.0.0").shown(), @"
    exit 5
    error: migration a1 needs acme:tools/tools@1.3.0; plugin tools exports acme:tools/tools@1.0.0, which is older
      in the upgrade of revision a1, PROJECT/migrations/a1.wasm
    state: a1 was rolled back
    fault: the command, the configuration or the environment
    hint: install a later version of plugin tools
    ");
    assert_snapshot!(with("1.0.0", "2.0.0").shown(), @"
    exit 5
    error: migration a1 needs acme:tools/tools@1.0.0; plugin tools exports acme:tools/tools@2.0.0, which is not compatible with it
      in the upgrade of revision a1, PROJECT/migrations/a1.wasm
    state: a1 was rolled back
    fault: the command, the configuration or the environment
    hint: install the version of the plugin that exports it as well, under another name; or export both versions from one plugin
    ");
}

/// Two lines of one interface are wanted by one history: a plugin for each.
#[test]
fn two_versions_at_once() {
    let server = Server::shared();
    let migrations = || [("a1", user("a1", &[], "1.0.0")), ("b2", user("b2", &["a1"], "2.0.0"))];
    let (old, new) = (plugin("tools", "1.0.0", "swept1"), plugin("tools-2", "2.0.0", "swept2"));
    let both = project(&server, &migrations(), &[("tools", old), ("tools-2", new.clone())]);
    both.run(&["upgrade", "head"]).ok();
    assert_eq!(both.catalog(), "relation public.swept1 r\nrelation public.swept2 r");

    let one = project(&server, &migrations(), &[("tools-2", new)]);
    assert_snapshot!(one.run(&["check", "--no-database"]).data(), @"
    error: no plugin offers acme:tools/tools@1.0.0, which is needed by a1; there is acme:tools/tools@2.0.0 (tools-2)
      install the version of the plugin that offers it as well, under another name in plugin.toml
    ");
    assert_snapshot!(one.run(&["upgrade", "head"]).shown(), @"
    exit 5
    error: migration a1 needs acme:tools/tools@1.0.0; plugin tools-2 exports acme:tools/tools@2.0.0, which is not compatible with it
      in the upgrade of revision a1, PROJECT/migrations/a1.wasm
    state: a1 was rolled back
           not run: b2
    fault: the command, the configuration or the environment
    hint: install the version of the plugin that exports it as well, under another name; or export both versions from one plugin
    ");
    // The exact version is taken where there is one, a later one otherwise.
    let plugins = [
        ("tools", plugin("tools", "1.0.0", "exact")),
        ("tools-1", plugin("tools-1", "1.4.0", "later")),
    ];
    let migrations = [("a1", user("a1", &[], "1.0.0")), ("b2", user("b2", &["a1"], "1.2.0"))];
    let exact = project(&server, &migrations, &plugins);
    exact.run(&["upgrade", "head"]).ok();
    assert_eq!(exact.catalog(), "relation public.exact r\nrelation public.later r");
}

#[test]
fn functions() {
    let server = Server::shared();
    let with = |plugin: Vec<u8>| upgrade(&server, &[("a1", user("a1", &[], "1.0.0"))], &[("tools", plugin)]).shown();
    assert_snapshot!(with(other_plugin("wipe: func() -> u32;", "wipe", "(result i32) (i32.const 0)")), @"
    exit 5
    error: migration a1 calls acme:tools/tools@1.0.0#sweep, which is func() -> u32; plugin tools exports acme:tools/tools@1.0.0 without it; it has wipe
      in the upgrade of revision a1, PROJECT/migrations/a1.wasm
    state: a1 was rolled back
    fault: the migration or plugin; its author needs to fix it
    hint: both declare the same version: build both against the same WIT, and raise the version of an interface that changes
    ");
    assert_snapshot!(with(other_plugin("sweep: func() -> string;", "sweep", "(result i32) (i32.const 0)")), @"
    exit 5
    error: migration a1 expects acme:tools/tools@1.0.0#sweep as func() -> u32; plugin tools exports func() -> string; in the return value: string is returned where the caller expects u32
      in the upgrade of revision a1, PROJECT/migrations/a1.wasm
    state: a1 was rolled back
    fault: the migration or plugin; its author needs to fix it
    hint: both declare the same version: build both against the same WIT, and raise the version of an interface that changes
    ");
}

/// The place where two types differ is told, however deep.
#[test]
fn types() {
    let server = Server::shared();
    let with = |wanted: &str, offered: &str| {
        let interface =
            |fields: &str| format!("record room {{ name: string, {fields} }} sweep: func(rooms: list<room>);");
        let code = Code::new()
            .import("acme:tools/tools@1.0.0", "sweep", "$sweep", "(param i32 i32)")
            .then("(i32.const 0) (i32.const 0) (call $sweep)");
        let component = code.component_in("user", &[&package("1.0.0", &interface(wanted))]);
        let migration = guests::migration(&component, vec![revision("a1", &[])]);
        let plugin = other_plugin(&interface(offered), "sweep", "(param i32 i32)");
        upgrade(&server, &[("a1", migration)], &[("tools", plugin)])
    };
    with("area: option<u32>", "area: option<u32>").ok();
    assert_snapshot!(with("area: option<u32>", "area: option<f64>").shown(), @"
    exit 5
    error: migration a1 expects acme:tools/tools@1.0.0#sweep as func(rooms: list<record { name: string, area: option<u32> }>); plugin tools exports func(rooms: list<record { name: string, area: option<f64> }>); in rooms, field area: u32 is passed where the plugin expects f64
      in the upgrade of revision a1, PROJECT/migrations/a1.wasm
    state: a1 was rolled back
    fault: the migration or plugin; its author needs to fix it
    hint: both declare the same version: build both against the same WIT, and raise the version of an interface that changes
    ");
    assert_snapshot!(with("area: u32", "floor: u32").shown(), @"
    exit 5
    error: migration a1 expects acme:tools/tools@1.0.0#sweep as func(rooms: list<record { name: string, area: u32 }>); plugin tools exports func(rooms: list<record { name: string, floor: u32 }>); in rooms: a record of name, area is passed where the plugin expects a record of name, floor
      in the upgrade of revision a1, PROJECT/migrations/a1.wasm
    state: a1 was rolled back
    fault: the migration or plugin; its author needs to fix it
    hint: both declare the same version: build both against the same WIT, and raise the version of an interface that changes
    ");
}

/// A component whose `revision` is not that of the WIT, though it says so.
fn stranger(imports: &str, upgrade: &str, core: &str) -> Vec<u8> {
    let component = format!(
        "(component {imports}
        (core module $m (func (export \"upgrade\") {core}))
        (core instance $i (instantiate $m))
        (func $upgrade {upgrade} (canon lift (core func $i \"upgrade\")))
        (instance $revision (export \"upgrade\" (func $upgrade)))
        (export \"mighost:host/revision@0.1.0\" (instance $revision)))"
    );
    let component = wat::parse_str(&component).unwrap_or_else(|error| panic!("{error}"));
    guests::migration(&component, vec![revision("a1", &[])])
}

#[test]
fn with_the_host() {
    let server = Server::shared();
    let with = |migration: Vec<u8>| upgrade(&server, &[("a1", migration)], &[]).shown();
    assert_snapshot!(with(stranger("", "(result u32)", "(result i32) (i32.const 0)")), @"
    exit 5
    error: migration a1 exports mighost:host/revision@0.1.0#upgrade as func() -> u32; mighost calls func() -> result<_, string>
      in the upgrade of revision a1, PROJECT/migrations/a1.wasm
    state: a1 was rolled back
    fault: the migration or plugin; its author needs to fix it
    hint: rebuild it with this version's WIT (`mighost wit`)
    ");
    let fail = "(import \"mighost:host/context@0.1.0\" (instance (export \"fail\" (func (param \"reason\" u32)))))";
    assert_snapshot!(with(stranger(fail, "(result u32)", "(result i32) (i32.const 0)")), @"
    exit 5
    error: migration a1 calls mighost:host/context@0.1.0#fail as func(reason: u32); mighost offers func(reason: string)
      in the upgrade of revision a1, PROJECT/migrations/a1.wasm
    state: a1 was rolled back
    fault: the migration or plugin; its author needs to fix it
    hint: rebuild it with this version's WIT (`mighost wit`)
    ");
    let sing = "(import \"mighost:host/log@0.1.0\" (instance (export \"sing\" (func))))";
    assert_snapshot!(with(stranger(sing, "(result u32)", "(result i32) (i32.const 0)")), @"
    exit 5
    error: migration a1 imports mighost:host/log@0.1.0#sing, which mighost does not offer to migrations
      in the upgrade of revision a1, PROJECT/migrations/a1.wasm
    state: a1 was rolled back
    fault: the migration or plugin; its author needs to fix it
    hint: rebuild it with this version's WIT (`mighost wit`), or install a version of mighost that offers it
    ");
}

/// 60 MiB, of which 58 are data: what it costs is told, and the limits are those of small ones.
#[test]
fn a_large_component() {
    let server = Server::shared();
    let core = Code::new().execute("CREATE TABLE large ()").module(&[
        "mighost:host/revision@0.1.0#upgrade",
        "mighost:host/revision@0.1.0#downgrade",
        "mighost:host/revision@0.1.0#objects",
    ]);
    let data = "x".repeat(58 << 20);
    let core = core.replacen("(memory (export \"memory\") 2)", "(memory (export \"memory\") 1000)", 1);
    let core = core.replacen(
        "(global $free",
        &format!("(data (i32.const 65536) \"{data}\") (global $free"),
        1,
    );
    let large = guests::migration(&guests::component(&core, "migration", &[]), vec![revision("a1", &[])]);
    assert!(large.len() > 58 << 20);
    let mut project = project(&server, &[("a1", large)], &[]);
    // A cache of its own, so that it is compiled.
    let cache = project.path().join("cache").display().to_string();
    project.set("XDG_CACHE_HOME", &cache);
    let first = project.run(&["upgrade", "head"]).ok();
    assert!(
        first.stderr.contains(" MiB of memory; later runs reuse it"),
        "{}",
        first.stderr
    );
    assert_eq!(project.catalog(), "relation public.large r");
    let again = project.run(&["downgrade", "base"]);
    // It creates the table once more.
    assert_eq!(again.code, 7, "{}", again.stderr);
    assert!(!again.stderr.contains("compiled"), "{}", again.stderr);
    // Less memory than it asks for.
    let settings = project.path().join("mighost.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    std::fs::write(&settings, format!("{text}\n[limits]\nmemory = \"32MiB\"\n")).unwrap();
    assert_snapshot!(project.run(&["downgrade", "base"]).shown(), @"
    exit 8
    error: migration a1 asked for 64000 KiB of memory; the limit is 32 MiB
      in the downgrade of revision a1, PROJECT/migrations/a1.wasm
    state: a1 was rolled back
    fault: the migration or plugin; its author needs to fix it
    hint: read large results in batches with a cursor, or raise memory under [limits] in mighost.toml
    ");
}

/// Nothing of a file beyond the limit is read.
#[test]
fn a_file_that_is_too_large() {
    let project = Project::offline();
    project.write("plugins/huge.wasm", b"\0asm\x0d\0\x01\0");
    let file = std::fs::File::options()
        .write(true)
        .open(project.path().join("plugins/huge.wasm"))
        .unwrap();
    file.set_len(300 << 20).unwrap();
    assert_snapshot!(project.run(&["plugins"]).shown(), @"
    exit 5
    error: PROJECT/plugins/huge.wasm has 300 MiB; an artifact may have at most 256 MiB
    fault: the migration or plugin; its author needs to fix it
    ");
}
