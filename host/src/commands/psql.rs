//! `mighost psql`: psql on the chosen database.

use std::ffi::OsString;
use std::process::{Command, ExitStatus};
use std::sync::Arc;

use super::{CommandError, Project, open};
use crate::database::connect::{ConnectTarget, Host};
use crate::database::embedded::psql_program;
use crate::ident::quote_identifier;
use crate::report::Reporter;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PsqlRequest {
    /// Passed on to psql.
    pub args: Vec<OsString>,
}

/// The psql command, ready to run: where to connect is in its environment, so that no password stands in a list of
/// processes, and its search path begins with the project's schema.
///
/// # Errors
/// No psql; configuration; an embedded server that cannot be started.
pub async fn prepare(
    project: &Project,
    request: &PsqlRequest,
    reporter: &Arc<dyn Reporter>,
) -> Result<Command, CommandError> {
    let settings = project.settings()?;
    let target = open::target(&settings, &project.environment, reporter).await?;
    let environment = open::connect_environment(&project.environment);
    let psql = psql_program(&settings.embedded, &environment).ok_or(CommandError::NoPsql)?;
    let mut command = Command::new(psql);
    command.args(&request.args);
    command.envs(connection_variables(&target));
    let search_path = format!(
        "-csearch_path={},public",
        quote_identifier(&settings.schema).replace(' ', "\\ ")
    );
    let options = target
        .options
        .iter()
        .cloned()
        .chain([search_path])
        .collect::<Vec<_>>()
        .join(" ");
    command.env("PGOPTIONS", options);
    Ok(command)
}

/// Waits for psql.
///
/// # Errors
/// It cannot be run.
pub fn run(mut command: Command) -> Result<ExitStatus, CommandError> {
    command.status().map_err(CommandError::Psql)
}

/// libpq's variables for a target.
fn connection_variables(target: &ConnectTarget) -> Vec<(&'static str, String)> {
    let hosts = target.hosts.iter().map(|host| match &host.host {
        Host::Tcp(name) => name.clone(),
        Host::Socket(folder) => folder.display().to_string(),
    });
    let ports = target.hosts.iter().map(|host| host.port.to_string());
    let mut variables = vec![
        ("PGHOST", hosts.collect::<Vec<_>>().join(",")),
        ("PGPORT", ports.collect::<Vec<_>>().join(",")),
        ("PGUSER", target.user.clone()),
        ("PGDATABASE", target.database.clone()),
        ("PGSSLMODE", target.tls.mode.name().to_owned()),
    ];
    if let Some(password) = target.hosts.iter().find_map(|host| host.password.as_ref()) {
        variables.push(("PGPASSWORD", password.expose().to_owned()));
    }
    variables
}
