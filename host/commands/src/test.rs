//! `mighost test`: the tests beside plugins and migrations.

mod interrupt;
mod watch;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use interrupt::stop_on_signal;
pub use watch::Watch;

use super::{CommandError, Project, context};
use mighost_build::BuildMode;
use mighost_core::Reporter;
use mighost_runtime::{Registry, Runtime};
use mighost_testkit::roundtrip::HistoryTests;
use mighost_testkit::{Listed, Options, Progress, Stop, Suite, SuiteReport, TestError};

/// The suffixes of variables that would make tests depend on the machine.
const OVERRIDES: [&str; 2] = ["_SCHEMA_NAME", "_SU_ROLE_NAME"];

/// The time that the end of a history waits for running work.
const LAST_WAIT: Duration = Duration::from_secs(10);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TestRequest {
    /// Plugins, revisions or files; all if it is empty.
    pub select: Vec<String>,
    /// Only tests with one of these in their names.
    pub filters: Vec<String>,
    /// The seed of the order of the cases; a random one if it is `None`.
    pub seed: Option<u64>,
    /// The number of concurrent cases.
    pub jobs: Option<usize>,
    /// Stop at the first failure.
    pub fail_fast: bool,
    /// Report what no case has tested.
    pub coverage: bool,
    /// Use the artifacts without building.
    pub no_build: bool,
    /// Update expectations.
    pub update: bool,
    /// Update without asking.
    pub yes: bool,
    /// Show the tests' names and run none.
    pub list: bool,
    /// Test the history instead of the tests beside the code.
    pub history: bool,
    /// Run the tests again whenever a file changes.
    pub watch: bool,
    pub format: TestFormat,
    /// The file for the output in the format.
    pub output: Option<PathBuf>,
}

/// The format of results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TestFormat {
    #[default]
    Human,
    Junit,
    Tap,
    Json,
}

/// The names of the selected tests.
///
/// # Errors
/// As for [`run`].
pub fn list(
    project: &Project,
    request: &TestRequest,
    reporter: &Arc<dyn Reporter>,
) -> Result<Vec<Listed>, CommandError> {
    let (_, suite) = open(project, request, reporter)?;
    Ok(suite.list())
}

/// Runs the tests, until `stop` cancels them. Failing cases are not an error: they are in the report. Blocks.
///
/// # Errors
/// If the configuration, artifacts or graph are invalid, a name does not exist, or there are no tests.
pub fn run(
    project: &Project,
    request: &TestRequest,
    reporter: &Arc<dyn Reporter>,
    progress: &dyn Progress,
    stop: &Stop,
) -> Result<SuiteReport, CommandError> {
    if request.history {
        return history(project, request, reporter, progress, stop);
    }
    let (tested, suite) = open(project, request, reporter)?;
    let options = Options {
        seed: request.seed,
        jobs: request.jobs,
        fail_fast: request.fail_fast,
        coverage: request.coverage,
        stop: stop.clone(),
    };
    Ok(mighost_testkit::run(&tested, &suite, &options, progress)?)
}

fn open(
    project: &Project,
    request: &TestRequest,
    reporter: &Arc<dyn Reporter>,
) -> Result<(mighost_testkit::TestProject, Suite), CommandError> {
    let tested = tested(project, request, reporter)?;
    let suite = Suite::find(&tested, &project.directory, &request.select, &request.filters)?;
    Ok((tested, suite))
}

/// Tests the requested revisions, or all.
fn history(
    project: &Project,
    request: &TestRequest,
    reporter: &Arc<dyn Reporter>,
    progress: &dyn Progress,
    stop: &Stop,
) -> Result<SuiteReport, CommandError> {
    let begun = Instant::now();
    let tested = tested(project, request, reporter)?;
    let ids = request
        .select
        .iter()
        .map(|name| tested.graph.get(name).map(str::to_owned));
    let ids: BTreeSet<String> = ids.collect::<Result<_, _>>()?;
    let tests = HistoryTests {
        only: (!ids.is_empty()).then_some(ids),
        filters: request.filters.clone(),
        fail_fast: request.fail_fast,
        coverage: request.coverage,
        stop: stop.clone(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(TestError::Threads)?;
    let report = runtime.block_on(mighost_testkit::roundtrip::test(&tested, &tests, progress));
    // Waits for a server that is just being started, or its folder would remain; psql on a script is not waited for.
    runtime.shutdown_timeout(LAST_WAIT);
    let report = report?;
    Ok(SuiteReport {
        seconds: begun.elapsed().as_secs_f64(),
        ..report
    })
}

fn tested(
    project: &Project,
    request: &TestRequest,
    reporter: &Arc<dyn Reporter>,
) -> Result<mighost_testkit::TestProject, CommandError> {
    let settings = hermetic(project).project_settings()?;
    let mode = match request.no_build {
        true => BuildMode::Never,
        false => BuildMode::Stale,
    };
    let library = context::library(
        &settings.root,
        &settings.migrations,
        &settings.plugins,
        &settings.toolchains,
    );
    let history = context::history(&library, mode, &**reporter)?;
    let runtime = Arc::new(Runtime::new()?);
    let registry = Registry::new(runtime, reporter.clone(), history.loaded.plugins.clone())?;
    let tests = if request.history {
        Vec::new()
    } else {
        let folders = mighost_testkit::TestProject::test_folders(&history.loaded);
        library.load_tests(&folders, &history.loaded.plugins, mode, &**reporter)?
    };
    let tested = mighost_testkit::TestProject::new(
        settings,
        history.loaded,
        history.graph,
        Arc::new(registry),
        context::connect_environment(&project.environment),
    );
    Ok(tested.with_tests(tests))
}

/// The project without the overrides of the environment.
fn hermetic(project: &Project) -> Project {
    let mut project = project.clone();
    project
        .environment
        .retain(|name, _| !OVERRIDES.iter().any(|end| name.ends_with(end)));
    project
}
