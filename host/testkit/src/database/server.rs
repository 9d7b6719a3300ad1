//! Servers that exist as long as the suite, and a database for each case, copied from a template.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio_postgres::Client;

use crate::TestProject;
use mighost_core::{EmbeddedSettings, Reporter, Silent, quote_identifier, quote_literal};
use mighost_postgres::connect::{self, ConnectTarget, Connection, Environment};
use mighost_postgres::embedded::{TemporaryServer, TemporaryServerOptions};

/// The number of databases that may remain until the server ends; each takes about 8 MB.
const KEPT: u32 = 24;

/// The settings that the servers of a suite share.
pub(crate) struct Databases {
    settings: EmbeddedSettings,
    environment: Environment,
    connections: usize,
    /// Started with the first case that needs it; or the reason why it could not be started.
    shared: Mutex<Option<Result<Arc<Server>, String>>>,
}

/// A server and its templates.
pub(crate) struct Server {
    // Dropping it ends the server.
    _process: TemporaryServer,
    target: ConnectTarget,
    pub version: String,
    next: AtomicU32,
    /// The number of databases left until the server ends.
    kept: AtomicU32,
    /// Templates, by their input. Locked while one is created, so that each is created once.
    /// A failed one is not retried for each case.
    templates: tokio::sync::Mutex<HashMap<String, Result<String, String>>>,
    /// The availability of extensions, as far as queried.
    extensions: tokio::sync::Mutex<HashMap<String, bool>>,
}

/// A database of one case, removed when the case is done.
pub(crate) struct Database {
    pub server: Arc<Server>,
    pub name: String,
}

impl Databases {
    /// For `threads` concurrent cases. Nothing is started yet.
    pub fn new(project: &TestProject, threads: usize) -> Self {
        Self {
            settings: project.settings.embedded.clone(),
            environment: project.environment.clone(),
            connections: threads,
            shared: Mutex::default(),
        }
    }

    /// The server of all cases that do not need one of their own.
    pub fn shared(&self) -> Result<Arc<Server>, String> {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        shared.get_or_insert_with(|| self.start()).clone()
    }

    /// A server of its own.
    pub fn start(&self) -> Result<Arc<Server>, String> {
        let mut options = TemporaryServerOptions::default();
        // Each case has two connections at most, and templates one.
        let connections = (self.connections * 3 + 10).max(20);
        options.server_settings.push(format!("max_connections={connections}"));
        let process = TemporaryServer::start(&self.settings, &options, &self.environment, &Silent);
        let process = process.map_err(|error| error.to_string())?;
        Ok(Arc::new(Server {
            target: process.target().clone(),
            version: process.version().to_owned(),
            _process: process,
            next: AtomicU32::new(0),
            kept: AtomicU32::new(0),
            templates: tokio::sync::Mutex::default(),
            extensions: tokio::sync::Mutex::default(),
        }))
    }
}

impl Server {
    /// The superuser's connection to a database of the server.
    pub async fn connect(&self, database: &str, reporter: Arc<dyn Reporter>) -> Result<Connection, String> {
        let target = ConnectTarget {
            database: database.into(),
            ..self.target.clone()
        };
        connect::connect(&target, reporter)
            .await
            .map_err(|error| error.to_string())
    }

    /// The first part of the version; for a prerelease, e.g. `18beta1`, the number at its beginning.
    pub fn major(&self) -> Option<u32> {
        let digits = self.version.split(|c: char| !c.is_ascii_digit()).next();
        digits.and_then(|major| major.parse().ok())
    }

    /// Whether `CREATE EXTENSION` would find its files.
    pub async fn has_extension(&self, name: &str) -> Result<bool, String> {
        let mut extensions = self.extensions.lock().await;
        if let Some(known) = extensions.get(name) {
            return Ok(*known);
        }
        let connection = self.connect("postgres", Arc::new(Silent)).await?;
        let query = format!(
            "select from pg_catalog.pg_available_extensions where name = {}",
            quote_literal(name)
        );
        let found = connection.client.query(&query, &[]).await;
        connection.close().await;
        let found = !found.map_err(|error| error.to_string())?.is_empty();
        extensions.insert(name.to_owned(), found);
        Ok(found)
    }

    fn name(&self, what: &str) -> String {
        format!("{what}_{}", self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// A copy of the template that `make` creates, which is tried once for each `key`.
    pub async fn database(
        self: &Arc<Self>,
        key: &str,
        make: impl AsyncFnOnce(&str) -> Result<(), String>,
    ) -> Result<Database, String> {
        let admin = self.connect("postgres", Arc::new(Silent)).await?;
        let template = {
            let mut templates = self.templates.lock().await;
            match templates.get(key) {
                Some(template) => template.clone(),
                None => {
                    let name = self.name("template");
                    let created = run(&admin.client, &format!("CREATE DATABASE {}", quote_identifier(&name))).await;
                    let made = match created {
                        Ok(()) => make(&name).await,
                        failed => failed,
                    };
                    let template = made.map(|()| name);
                    templates.insert(key.to_owned(), template.clone());
                    template
                }
            }
        };
        let template = match template {
            Ok(template) => template,
            Err(text) => {
                admin.close().await;
                return Err(text);
            }
        };
        let name = self.name("case");
        // Copying files takes less time than writing them through the WAL, which servers before 15 do not do anyway.
        let create = format!(
            "CREATE DATABASE {} TEMPLATE {}{}",
            quote_identifier(&name),
            quote_identifier(&template),
            if self.major() >= Some(15) {
                " STRATEGY FILE_COPY"
            } else {
                ""
            }
        );
        let created = run(&admin.client, &create).await;
        admin.close().await;
        created?;
        Ok(Database {
            server: self.clone(),
            name,
        })
    }
}

impl Database {
    pub async fn connect(&self, reporter: Arc<dyn Reporter>) -> Result<Connection, String> {
        self.server.connect(&self.name, reporter).await
    }

    /// Releases its memory, if that is needed: dropping takes as long as creating. The rest is removed with the server.
    pub async fn drop(self) {
        if self.server.kept.fetch_add(1, Ordering::Relaxed) < KEPT {
            return;
        }
        if let Ok(admin) = self.server.connect("postgres", Arc::new(Silent)).await {
            let drop = format!("DROP DATABASE {} WITH (FORCE)", quote_identifier(&self.name));
            // An older server without FORCE keeps the database.
            let _ = run(&admin.client, &drop).await;
            admin.close().await;
        }
    }
}

async fn run(client: &Client, statement: &str) -> Result<(), String> {
    let failed = |error: tokio_postgres::Error| match error.as_db_error() {
        Some(error) => format!("{statement}: {}", error.message()),
        None => format!("{statement}: {error}"),
    };
    client.batch_execute(statement).await.map_err(failed)
}
