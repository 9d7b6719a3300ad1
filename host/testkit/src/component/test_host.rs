//! The host of one case: components over a recording sink, and temporary databases.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Mutex;

use mighost_postgres::connect::Connection;
use mighost_postgres::{ask, literal, script};

use crate::TestProject;
use crate::case::{Answer, Context, Sent, list};
use crate::coverage::Item;
use crate::database::{Database, Databases, Session};
use crate::event_log::Listener;
use crate::fake_sink::FakeSink;
use crate::report::{Failure, Subject};
use crate::unit_case::{CallFailure, Sequence, note, settings};
use mighost_core::{Direction, Reporter, Rows, Silent, Sink, SinkError, Value};
use mighost_runtime::{
    Call, Guest, GuestContext, GuestStep, RuntimeError, TestAnswer, TestFailure, TestHost, TestReply, TestSettings,
    finish_calls,
};

/// The maximum number of databases that a case may have at a time.
const MAX_DATABASES: usize = 16;

/// The state of one case. Calls come one after the other.
pub(super) struct CaseHost {
    project: Arc<TestProject>,
    servers: Arc<Databases>,
    /// The plugin or migration to which the test belongs.
    subject: Subject,
    state: Mutex<State>,
}

struct State {
    /// The settings and answers of the test.
    context: Context,
    settings: Arc<GuestContext>,
    recording: Arc<Mutex<FakeSink>>,
    listener: Arc<Listener>,
    /// Created when a plugin is first called, and again after a failure, which ends the instances of plugins.
    step: Option<Arc<GuestStep>>,
    items: BTreeSet<Item>,
    databases: HashMap<u32, Database>,
    next: u32,
}

impl CaseHost {
    pub fn new(project: &TestProject, servers: Arc<Databases>, subject: Subject) -> Self {
        let project = Arc::new(project.share());
        let state = State::prepared(&project, &subject, Context::default(), Vec::new());
        Self {
            project,
            servers,
            subject,
            state: Mutex::new(state),
        }
    }

    /// Releases what the test has left.
    pub async fn end(&self) {
        let databases = std::mem::take(&mut self.state.lock().await.databases);
        for (_, database) in databases {
            database.drop().await;
        }
    }

    /// The called functions, for the coverage of the suite.
    pub async fn items(&self) -> BTreeSet<Item> {
        let state = self.state.lock().await;
        let mut items = state.items.clone();
        items.extend(state.listener.heard().items);
        items
    }

    /// The component of the name `name`, and the call in `text`.
    fn read(&self, name: &str, text: &str) -> Result<(Subject, Arc<Guest>, Call), TestFailure> {
        let subject = match name.trim().split_once(' ') {
            Some(("plugin", name)) => Subject::Plugin(name.trim().to_owned()),
            Some(("revision", revision)) => Subject::Revision(revision.trim().to_owned()),
            _ => {
                let text = format!("`{name}` is not a component: write `plugin NAME` or `revision ID`");
                return Err(failed(text));
            }
        };
        let guest = self.project.guest(&subject).map_err(|error| of_runtime(&error))?;
        match guest.call(text) {
            Ok(call) => Ok((subject, guest, call)),
            Err(error) => Err(failed(format!("{error}; {}", error.hint()))),
        }
    }

    /// A connection to one of the test's databases, with the settings of the test.
    async fn connected(&self, database: u32) -> Result<Connection, TestFailure> {
        let state = self.state.lock().await;
        let database = state.database(database)?;
        let connection = database.connect(Arc::new(Silent)).await.map_err(failed)?;
        if let Err(error) = script(&connection.client, &self.session(&state).search_path()).await {
            connection.close().await;
            return Err(of_sink(&error));
        }
        Ok(connection)
    }

    fn session(&self, state: &State) -> Session<'_> {
        Session::new(&self.project, &self.subject, &state.context, None)
    }

    async fn migrate(&self, number: u32, target: &str, up: bool) -> Result<(), TestFailure> {
        let state = self.state.lock().await;
        let database = state.database(number)?;
        let ended = self
            .session(&state)
            .migrate(database, target, up, &[], &state.listener)
            .await;
        match ended {
            Ok(None) => Ok(()),
            Ok(Some(error)) => Err(of_call(&error)),
            Err(failure) => Err(of_failure(&failure)),
        }
    }
}

impl State {
    fn prepared(project: &TestProject, subject: &Subject, context: Context, answers: Vec<Answer>) -> Self {
        let told = context.over(&project.context(subject));
        let settings = Arc::new(settings(project, &told));
        let revision = told.revision.clone().unwrap_or_default();
        let recording = FakeSink::new(settings.clone(), revision, answers);
        Self {
            context,
            settings,
            recording: Arc::new(Mutex::new(recording)),
            listener: Arc::default(),
            step: None,
            items: BTreeSet::new(),
            databases: HashMap::new(),
            next: 0,
        }
    }

