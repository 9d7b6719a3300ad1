//! `mighost test` where things do not go their way: cases that hang, an interruption, servers that lack something, names that fit several, a
//! terminal that is asked.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use mighost_tests::project::{Project, mighost};

/// A project with one migration in SQL.
fn project(settings: &str) -> Project {
    let project = Project::new();
    project.config(&format!("[project]\nschema = 'crmp'\n{settings}"));
    project.sql_migration("a1", &[], "create table stations (id integer);", "drop table stations;");
    project
}

fn tests(project: &Project, text: &str) {
    project.write("migrations/a1_a1/tests/a1.toml", text);
}

const GOOD: &str = "[[database]]\nname = 'good'\nupgrade = 'a1'\nexists = ['table stations']\n\n";
const HANGING: &str = "[[database]]\nname = 'hanging'\nsetup = 'select pg_sleep(1000)'\nupgrade = 'a1'\n";

/// The folders of throw-away servers of a process.
fn folders(process: u32) -> Vec<PathBuf> {
    let places = ["/dev/shm".into(), std::env::temp_dir()];
    let entries = places
        .iter()
        .flat_map(|place: &PathBuf| fs::read_dir(place).into_iter().flatten().flatten());
    let own = format!("mighost-throw-away-{process}-");
    let found = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(&own));
    found.map(|entry| entry.path()).collect()
}

#[test]
fn a_case_that_hangs_fails_and_the_others_pass() {
    let project = project("[test]\ntimeout = '5s'\n");
    tests(&project, &format!("{GOOD}{HANGING}"));
    let ran = project.run(&["test"]);
    assert_eq!(ran.code, 10, "{}{}", ran.stdout, ran.stderr);
    for line in [
        "FAIL revision a1: hanging",
        "the case did not finish within 5 s",
        "1 passed, 1 failed in ",
    ] {
        assert!(ran.stdout.contains(line), "{line} is not in\n{}", ran.stdout);
    }
    project.config("[test]\ntimeout = '0s'\n");
    let ran = project.run(&["test"]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("the time must be more than zero"), "{}", ran.stderr);
}

#[test]
fn a_revision_that_hangs_fails_in_the_history() {
    let project = project("[test]\ntimeout = '2s'\n");
    project.sql_migration("b2", &["a1"], "select pg_sleep(1000);", "");
    let ran = project.run(&["test", "--history"]);
    assert_eq!(ran.code, 10, "{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.stdout
            .contains("the upgrade failed: it did not finish within 2 s; to allow more time"),
        "{}",
        ran.stdout
    );
}

#[test]
fn an_interruption_tells_what_was_done_and_leaves_nothing() {
    let project = project("");
    tests(&project, &format!("{GOOD}{HANGING}"));
    // Built, so that the time below is that of the tests.
    project.run(&["build"]).ok();
    for arguments in [
        ["test", "--jobs", "1", "--seed", "1", "-v"].as_slice(),
        &["test", "--history"],
    ] {
        let mut child = project
            .command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let process = child.id();
        let begun = Instant::now();
        while folders(process).is_empty() && begun.elapsed() < Duration::from_secs(30) {
            std::thread::sleep(Duration::from_millis(50));
        }
        std::thread::sleep(Duration::from_millis(if arguments.len() > 2 { 2500 } else { 300 }));
        let signalled = Command::new("kill")
            .args(["-INT", &process.to_string()])
            .status()
            .unwrap();
        assert!(signalled.success());
        let status = child.wait().unwrap();
        let (mut stdout, mut stderr) = (String::new(), String::new());
        child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!(status.code(), Some(130), "{stdout}{stderr}");
        assert!(
            stderr.contains("interrupted: stopping the tests; interrupt again to stop at once"),
            "{stderr}"
        );
        assert!(stdout.contains("interrupted: "), "{stdout}");
        assert_eq!(folders(process), Vec::<PathBuf>::new());
    }
}

/// Two runs of one project side by side have servers of their own.
#[test]
fn two_runs_at_once_are_not_in_each_others_way() {
    let project = project("");
    tests(&project, GOOD);
    project.run(&["build"]).ok();
    let run = || project.command(&["test"]).stdout(Stdio::piped()).spawn().unwrap();
    for child in [run(), run(), run()] {
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && text.starts_with("1 passed"), "{text}");
    }
}

#[test]
fn what_a_server_lacks_is_a_reason_to_skip_in_every_format() {
    let project = project("");
    let case = |name: &str, needs: &str| {
        format!("[[database]]\nname = '{name}'\nneeds = {{ {needs} }}\nupgrade = 'a1'\nexists = ['table no_such']\n\n")
    };
    tests(
        &project,
        &[
            case("newer", "server-from = 99"),
            case("older", "server-below = 9"),
            case("extended", "extensions = ['plpgsql', 'no_such_extension']"),
        ]
        .concat(),
    );
    let ran = project.run(&["test"]).ok();
    for line in [
        "SKIP revision a1: newer: it is for PostgreSQL 99 and later; this is ",
        "SKIP revision a1: older: it is for PostgreSQL before 9; this is ",
        " has no extension no_such_extension",
        "0 passed, 3 skipped in ",
    ] {
        assert!(ran.stdout.contains(line), "{line} is not in\n{}", ran.stdout);
    }
    let tap = project.run(&["test", "--format", "tap"]).ok().stdout;
    assert!(
        tap.contains("ok 1 - revision a1: newer # SKIP it is for PostgreSQL 99 and later"),
        "{tap}"
    );
    let junit = project.run(&["test", "--format", "junit"]).ok().stdout;
    assert!(
        junit.contains("<skipped message=\"it is for PostgreSQL 99 and later"),
        "{junit}"
    );
    let json: serde_json::Value =
        serde_json::from_str(&project.run(&["test", "--format", "json"]).ok().stdout).unwrap();
    assert_eq!(json["cases"][0]["outcome"], "skipped");

    tests(
        &project,
        "[[database]]\nname = 'x'\ncontext.server-version = 160000\nupgrade = 'a1'\n",
    );
    let ran = project.run(&["test"]);
    assert!(
        ran.stdout.contains("a case with a database uses its server's version"),
        "{}",
        ran.stdout
    );
}

