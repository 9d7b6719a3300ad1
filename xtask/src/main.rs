//! The project's own tasks; `./x TASK` runs them after installing what they need.

mod demo;
mod servers;
mod test;
mod tools;
mod wasm_std;

use anyhow::bail;

const HELP: &str = "\
Tasks:
  demo       build mighost and the demo's guests, start the embedded database, upgrade it to head
  test       format, lints, tests: what CI runs; `./x test NAME` runs the tests whose name holds NAME
             `./x test --all` runs slow suites whole, and checks the dependencies
  wasm-std   install what Rust guests are compiled with
  bench      the measurements of benches/, in release mode
  help       this text";

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("demo") => demo::run(),
        Some("test") => test::run(&arguments[1..]),
        Some("wasm-std") => wasm_std::install(),
        Some("bench") => tools::run(
            "cargo",
            &["run", "--release", "--package", "mighost-benches", "--"],
            &arguments[1..],
        ),
        None | Some("help" | "--help" | "-h") => {
            println!("{HELP}");
            Ok(())
        }
        Some(task) => bail!("there is no task {task}\n\n{HELP}"),
    }
}
