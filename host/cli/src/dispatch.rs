//! Passes each request to its function, and the result to stdout.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use super::parse::{Action, Invocation};
use super::{block_on, help};
use crate::output::graph::{self, Charset, DrawError};
use crate::output::{Output, Summary, escape_text, listing};
use mighost_commands::history::{HistoryStyle, RevisionSummary};
use mighost_commands::init::import_alembic;
use mighost_commands::{
    CommandError, Request, RunReport, branches, build, check, current, db, doctor, downgrade, edit, ensure_version,
    heads, history, init, inspect, list_templates, merge, plugin, plugins, psql, revision, show, stamp, upgrade, wit,
};
use mighost_core::{Blame, Diagnostic, ExitKind, Reporter};

/// Executes a request.
pub(super) fn dispatch(invocation: Invocation, output: &Arc<Output>) -> Result<ExitCode, Diagnostic> {
    let request = match invocation.action {
        Action::Command(request) => request,
        Action::Completions(shell) => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut help::command(), "mighost", &mut text);
            return written(output.data(&text));
        }
    };
    let project = invocation.project;
    let reporter: Arc<dyn Reporter> = output.clone();
    match request {
        Request::Init(request) => {
            let created = init::init(&request).map_err(|error| Diagnostic::from(&error))?;
            written(output.json(&created))?;
            for path in &created.paths {
                output.note(&format!("created {}", path.display()));
            }
            output.note("next: mighost revision -m 'what it does', then mighost upgrade head");
            Ok(ExitCode::SUCCESS)
        }
        Request::TakeOver(request) => {
            let report = fail(import_alembic::run(&project, &request, &**output))?;
            written(output.json(&report))?;
            lines(output, &listing::taken_over(&report, output.styles()))
        }
        Request::Wit(request) => match request.output {
            None if output.options().json => {
                let plugins = fail(wit::of_plugins(&project, &**output))?;
                let packages = fail(wit::described(&plugins))?;
                written(output.json(&packages))?;
                Ok(ExitCode::SUCCESS)
            }
            None => {
                let plugins = fail(wit::of_plugins(&project, &**output))?;
                written(output.data(wit::as_one_file(&plugins).as_bytes()))
            }
            Some(folder) => {
                let plugins = fail(wit::of_plugins(&project, &**output))?;
                for path in fail(wit::write_files(&folder, &plugins))? {
                    output.note(&format!("wrote {}", path.display()));
                }
                Ok(ExitCode::SUCCESS)
            }
        },
        Request::Doctor(request) => {
            let report = fail(doctor::run(&project, &request, &**output))?;
            written(output.json(&report))?;
            lines(output, &listing::doctor(&report, output.styles()))
        }
        Request::NewPlugin(request) => {
            let written = fail(plugin::run(&project, &request))?;
            self::written(output.json(&written))?;
            for path in &written.files {
                output.note(&format!("created {}", path.display()));
            }
            output.note(&format!("next: mighost test {}", written.name));
            Ok(ExitCode::SUCCESS)
        }
        Request::Revision(request) => sources(output, &fail(revision::run(&project, &request, &**output))?),
        Request::Merge(request) => sources(output, &fail(merge::run(&project, &request, &**output))?),
        Request::Edit(request) => {
            let files = fail(block_on(edit::files(&project, &request, &reporter))?)?;
            // The editor uses the terminal now.
            output.finish();
            let edited = edit::open_editor(&project.environment, &project.directory, &files);
            fail(edited.map_err(CommandError::from))?;
            Ok(ExitCode::SUCCESS)
        }
        Request::ListTemplates => {
            let report = fail(list_templates::run(&project))?;
            written(output.json(&report))?;
            lines(output, &listing::templates(&report, output.styles()))
        }
        Request::Build(request) => {
            let report = fail(build::run(&project, &request, &**output))?;
            written(output.json(&report))?;
            output.note(&format!(
                "{} built, {} up to date",
                report.built,
                report.artifacts.len() - report.built
            ));
            Ok(ExitCode::SUCCESS)
        }
        Request::Upgrade(request) => {
            let script = script(request.options.sql);
            ran(output, block_on(upgrade::run(&project, &request, &reporter, script))?)
        }
        Request::Downgrade(request) => {
            let script = script(request.options.sql);
            ran(output, block_on(downgrade::run(&project, &request, &reporter, script))?)
        }
        Request::Stamp(request) => {
            let script = script(request.sql);
            ran(output, block_on(stamp::run(&project, &request, &reporter, script))?)
        }
        Request::Accept(request) => {
            let report = fail(block_on(stamp::accept::run(&project, &request, &reporter))?)?;
            written(output.json(&report))?;
            output.note(&format!("{}: accepted {}", report.database, report.accepted.join(", ")));
            Ok(ExitCode::SUCCESS)
        }
        Request::Current(request) => {
            let report = fail(block_on(current::run(&project, &request, &reporter))?)?;
            written(output.json(&report))?;
            lines(output, &listing::current(&report, request.verbose, output.styles()))
        }
        Request::History(request) => {
            let report = fail(block_on(history::run(&project, &request, &reporter))?)?;
            let text = match request.style {
                HistoryStyle::List => return revisions(output, &report, request.verbose),
                // One JSON document, whichever picture was requested.
                _ if output.options().json => Ok(String::new()),
                HistoryStyle::Graph { ascii } => {
                    let charset = match ascii {
                        true => Charset::Ascii,
                        false => Charset::of(&project.environment),
                    };
                    graph::text(&report, request.verbose, charset, output.styles())
                }
                HistoryStyle::Mermaid => Ok(graph::mermaid(&report)),
                HistoryStyle::Dot => Ok(graph::dot(&report)),
                HistoryStyle::Svg => graph::svg(&report),
            };
            written(output.json(&report))?;
            lines(output, &text.map_err(|error| too_large(&error))?)
        }
        Request::Heads(request) => {
            let heads = fail(heads::run(&project, &request, &**output))?;
            revisions(output, &heads, request.verbose)?;
            if let Some(advice) = heads::advice(&heads) {
                output.note(&advice);
            }
            Ok(ExitCode::SUCCESS)
        }
        Request::Show(request) => revisions(
            output,
            &fail(block_on(show::run(&project, &request, &reporter))?)?,
            true,
        ),
        Request::Branches(request) => {
            let report = fail(branches::run(&project, &**output))?;
            written(output.json(&report))?;
            lines(output, &listing::branches(&report, request.verbose, output.styles()))
        }
        Request::Check(request) => {
            let report = fail(block_on(check::run(&project, &request, &reporter))?)?;
            written(output.json(&report))?;
            lines(output, &listing::check(&report, output.styles()))?;
            Ok(match report.ok {
                true => ExitCode::SUCCESS,
                false => ExitCode::from(ExitKind::Check.code()),
            })
        }
        Request::EnsureVersion(request) => {
            let script = script(request.sql);
            let report = fail(block_on(ensure_version::run(&project, &request, &reporter, script))?)?;
            if let Some(label) = &report.database {
                let (schema, table) = (&report.schema, &report.version_table);
                output.note(&format!(
                    "{label} has the version table {schema}.{table} and its ledger"
                ));
                written(output.json(&report))?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Request::Plugins(request) => {
            let report = fail(plugins::run(&project, &reporter))?;
            written(output.json(&report))?;
            lines(output, &listing::plugins(&report, request.verbose, output.styles()))
        }
        Request::Inspect(request) => {
            let report = fail(inspect::run(&project, &request))?;
            if request.wit {
                return written(output.data(escape_text(&report.inspection.wit).as_bytes()));
            }
            written(output.json(&report))?;
            lines(output, &listing::inspection(&report, output.styles()))
        }
        Request::Test(request) => super::test::dispatch(&project, &request, output),
        Request::Release(request) => super::trust::release(&project, &request, output),
        Request::Sign(request) => super::trust::sign(&project, &request, output),
        Request::Verify(request) => super::trust::verify(&project, &request, output),
        Request::Trust(request) => super::trust::trust(&project, &request, output),
        Request::Psql(request) => {
            let command = fail(block_on(psql::prepare(&project, &request, &reporter))?)?;
            output.finish();
            let status = fail(psql::run(command))?;
            let code = status.code().and_then(|code| u8::try_from(code).ok());
            Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
        }
        Request::Db(request) => {
            let report = fail(db::run(&project, &request, &**output))?;
            written(output.json(&report))?;
            // Progress is not the requested data.
            match output.options().quiet && report.done.is_some() {
                true => Ok(ExitCode::SUCCESS),
                false => lines(output, &listing::server(&report)),
            }
        }
    }
}

/// The output of a script with `--sql`: directly to stdout, as it is generated.
fn script(sql: bool) -> Box<dyn Write + Send> {
    if sql {
        Box::new(std::io::BufWriter::new(std::io::stdout()))
    } else {
        Box::new(std::io::sink())
    }
}

fn ran(output: &Output, result: Result<RunReport, CommandError>) -> Result<ExitCode, Diagnostic> {
    let report = fail(result)?;
    let Some(label) = &report.database else {
        return Ok(ExitCode::SUCCESS);
    };
    output.summary(&Summary {
        direction: report.direction,
        label: label.clone(),
        steps: report.steps.len(),
        heads: report.heads.clone(),
        elapsed: Duration::from_secs_f64(report.seconds),
        dry_run: report.dry_run,
    });
    written(output.json(&report)).map_err(|mut diagnostic| {
        let heads = match report.heads.as_slice() {
            [] => "the base".to_owned(),
            heads => heads.join(", "),
        };
        diagnostic.outcome.push(match report.dry_run {
            true => "only the report is missing: the dry run was rolled back as usual".to_owned(),
            false => format!("only the report is missing: the run was committed, and {label} is at {heads}"),
        });
        diagnostic
    })
}

fn sources(output: &Output, files: &revision::Written) -> Result<ExitCode, Diagnostic> {
    written(output.json(files))?;
    for path in &files.files {
        output.note(&format!("created {}", path.display()));
    }
    Ok(ExitCode::SUCCESS)
}

fn revisions(output: &Output, report: &[RevisionSummary], verbose: bool) -> Result<ExitCode, Diagnostic> {
    written(output.json(&report))?;
    lines(output, &listing::revisions(report, verbose, output.styles()))
}

fn too_large(error: &DrawError) -> Diagnostic {
    Diagnostic::new(Blame::Operator, ExitKind::Usage, error.to_string())
        .hint("draw a part of it with -r FROM:TO, or use --format dot")
}

/// Lines for users; empty if there are none.
pub(super) fn lines(output: &Output, text: &str) -> Result<ExitCode, Diagnostic> {
    match text.trim_end() {
        "" => Ok(ExitCode::SUCCESS),
        text => written(output.print(text)),
    }
}

pub(super) fn fail<T>(result: Result<T, CommandError>) -> Result<T, Diagnostic> {
    result.map_err(|error| Diagnostic::from(&error))
}

pub(super) fn written(result: std::io::Result<()>) -> Result<ExitCode, Diagnostic> {
    match result {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => Err(Diagnostic::from(&CommandError::Stdout(error))),
    }
}
