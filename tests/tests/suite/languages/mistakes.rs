//! What is told when a tool is missing, a compiler fails, or manifests are wrong.

use super::project;
use mighost_tests::project::Project;

/// A project with one migration in C.
fn in_c(code: &str) -> Project {
    let project = project();
    migration(&project, "");
    project.write(
        "migrations/a1_first/migration.c",
        format!("#include \"mighost.h\"\n{code}\n"),
    );
    project
}

fn migration(project: &Project, manifest: &str) {
    project.write(
        "migrations/a1_first/migration.toml",
        format!("revision = \"a1\"\n{manifest}\n"),
    );
}

/// Runs mighost, which must end with `code`, and checks that it says each of `texts`.
fn says(project: &Project, arguments: &[&str], code: i32, texts: &[&str]) {
    let shown = project.run(arguments).shown();
    assert!(
        shown.starts_with(&format!("exit {code}")) || shown.contains(&format!("{code}")),
        "{shown}"
    );
    for text in texts {
        assert!(shown.contains(text), "{text:?} is missing in\n{shown}");
    }
}

#[test]
fn no_client_and_no_registry() {
    let mut project = in_c("void upgrade(void) {}");
    let tools = tempfile::tempdir().unwrap();
    project.set("MIGHOST_TOOLCHAINS", tools.path().to_str().unwrap());
    // Nothing listens there, and pip looks nowhere else.
    for (variable, value) in [
        ("PIP_INDEX_URL", "http://127.0.0.1:9/simple"),
        ("PIP_RETRIES", "0"),
        ("PIP_FIND_LINKS", ""),
    ] {
        project.set(variable, value);
    }
    says(
        &project,
        &["build"],
        5,
        &[
            "pip cannot install ziglang",
            "No matching distribution found",
            "name an installed one under [toolchains] in mighost.toml: `zig = \"/path/to/zig\"`",
        ],
    );
    let left: Vec<_> = std::fs::read_dir(tools.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left.len(), 1, "the lock alone: {left:?}");

    project.set("PATH", tools.path().to_str().unwrap());
    says(
        &project,
        &["build"],
        5,
        &["pip is missing", "install Python 3 with pip"],
    );
}

#[test]
fn a_compiler_that_fails() {
    let project = in_c("void upgrade(void) {\n    int x = 5 mighost_info(\"x\");\n}");
    says(
        &project,
        &["build"],
        5,
        &["zig cc failed", "migration.c:3:14: error: expected ';'"],
    );
    project.write(
        "migrations/a1_first/migration.c",
        "#include \"mighost.h\"\nvoid downgrade(void) {}\n",
    );
    says(
        &project,
        &["build"],
        5,
        &[
            "the required function upgrade is missing",
            "expected: void upgrade(void)",
        ],
    );
}

/// C++ takes it for another function, and Zig's linker for a trap.
#[test]
fn exports_of_other_types() {
    let project = project();
    project.write(
        "plugins/acts/wit/acts.wit",
        "package acme:acts@0.1.0;\n\ninterface acts {\n    act: func(name: string, times: u32);\n}\n\nworld plugin {\n    export acts;\n}\n",
    );
    project.write("plugins/acts/plugin.toml", "name = \"acts\"\nversion = \"0.1.0\"\n");
    let expected = "expected: void exports_acme_acts_acts_act(guest_string_t *name, uint32_t times)";
    let reason = "exports_acme_acts_acts_act has the wrong signature";
    project.write(
        "plugins/acts/plugin.cpp",
        "#include \"mighost.hpp\"\nvoid exports_acme_acts_acts_act(int times) {}\n",
    );
    says(
        &project,
        &["build"],
        5,
        &[reason, expected, "act(int times) {} (plugin.cpp:2)"],
    );
    std::fs::remove_file(project.path().join("plugins/acts/plugin.cpp")).unwrap();
    project.write(
        "plugins/acts/plugin.zig",
        "export fn exports_acme_acts_acts_act(times: u32) void {\n    _ = times;\n}\n",
    );
    says(
        &project,
        &["build"],
        5,
        &[reason, expected, "act(times: u32) void (plugin.zig:1)"],
    );
}

