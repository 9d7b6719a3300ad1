//! A server for an application's tests.

use super::Error;
use mighost_commands::CommandError;
use mighost_core::{EmbeddedSettings, Silent};
use mighost_postgres::connect::{Environment, Host};
use mighost_postgres::embedded::{TemporaryServer, TemporaryServerOptions};

/// A private, empty PostgreSQL server whose data disappear with this value or with the process. Its programs are found like those of `url
/// = "embedded"`.
pub struct TestServer(TemporaryServer);

impl TestServer {
    /// Starts a server; takes about half a second.
    ///
    /// # Errors
    /// If PostgreSQL's programs are not on this machine, or the server does not start.
    pub fn start() -> Result<Self, Error> {
        let settings = EmbeddedSettings {
            bin_dir: None,
            version: None,
            fetch: false,
            data_dir: std::env::temp_dir(),
        };
        let options = TemporaryServerOptions::default();
        let server = TemporaryServer::start(&settings, &options, &Environment::of_process(), &Silent);
        Ok(Self(server.map_err(CommandError::from)?))
    }

    /// The URL of its database `postgres`, as superuser.
    pub fn url(&self) -> String {
        let host = self.0.target().hosts.first();
        let folder = host.map(|host| match &host.host {
            Host::Socket(folder) => folder.display().to_string(),
            Host::Tcp(name) => name.clone(),
        });
        let port = host.map_or(5432, |host| host.port);
        format!(
            "postgresql://postgres@/postgres?host={}&port={port}",
            folder.unwrap_or_default()
        )
    }
}
