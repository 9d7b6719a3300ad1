//! `mighost test`: its arguments, and the formats of its results.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use clap::{Args, ValueEnum, ValueHint};

use crate::output::{Output, Styles, test};
use mighost_commands::test::{TestFormat, TestRequest, Watch, list, run, stop_on_signal};
use mighost_commands::{CommandError, Project};
use mighost_core::{Blame, Diagnostic, ExitKind, Reporter};
use mighost_testkit::{FileUpdate, Stop, SuiteReport};

/// The interval at which the wait for an answer checks for an interruption.
const ANSWER_PERIOD: Duration = Duration::from_millis(100);

#[derive(Debug, Args)]
pub struct Test {
    /// Plugins, revisions, files or folders with tests [default: all]
    #[arg(value_name = "PLUGIN|REVISION|FILE", value_hint = ValueHint::AnyPath)]
    pub select: Vec<String>,
    /// Run only tests with this in their names (repeatable: any of them)
    #[arg(short = 'k', long = "filter", value_name = "TEXT")]
    pub filters: Vec<String>,
    /// Record the results as expected in the test files; shows a diff and asks first
    #[arg(long, conflicts_with = "list")]
    pub update: bool,
    /// With --update: do not ask
    #[arg(short, long, requires = "update")]
    pub yes: bool,
    /// The format of the results
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: Format,
    /// Write the results to a file in this format, and in human format to stdout
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// Repeat the order of an earlier run, whose last line shows the number
    #[arg(long, value_name = "NUMBER", conflicts_with = "history")]
    pub seed: Option<u64>,
    /// How many tests run in parallel [default: the number of processors]
    #[arg(short, long, value_name = "NUMBER", value_parser = jobs, conflicts_with = "history")]
    pub jobs: Option<usize>,
    /// Stop at the first failure
    #[arg(long)]
    pub fail_fast: bool,
    /// Show which operations, kinds and revisions no test runs
    #[arg(long)]
    pub coverage: bool,
    /// Run again whenever a file changes
    #[arg(short, long, conflicts_with_all = ["list", "update"])]
    pub watch: bool,
    /// List the names of the tests without running them
    #[arg(short, long)]
    pub list: bool,
    /// Test the revisions themselves instead: up, down and up again without a trace, in any session, as a script
    #[arg(long, conflicts_with_all = ["list", "update", "watch"])]
    pub history: bool,
    /// Do not build; refuse to test what changed since it was built
    #[arg(long)]
    pub no_build: bool,
    /// Same as --format json
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// What failed, with diffs
    Human,
    /// JUnit XML
    Junit,
    /// The Test Anything Protocol
    Tap,
    /// One JSON document
    Json,
}

fn jobs(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("it must be a number from 1".into()),
        Ok(number) => Ok(number),
    }
}

impl Test {
    /// The request; paths are relative to `directory`.
    pub(super) fn request(self, directory: &Path) -> TestRequest {
        TestRequest {
            select: self.select,
            filters: self.filters,
            seed: self.seed,
            jobs: self.jobs,
            fail_fast: self.fail_fast,
            coverage: self.coverage,
            no_build: self.no_build,
            update: self.update,
            yes: self.yes,
            list: self.list,
            history: self.history,
            watch: self.watch,
            format: match (self.json, self.format) {
                (true, _) | (_, Format::Json) => TestFormat::Json,
                (_, Format::Human) => TestFormat::Human,
                (_, Format::Junit) => TestFormat::Junit,
                (_, Format::Tap) => TestFormat::Tap,
            },
            output: self.output.map(|file| directory.join(file)),
        }
    }
}

/// Executes the request and shows the results.
pub(super) fn dispatch(project: &Project, request: &TestRequest, output: &Arc<Output>) -> Result<ExitCode, Diagnostic> {
    let reporter: Arc<dyn Reporter> = output.clone();
    if request.list {
        let tests = list(project, request, &reporter).map_err(|error| Diagnostic::from(&error))?;
        output.finish();
        let shown = match request.format {
            TestFormat::Json => json(&tests).and_then(|text| output.data(text.as_bytes())),
            _ => output.data(test::list(&tests, output.styles()).as_bytes()),
        };
        shown.map_err(stdout)?;
        return Ok(ExitCode::SUCCESS);
    }
    let stop = Stop::default();
    stop_on_signal(&stop, &reporter);
    if request.watch {
        return watch(project, request, output, &stop);
    }
    let mut report = once(project, request, output, &stop)?;
    if request.update && !report.updates.is_empty() && !report.interrupted {
        show_updates(&report.updates, request, output)?;
        if (request.yes || wanted(output, &stop)?) && !stop.is_stopped() {
            write_updates(&report.updates, output)?;
            // The current contents of the files are what counts.
            report = once(project, request, output, &stop)?;
        }
    }
    show(&report, request, output)?;
    let kind = match report.counts().1 {
        _ if report.interrupted => ExitKind::Interrupted,
        0 => return Ok(ExitCode::SUCCESS),
        _ => ExitKind::Check,
    };
    Ok(ExitCode::from(kind.code()))
}