/// Zig cannot read what it has noted itself of paths with quotes.
#[test]
fn a_project_with_quotes_in_its_name() {
    let project = in_c("void upgrade(void) {}");
    let name = "it's a \"project\" \\ & co";
    let settings = std::fs::read_to_string(project.path().join("mighost.toml")).unwrap();
    project.write(&format!("{name}/mighost.toml"), settings);
    std::fs::rename(
        project.path().join("migrations"),
        project.path().join(name).join("migrations"),
    )
    .unwrap();
    project.run(&["-C", name, "build"]).ok();
}

#[test]
fn errors_have_file_and_line() {
    let project = in_c(
        "#include <stdio.h>\nvoid upgrade(void) {\n    mighost_expect(fopen(\"/etc/passwd\", \"r\"), \"no file %d\", 5);\n}",
    );
    says(
        &project,
        &["upgrade"],
        8,
        &["migration.c:4: no file 5", "a1 was rolled back"],
    );
    let cpp = project.path().join("migrations/a1_first");
    std::fs::remove_file(cpp.join("migration.c")).unwrap();
    project.write(
        "migrations/a1_first/migration.cpp",
        "#include \"mighost.hpp\"\nvoid upgrade() {\n    mighost::fail(\"no station\");\n}\n",
    );
    says(&project, &["upgrade"], 8, &["migration.cpp:3: no station"]);
    std::fs::remove_file(cpp.join("migration.cpp")).unwrap();
    let zig = |body: &str| {
        let code = format!("const m = @import(\"mighost\");\npub fn upgrade() !void {{\n    {body}\n}}\n");
        project.write("migrations/a1_first/migration.zig", code);
    };
    zig("m.fail(@src(), \"no station {d}\", .{5});");
    says(&project, &["upgrade"], 8, &["migration.zig:3: no station 5"]);
    // An empty text, and an object without options, reach the host as such.
    zig("m.info(\"\", .{});\n    m.create(.{ .kind = \"gronk\", .name = \"\", .definition = \"\" });");
    says(&project, &["upgrade"], 5, &["gronk"]);
    zig("m.info(\"\", .{});\n    return error.NoStations;");
    says(&project, &["upgrade"], 8, &["upgrade failed: error.NoStations"]);
    zig("const list = [_]u8{ 1, 2 };\n    var i: usize = 5;\n    _ = &i;\n    m.info(\"{d}\", .{list[i]});");
    says(&project, &["upgrade"], 8, &["index out of bounds: index 5, len 2"]);
}

#[test]
fn manifests_that_are_wrong() {
    let project = in_c("void upgrade(void) {}");
    migration(&project, "uses = [\"acme:roles/roles\"]");
    says(
        &project,
        &["build"],
        5,
        &["it uses acme:roles/roles, which no plugin of this project exports"],
    );
    migration(&project, "uses = [\"roles\"]");
    says(&project, &["build"], 5, &["\"roles\" is not the name of an interface"]);
    migration(&project, "");
    project.write("migrations/a1_first/migration.zig", "");
    says(
        &project,
        &["build"],
        5,
        &["migration.c (C), migration.zig (Zig)", "build = \"c\""],
    );
}

#[test]
fn plugins_that_use_each_other() {
    let project = project();
    for (name, other) in [("one", "two"), ("two", "one")] {
        let manifest = format!("name = \"{name}\"\nversion = \"0.1.0\"\nuses = [\"acme:{other}/{other}\"]\n");
        project.write(&format!("plugins/{name}/plugin.toml"), manifest);
        let wit = format!(
            "package acme:{name}@0.1.0;\ninterface {name} {{ x: func(); }}\nworld plugin {{ export {name}; }}\n"
        );
        project.write(&format!("plugins/{name}/wit/{name}.wit"), wit);
        project.write(&format!("plugins/{name}/plugin.c"), "");
    }
    says(&project, &["build"], 5, &["one uses two uses one"]);
}
