//! Guests that fail, in every way that the sandbox has to take. What they did is rolled back; what came before stays.

use std::path::Path;
use std::sync::Arc;

use insta::assert_snapshot;
use mighost_tests::guests::{self, Code, revision};
use mighost_tests::project::{Outcome, Project, Server};

/// Runs `guest` as revision b2 behind a good a1, and checks that a1 stays and nothing is left of b2.
fn failing(server: &Arc<Server>, settings: &str, guest: &Code) -> Outcome {
    failing_component(server, settings, &guest.component())
}

fn failing_component(server: &Arc<Server>, settings: &str, component: &[u8]) -> Outcome {
    let project = Project::on(server, settings);
    project.sql_migration("a1", &[], "CREATE TABLE kept (id int);", "DROP TABLE kept;");
    project.run(&["upgrade", "head"]).ok();
    let catalog = project.catalog();
    project.write(
        "migrations/b2.wasm",
        guests::migration(component, vec![revision("b2", &["a1"])]),
    );
    project.sql_migration("c3", &["b2"], "CREATE TABLE never ();", "DROP TABLE never;");
    let outcome = project.run(&["upgrade", "head"]);
    assert_eq!(project.heads(), "a1", "{}", outcome.stderr);
    assert_eq!(project.catalog(), catalog, "{}", outcome.stderr);
    assert_eq!(
        project.sql(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = \
             (SELECT oid FROM pg_database WHERE datname = current_database())"
        ),
        "0"
    );
    outcome
}

/// A guest that has begun its work before it fails.
fn begun() -> Code {
    Code::new().execute("CREATE TABLE half ()")
}