fn once(
    project: &Project,
    request: &TestRequest,
    output: &Arc<Output>,
    stop: &Stop,
) -> Result<SuiteReport, Diagnostic> {
    let reporter: Arc<dyn Reporter> = output.clone();
    let progress = test::TestProgress::new(output.clone());
    let report = run(project, request, &reporter, &progress, stop);
    output.finish();
    report.map_err(|error| Diagnostic::from(&error))
}

/// Runs until it is interrupted; errors in the sources are shown like failures.
fn watch(project: &Project, request: &TestRequest, output: &Arc<Output>, stop: &Stop) -> Result<ExitCode, Diagnostic> {
    let mut files = Watch::begin(project).map_err(|error| Diagnostic::from(&error))?;
    while !stop.is_stopped() {
        // Before the run: changes during the run count. If a configuration is half written, the places of the last one are used.
        if let Ok(now) = Watch::begin(project) {
            files = now;
        }
        match once(project, request, output, stop) {
            Ok(report) => show(&report, request, output)?,
            Err(diagnostic) => output.diagnostic(&diagnostic),
        }
        output.note("waiting for a change; press Ctrl-C to stop");
        if let Some(changed) = files.wait(stop) {
            output.note(&format!("changed: {}", changed.display()));
        }
    }
    Ok(ExitCode::from(ExitKind::Interrupted.code()))
}

fn show(report: &SuiteReport, request: &TestRequest, output: &Output) -> Result<(), Diagnostic> {
    let formatted = match request.format {
        TestFormat::Human => None,
        TestFormat::Junit => Some(test::junit(report)),
        TestFormat::Tap => Some(Ok(test::tap(report))),
        TestFormat::Json => Some(json(report)),
    };
    let text = |styles: Styles| test::report(report, styles);
    match (formatted, &request.output) {
        (None, None) => output.data(text(output.styles()).as_bytes()).map_err(stdout),
        (None, Some(path)) => written(path, &text(Styles::plain())),
        (Some(formatted), None) => output.data(formatted.map_err(stdout)?.as_bytes()).map_err(stdout),
        (Some(formatted), Some(path)) => {
            output.data(text(output.styles()).as_bytes()).map_err(stdout)?;
            written(path, &formatted.map_err(stdout)?)
        }
    }
}

fn written(path: &Path, text: &str) -> Result<(), Diagnostic> {
    let folder = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    folder.and_then(|()| std::fs::write(path, text)).map_err(|source| {
        let path = path.to_owned();
        Diagnostic::from(&CommandError::Write { path, source })
    })
}

fn json(document: &impl serde::Serialize) -> std::io::Result<String> {
    Ok(serde_json::to_string_pretty(document)? + "\n")
}

fn stdout(error: std::io::Error) -> Diagnostic {
    Diagnostic::from(&CommandError::Stdout(error))
}

/// Shows the update: with the results for users, separately from those for programs.
fn show_updates(updates: &[FileUpdate], request: &TestRequest, output: &Output) -> Result<(), Diagnostic> {
    let for_people = request.format == TestFormat::Human || request.output.is_some();
    for update in updates {
        let styles = if for_people { output.styles() } else { Styles::plain() };
        let diff = test::difference(&update.before, &update.after, styles);
        let text = format!("{}\n{diff}\n", update.shown.display());
        match for_people {
            true => output.data(text.as_bytes()).map_err(stdout)?,
            false => output.usage(&text),
        }
    }
    Ok(())
}

/// Asks whether to write.
fn wanted(output: &Output, stop: &Stop) -> Result<bool, Diagnostic> {
    if !std::io::stdin().is_terminal() {
        let what = "nothing was written: there is no terminal to ask for confirmation";
        return Err(
            Diagnostic::new(Blame::Operator, ExitKind::Usage, what).hint("add --yes to write the expectations above")
        );
    }
    output.usage("Write these changes to the files? [y/N]");
    // On a thread of its own, because no signal ends the wait for a line.
    let (sender, answers) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut answer = String::new();
        let read = std::io::stdin().read_line(&mut answer).map(|_| answer);
        let _ = sender.send(read);
    });
    let answer = loop {
        match answers.recv_timeout(ANSWER_PERIOD) {
            Ok(answer) => break answer.map_err(stdout)?,
            Err(RecvTimeoutError::Timeout) if !stop.is_stopped() => {}
            Err(_) => break String::new(),
        }
    };
    let wanted = matches!(answer.trim(), "y" | "Y" | "yes");
    if !wanted {
        output.note("nothing was written");
    }
    Ok(wanted)
}

fn write_updates(updates: &[FileUpdate], output: &Output) -> Result<(), Diagnostic> {
    for update in updates {
        update.write().map_err(|source| {
            let path = update.file.clone();
            Diagnostic::from(&CommandError::Write { path, source })
        })?;
        output.note(&format!("updated {}", update.shown.display()));
    }
    Ok(())
}
