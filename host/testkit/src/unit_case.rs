//! Cases without a database.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::case::{Case, Context, OneOrMany, Sent, TestFile, contains_text, matches_sql, string};
use super::coverage::Item;
use super::event_log::{Heard, Listener};
use super::fake_sink::{FakeSink, Unanswered};
use super::report::{Failure, Subject};
use super::update::{self, Change};
use super::{TestProject, align, wave};

use mighost_core::{DatabaseError, Direction, Reporter, RunSettings, Sink};
use mighost_runtime::{Call, Guest, GuestContext, GuestStep, Returned, RuntimeError, StepInfo, finish_calls};

/// What a case came to.
#[derive(Default)]
pub(super) struct Verdict {
    pub failures: Vec<Failure>,
    pub heard: Heard,
    /// What would make the case pass.
    pub changes: Vec<Change>,
}

impl Verdict {
    pub fn failed(failure: Failure) -> Self {
        Self {
            failures: vec![failure],
            ..Self::default()
        }
    }
}

/// What a sequence of calls came to.
pub(super) struct Ended {
    /// Of each call that came to its end.
    pub returned: Vec<Option<Returned>>,
    pub error: Option<CallFailure>,
}

/// Why a call did not succeed.
pub(super) struct CallFailure {
    pub text: String,
    pub details: Vec<String>,
    pub hint: Option<String>,
    pub error: Option<DatabaseError>,
}

impl CallFailure {
    pub fn of(error: &RuntimeError) -> Self {
        let failure = match error {
            RuntimeError::Sink(mighost_core::SinkError::Statement(failure)) => Some(failure),
            _ => None,
        };
        let mut details = Vec::new();
        if let Some(failure) = failure {
            details.extend(failure.statement.lines().map(|line| format!("    {line}")));
            details.extend(failure.error.detail.iter().map(|detail| format!("detail: {detail}")));
            details.extend(failure.operation.iter().map(|operation| format!("in {operation}")));
        }
        if let RuntimeError::Trapped { backtrace, output, .. } = error {
            details.extend(backtrace.iter().map(|frame| format!("in {frame}")));
            details.extend(output.iter().map(|line| format!("wrote {line}")));
        }
        Self {
            text: error.to_string(),
            details,
            hint: error.hint(),
            error: failure.map(|failure| failure.error.clone()),
        }
    }

    /// As a failure of a case that expects none.
    pub fn failure(&self) -> Failure {
        let mut failure = Failure::new(format!("the call failed: {}", self.text));
        failure.details.clone_from(&self.details);
        failure.hints.extend(self.hint.clone());
        failure
    }
}

/// What guests are told.
pub(super) fn settings(project: &TestProject, context: &Context) -> GuestContext {
    let offline = context.offline.unwrap_or(false);
    let settings = RunSettings {
        schema: context.schema.clone().unwrap_or_default(),
        superuser_role: context.superuser_role.clone(),
        args: context.args.clone(),
        ..project.settings.run()
    };
    GuestContext {
        server_version: context.server_version.filter(|_| !offline),
        ..GuestContext::new(&settings, offline, None)
    }
}

/// The calls that a case writes, read.
pub(super) fn calls(guest: &Guest, texts: &OneOrMany, file: &TestFile) -> Result<Vec<Call>, Failure> {
    let calls = texts.texts().iter().map(|text| wave::call(guest, text, &file.values));
    calls.collect()
}

/// Tells `listener` what a call tests.
pub(super) fn note(call: &Call, subject: &Subject, listener: &Listener) {
    let function = &call.function;
    if function.is_hook() {
        if let Subject::Plugin(name) = subject {
            listener.ran(Item::Hook(name.clone()));
        }
    } else if function.is_kind_function() {
        listener.ran(Item::Kind(format!(
            "{} {}",
            function.name,
            call.object_kind().unwrap_or_default()
        )));
    } else if function.is_step() {
        if let Subject::Revision(revision) = subject {
            listener.ran(match function.name.as_str() {
                "upgrade" => Item::Upgrade(revision.clone()),
                _ => Item::Downgrade(revision.clone()),
            });
        }
    } else {
        listener.ran(Item::Operation(function.full_name()));
    }
}