    fn step(&self, project: &TestProject, revision: &str, direction: Direction) -> Arc<GuestStep> {
        let reporter: Arc<dyn Reporter> = self.listener.clone();
        let providers = project
            .setup(project.settings.run(), &reporter)
            .services(&self.settings);
        let sink: Arc<Mutex<dyn Sink>> = self.recording.clone();
        let settings = self.settings.clone();
        GuestStep::new(
            revision.to_owned(),
            direction,
            settings,
            reporter,
            providers,
            Some(sink),
        )
    }

    /// The step in which plugins are called.
    fn plugins(&mut self, project: &TestProject, subject: &Subject) -> Arc<GuestStep> {
        if let Some(step) = &self.step {
            return step.clone();
        }
        let told = self.context.over(&project.context(subject));
        let direction = told.direction();
        let step = self.step(project, &told.revision.unwrap_or_default(), direction);
        self.step.insert(step).clone()
    }

    fn database(&self, number: u32) -> Result<&Database, TestFailure> {
        self.databases
            .get(&number)
            .ok_or_else(|| failed("this database is no longer there"))
    }
}

#[async_trait]
impl TestHost for CaseHost {
    async fn prepare(&self, settings: TestSettings, answers: Vec<TestAnswer>) {
        let context = Context {
            schema: settings.schema,
            superuser_role: settings.superuser_role,
            args: settings.arguments.into_iter().collect(),
            offline: Some(settings.offline),
            server_version: settings.server_version,
            revision: settings.revision,
            direction: settings.direction,
            step: Some(settings.step),
        };
        let answers = answers.into_iter().map(answer).collect();
        let mut state = self.state.lock().await;
        let new = State::prepared(&self.project, &self.subject, context, answers);
        let old = std::mem::replace(&mut *state, new);
        state.items = old.items;
        state.items.extend(old.listener.heard().items);
        (state.databases, state.next) = (old.databases, old.next);
    }

    async fn set_answers(&self, answers: Vec<TestAnswer>) {
        let state = self.state.lock().await;
        let answers = answers.into_iter().map(answer).collect();
        state.recording.lock().await.set_answers(answers);
    }

    async fn call(&self, component: &str, text: &str) -> Result<Option<String>, TestFailure> {
        let (subject, guest, call) = self.read(component, text)?;
        let mut state = self.state.lock().await;
        note(&call, &subject, &state.listener);
        let step = match (&subject, call.function.is_step()) {
            (Subject::Revision(revision), true) => state.step(&self.project, revision, call.function.direction()),
            _ => state.plugins(&self.project, &self.subject),
        };
        let step = match call.function.is_hook() {
            true => step.for_hook(state.context.step.clone().unwrap_or_default()),
            false => step,
        };
        state.recording.lock().await.begin_step();
        let unanswered = state.recording.lock().await.unanswered().is_some();
        let ended = match call.make(&guest, &step).await {
            Ok(returned) => finish_calls(&guest, &step).map(|()| returned),
            Err(error) => Err(error),
        };
        match ended {
            Ok(Some(returned)) if returned.is_error() => {
                Err(failed(returned.error().map_or_else(|| returned.text(), str::to_owned)))
            }
            Ok(returned) => Ok(returned.map(|returned| returned.text())),
            Err(error) => {
                state.step = None;
                let recording = state.recording.lock().await;
                match recording.unanswered().filter(|_| !unanswered) {
                    Some(question) => {
                        let statement = question.statement.trim();
                        Err(failed(format!(
                            "the test has no answer to {}: {statement}",
                            question.call
                        )))
                    }
                    None => Err(of_runtime(&error)),
                }
            }
        }
    }

    async fn statements(&self) -> Vec<String> {
        let state = self.state.lock().await;
        let recording = state.recording.lock().await;
        recording.sent().iter().map(sent).collect()
    }

    async fn log_messages(&self) -> Vec<String> {
        self.state.lock().await.listener.heard().messages
    }

    async fn step(&self) -> Arc<GuestStep> {
        let mut state = self.state.lock().await;
        state.plugins(&self.project, &self.subject)
    }

    async fn create(&self, setup: &str) -> Result<u32, TestFailure> {
        let mut state = self.state.lock().await;
        if state.databases.len() >= MAX_DATABASES {
            return Err(failed(format!("a case may have {MAX_DATABASES} databases at a time")));
        }
        let servers = self.servers.clone();
        let server = tokio::task::spawn_blocking(move || servers.shared()).await;
        let server = server.map_err(|error| failed(error.to_string()))?.map_err(failed)?;
        let made = self.session(&state).database(&server, &[]).await;
        let database = made.map_err(|failure| of_failure(&failure))?;
        state.next += 1;
        let number = state.next;
        state.databases.insert(number, database);
        drop(state);
        if !setup.trim().is_empty()
            && let Err(failure) = self.execute(number, setup).await
        {
            self.close(number).await;
            return Err(failure);
        }
        Ok(number)
    }

