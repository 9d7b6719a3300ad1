//! Cases with a database of their own, on a server that exists as long as the suite.

mod catalog;
mod pgtap;
mod server;
mod steps;

use std::sync::Arc;

use self::server::Server;
pub(super) use pgtap::run as pgtap;
pub(crate) use server::{Database, Databases};

pub(super) use self::steps::Session;
use super::TestProject;
use super::case::{Cell, Check, Context, DatabaseCase, Needs, TestFile, contains_text, list};
use super::event_log::Listener;
use super::report::{Failure, Subject};
use super::unit_case::{
    CallFailure, Ended, Sequence, Verdict, calls, judge_error, judge_messages, judge_returns, note,
};
use super::update::Change;
use mighost_core::{Silent, SinkError, quote_identifier, search_path};
use mighost_postgres::{ask, script};

/// The value of `at` for the state before all revisions.
const BASE: &str = "base";

/// Runs a case, or returns the reason why not. `source` is the text of its file.
pub(super) async fn run(
    project: &TestProject,
    databases: &Databases,
    subject: &Subject,
    file: &TestFile,
    case: &DatabaseCase,
    source: &str,
) -> (Verdict, Option<String>) {
    let server = match case.own_server {
        true => databases.start(),
        false => databases.shared(),
    };
    let failed = |text: String| Verdict::failed(Failure::new(text));
    let server = match server {
        Ok(server) => server,
        Err(reason) => return (failed(format!("there is no server for the case: {reason}")), None),
    };
    match lacks(&server, [&file.needs, &case.needs]).await {
        Ok(None) => {}
        Ok(reason) => return (Verdict::default(), reason),
        Err(text) => return (failed(text), None),
    }
    let context = case.context.over(&file.context);
    let session = Session::new(project, subject, &context, case.transaction);
    let at = case.at.clone().map_or_else(|| before(project, subject), |at| vec![at]);
    let database = match session.database(&server, &at).await {
        Ok(database) => database,
        Err(failure) => return (Verdict::failed(failure), None),
    };
    let verdict = on(&session, &database, subject, file, case, &context, source).await;
    database.drop().await;
    (verdict, None)
}

/// A requirement of a case that the server does not meet, if any.
async fn lacks(server: &Server, needs: [&Needs; 2]) -> Result<Option<String>, String> {
    let version = &server.version;
    let major = server.major();
    for need in needs {
        if let Some(from) = need.server_from.filter(|from| major < Some(*from)) {
            return Ok(Some(format!(
                "it is for PostgreSQL {from} and later; this is {version}"
            )));
        }
        if let Some(below) = need.server_below.filter(|below| major >= Some(*below)) {
            return Ok(Some(format!("it is for PostgreSQL before {below}; this is {version}")));
        }
        for extension in &need.extensions {
            if !server.has_extension(extension).await? {
                return Ok(Some(format!("PostgreSQL {version} has no extension {extension}")));
            }
        }
    }
    Ok(None)
}

/// The default revision at which a case begins: for a migration, just before it; for a plugin, the base.
fn before(project: &TestProject, subject: &Subject) -> Vec<String> {
    let node = match subject {
        Subject::Revision(revision) => project.graph.find(revision),
        Subject::Plugin(_) | Subject::Project => None,
    };
    let below = node.map(|node| node.down_revisions.iter().chain(&node.depends_on).cloned().collect());
    below.unwrap_or_default()
}

async fn on(
    session: &Session<'_>,
    database: &Database,
    subject: &Subject,
    file: &TestFile,
    case: &DatabaseCase,
    context: &Context,
    source: &str,
) -> Verdict {
    let listener = Arc::new(Listener::default());
    let mut verdict = Verdict::default();
    if let Some(setup) = &case.setup
        && let Err(failure) = set_up(session, database, setup).await
    {
        return Verdict::failed(failure);
    }
    let ended = match act(session, database, subject, file, case, context, &listener).await {
        Ok(ended) => ended,
        Err(failure) => return Verdict::failed(failure),
    };
    let went_well = judge_error(case.error.as_ref(), ended.error.as_ref(), &mut verdict);
    if let Some(expected) = &case.sqlstate {
        judge_sqlstate(expected, case.error.is_some(), &ended, &mut verdict);
    }
    if ended.error.is_none() {
        judge_returns(case.returns.as_ref(), &ended.returned, &mut verdict);
    }
    judge_messages(&case.messages, &listener.heard(), &mut verdict);
    // Missing objects after an unexpected failure add no information.
    if went_well || case.sqlstate.is_some() {
        match database.connect(Arc::new(Silent)).await {
            Ok(connection) => {
                look(session, &connection.client, case, source, &mut verdict).await;
                connection.close().await;
            }
            Err(error) => verdict.failures.push(Failure::new(error)),
        }
    }
    verdict.heard = listener.heard();
    verdict
}