/// Calls that are made one after the other.
pub(super) struct Sequence<'a> {
    pub calls: &'a [Call],
    /// Whether an error that a call returns is a value to be looked at.
    pub expects_value: bool,
    /// What `context.current-direction` returns to a plugin.
    pub direction: Direction,
    /// What `step-info` answers to a hook.
    pub info: StepInfo,
    /// Hears of each call that is made.
    pub begun: &'a (dyn Fn(&Call) + Sync),
}

/// Makes calls one after the other. Those of a plugin are one step; each `upgrade` and `downgrade` is a step of its own, made by `step`,
/// which takes the direction.
pub(super) async fn make(
    guest: &Arc<Guest>,
    sequence: &Sequence<'_>,
    mut step: impl AsyncFnMut(Direction) -> Result<Arc<GuestStep>, CallFailure>,
) -> Ended {
    let mut ended = Ended {
        returned: Vec::new(),
        error: None,
    };
    let mut shared: Option<Arc<GuestStep>> = None;
    for call in sequence.calls {
        let run = match &shared {
            _ if call.function.is_step() => step(call.function.direction()).await,
            Some(shared) => Ok(shared.clone()),
            None => step(sequence.direction)
                .await
                .inspect(|step| shared = Some(step.clone())),
        };
        let run = match run {
            Ok(run) if call.function.is_hook() => run.for_hook(sequence.info.clone()),
            Ok(run) => run,
            Err(error) => {
                ended.error = Some(error);
                break;
            }
        };
        (sequence.begun)(call);
        match call.make(guest, &run).await {
            Ok(returned) => {
                let failed = returned
                    .as_ref()
                    .filter(|returned| returned.is_error() && !sequence.expects_value);
                if let Some(returned) = failed {
                    ended.error = Some(CallFailure {
                        text: returned.error().map_or_else(|| returned.text(), str::to_owned),
                        details: Vec::new(),
                        hint: None,
                        error: None,
                    });
                }
                ended.returned.push(returned);
            }
            Err(error) => ended.error = Some(CallFailure::of(&error)),
        }
        if call.function.is_hook() {
            // Nothing of a hook is kept until the next.
            let _ = finish_calls(guest, &run);
        }
        if ended.error.is_some() {
            break;
        }
    }
    if let Some(Err(error)) = shared.map(|step| finish_calls(guest, &step))
        && ended.error.is_none()
    {
        ended.error = Some(CallFailure::of(&error));
    }
    ended
}

/// Runs a case. `source` is the text of its file.
pub(super) async fn run(
    project: &TestProject,
    subject: &Subject,
    file: &TestFile,
    case: &Case,
    source: &str,
) -> Verdict {
    let guest = match project.guest(subject) {
        Ok(guest) => guest,
        Err(error) => return Verdict::failed(CallFailure::of(&error).failure()),
    };
    let calls = match calls(&guest, case.call.get_ref(), file) {
        Ok(calls) => calls,
        Err(failure) => return Verdict::failed(failure),
    };
    let context = case.context.over(&file.context).over(&project.context(subject));
    let settings = Arc::new(settings(project, &context));
    let revision = context.revision.clone().unwrap_or_default();
    let recording = FakeSink::new(settings.clone(), revision.clone(), case.answers.clone());
    let recording = Arc::new(Mutex::new(recording));
    let listener = Arc::new(Listener::default());
    let reporter: Arc<dyn Reporter> = listener.clone();
    let providers = project.setup(project.settings.run(), &reporter).services(&settings);
    let step = async |direction: Direction| {
        recording.lock().await.begin_step();
        let sink: Arc<Mutex<dyn Sink>> = recording.clone();
        let (settings, reporter, providers) = (settings.clone(), reporter.clone(), providers.clone());
        let revision = revision.clone();
        Ok(GuestStep::new(
            revision,
            direction,
            settings,
            reporter,
            providers,
            Some(sink),
        ))
    };
    let sequence = Sequence {
        calls: &calls,
        expects_value: case.returns.is_some(),
        direction: context.direction(),
        info: context.step.clone().unwrap_or_default(),
        begun: &|call| note(call, subject, &listener),
    };
    let ended = make(&guest, &sequence, step).await;
    let recording = recording.lock().await;
    judge(case, source, &recording, &ended, listener.heard())
}

