//! `mighost psql`: opens psql on the selected database.

use std::ffi::OsString;
use std::process::{Command, ExitStatus};
use std::sync::Arc;

use super::{CommandError, Project, context};
use mighost_core::{Reporter, search_path};
use mighost_postgres::connect::target::Roots;
use mighost_postgres::connect::{ConnectTarget, Host};
use mighost_postgres::embedded::psql_program;

/// libpq's variables that do not affect where to connect.
const KEPT: [&str; 4] = ["PGCLIENTENCODING", "PGTZ", "PGDATESTYLE", "PGAPPNAME"];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PsqlRequest {
    /// Passed on to psql.
    pub args: Vec<OsString>,
}

/// The psql command, ready to run: the connection settings are in its environment, so that no password appears in a list of processes,
/// and its search path begins with the project's schema.
///
/// # Errors
/// If there is no psql, the configuration is invalid, or the embedded server cannot be started.
pub async fn prepare(
    project: &Project,
    request: &PsqlRequest,
    reporter: &Arc<dyn Reporter>,
) -> Result<Command, CommandError> {
    let settings = project.settings()?;
    let target = context::target(&settings, &project.environment, reporter).await?;
    let environment = context::connect_environment(&project.environment);
    let psql = psql_program(&settings.embedded, &environment).ok_or(CommandError::NoPsql)?;
    let mut command = Command::new(psql);
    command.args(&request.args);
    // The target contains everything from these variables: a remaining PGSERVICE would override all of it.
    for name in project
        .environment
        .keys()
        .filter(|name| name.starts_with("PG") && !KEPT.contains(&name.as_str()))
    {
        command.env_remove(name);
    }
    command.envs(connection_variables(&target));
    let search_path = format!(
        "-csearch_path={}",
        search_path(&settings.schema, &settings.search_path).replace(' ', "\\ ")
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
/// If it cannot be run.
pub fn run(mut command: Command) -> Result<ExitStatus, CommandError> {
    command.status().map_err(CommandError::Psql)
}

/// libpq's variables for a target.
fn connection_variables(target: &ConnectTarget) -> Vec<(&'static str, String)> {
    let list = |parts: Vec<String>| parts.join(",");
    let hosts = target.hosts.iter().map(|host| match &host.host {
        Host::Tcp(name) => name.clone(),
        Host::Socket(folder) => folder.display().to_string(),
    });
    let mut variables = vec![
        ("PGHOST", list(hosts.collect())),
        (
            "PGPORT",
            list(target.hosts.iter().map(|host| host.port.to_string()).collect()),
        ),
        ("PGUSER", target.user.clone()),
        ("PGDATABASE", target.database.clone()),
        ("PGSSLMODE", target.tls.mode.name().to_owned()),
    ];
    if target.hosts.iter().any(|host| host.address.is_some()) {
        let addresses = target
            .hosts
            .iter()
            .map(|host| host.address.map(|address| address.to_string()).unwrap_or_default());
        variables.push(("PGHOSTADDR", list(addresses.collect())));
    }
    if let Some(password) = target.hosts.iter().find_map(|host| host.password.as_ref()) {
        variables.push(("PGPASSWORD", password.expose().to_owned()));
    }
    if let Roots::File(path) = &target.tls.roots {
        variables.push(("PGSSLROOTCERT", path.display().to_string()));
    }
    if let Some((certificate, key)) = &target.tls.identity {
        variables.push(("PGSSLCERT", certificate.display().to_string()));
        variables.push(("PGSSLKEY", key.display().to_string()));
    }
    variables
}