fn judge_sqlstate(expected: &str, with_text: bool, ended: &Ended, verdict: &mut Verdict) {
    let found = ended
        .error
        .as_ref()
        .and_then(|error| Some(error.error.as_ref()?.sqlstate.as_str()));
    if found == Some(expected) {
        // Without `error`, the failure was counted as unexpected.
        if !with_text {
            verdict.failures.clear();
        }
        return;
    }
    let text = match (&ended.error, found) {
        (None, _) => format!("the case should fail with SQLSTATE {expected}, but succeeded"),
        (Some(_), None) => format!(
            "the case should fail with SQLSTATE {expected}, but its error is not from the \
                                    server"
        ),
        (Some(_), Some(found)) => format!("the case should fail with SQLSTATE {expected}, but failed with {found}"),
    };
    verdict.failures.push(Failure::new(text));
}

async fn set_up(session: &Session<'_>, database: &Database, setup: &str) -> Result<(), Failure> {
    let failed = |text: String| Failure::new(format!("the set-up failed: {text}"));
    let connection = database.connect(Arc::new(Silent)).await.map_err(failed)?;
    let prepared = session.search_path();
    let ran = async {
        script(&connection.client, &prepared).await?;
        script(&connection.client, setup).await
    };
    let ran = ran.await;
    connection.close().await;
    ran.map(drop).map_err(|error| {
        let mut failure = failed(error.to_string());
        if let SinkError::Statement(refused) = &error {
            failure.details.extend(place_in(setup, refused.error.position));
        }
        failure
    })
}

/// The line of a script at the server's position.
fn place_in(script: &str, position: Option<u32>) -> Option<String> {
    let position = usize::try_from(position?).ok()?;
    let offset = script.char_indices().nth(position.checked_sub(1)?)?.0;
    let (line, _) = mighost_core::sql::line_and_column(script, offset);
    Some(format!("line {line}: {}", script.lines().nth(line - 1)?.trim()))
}

/// Makes the calls, the upgrade and the downgrade, in this order, up to the first failure.
async fn act(
    session: &Session<'_>,
    database: &Database,
    subject: &Subject,
    file: &TestFile,
    case: &DatabaseCase,
    context: &Context,
    listener: &Arc<Listener>,
) -> Result<Ended, Failure> {
    let mut ended = Ended {
        returned: Vec::new(),
        error: None,
    };
    if let Some(texts) = &case.call {
        let guest = session.project.guest(subject);
        let guest = guest.map_err(|error| Failure::new(error.to_string()))?;
        let calls = calls(&guest, texts.get_ref(), file)?;
        let sequence = Sequence {
            calls: &calls,
            expects_value: case.returns.is_some(),
            direction: context.direction(),
            info: context.step.clone().unwrap_or_default(),
            begun: &|call| note(call, subject, listener),
        };
        ended = session.call(database, &guest, &sequence, listener).await?;
    }
    for (target, up) in [(&case.upgrade, true), (&case.downgrade, false)] {
        if let Some(target) = target
            && ended.error.is_none()
        {
            ended.error = session.migrate(database, target, up, &case.hooks, listener).await?;
        }
    }
    Ok(ended)
}

/// Checks the state that the case has left.
async fn look(
    session: &Session<'_>,
    client: &tokio_postgres::Client,
    case: &DatabaseCase,
    source: &str,
    verdict: &mut Verdict,
) {
    if let Err(error) = script(client, &session.search_path()).await {
        verdict.failures.push(Failure::new(error.to_string()));
        return;
    }
    let objects = case.exists.iter().map(|object| (object, true));
    for (object, wanted) in objects.chain(case.missing.iter().map(|object| (object, false))) {
        let query = match catalog::query(object, &session.settings.schema) {
            Ok(query) => query,
            Err(text) => {
                verdict.failures.push(Failure::new(text));
                continue;
            }
        };
        match ask(client, &query).await {
            Ok(rows) => {
                let found = rows.rows.first().and_then(|row| row.first()) == Some(&mighost_core::Value::Boolean(true));
                if found != wanted {
                    let word = if wanted { "is missing" } else { "exists, but should not" };
                    verdict.failures.push(Failure::new(format!("{} {word}", object.trim())));
                }
            }
            Err(error) => verdict.failures.push(Failure::new(format!("{object}: {error}"))),
        }
    }
    for check in &case.checks {
        look_at(client, check, source, verdict).await;
    }
}