/// A history whose scripts nobody can run says so.
#[test]
fn without_psql_scripts_are_skipped() {
    let mut project = project("");
    let programs = fs::read_dir("/usr/lib/postgresql").unwrap().flatten().next().unwrap();
    let bin = project.path().join("bin");
    fs::create_dir(&bin).unwrap();
    for program in fs::read_dir(programs.path().join("bin")).unwrap().flatten() {
        if program.file_name() != "psql" {
            std::os::unix::fs::symlink(program.path(), bin.join(program.file_name())).unwrap();
        }
    }
    // The server's user must reach it.
    Command::new("chmod")
        .args(["755", project.path().to_str().unwrap()])
        .status()
        .unwrap();
    project.config(&format!(
        "[project]\nschema = 'crmp'\n[embedded]\nbin-dir = '{}'\n",
        bin.display()
    ));
    project.set("PATH", "/nowhere");
    let ran = project.run(&["test", "--history", "--format", "tap"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    for name in ["script does the same", "downgrade script does the same"] {
        let line = format!("- revision a1: {name} # SKIP psql is not installed, so the script was not run");
        assert!(ran.stdout.contains(&line), "{}", ran.stdout);
    }
}

#[test]
fn names_that_fit_several_revisions_are_told() {
    let project = project("");
    project.sql_migration("a2", &["a1"], "select 1;", "select 1;");
    tests(&project, GOOD);
    let ran = project.run(&["test", "a"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("a is ambiguous: it matches the revisions a1, a2"),
        "{}",
        ran.stderr
    );
    tests(&project, &format!("revision = 'a2'\n{GOOD}"));
    let ran = project.run(&["test", "a1_a1"]);
    assert_eq!(ran.code, 10, "{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.stdout.contains("there is no revision with this id in this folder"),
        "{}",
        ran.stdout
    );
    let ran = project.run(&["test", "--history", "-k", "nothing of that name"]);
    assert_eq!(ran.code, 2, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("`mighost test --list`") || ran.stderr.contains("no test has"));
}

/// What guests and authors call things cannot break the formats.
#[test]
fn names_are_escaped() {
    let project = project("");
    tests(
        &project,
        "[[case]]\nname = \"a <b> & \\\"c\\\" ]]> # \\u0001\\uFFFE\\n1..9\"\ncall = 'upgrade()'\nstatements = ['x']\n",
    );
    let tap = project.run(&["test", "--format", "tap"]).stdout;
    assert_eq!(tap.lines().filter(|line| line.starts_with("1..")).count(), 1, "{tap}");
    let junit = project.run(&["test", "--format", "junit"]).stdout;
    assert!(
        !junit.contains(['\u{1}', '\u{fffe}']) && junit.contains("a &lt;b&gt; &amp; "),
        "{junit}"
    );
    let json = project.run(&["test", "--format", "json", "--update", "--yes"]);
    assert_eq!(json.code, 0, "{}", json.stderr);
    let document: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert!(document["cases"][0]["name"].as_str().unwrap().contains("]]>"));
    assert!(json.stderr.contains("+ statements = ["), "{}", json.stderr);
}

/// `--update` on a terminal shows the diff, asks, and does as it is told.
#[test]
fn a_terminal_is_asked_before_files_are_written() {
    let project = project("");
    let text = "[[case]]\nname = 'x'\ncall = 'upgrade()'\nstatements = ['select 1']\n";
    tests(&project, text);
    let file = project.path().join("migrations/a1_a1/tests/a1.toml");
    let answer = |answer: &str| on_terminal(project.path(), answer);
    let (code, shown) = answer("n");
    assert_eq!(code, 10, "{shown}");
    let (diff, question) = (
        shown.find("'create table stations"),
        shown.find("Write these changes to the files?"),
    );
    assert!(diff.is_some() && diff < question, "{shown}");
    assert!(shown.contains("nothing was written"), "{shown}");
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
    let (code, shown) = answer("y");
    assert_eq!(code, 0, "{shown}");
    assert!(fs::read_to_string(&file).unwrap().contains("'create table stations"));
}

/// Runs `mighost test --update` on a terminal of Python's making, and answers its question.
fn on_terminal(folder: &Path, answer: &str) -> (i32, String) {
    const PROGRAM: &str = "
import os, pty, sys
shown = b''
answered = False
child, terminal = pty.fork()
if child == 0:
    os.execv(sys.argv[1], [sys.argv[1], 'test', '--update', '--color', 'never'])
while True:
    try:
        piece = os.read(terminal, 4096)
    except OSError:
        break
    if not piece:
        break
    shown += piece
    if not answered and b'[y/N]' in shown:
        answered = True
        os.write(terminal, sys.argv[2].encode() + b'\\n')
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
";
    let output = Command::new("python3")
        .args(["-c", PROGRAM, mighost().to_str().unwrap(), answer])
        .current_dir(folder)
        .env("TERM", "xterm")
        .output()
        .unwrap();
    (
        output.status.code().unwrap_or(-1),
        String::from_utf8_lossy(&output.stdout).into_owned(),
    )
}
