//! The command line: converts arguments to requests, and failures to text and exit codes.
//!
//! It makes no decisions that belong to a command. Only `output` prints. Exit codes are those of [`ExitKind`].

mod args;
mod dispatch;
mod help;
mod output;
mod parse;
mod runtime;
mod test;
#[cfg(test)]
mod tests;
mod trust;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

pub use parse::{Action, Invocation, parse};
pub use runtime::block_on;

use crate::output::{ColorChoice, Options, Output};
use mighost_config::Environment;
use mighost_core::{Blame, Diagnostic, ExitKind};

/// The whole program, with the arguments, environment and working folder of the process.
pub fn main() -> ExitCode {
    let environment: Environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let directory = std::env::current_dir();
    let args: Vec<OsString> = std::env::args_os().collect();
    match directory {
        Ok(directory) => run(&args, environment, directory),
        Err(error) => {
            let output = Output::standard(Options::default(), &environment);
            let what = format!("the working directory cannot be determined: {error}");
            fail(&output, &Diagnostic::new(Blame::Operator, ExitKind::Usage, what))
        }
    }
}

/// Runs one command. `args` starts with the program's name; `directory` is absolute.
pub fn run(args: &[OsString], environment: Environment, directory: PathBuf) -> ExitCode {
    let invocation = match parse(args, environment.clone(), directory) {
        Ok(invocation) => invocation,
        Err(error) => return show_clap_error(&error, args, &environment),
    };
    let output = Output::standard(invocation.output, &environment);
    let directory = &invocation.project.directory;
    if !directory.is_dir() {
        // Otherwise a configuration above it would be used, as if the folder existed.
        let what = format!("-C: there is no folder {}", directory.display());
        return fail(&output, &Diagnostic::new(Blame::Operator, ExitKind::Usage, what));
    }
    match dispatch::dispatch(invocation, &output) {
        Ok(code) => code,
        Err(diagnostic) => fail(&output, &diagnostic),
    }
}

fn fail(output: &Arc<Output>, diagnostic: &Diagnostic) -> ExitCode {
    output.diagnostic(diagnostic);
    ExitCode::from(diagnostic.exit.code())
}

/// clap treats help and the version as errors, too; they go to stdout.
fn show_clap_error(error: &clap::Error, args: &[OsString], environment: &Environment) -> ExitCode {
    let options = Options {
        color: parse::color_of_broken_line(args),
        ..Options::default()
    };
    let output = Output::standard(options, environment);
    let text = error.render();
    let colored = |styled: bool| {
        if styled {
            text.ansi().to_string()
        } else {
            text.to_string()
        }
    };
    if error.use_stderr() {
        output.usage(&colored(output.is_styled_err()));
        return ExitCode::from(ExitKind::Usage.code());
    }
    let text = colored(output.is_styled_out());
    match output.data(format!("{}\n", text.trim_end()).as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(ExitKind::Internal.code()),
    }
}

impl From<args::ColorArg> for ColorChoice {
    fn from(color: args::ColorArg) -> Self {
        match color {
            args::ColorArg::Auto => Self::Auto,
            args::ColorArg::Always => Self::Always,
            args::ColorArg::Never => Self::Never,
        }
    }
}