#[test]
fn traps() {
    let server = Server::shared();
    assert_snapshot!(failing(&server, "", &begun().then("unreachable")).shown(), @"
    exit 8
    building 1/1 c3_c3 (sql)
    error: migration b2 trapped: wasm trap: wasm `unreachable` instruction executed
      in the upgrade of revision b2, PROJECT/migrations/b2.wasm
      in body
      in function 4
    state: b2 was rolled back
           not run: c3
    fault: the migration or plugin; its author needs to fix it
    ");
    let panic = "panicked at src/lib.rs:12:5: no station \u{1b}[2Jhas the id 7";
    assert_snapshot!(failing(&server, "", &begun().message(1, panic).then("unreachable")).shown(), @r"
    exit 8
    building 1/1 c3_c3 (sql)
    error: migration b2 panicked: src/lib.rs:12:5: no station \u{1b}[2Jhas the id 7
      in the upgrade of revision b2, PROJECT/migrations/b2.wasm
    state: b2 was rolled back
           not run: c3
    fault: the migration or plugin; its author needs to fix it
    ");
    assert_snapshot!(failing(&server, "", &begun().then("(drop (i32.load (i32.const -1)))")).shown(), @"
    exit 8
    building 1/1 c3_c3 (sql)
    error: migration b2 trapped: wasm trap: out of bounds memory access
      in the upgrade of revision b2, PROJECT/migrations/b2.wasm
      in body
      in function 4
    state: b2 was rolled back
           not run: c3
    fault: the migration or plugin; its author needs to fix it
    ");
    assert_snapshot!(failing(&server, "", &begun().fail("there are 3 stations without a network")).shown(), @"
    exit 8
    building 1/1 c3_c3 (sql)
    error: migration b2 failed: there are 3 stations without a network
      in the upgrade of revision b2, PROJECT/migrations/b2.wasm
    state: b2 was rolled back
           not run: c3
    fault: the migration or plugin; its author needs to fix it
    ");
    assert_snapshot!(failing(&server, "", &begun().fail("")).shown(), @"
    exit 8
    building 1/1 c3_c3 (sql)
    error: migration b2 failed without an error message
      in the upgrade of revision b2, PROJECT/migrations/b2.wasm
    state: b2 was rolled back
           not run: c3
    fault: the migration or plugin; its author needs to fix it
    ");
}

#[test]
fn limits() {
    let server = Server::shared();
    let settings = "[limits]\nguest-time = \"200ms\"\nmemory = \"1MiB\"\n";
    let forever = begun().then("(loop (br 0))");
    assert_snapshot!(failing(&server, settings, &forever).shown(), @"
    exit 8
    building 1/1 c3_c3 (sql)
    error: migration b2 computed for more than T without calling the host
      in the upgrade of revision b2, PROJECT/migrations/b2.wasm
    state: b2 was rolled back
           not run: c3
    fault: the migration or plugin; its author needs to fix it
    hint: if it really needs longer, raise guest-time under [limits] in mighost.toml
    ");
    let asks = begun()
        .import("mighost:host/database@0.1.0", "in-transaction", "$asks", "(result i32)")
        .then("(loop (drop (call $asks)) (br 0))");
    let outcome = failing(&server, settings, &asks);
    assert!(outcome.stderr.contains("computed for more than"), "{}", outcome.stderr);
    let eats = begun()
        .then("(loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))")
        .then("unreachable");
    assert_snapshot!(failing(&server, settings, &eats).shown(), @"
    exit 8
    building 1/1 c3_c3 (sql)
    error: migration b2 asked for 1088 KiB of memory; the limit is 1 MiB
      in the upgrade of revision b2, PROJECT/migrations/b2.wasm
    state: b2 was rolled back
           not run: c3
    fault: the migration or plugin; its author needs to fix it
    hint: read large results in batches with a cursor, or raise memory under [limits] in mighost.toml
    ");
    let deep = begun().function("(func $deep (call $deep))").then("(call $deep)");
    assert_snapshot!(failing(&server, settings, &deep).shown(), @"
    exit 8
    building 1/1 c3_c3 (sql)
    error: migration b2 exhausted its stack of 2 MiB
      in the upgrade of revision b2, PROJECT/migrations/b2.wasm
    state: b2 was rolled back
           not run: c3
    fault: the migration or plugin; its author needs to fix it
    hint: look for unbounded recursion
    ");
    // More than the limit before its first instruction.
    let large = begun().function("(memory $large 100)");
    let large = large.module(
        &["upgrade", "downgrade", "objects"]
            .map(|name| format!("mighost:host/revision@0.1.0#{name}"))
            .each_ref()
            .map(String::as_str),
    );
    let large = large
        .replace("(memory $large 100)", "")
        .replace("(memory (export \"memory\") 2)", "(memory (export \"memory\") 100)");
    assert_snapshot!(failing_component(&server, settings, &guests::component(&large, "migration", &[])).shown(), @"
    exit 8
    building 1/1 c3_c3 (sql)
    error: migration b2 asked for 6400 KiB of memory; the limit is 1 MiB
      in the upgrade of revision b2, PROJECT/migrations/b2.wasm
    state: b2 was rolled back
           not run: c3
    fault: the migration or plugin; its author needs to fix it
    hint: read large results in batches with a cursor, or raise memory under [limits] in mighost.toml
    ");
    // A time limit does not count what the database takes.
    let project = Project::on(&server, settings);
    project.write(
        "migrations/a1.wasm",
        Code::new().query("SELECT pg_sleep(0.6)").migration("a1", &[]),
    );
    project.run(&["upgrade", "head"]).ok();
}

#[test]
fn broken_sql() {
    let server = Server::shared();
    let outcome = failing(&server, "", &begun().execute("SELECT id,\n       nme\n  FROM kept"));
    assert_snapshot!(outcome.shown(), @r#"
    exit 7
    building 1/1 c3_c3 (sql)
    error: column "nme" does not exist (SQLSTATE 42703)
      in the upgrade of revision b2, PROJECT/migrations/b2.wasm
      1 | SELECT id,
      2 |        nme
        |        ^
      3 |   FROM kept
    state: b2 was rolled back
           not run: c3
    fault: the migration or plugin; its author needs to fix it
    "#);
    assert_snapshot!(failing(&server, "", &begun().query("SELECT * FROM kpt WHERE id = $1")).shown(), @r#"
    exit 7
    building 1/1 c3_c3 (sql)
    error: relation "kpt" does not exist (SQLSTATE 42P01)
      in the upgrade of revision b2, PROJECT/migrations/b2.wasm
      1 | SELECT * FROM kpt WHERE id = $1
        |               ^
    state: b2 was rolled back
           not run: c3
    fault: the migration or plugin; its author needs to fix it
    "#);

    let project = Project::on(&server, "");
    project.sql_migration(
        "a1",
        &[],
        "-- Stations.\nCREATE TABLE station (id int);\n\nCREATE VIEW names AS\n  SELECT id, nme\n  FROM station;\n",
        "",
    );
    assert_snapshot!(project.run(&["upgrade", "head"]).shown(), @r#"
    exit 7
    building 1/1 a1_a1 (sql)
    error: column "nme" does not exist (SQLSTATE 42703)
      in the upgrade of revision a1, PROJECT/migrations/a1_a1
      1 | CREATE VIEW names AS
      2 |   SELECT id, nme
        |              ^
      3 |   FROM station
    state: a1 was rolled back
    fault: the migration or plugin; its author needs to fix it
    "#);
    assert_eq!((project.heads(), project.catalog()), ("base".into(), String::new()));
    project.sql_migration("a1", &[], "SELECT 1;\nSELECT 'no end;\n", "");
    assert_snapshot!(project.run(&["upgrade", "head"]).shown(), @"
    exit 8
    building 1/1 a1_a1 (sql)
    error: line 2, column 8 of the script: unterminated quoted string
      in the upgrade of revision a1, PROJECT/migrations/a1_a1
    state: a1 was rolled back
    fault: the migration or plugin; its author needs to fix it
    ");
    project.sql_migration("a1", &[], "SELECT 1;\nSELECT :'station';\n", "");
    assert_snapshot!(project.run(&["upgrade", "head"]).shown(), @"
    exit 8
    building 1/1 a1_a1 (sql)
    error: line 2, column 8 of the script: the variable :'station' has no value; set it with -x station=VALUE
      in the upgrade of revision a1, PROJECT/migrations/a1_a1
    state: a1 was rolled back
    fault: the migration or plugin; its author needs to fix it
    ");
    project.sql_migration("a1", &[], "SELECT 1;\n\\copy t from 'file'\n", "");
    assert_snapshot!(project.run(&["upgrade", "head"]).shown(), @r"
    exit 8
    building 1/1 a1_a1 (sql)
    error: line 2, column 1 of the script: \copy is a psql command, which a migration cannot use
      in the upgrade of revision a1, PROJECT/migrations/a1_a1
    state: a1 was rolled back
    fault: the migration or plugin; its author needs to fix it
    ");
    project.sql_migration(
        "a1",
        &[],
        "SELECT 1;\nCREATE INDEX CONCURRENTLY i ON pg_class (oid);\n",
        "",
    );
    assert_snapshot!(project.run(&["upgrade", "head"]).shown(), @r#"
    exit 7
    building 1/1 a1_a1 (sql)
    error: CREATE INDEX CONCURRENTLY cannot run inside a transaction block (SQLSTATE 25001)
      in the upgrade of revision a1, PROJECT/migrations/a1_a1
      1 | CREATE INDEX CONCURRENTLY i ON pg_class (oid)
    state: a1 was rolled back
    fault: the migration or plugin; its author needs to fix it
    hint: set transaction = "none" in the migration's migration.toml, or call suspend-transaction before it
    "#);
    assert_eq!((project.heads(), project.catalog()), ("base".into(), String::new()));
}

#[test]
fn transaction_control() {
    let server = Server::shared();
    assert_snapshot!(failing(&server, "", &begun().execute("COMMIT")).shown(), @r#"
    exit 8
    building 1/1 c3_c3 (sql)
    error: COMMIT is not allowed, because mighost controls the transaction: COMMIT
      in the upgrade of revision b2, PROJECT/migrations/b2.wasm
    state: b2 was rolled back
           not run: c3
    fault: the migration or plugin; its author needs to fix it
    hint: mighost begins and commits the transaction; call suspend-transaction before statements that cannot run in one, or set transaction = "none" in migration.toml
    "#);
    let hidden = begun().execute("/* all done */ End Work; SELECT 1");
    assert_snapshot!(failing(&server, "", &hidden).shown(), @r#"
    exit 8
    building 1/1 c3_c3 (sql)
    error: END is not allowed, because mighost controls the transaction: /* all done */ End Work
      in the upgrade of revision b2, PROJECT/migrations/b2.wasm
    state: b2 was rolled back
           not run: c3
    fault: the migration or plugin; its author needs to fix it
    hint: mighost begins and commits the transaction; call suspend-transaction before statements that cannot run in one, or set transaction = "none" in migration.toml
    "#);
    let within = begun().execute("DO $$ BEGIN COMMIT; END $$");
    assert_snapshot!(failing(&server, "", &within).shown(), @r#"
    exit 7
    building 1/1 c3_c3 (sql)
    error: invalid transaction termination (SQLSTATE 2D000)
      in the upgrade of revision b2, PROJECT/migrations/b2.wasm
      1 | DO $$ BEGIN COMMIT; END $$
    context: PL/pgSQL function inline_code_block line 1 at COMMIT
    state: b2 was rolled back
           not run: c3
    fault: the migration or plugin; its author needs to fix it
    hint: set transaction = "none" in the migration's migration.toml, or call suspend-transaction before it
    "#);
    let two_phase = begun().execute("PREPARE TRANSACTION 'later'");
    assert_snapshot!(failing(&server, "", &two_phase).shown(), @r#"
    exit 8
    building 1/1 c3_c3 (sql)
    error: PREPARE TRANSACTION is not allowed, because mighost controls the transaction: PREPARE TRANSACTION 'later'
      in the upgrade of revision b2, PROJECT/migrations/b2.wasm
    state: b2 was rolled back
           not run: c3
    fault: the migration or plugin; its author needs to fix it
    hint: mighost begins and commits the transaction; call suspend-transaction before statements that cannot run in one, or set transaction = "none" in migration.toml
    "#);
}

/// Without a downgrade.sql there is no way back, and it is said before anything is lost.
#[test]
fn no_downgrade() {
    let project = Project::on_server();
    project.write("migrations/a1_x/migration.toml", "revision = \"a1\"\n");
    project.write("migrations/a1_x/upgrade.sql", "CREATE TABLE t ();");
    project.run(&["upgrade", "head"]).ok();
    assert_snapshot!(project.run(&["downgrade", "base"]).shown(), @"
    exit 8
    error: migration a1 failed: the artifact carries no script for this direction
      in the downgrade of revision a1, PROJECT/migrations/a1_x
    state: a1 was rolled back
    fault: the migration or plugin; its author needs to fix it
    ");
    assert_eq!(project.heads(), "a1");
}

#[test]
fn queries_offline() {
    let project = Project::offline();
    project.write("migrations/a1.wasm", begun().query("SELECT 1").migration("a1", &[]));
    let outcome = project.run(&["upgrade", "head", "--sql"]);
    assert_snapshot!(outcome.shown(), @"
    exit 2
    error: query needs an answer from the database, but there is no database offline (--sql)
      in the upgrade of revision a1, PROJECT/migrations/a1.wasm
    state: the script is incomplete: it ends before a1
    fault: the command, the configuration or the environment
    hint: add --online-reads to read from the database without changing it
    hint: run it without --sql, or write the migration without queries
    ");
    assert!(outcome.stdout.ends_with("ROLLBACK;\n"), "{}", outcome.stdout);
}

#[test]
fn messages() {
    let project = Project::on_server();
    let hostile = "first\r\u{1b}[2K\u{1b}]0;owned\u{7}second\u{202e}third\nerror: not mighost's";
    let code = Code::new()
        .message(1, hostile)
        .message(2, &"x".repeat(20_000))
        .message(0, "for the curious");
    project.write("migrations/a1.wasm", code.migration("a1", &[]));
    let outcome = project.run(&["upgrade", "head"]).ok();
    let shown = outcome.shown();
    assert!(
        !outcome.stderr.contains(['\u{1b}', '\u{7}', '\r', '\u{202e}']),
        "{shown}"
    );
    assert!(shown.len() < 10_000, "{} bytes", shown.len());
    assert_snapshot!(shown.replace(&"x".repeat(8000), "(8000 x)").replace(&"x".repeat(192), "(192 x)"), @r"
    exit 0
    a1: first\r\u{1b}[2K\u{1b}]0;owned\u{7}second\u{202e}third
        error: not mighost's
    warning: a1: (8000 x)(192 x) [... 11808 more bytes]
    [1/1] upgrade a1 (T)
    test upgraded by 1 revision in T, now at a1
    ");
}

const WASI_FILES: &str = "package wasi:filesystem@0.2.6;
interface types { resource descriptor; }
interface preopens { use types.{descriptor}; get-directories: func() -> list<tuple<descriptor, string>>; }";
const WASI_CLI: &str = "package wasi:cli@0.2.6;
interface environment { get-environment: func() -> list<tuple<string, string>>; }";
const WASI_SOCKETS: &str = "package wasi:sockets@0.2.6;
interface network {
  resource network;
  enum error-code {
    unknown, access-denied, not-supported, invalid-argument, out-of-memory, timeout, concurrency-conflict,
    not-in-progress, would-block, invalid-state, new-socket-limit, address-not-bindable, address-in-use,
    remote-unreachable, connection-refused, connection-reset, connection-aborted, datagram-too-large,
    name-unresolvable, temporary-resolver-failure, permanent-resolver-failure,
  }
}
interface instance-network { use network.{network}; instance-network: func() -> network; }
interface ip-name-lookup {
  use network.{network, error-code};
  resource resolve-address-stream;
  resolve-addresses: func(network: borrow<network>, name: string) -> result<resolve-address-stream, error-code>;
}";
const RUNTIME: &str = "package test:runtime;
world migration {
  include mighost:host/migration@0.1.0;
  import wasi:filesystem/preopens@0.2.6;
  import wasi:cli/environment@0.2.6;
  import wasi:sockets/instance-network@0.2.6;
  import wasi:sockets/ip-name-lookup@0.2.6;
}";

/// Language runtimes import WASI; they get it, with nothing in it.
#[test]
fn wasi_is_empty() {
    let mut project = Project::on_server();
    project.set("SECRET", "not for guests");
    let is_empty = "(if (i32.ne (i32.const 0) (i32.load (i32.const 68))) (then unreachable))";
    let code = Code::new()
        .import(
            "wasi:filesystem/preopens@0.2.6",
            "get-directories",
            "$directories",
            "(param i32)",
        )
        .import(
            "wasi:cli/environment@0.2.6",
            "get-environment",
            "$environment",
            "(param i32)",
        )
        .import(
            "wasi:sockets/instance-network@0.2.6",
            "instance-network",
            "$network",
            "(result i32)",
        )
        .import(
            "wasi:sockets/ip-name-lookup@0.2.6",
            "resolve-addresses",
            "$resolve",
            "(param i32 i32 i32 i32)",
        )
        .then("(call $directories (i32.const 64))")
        .then(is_empty)
        .then("(call $environment (i32.const 64))")
        .then(is_empty)
        .then("(call $network)")
        .text("localhost")
        .then("(i32.const 64) (call $resolve)")
        // An error, and its code is neither `unknown` nor a matter of the name.
        .then("(if (i32.ne (i32.const 1) (i32.load8_u (i32.const 64))) (then unreachable))")
        .execute("CREATE TABLE checked ()");
    let component = code.component_in("migration", &[WASI_FILES, WASI_CLI, WASI_SOCKETS, RUNTIME]);
    project.write(
        "migrations/a1.wasm",
        guests::migration(&component, vec![revision("a1", &[])]),
    );
    project.run(&["upgrade", "head"]).ok();
    assert_eq!(project.sql("SELECT count(*) FROM checked"), "0");
}

#[test]
fn imports_that_nobody_offers() {
    let server = Server::shared();
    let import = |package: &str, interface: &str| {
        let code = begun()
            .import(interface, "open", "$open", "(param i32 i32)")
            .text("/etc/passwd")
            .then("(call $open)");
        let world = "package test:probe; world probing { include mighost:host/migration@0.1.0; import INTERFACE; }";
        let world = world.replace("INTERFACE", interface);
        let component = match package.starts_with("package mighost:host") {
            true => code.component_in("probing", &[package]),
            false => code.component_in("probing", &[package, &world]),
        };
        failing_component(&server, "", &component).shown()
    };
    let acme = "package acme:files@1.0.0; interface files { open: func(path: string); }";
    assert_snapshot!(import(acme, "acme:files/files@1.0.0"), @"
    exit 5
    building 1/1 c3_c3 (sql)
    error: migration b2 needs acme:files/files@1.0.0, which no plugin of this project exports
      in the upgrade of revision b2, PROJECT/migrations/b2.wasm
    state: b2 was rolled back
           not run: c3
    fault: the command, the configuration or the environment
    hint: add the plugin to the project's plugins folder; `mighost plugins` lists the plugins there
    ");
    let host = "package mighost:host@0.1.0; interface files { open: func(path: string); }
        world probing { include migration; import files; }";
    assert_snapshot!(import(host, "mighost:host/files@0.1.0"), @"
    exit 5
    building 1/1 c3_c3 (sql)
    error: migration b2 imports mighost:host/files@0.1.0, which mighost does not offer to migrations
      in the upgrade of revision b2, PROJECT/migrations/b2.wasm
    state: b2 was rolled back
           not run: c3
    fault: the migration or plugin; its author needs to fix it
    hint: rebuild it with this version's WIT (`mighost wit`), or install a version of mighost that offers it
    ");
    let wasi = "package wasi:nn@0.2.0; interface nn { open: func(path: string); }";
    assert_snapshot!(import(wasi, "wasi:nn/nn@0.2.0"), @"
    exit 5
    building 1/1 c3_c3 (sql)
    error: migration b2 imports wasi:nn/nn@0.2.0, which mighost does not offer to migrations
      in the upgrade of revision b2, PROJECT/migrations/b2.wasm
    state: b2 was rolled back
           not run: c3
    fault: the migration or plugin; its author needs to fix it
    hint: guests have no files, no network and no environment
    ");
}

/// The SDK says where a guest panicked, and what it said.
#[test]
fn rust_panics() {
    let mut project = Project::on_server();
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    project.set("MIGHOST_SDK", repository.join("plugin-sdk").to_str().unwrap());
    project
        .run(&["revision", "-m", "Take over", "--rev-id", "a1b2", "--template", "rust"])
        .ok();
    // What the demo's migrations were built from is used again, and nothing is fetched.
    project.write(
        "migrations/a1b2_take_over/Cargo.lock",
        std::fs::read(repository.join("migrations/Cargo.lock")).unwrap(),
    );
    project.set("CARGO_NET_OFFLINE", "true");
    let built = repository.join(".mighost/build/cargo");
    std::fs::create_dir_all(&built).unwrap();
    project.write(".mighost/build/index.json", "{}");
    std::os::unix::fs::symlink(built, project.path().join(".mighost/build/cargo")).unwrap();
    let source = "use mighost_sdk::prelude::*;
struct Revision;
impl Migration for Revision {
    fn upgrade() {
        execute(\"CREATE TABLE half ()\");
        let station: Option<u32> = None;
        station.expect(\"no station to take over\");
    }
    fn downgrade() {}
}
mighost_sdk::export_migration!(Revision);
";
    project.write("migrations/a1b2_take_over/src/lib.rs", source);
    assert_snapshot!(project.run(&["upgrade", "head"]).shown(), @"
    exit 8
    building 1/1 a1b2_take_over (rust)
    error: migration a1b2 panicked: src/lib.rs:7:17: no station to take over
      in the upgrade of revision a1b2, PROJECT/migrations/a1b2_take_over
    state: a1b2 was rolled back
    fault: the migration or plugin; its author needs to fix it
    ");
    assert_eq!((project.heads(), project.catalog()), ("base".into(), String::new()));
    project.write("migrations/a1b2_take_over/src/lib.rs", source.replace("u32", "u31"));
    let outcome = project.run(&["upgrade", "head"]);
    let shown = outcome.shown();
    assert_eq!(outcome.code, 5, "{shown}");
    assert!(
        shown.contains("error: cannot build PROJECT/migrations/a1b2_take_over: cargo failed"),
        "{shown}"
    );
    // The compiler's own words.
    assert!(shown.contains("cannot find type `u31` in this scope"), "{shown}");
}
