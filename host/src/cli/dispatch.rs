//! Each request to its function, and the result to stdout.

use std::process::ExitCode;
use std::sync::Arc;

use super::help;
use super::parse::{Action, Invocation};
use crate::commands::{CommandError, Request, init, wit};
use crate::output::Output;
use crate::report::{Blame, Diagnostic, ExitKind};

/// Carries out what was asked for.
pub(super) fn dispatch(invocation: Invocation, output: &Arc<Output>) -> Result<ExitCode, Diagnostic> {
    let request = match invocation.action {
        Action::Command(request) => request,
        Action::Completions(shell) => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut help::command(), "mighost", &mut text);
            return written(output.data(&text));
        }
    };
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
        Request::Wit(request) => match request.output {
            None => written(output.data(wit::as_one_file().as_bytes())),
            Some(folder) => {
                for path in wit::write_files(&folder).map_err(|error| Diagnostic::from(&error))? {
                    output.note(&format!("wrote {}", path.display()));
                }
                Ok(ExitCode::SUCCESS)
            }
        },
        _ => Err(Diagnostic::new(
            Blame::Host,
            ExitKind::Internal,
            "this command is not part of this build of mighost",
        )),
    }
}

fn written(result: std::io::Result<()>) -> Result<ExitCode, Diagnostic> {
    match result {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => Err(Diagnostic::from(&CommandError::Stdout(error))),
    }
}