fn judge(case: &Case, source: &str, recording: &FakeSink, ended: &Ended, heard: Heard) -> Verdict {
    let mut verdict = Verdict::default();
    let sent = recording.sent();
    if let Some(unanswered) = recording.unanswered() {
        verdict.failures.push(unanswered_failure(unanswered, recording));
        verdict.heard = heard;
        return verdict;
    }
    if case.statements.is_none()
        && case.contains.is_empty()
        && case.lacks.is_empty()
        && case.messages.is_empty()
        && case.returns.is_none()
        && case.error.is_none()
    {
        let failure = Failure::new("the case has no expectations").detail("statements sent:");
        let mut failure = sent
            .iter()
            .fold(failure, |failure, sent| failure.detail(indented(&sent.text())));
        failure = failure.hint("run `mighost test --update` to record the statements or the error as expected");
        verdict.failures.push(failure);
        let below = case.call.span();
        verdict.changes.push(match &ended.error {
            Some(error) => Change::beside(source, &below, &format!("error = {}", string(&error.text))),
            None => Change::beside(source, &below, &format!("statements = {}", update::list(sent))),
        });
        if ended.error.is_none()
            && let Some(returned) = ended.returned.last().and_then(Option::as_ref)
            && returned.text() != "ok"
        {
            let line = format!("returns = {}", string(&returned.text()));
            verdict.changes.push(Change::beside(source, &below, &line));
        }
        verdict.heard = heard;
        return verdict;
    }
    let went_well = judge_error(case.error.as_ref(), ended.error.as_ref(), &mut verdict);
    if let Some(expected) = &case.statements
        && let Some(failure) = align::statements(expected.get_ref(), sent)
    {
        // After an unexpected failure the rest is missing, which says nothing new.
        if went_well {
            verdict.failures.push(failure);
            let changes = update::statements(source, &expected.span(), expected.get_ref(), sent);
            verdict.changes.extend(changes);
        }
    }
    if went_well {
        judge_contents(case, sent, &mut verdict);
        for answer in recording.unused() {
            let text = format!("the case has an unused answer: {}", one_line(&answer.to));
            verdict
                .failures
                .push(Failure::new(text).hint("remove it, or set `always = true` if it may be unused"));
        }
    }
    if ended.error.is_none() {
        judge_returns(case.returns.as_ref(), &ended.returned, &mut verdict);
    }
    judge_messages(&case.messages, &heard, &mut verdict);
    verdict.heard = heard;
    verdict
}

/// Whether the calls ended as they should.
pub(super) fn judge_error(
    expected: Option<&toml::Spanned<String>>,
    found: Option<&CallFailure>,
    verdict: &mut Verdict,
) -> bool {
    match (expected, found) {
        (None, None) => true,
        (None, Some(error)) => {
            verdict.failures.push(error.failure());
            false
        }
        (Some(expected), None) => {
            let text = format!("the call should fail with `{}`, but succeeded", expected.get_ref());
            verdict.failures.push(Failure::new(text));
            true
        }
        (Some(expected), Some(error)) if contains_text(expected.get_ref(), &error.text) => true,
        (Some(expected), Some(error)) => {
            let failure = Failure::new("the call failed with an unexpected error");
            let failure = failure.difference(format!("{}\n", expected.get_ref()), format!("{}\n", error.text));
            let details = error.details.clone();
            verdict.failures.push(Failure { details, ..failure });
            verdict
                .changes
                .push(Change::replace(expected.span(), string(&error.text)));
            true
        }
    }
}