async fn look_at(client: &tokio_postgres::Client, check: &Check, source: &str, verdict: &mut Verdict) {
    let query = check.query.get_ref();
    let found = match ask(client, query).await {
        Ok(rows) => rows,
        Err(error) => {
            let (sqlstate, text) = match &error {
                SinkError::Statement(refused) => (Some(refused.error.sqlstate.clone()), error.to_string()),
                _ => (None, error.to_string()),
            };
            let expected = check.error.is_some() || check.sqlstate.is_some();
            let fits = check.error.as_ref().is_none_or(|pattern| contains_text(pattern, &text))
                && check
                    .sqlstate
                    .as_ref()
                    .is_none_or(|wanted| sqlstate.as_ref() == Some(wanted));
            if !(expected && fits) {
                let failure = Failure::new(match expected {
                    true => format!("a check failed with an unexpected error: {text}"),
                    false => format!("a check failed: {text}"),
                });
                verdict.failures.push(failure.detail(indented(query)));
            }
            return;
        }
    };
    if check.error.is_some() || check.sqlstate.is_some() {
        let failure = Failure::new("a check should fail, but succeeded");
        verdict.failures.push(failure.detail(indented(query)));
        return;
    }
    let written: Vec<String> = found.rows.iter().map(|row| list(row)).collect();
    let whole = match written.as_slice() {
        [] => "[]".to_owned(),
        [one] => format!("[{one}]"),
        several => format!(
            "[\n{}]",
            several.iter().map(|row| format!("    {row},\n")).collect::<String>()
        ),
    };
    let Some(expected) = &check.rows else {
        let failure = Failure::new("a check has no expectations").detail(indented(query));
        verdict
            .failures
            .push(failure.hint("run `mighost test --update` to record the rows that were found"));
        let change = Change::beside(source, &check.query.span(), &format!("rows = {whole}"));
        verdict.changes.push(change);
        return;
    };
    let same = expected.get_ref().len() == found.rows.len()
        && expected.get_ref().iter().zip(&found.rows).all(|(wanted, found)| {
            wanted.len() == found.len()
                && wanted
                    .iter()
                    .zip(found)
                    .all(|(wanted, found)| wanted.is_like(&Cell(found.clone())))
        });
    if same {
        return;
    }
    // Equal values are shown in the same form.
    let wanted = expected.get_ref().iter().enumerate().map(|(at, row)| {
        let cells = row.iter().enumerate().map(|(column, cell)| {
            let other = found.rows.get(at).and_then(|row| row.get(column)).cloned().map(Cell);
            match other {
                Some(other) if cell.is_like(&other) => other.0,
                _ => cell.0.clone(),
            }
        });
        format!("{}\n", list(&cells.collect::<Vec<_>>()))
    });
    let failure = Failure::new("a check returned unexpected rows").detail(indented(query));
    let failure = failure.difference(
        some(wanted, expected.get_ref().len()),
        some(written.iter().map(|row| format!("{row}\n")), written.len()),
    );
    verdict.failures.push(failure);
    verdict.changes.push(Change::replace(expected.span(), whole));
}

/// The maximum number of rows of a result in a failure.
const MAX_ROWS: usize = 1000;

/// The first of these lines, and the number of others.
fn some(lines: impl Iterator<Item = String>, count: usize) -> String {
    let mut text: String = lines.take(MAX_ROWS).collect();
    if let Some(more) = count.checked_sub(MAX_ROWS).filter(|more| *more > 0) {
        text.push_str(&format!("and {more} more rows\n"));
    }
    text
}

fn indented(text: &str) -> String {
    text.trim()
        .lines()
        .map(|line| format!("    {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// A statement that sets the search path of migrations.
fn set_search_path(schema: &str, more: &[String]) -> String {
    format!(
        "CREATE SCHEMA IF NOT EXISTS {}; SET search_path = {}",
        quote_identifier(schema),
        search_path(schema, more)
    )
}

/// The error as a failure of the case, outside of what is tested.
fn untested(what: &str, error: &CallFailure) -> Failure {
    let failure = error.failure();
    Failure {
        what: format!("{what}: {}", error.text),
        ..failure
    }
}
