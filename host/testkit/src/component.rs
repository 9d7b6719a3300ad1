//! Tests that are components: running their cases.

mod test_host;

use std::sync::Arc;

use self::test_host::CaseHost;
use super::TestProject;
use super::database::Databases;
use super::event_log::Listener;
use super::report::{Failure, Subject};
use super::unit_case::{CallFailure, Verdict};
use mighost_core::{Direction, Reporter};
use mighost_runtime::{Guest, GuestContext, GuestStep, NoHostServices, RuntimeError, call_case, call_cases};

/// A test that is ready to run.
pub(super) struct Component {
    guest: Arc<Guest>,
    /// The names of its cases.
    pub cases: Vec<String>,
}

impl Component {
    /// Gets the cases of a test. Blocks.
    ///
    /// # Errors
    /// If it is not a test, or it fails before it has returned them.
    pub fn read(project: &TestProject, guest: Guest) -> Result<Self, RuntimeError> {
        let reporter: Arc<dyn Reporter> = Arc::new(Listener::default());
        let settings = Arc::new(settings(project));
        let step = GuestStep::new(
            String::new(),
            Direction::Upgrade,
            settings,
            reporter,
            Arc::new(NoHostServices),
            None,
        );
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| RuntimeError::Engine(error.to_string()))?;
        let cases = runtime.block_on(call_cases(&guest, &step))?;
        Ok(Self {
            guest: Arc::new(guest),
            cases,
        })
    }

    /// Runs one case, which belongs to `subject`.
    pub async fn run(
        &self,
        project: &TestProject,
        databases: &Arc<Databases>,
        subject: &Subject,
        name: &str,
    ) -> Verdict {
        let listener = Arc::new(Listener::default());
        let reporter: Arc<dyn Reporter> = listener.clone();
        let bed = Arc::new(CaseHost::new(project, databases.clone(), subject.clone()));
        let step = GuestStep::for_test(Arc::new(settings(project)), reporter, bed.clone());
        let ran = call_case(&self.guest, &step, name).await;
        bed.end().await;
        let mut heard = listener.heard();
        heard.items.extend(bed.items().await);
        let failure = match ran {
            Ok(()) => None,
            // The message of the test itself.
            Err(RuntimeError::Returned { text, .. }) => Some(told(&text)),
            Err(RuntimeError::Panicked { text, .. }) => Some(told(&text)),
            Err(error) => Some(CallFailure::of(&error).failure()),
        };
        Verdict {
            failures: failure.into_iter().collect(),
            heard,
            ..Verdict::default()
        }
    }
}

/// The first line is the sentence.
fn told(text: &str) -> Failure {
    let mut lines = text.lines();
    let failure = Failure::new(lines.next().unwrap_or_default());
    lines.fold(failure, |failure, line| failure.detail(line))
}

/// The settings of the test itself, of which only the limits affect it.
fn settings(project: &TestProject) -> GuestContext {
    GuestContext {
        superuser_role: None,
        ..GuestContext::new(&project.settings.run(), false, None)
    }
}
