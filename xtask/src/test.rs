//! The README's second command: everything that must hold before a change lands.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::servers;
use crate::tools::{self, answers};
use crate::wasm_std;

/// Workspaces of guests, which cargo does not see from the root.
const GUESTS: [&str; 2] = ["plugins/Cargo.toml", "migrations/Cargo.toml"];

/// Tests without a database, or that ask the catalogs on the path of the traps themselves.
const UNFIT_FOR_TRAPS: &str = "^(language|scripting|helpers|tutorials|alembic|new_sources|docs|prose|testing|test_|hostile_schema|\
    schema_judge|chain::a_fingerprint|commands::a_version_table|journal::a_stamp_forgets|killed::any_moment|looking::a_script|\
    mistakes::|pooler::|runners::a_table|schema::the_project)";

/// How long each step took, for the summary at the end.
struct Steps {
    taken: Vec<(String, Duration)>,
}

impl Steps {
    fn run(&mut self, name: &str, step: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
        let begun = Instant::now();
        step().with_context(|| format!("`./x test` failed at: {name}"))?;
        self.taken.push((name.to_owned(), begun.elapsed()));
        Ok(())
    }

    fn summary(&self) -> String {
        let total: Duration = self.taken.iter().map(|(_, time)| *time).sum();
        let all = self.taken.iter().map(|(name, time)| (name.as_str(), *time));
        all.chain([("total", total)])
            .map(|(name, time)| format!("{:>6} s  {name}\n", time.as_secs()))
            .collect()
    }
}

/// Fast checks first. `--all` runs slow suites whole, and the checks that need another tool; other arguments go to the test runner.
pub fn run(arguments: &[String]) -> anyhow::Result<()> {
    let all = arguments.iter().any(|argument| argument == "--all");
    let filters: Vec<String> = arguments
        .iter()
        .filter(|argument| *argument != "--all")
        .cloned()
        .collect();
    let mut steps = Steps { taken: Vec::new() };
    steps.run("set-up", || {
        wasm_std::install()?;
        if !answers("xtask/alembic-venv.sh", &[]) {
            eprintln!("WARNING: Alembic cannot be installed by pip: the tests that compare with it will test nothing");
        }
        install("cargo-nextest", &["nextest", "--version"])?;
        if all {
            install("cargo-deny", &["deny", "--version"])
        } else {
            Ok(())
        }
    })?;
    steps.run("format", || {
        tools::run("cargo", &["fmt", "--all", "--check"], &[])?;
        for manifest in GUESTS {
            tools::run("cargo", &["fmt", "--all", "--check", "--manifest-path", manifest], &[])?;
        }
        Ok(())
    })?;
    steps.run("build", || {
        tools::run("cargo", &["build", "--workspace", "--all-targets"], &[])
    })?;
    // The demo's guests, which the end-to-end tests run.
    steps.run("guests", || tools::run("target/debug/mighost", &["build"], &[]))?;
    steps.run("tests", || tests(&filters, all))?;
    if filters.is_empty() {
        steps.run("tests in hostile databases", || hostile(all))?;
    }
    if filters.is_empty() {
        steps.run("other versions of PostgreSQL", || servers::test(all))?;
    }
    steps.run("documentation tests", || {
        tools::run("cargo", &["test", "--workspace", "--doc"], &[])
    })?;
    steps.run("tests of guests", || guests("plugins/Cargo.toml", "test", &[]))?;
    steps.run("lints", || {
        let lints = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
        tools::run("cargo", &lints, &[])?;
        for manifest in GUESTS {
            guests(manifest, "clippy", &["--all-targets", "--", "-D", "warnings"])?;
        }
        Ok(())
    })?;
    // After clippy, which has checked the dependencies already.
    steps.run("documentation", || {
        let doc = ["doc", "--workspace", "--no-deps"];
        tools::run_with("cargo", &doc, &[], &[("RUSTDOCFLAGS", "-D warnings")])
    })?;
    if all {
        steps.run("dependencies", || {
            tools::run("cargo", &["deny", "check", "bans", "licenses", "sources"], &[])
        })?;
    }
    eprint!("{}", steps.summary());
    Ok(())
}

/// All tests of the workspace, on one server where they can share it.
fn tests(filters: &[String], all: bool) -> anyhow::Result<()> {
    with_server(&["--workspace"], filters, all.then_some(("MIGHOST_TEST_ALL", "1")))
}

/// The end-to-end tests again in databases whose schema `public` and defaults somebody else controls: all that do not ask the catalogs on
/// the path of these traps themselves, or a fifth of them.
fn hostile(all: bool) -> anyhow::Result<()> {
    let part = RandomState::new().build_hasher().finish() % 5 + 1;
    let partition = format!("hash:{part}/5");
    // With another choice of packages, cargo would compile their dependencies with other features.
    let mut arguments = vec!["--workspace"];
    if !all {
        arguments.extend(["--partition", &partition]);
    }
    let filter = [
        "-E".to_owned(),
        format!("package(mighost-tests) & not test(/{UNFIT_FOR_TRAPS}/)"),
    ];
    with_server(&arguments, &filter, Some(("MIGHOST_TEST_HOSTILE", "1")))
}

/// Runs tests while the server that they share runs.
fn with_server(chosen: &[&str], filters: &[String], variable: Option<(&str, &str)>) -> anyhow::Result<()> {
    let mut server = tools::command("target/debug/test-server")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start target/debug/test-server")?;
    let mut sockets = String::new();
    if let Some(stdout) = server.stdout.take() {
        std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut sockets)?;
    }
    let sockets = sockets.trim_end();
    // An empty folder would be that of libpq, and a server of the developer's.
    anyhow::ensure!(
        !sockets.is_empty(),
        "target/debug/test-server ended before it told its socket"
    );
    let variables: Vec<(&str, &str)> = variable.into_iter().chain([("MIGHOST_TEST_SERVER", sockets)]).collect();
    let arguments = [&["nextest", "run", "--no-fail-fast"], chosen].concat();
    let outcome = tools::run_with("cargo", &arguments, filters, &variables);
    // It ends with its input.
    drop(server.stdin.take());
    server.wait()?;
    outcome
}

/// Runs a task of cargo's on the workspace of `manifest`.
fn guests(manifest: &str, task: &str, more: &[&str]) -> anyhow::Result<()> {
    let place = [task, "--manifest-path", manifest, "--target-dir", "target"];
    tools::run("cargo", &[&place, more].concat(), &[])
}

/// Installs a subcommand of cargo's where it does not answer.
fn install(package: &str, version: &[&str]) -> anyhow::Result<()> {
    if answers("cargo", version) {
        return Ok(());
    }
    tools::run("cargo", &["install", "--locked", package], &[])
}