    async fn upgrade(&self, database: u32, target: &str) -> Result<(), TestFailure> {
        self.migrate(database, target, true).await
    }

    async fn downgrade(&self, database: u32, target: &str) -> Result<(), TestFailure> {
        self.migrate(database, target, false).await
    }

    async fn call_in(&self, database: u32, component: &str, text: &str) -> Result<Option<String>, TestFailure> {
        let (subject, guest, call) = self.read(component, text)?;
        if call.function.is_step() {
            return Err(failed("use `upgrade` or `downgrade` to migrate a database"));
        }
        let state = self.state.lock().await;
        note(&call, &subject, &state.listener);
        let database = state.database(database)?;
        let database = Database {
            server: database.server.clone(),
            name: database.name.clone(),
        };
        let (project, subject) = (self.project.clone(), self.subject.clone());
        let (context, listener) = (state.context.clone(), state.listener.clone());
        // On a thread of its own: calls of a session stay on their thread.
        let called = tokio::task::spawn_blocking(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| Failure::new(error.to_string()))?;
            let session = Session::new(&project, &subject, &context, None);
            let sequence = Sequence {
                calls: &[call],
                expects_value: false,
                direction: context.direction(),
                info: context.step.clone().unwrap_or_default(),
                begun: &|_| (),
            };
            runtime.block_on(session.call(&database, &guest, &sequence, &listener))
        });
        let called = called.await.map_err(|error| failed(error.to_string()))?;
        let ended = called.map_err(|failure| of_failure(&failure))?;
        match ended.error {
            Some(error) => Err(of_call(&error)),
            None => Ok(ended
                .returned
                .into_iter()
                .next()
                .flatten()
                .map(|returned| returned.text())),
        }
    }

    async fn execute(&self, database: u32, text: &str) -> Result<(), TestFailure> {
        let connection = self.connected(database).await?;
        let ran = script(&connection.client, text).await;
        connection.close().await;
        ran.map(drop).map_err(|error| of_sink(&error))
    }

    async fn query(&self, database: u32, statement: &str, params: &[Value]) -> Result<Rows, TestFailure> {
        let connection = self.connected(database).await?;
        let asked = async {
            if params.is_empty() {
                return ask(&connection.client, statement).await;
            }
            script(&connection.client, &format!("PREPARE mighost_test AS {statement}")).await?;
            let literals: Vec<String> = params.iter().map(literal).collect();
            let execute = format!("EXECUTE mighost_test ({})", literals.join(", "));
            ask(&connection.client, &execute).await
        };
        let asked = asked.await;
        connection.close().await;
        asked.map_err(|error| of_sink(&error))
    }

    async fn close(&self, number: u32) {
        let database = self.state.lock().await.databases.remove(&number);
        if let Some(database) = database {
            database.drop().await;
        }
    }
}

/// An answer for the recording sink.
fn answer(given: TestAnswer) -> Answer {
    let mut answer = Answer {
        to: given.statement,
        parameters: None,
        columns: None,
        rows: None,
        count: None,
        error: None,
        always: true,
        whole: None,
    };
    match given.reply {
        TestReply::Rows(rows) => answer.whole = Some(Ok(rows.into())),
        TestReply::Count(count) => answer.count = Some(count),
        TestReply::Error(error) => answer.whole = Some(Err(error.into())),
    }
    answer
}

/// A statement, as a line.
fn sent(sent: &Sent) -> String {
    let plain = |sql: &str| sql.trim().trim_end_matches(';').trim_end().to_owned();
    match sent {
        Sent::Statement(sql) => plain(sql),
        Sent::Try { sql, parameters } if parameters.is_empty() => plain(sql),
        Sent::Run { sql, parameters } | Sent::Try { sql, parameters } => {
            format!("{} -- {}", plain(sql), list(parameters))
        }
        other => other.text(),
    }
}

fn failed(text: impl Into<String>) -> TestFailure {
    TestFailure {
        text: text.into(),
        error: None,
    }
}

fn of_runtime(error: &RuntimeError) -> TestFailure {
    of_call(&CallFailure::of(error))
}

fn of_call(error: &CallFailure) -> TestFailure {
    TestFailure {
        text: error.text.clone(),
        error: error.error.clone().map(Into::into),
    }
}

fn of_failure(failure: &Failure) -> TestFailure {
    failed(failure.what.clone())
}

fn of_sink(error: &SinkError) -> TestFailure {
    let refused = match error {
        SinkError::Statement(failure) => Some(failure.error.clone()),
        _ => None,
    };
    TestFailure {
        text: error.to_string(),
        error: refused.map(Into::into),
    }
}
