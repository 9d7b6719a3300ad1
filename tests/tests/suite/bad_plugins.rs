//! Plugins that are missing, do not fit, or fail.

use std::sync::Arc;

use insta::assert_snapshot;
use mighost_tests::guests::{self, Code, revision};
use mighost_tests::project::{Outcome, Project, Server};

/// The WIT of plugins, by name: each has one interface of its own name with the function `sweep`.
fn package(name: &str, version: &str, function: &str, imports: &str) -> String {
    format!(
        "package acme:{name}@{version};
        interface {name} {{ sweep: {function}; }}
        world user {{ include mighost:host/migration@0.1.0; import {name}; }}
        world plugin {{ include mighost:host/operations@0.1.0; {imports} export {name}; }}"
    )
}

/// A plugin that exports `acme:NAME/NAME@VERSION` with `sweep: func() -> u32`, which runs `code`.
fn plugin(name: &str, version: &str, code: &Code) -> Vec<u8> {
    let core = code.module(&[&format!("acme:{name}/{name}@{version}#sweep")]);
    let component = guests::component(&core, "plugin", &[&package(name, version, "func() -> u32", "")]);
    guests::plugin(&component, name, &[])
}

/// A migration that calls `acme:tools/tools@1.0.0#sweep`.
fn user() -> Vec<u8> {
    let code = Code::new()
        .execute("CREATE TABLE half ()")
        .import("acme:tools/tools@1.0.0", "sweep", "$sweep", "(result i32)")
        .then("(drop (call $sweep))");
    let component = code.component_in("user", &[&package("tools", "1.0.0", "func() -> u32", "")]);
    guests::migration(&component, vec![revision("a1", &[])])
}

fn project(server: &Arc<Server>, plugins: &[(&str, Vec<u8>)]) -> Project {
    let project = Project::on(server, "");
    project.write("migrations/a1.wasm", user());
    for (name, plugin) in plugins {
        project.write(&format!("plugins/{name}.wasm"), plugin);
    }
    project
}

/// Upgrades, which must fail and leave nothing.
fn failing(server: &Arc<Server>, plugins: &[(&str, Vec<u8>)]) -> Outcome {
    let project = project(server, plugins);
    let outcome = project.run(&["upgrade", "head"]);
    assert_ne!(outcome.code, 0, "{}", outcome.stderr);
    assert!(["none", "base"].contains(&project.heads().as_str()));
    assert_eq!(project.catalog(), "", "{}", outcome.stderr);
    outcome
}

