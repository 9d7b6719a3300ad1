//! What guests write to their standard output and error, which is where a language's runtime says why it gives up.

use insta::assert_snapshot;
use mighost_tests::guests::{self, Code, revision};
use mighost_tests::project::Project;

const WASI_IO: &str = "package wasi:io@0.2.6;
interface error { resource error; }
interface streams {
  use error.{error};
  variant stream-error { last-operation-failed(error), closed }
  resource output-stream { blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>; }
}";
const WASI_CLI: &str = "package wasi:cli@0.2.6;
interface stderr { use wasi:io/streams@0.2.6.{output-stream}; get-stderr: func() -> output-stream; }
interface exit { exit: func(status: result); }";
const RUNTIME: &str = "package test:runtime;
world migration {
  include mighost:host/migration@0.1.0;
  import wasi:cli/stderr@0.2.6;
  import wasi:cli/exit@0.2.6;
}";

fn code() -> Code {
    Code::new()
        .import("wasi:cli/stderr@0.2.6", "get-stderr", "$stderr", "(result i32)")
        .import("wasi:cli/exit@0.2.6", "exit", "$exit", "(param i32)")
        .import(
            "wasi:io/streams@0.2.6",
            "[method]output-stream.blocking-write-and-flush",
            "$write",
            "(param i32 i32 i32 i32)",
        )
        .then("(global.set $scratch (call $stderr))")
}

fn written(code: Code, text: &str) -> Code {
    code.then("(global.get $scratch)")
        .text(text)
        .then("(i32.const 64) (call $write)")
}

fn upgraded(code: &Code, options: &[&str]) -> String {
    let project = Project::on_server();
    let component = code.component_in("migration", &[WASI_IO, WASI_CLI, RUNTIME]);
    project.write(
        "migrations/a1.wasm",
        guests::migration(&component, vec![revision("a1", &[])]),
    );
    project.run(&[&["upgrade", "head"], options].concat()).shown()
}

#[test]
fn they_are_told_with_a_trap() {
    let code = written(
        written(code(), "panic: no stat"),
        "ions\n\n\u{1b}[2Jgoroutine 1 [running]:\n\tmain\r\n",
    );
    assert_snapshot!(upgraded(&code.then("unreachable"), &[]), @r"
    exit 8
    error: migration a1 trapped: wasm trap: wasm `unreachable` instruction executed
      in the upgrade of revision a1, PROJECT/migrations/a1.wasm
      in body
      in function 6
      its output:
        panic: no stations
        \u{1b}[2Jgoroutine 1 [running]:
            main
    state: a1 was rolled back
    fault: the migration or plugin; its author needs to fix it
    ");
}

#[test]
fn their_beginning_and_their_end_are_kept() {
    let mut code = code();
    for number in 0..30 {
        code = written(code, &format!("{number} {}\n", "x".repeat(1000)));
    }
    let shown = upgraded(&code.then("unreachable"), &[]);
    for there in ["0 x", "3 x", "[...]", "27 x", "29 x"] {
        assert!(shown.contains(&format!("\n    {there}")), "{shown}");
    }
    assert!(!shown.contains("\n    15 x"), "{shown}");
}

#[test]
fn a_program_that_exits_says_so() {
    let code = written(code(), "giving up\n").then("(call $exit (i32.const 1))");
    assert_snapshot!(upgraded(&code, &[]), @"
    exit 8
    error: migration a1 trapped: it exited with code 1
      in the upgrade of revision a1, PROJECT/migrations/a1.wasm
      in body
      in function 6
      its output:
        giving up
    state: a1 was rolled back
    fault: the migration or plugin; its author needs to fix it
    ");
}

#[test]
fn without_a_trap_they_are_for_those_who_ask() {
    let code = written(code(), "first\nsecond\nthird").execute("create table done ()");
    let quiet = upgraded(&code, &[]);
    assert!(!quiet.contains("first"), "{quiet}");
    let told = upgraded(&code, &["--verbose"]);
    assert!(told.contains("first") && told.contains("second"), "{told}");
}
