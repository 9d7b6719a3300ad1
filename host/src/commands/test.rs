//! `mighost test`: the tests beside plugins and migrations.

mod watch;

use std::path::PathBuf;
use std::sync::Arc;

pub use watch::Watch;

use super::{CommandError, Project, open};
use crate::artifact::BuildMode;
use crate::plugins::Registry;
use crate::report::Reporter;
use crate::runtime::Runtime;
use crate::testkit::{self, Listed, Options, Progress, Suite, SuiteReport};

/// The ends of variables that would make tests depend on the machine they run on.
const OVERRIDES: [&str; 2] = ["_SCHEMA_NAME", "_SU_ROLE_NAME"];

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TestRequest {
    /// Plugins, revisions or files; all where it is empty.
    pub select: Vec<String>,
    /// Only tests with one of these in their names.
    pub filters: Vec<String>,
    /// Decides the order of the cases; drawn where it is none.
    pub seed: Option<u64>,
    /// How many cases run side by side.
    pub jobs: Option<usize>,
    /// Stop at the first failure.
    pub fail_fast: bool,
    /// Say what no case has tested.
    pub coverage: bool,
    /// Take the artifacts as they are.
    pub no_build: bool,
    /// Write expectations anew.
    pub update: bool,
    /// Without asking.
    pub yes: bool,
    /// Show the tests' names and run none.
    pub list: bool,
    /// Run them again each time that a file changes.
    pub watch: bool,
    pub format: TestFormat,
    /// The file that gets the format's text.
    pub output: Option<PathBuf>,
}

/// How results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TestFormat {
    #[default]
    Human,
    Junit,
    Tap,
    Json,
}

/// The names of the tests that the request means.
///
/// # Errors
/// As [`run`].
pub fn list(
    project: &Project,
    request: &TestRequest,
    reporter: &Arc<dyn Reporter>,
) -> Result<Vec<Listed>, CommandError> {
    let (_, suite) = open(project, request, reporter)?;
    Ok(suite.list())
}

/// Runs the tests. Cases that fail are no error: the report tells them. Blocks.
///
/// # Errors
/// What is wrong with configuration, artifacts or graph; a name that is nothing's; no tests.
pub fn run(
    project: &Project,
    request: &TestRequest,
    reporter: &Arc<dyn Reporter>,
    progress: &dyn Progress,
) -> Result<SuiteReport, CommandError> {
    let (tested, suite) = open(project, request, reporter)?;
    let options = Options {
        seed: request.seed,
        jobs: request.jobs,
        fail_fast: request.fail_fast,
        coverage: request.coverage,
    };
    Ok(testkit::run(&tested, &suite, &options, progress)?)
}

fn open(
    project: &Project,
    request: &TestRequest,
    reporter: &Arc<dyn Reporter>,
) -> Result<(testkit::Project, Suite), CommandError> {
    let settings = hermetic(project).project_settings()?;
    let mode = match request.no_build {
        true => BuildMode::Never,
        false => BuildMode::Stale,
    };
    let library = open::library(&settings.root, &settings.migrations, &settings.plugins);
    let history = open::history(&library, mode, &**reporter)?;
    let runtime = Arc::new(Runtime::new()?);
    let registry = Registry::new(runtime, reporter.clone(), history.loaded.plugins.clone())?;
    let tested = testkit::Project::new(
        settings,
        history.loaded,
        history.graph,
        Arc::new(registry),
        open::connect_environment(&project.environment),
    );
    let suite = Suite::find(&tested, &project.directory, &request.select, &request.filters)?;
    Ok((tested, suite))
}

/// The project without what the environment lays over its settings.
fn hermetic(project: &Project) -> Project {
    let mut project = project.clone();
    project
        .environment
        .retain(|name, _| !OVERRIDES.iter().any(|end| name.ends_with(end)));
    project
}
