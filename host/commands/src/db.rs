//! `mighost db`: the embedded server.

use std::path::PathBuf;

use super::{CommandError, Project, context};
use mighost_core::{DatabaseUrl, Reporter};
use mighost_postgres::embedded;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DbRequest {
    Start,
    Stop,
    Status,
    Destroy {
        /// The user has confirmed the removal of the data.
        yes: bool,
    },
}

/// The state of the embedded server.
#[derive(Clone, Debug, serde::Serialize)]
pub struct DbReport {
    pub running: bool,
    /// A URL for `psql`; `None` if the server does not run.
    pub url: Option<String>,
    pub pid: Option<u32>,
    /// The major version of its data; `None` if there are no data.
    pub major: Option<u32>,
    pub data: PathBuf,
    pub log: PathBuf,
    /// The action of the command, e.g. `started`; `None` if it only shows the state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done: Option<&'static str>,
}

/// Starts, stops, examines or removes the embedded server.
///
/// # Errors
/// If there are no programs, the data are of another major version, the server does not start or stop, or `destroy` is called without
/// `--yes`.
pub fn run(project: &Project, request: &DbRequest, reporter: &dyn Reporter) -> Result<DbReport, CommandError> {
    let settings = project.settings()?;
    if settings.url != DatabaseUrl::Embedded {
        return Err(CommandError::NotEmbedded { label: settings.label });
    }
    let settings = settings.embedded;
    let environment = context::connect_environment(&project.environment);
    let done = match request {
        DbRequest::Start => match embedded::start(&settings, &environment, reporter)?.started {
            true => Some("started"),
            false => Some("ran already"),
        },
        DbRequest::Stop => match embedded::stop(&settings, &environment)? {
            true => Some("stopped"),
            false => Some("did not run"),
        },
        DbRequest::Status => None,
        DbRequest::Destroy { yes: false } => {
            return Err(CommandError::NotConfirmed {
                data: settings.data_dir,
            });
        }
        DbRequest::Destroy { yes: true } => {
            embedded::destroy(&settings, &environment)?;
            Some("destroyed")
        }
    };
    let status = embedded::status(&settings, &environment)?;
    Ok(DbReport {
        running: status.server.is_some(),
        url: status.server.as_ref().map(|server| server.url.clone()),
        pid: status.server.as_ref().map(|server| server.pid),
        major: status.major,
        data: status.data,
        log: status.log,
        done,
    })
}