#[test]
fn that_do_not_fit() {
    let server = Server::shared();
    let good = || plugin("tools", "1.0.0", &Code::new());
    project(&server, &[("tools", good())]).run(&["upgrade", "head"]).ok();
    assert_snapshot!(failing(&server, &[]).shown(), @"
    exit 5
    error: migration a1 needs acme:tools/tools@1.0.0, which no plugin of this project exports
      in the upgrade of revision a1, PROJECT/migrations/a1.wasm
    state: a1 was rolled back
    fault: the command, the configuration or the environment
    hint: add the plugin to the project's plugins folder; `mighost plugins` lists the plugins there
    ");
    assert_snapshot!(failing(&server, &[("tools", plugin("tools", "0.9.0", &Code::new()))]).shown(), @"
    exit 5
    error: migration a1 needs acme:tools/tools@1.0.0; plugin tools exports acme:tools/tools@0.9.0, which is older
      in the upgrade of revision a1, PROJECT/migrations/a1.wasm
    state: a1 was rolled back
    fault: the command, the configuration or the environment
    hint: install a later version of plugin tools
    ");
    let core = "(module (memory (export \"memory\") 1)
        (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) unreachable)
        (func (export \"acme:tools/tools@1.0.0#sweep\") (param i32 i32) (result i32) (i32.const 0)))";
    let other = guests::component(
        core,
        "plugin",
        &[&package("tools", "1.0.0", "func(room: string) -> u32", "")],
    );
    assert_snapshot!(failing(&server, &[("tools", guests::plugin(&other, "tools", &[]))]).shown(), @"
    exit 5
    error: migration a1 expects acme:tools/tools@1.0.0#sweep as func() -> u32; plugin tools exports func(room: string) -> u32; the plugin expects room, which is not passed
      in the upgrade of revision a1, PROJECT/migrations/a1.wasm
    state: a1 was rolled back
    fault: the migration or plugin; its author needs to fix it
    hint: both declare the same version: build both against the same WIT, and raise the version of an interface that changes
    ");
    assert_snapshot!(failing(&server, &[("tools", good()), ("tools2", good())]).shown(), @"
    exit 5
    error: plugin tools is in two places: PROJECT/plugins/tools.wasm and PROJECT/plugins/tools2.wasm
    fault: the migration or plugin; its author needs to fix it
    hint: remove one of the two
    ");
    let renamed = {
        let core = Code::new().module(&["acme:tools/tools@1.0.0#sweep"]);
        let component = guests::component(&core, "plugin", &[&package("tools", "1.0.0", "func() -> u32", "")]);
        guests::plugin(&component, "brooms", &[])
    };
    assert_snapshot!(failing(&server, &[("tools", good()), ("brooms", renamed)]).shown(), @"
    exit 5
    error: acme:tools/tools@1.0.0 is exported by two plugins, brooms and tools
    fault: the command, the configuration or the environment
    hint: remove one of the two plugins
    ");
    // A migration where a plugin should be, and the other way round.
    assert_snapshot!(failing(&server, &[("tools", Code::new().migration("x1", &[]))]).shown(), @"
    exit 5
    error: PROJECT/plugins/tools.wasm has no mighost:plugin section, so it is not a plugin built by mighost
    fault: the migration or plugin; its author needs to fix it
    hint: build migrations and plugins with `mighost build`; run `mighost inspect FILE` to see what a file contains
    ");
    let misplaced = Project::offline();
    misplaced.write("migrations/tools.wasm", good());
    assert_snapshot!(misplaced.run(&["history"]).shown(), @"
    exit 5
    error: PROJECT/migrations/tools.wasm has no mighost:revision section, so it is not a migration built by mighost
    fault: the migration or plugin; its author needs to fix it
    hint: build migrations and plugins with `mighost build`; run `mighost inspect FILE` to see what a file contains
    ");
}

/// A plugin whose enum has more cases than the migration knows serves it, by the names of cases; one that has fewer does not.
#[test]
fn that_know_more_or_less() {
    let server = Server::shared();
    let package = |rooms: &str| {
        format!(
            "package acme:tools@1.0.0;
            interface tools {{ enum room {{ {rooms} }} sweep: func(room: room); }}
            world user {{ include mighost:host/migration@0.1.0; import tools; }}
            world plugin {{ include mighost:host/operations@0.1.0; export tools; }}"
        )
    };
    // It takes its third case alone, which is the migration's second.
    let plugin = |rooms: &str| {
        let core = "(module (memory (export \"memory\") 1)
            (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) unreachable)
            (func (export \"acme:tools/tools@1.0.0#sweep\") (param i32)
                (if (i32.ne (local.get 0) (i32.const 2)) (then unreachable))))";
        guests::plugin(&guests::component(core, "plugin", &[&package(rooms)]), "tools", &[])
    };
    let run = |rooms: &str| {
        let code = Code::new()
            .execute("CREATE TABLE half ()")
            .import("acme:tools/tools@1.0.0", "sweep", "$sweep", "(param i32)")
            .then("(call $sweep (i32.const 1))");
        let user = code.component_in("user", &[&package("cellar, hall")]);
        let project = project(&server, &[("tools", plugin(rooms))]);
        project.write(
            "migrations/a1.wasm",
            guests::migration(&user, vec![revision("a1", &[])]),
        );
        project.run(&["upgrade", "head"])
    };
    run("attic, cellar, hall").ok();
    assert_snapshot!(run("attic, hall").shown(), @"
    exit 5
    error: migration a1 expects acme:tools/tools@1.0.0#sweep as func(room: enum { cellar, hall }); plugin tools exports func(room: enum { attic, hall }); in room: case cellar is passed, which is not known there
      in the upgrade of revision a1, PROJECT/migrations/a1.wasm
    state: a1 was rolled back
    fault: the migration or plugin; its author needs to fix it
    hint: both declare the same version: build both against the same WIT, and raise the version of an interface that changes
    ");
}

#[test]
fn that_import_each_other() {
    let server = Server::shared();
    let one = package("tools", "1.0.0", "func() -> u32", "");
    let other = package("brooms", "1.0.0", "func() -> u32", "import acme:tools/tools@1.0.0;");
    let code = |import: &str| {
        Code::new()
            .import(
                &format!("acme:{import}/{import}@1.0.0"),
                "sweep",
                "$sweep",
                "(result i32)",
            )
            .then("(drop (call $sweep))")
    };
    let core = code("tools").module(&["acme:brooms/brooms@1.0.0#sweep"]);
    let brooms = guests::component(&core, "plugin", &[&one, &other]);
    let one = package("tools", "1.0.0", "func() -> u32", "import acme:brooms/brooms@1.0.0;");
    let other = package("brooms", "1.0.0", "func() -> u32", "");
    let core = code("brooms").module(&["acme:tools/tools@1.0.0#sweep"]);
    let tools = guests::component(&core, "plugin", &[&other, &one]);
    let plugins = [
        ("tools", guests::plugin(&tools, "tools", &[])),
        ("brooms", guests::plugin(&brooms, "brooms", &[])),
    ];
    assert_snapshot!(failing(&server, &plugins).shown(), @"
    exit 5
    error: plugins import each other in a cycle: tools -> brooms -> tools
      in the upgrade of revision a1, PROJECT/migrations/a1.wasm
    state: a1 was rolled back
    fault: the migration or plugin; its author needs to fix it
    hint: move what they share to a plugin that both import
    ");
}

#[test]
fn that_fail() {
    let server = Server::shared();
    let with = |code: &Code| failing(&server, &[("tools", plugin("tools", "1.0.0", code))]).shown();
    assert_snapshot!(with(&Code::new().execute("CREATE TABLE two ()").then("unreachable")), @"
    exit 8
    error: plugin tools trapped: wasm trap: wasm `unreachable` instruction executed
      in the upgrade of revision a1, PROJECT/migrations/a1.wasm
      in body
      in function 3
    state: a1 was rolled back
    fault: the migration or plugin; its author needs to fix it
    ");
    assert_snapshot!(with(&Code::new().execute("ALTER TABLE half ADD COLUMN\n  id intt")), @r#"
    exit 7
    error: type "intt" does not exist (SQLSTATE 42704)
      in the upgrade of revision a1, PROJECT/migrations/a1.wasm
      operation acme:tools/tools@1.0.0#sweep
      1 | ALTER TABLE half ADD COLUMN
      2 |   id intt
        |      ^
    state: a1 was rolled back
    fault: the migration or plugin; its author needs to fix it
    hint: if it belongs to an extension in another schema, add that schema to search-path in mighost.toml
    "#);
    assert_snapshot!(with(&Code::new().execute("ROLLBACK")), @r#"
    exit 8
    error: plugin tools: ROLLBACK is not allowed, because mighost controls the transaction: ROLLBACK
      in the upgrade of revision a1, PROJECT/migrations/a1.wasm
    state: a1 was rolled back
    fault: the migration or plugin; its author needs to fix it
    hint: mighost begins and commits the transaction; call suspend-transaction before statements that cannot run in one, or set transaction = "none" in migration.toml
    "#);
    assert_snapshot!(with(&Code::new().message(1, "panicked at src/lib.rs:3:1: no broom").then("unreachable")), @"
    exit 8
    error: plugin tools panicked: src/lib.rs:3:1: no broom
      in the upgrade of revision a1, PROJECT/migrations/a1.wasm
    state: a1 was rolled back
    fault: the migration or plugin; its author needs to fix it
    ");
}

/// A migration that creates an object of the kind `gronk`.
fn gronk() -> Vec<u8> {
    let code = Code::new()
        .import(
            "mighost:host/replaceable@0.1.0",
            "create",
            "$create",
            "(param i32 i32 i32 i32 i32 i32 i32 i32)",
        )
        .text("gronk")
        .text("the_gronk")
        .text("SELECT 1")
        .then("(i32.const 0) (i32.const 0) (call $create)");
    code.migration("a1", &[])
}

#[test]
fn of_object_kinds() {
    let server = Server::shared();
    let with = |plugins: &[(&str, Vec<u8>)]| {
        let project = Project::on(&server, "");
        project.write("migrations/a1.wasm", gronk());
        for (name, plugin) in plugins {
            project.write(&format!("plugins/{name}.wasm"), plugin);
        }
        let outcome = project.run(&["upgrade", "head"]);
        assert_ne!(outcome.code, 0);
        assert_eq!(project.catalog(), "");
        outcome.shown()
    };
    assert_snapshot!(with(&[]), @"
    exit 5
    error: no plugin of this project provides objects of kind gronk; available kinds: none
      in the upgrade of revision a1, PROJECT/migrations/a1.wasm
    state: a1 was rolled back
    fault: the command, the configuration or the environment
    hint: add a plugin that provides the kind to the plugins folder
    ");
    // It says that it serves gronks, and cannot.
    let core = Code::new().module(&["acme:tools/tools@1.0.0#sweep"]);
    let tools = guests::component(&core, "plugin", &[&package("tools", "1.0.0", "func() -> u32", "")]);
    assert_snapshot!(with(&[("gronk", guests::plugin(&tools, "gronk", &["gronk"]))]), @"
    exit 5
    error: PROJECT/plugins/gronk.wasm declares objects of kind gronk in its plugin.toml but does not export mighost:host/kind-provider; it exports: acme:tools/tools@1.0.0
    fault: the migration or plugin; its author needs to fix it
    hint: export mighost:host/kind-provider (the world `kinds` of `mighost wit`), or remove kinds from plugin.toml
    ");
    let params = |count: usize| format!("(param {}) (result i32) (i32.const 0)", "i32 ".repeat(count));
    let function = |(name, count): (&str, usize)| {
        format!(
            "(func (export \"mighost:host/kind-provider@0.1.0#{name}\") {})",
            params(count)
        )
    };
    let functions = [("create", 8), ("drop", 8), ("replace", 16), ("introspect", 4)].map(function);
    let core = format!(
        "(module (memory (export \"memory\") 1)
        (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) (i32.const 1024)) {})",
        functions.concat().replace("(param )", "")
    );
    let serving = guests::component(&core, "kinds", &[]);
    let two = [
        ("gronk", guests::plugin(&serving, "gronk", &["gronk"])),
        ("gronk2", guests::plugin(&serving, "gronk2", &["gronk"])),
    ];
    assert_snapshot!(with(&two), @"
    exit 5
    error: objects of kind gronk are provided by two plugins, gronk and gronk2
    fault: the command, the configuration or the environment
    hint: remove one of the two plugins
    ");
}