fn judge_contents(case: &Case, sent: &[Sent], verdict: &mut Verdict) {
    let sends = |pattern: &str| sent.iter().filter_map(Sent::sql).any(|sql| matches_sql(pattern, sql));
    for pattern in case.contains.iter().filter(|pattern| !sends(pattern)) {
        let failure = Failure::new(format!("no statement matches `{}`", one_line(pattern))).detail("statements sent:");
        verdict.failures.push(
            sent.iter()
                .fold(failure, |failure, sent| failure.detail(indented(&sent.text()))),
        );
    }
    for pattern in case.lacks.iter().filter(|pattern| sends(pattern)) {
        let text = format!(
            "a statement was sent that should not have been: `{}`",
            one_line(pattern)
        );
        verdict.failures.push(Failure::new(text));
    }
}

pub(super) fn judge_returns(
    expected: Option<&toml::Spanned<OneOrMany>>,
    returned: &[Option<Returned>],
    verdict: &mut Verdict,
) {
    let Some(expected) = expected else { return };
    let text = |returned: &Option<Returned>| returned.as_ref().map_or_else(|| "ok".to_owned(), Returned::text);
    let found: Vec<String> = match expected.get_ref() {
        OneOrMany::One(_) => returned.last().map(text).into_iter().collect(),
        OneOrMany::Many(_) => returned.iter().map(text).collect(),
    };
    let values: Vec<&Option<Returned>> = match expected.get_ref() {
        OneOrMany::One(_) => returned.last().into_iter().collect(),
        OneOrMany::Many(_) => returned.iter().collect(),
    };
    let wanted = expected.get_ref().texts();
    let mut same = wanted.len() == values.len();
    let mut details = Vec::new();
    for (wanted, value) in wanted.iter().zip(values) {
        match value
            .as_ref()
            .map_or_else(|| Ok(wanted.trim() == "ok"), |value| value.is(wanted))
        {
            Ok(equal) => same &= equal,
            Err(error) => {
                same = false;
                details.push(format!("the expected value is invalid: {error}"));
                details.extend(wave::excerpt(&error, "of `returns`"));
            }
        }
    }
    if same {
        return;
    }
    let lines = |texts: &[String]| texts.iter().map(|text| format!("{text}\n")).collect::<String>();
    let failure = Failure::new("the returned value is not the expected one").difference(lines(wanted), lines(&found));
    verdict.failures.push(Failure { details, ..failure });
    let written = match (expected.get_ref(), found.first()) {
        (OneOrMany::One(_), Some(one)) => string(one),
        _ => format!(
            "[{}]",
            found.iter().map(|text| string(text)).collect::<Vec<_>>().join(", ")
        ),
    };
    verdict.changes.push(Change::replace(expected.span(), written));
}

pub(super) fn judge_messages(expected: &[String], heard: &Heard, verdict: &mut Verdict) {
    for pattern in expected {
        if heard.messages.iter().any(|message| contains_text(pattern, message)) {
            continue;
        }
        let failure = Failure::new(format!("no message matches `{pattern}`"));
        verdict.failures.push(match heard.messages.as_slice() {
            [] => failure.detail("there were no messages"),
            messages => messages.iter().fold(failure.detail("messages:"), |failure, message| {
                failure.detail(indented(message))
            }),
        });
    }
}

/// What to write where a question has no answer.
fn unanswered_failure(unanswered: &Unanswered, recording: &FakeSink) -> Failure {
    let Unanswered {
        call,
        statement,
        parameters,
    } = unanswered;
    let mut answer = format!("[[case.answers]]\nto = {}\n", string(statement));
    if !parameters.is_empty() {
        answer.push_str(&format!("parameters = {}\n", super::case::list(parameters)));
    }
    answer.push_str("rows = [[1]]    # what the database would answer");
    let mut failure = Failure::new(format!("a {call} has no answer in the case"));
    failure.details.push(indented(statement.trim()));
    for (number, value) in parameters.iter().enumerate() {
        let value = super::case::Cell(value.clone()).toml();
        failure.details.push(format!("    ${} = {value}", number + 1));
    }
    let unused: Vec<String> = recording.unused().map(|answer| one_line(&answer.to)).collect();
    if !unused.is_empty() {
        failure.details.push("unused answers, which do not match:".into());
        failure.details.extend(unused.iter().map(|text| indented(text)));
    }
    failure.hint(format!("add below the case:\n{answer}"))
}

fn indented(text: &str) -> String {
    text.lines()
        .map(|line| format!("    {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
