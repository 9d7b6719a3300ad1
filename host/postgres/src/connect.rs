//! Connections as in libpq: the same strings, files, environment variables and TLS modes as in `psql`.

mod binding;
mod cancel;
mod classify;
mod conninfo;
mod environment;
mod error;
mod passfile;
mod pooler;
mod resolve;
mod service;
mod session_watch;
pub mod target;
mod tls;
mod verify;

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use tokio::task::JoinHandle;
use tokio_postgres::error::SqlState;
use tokio_postgres::{AsyncMessage, Client, Config};

pub use cancel::Canceller;
pub use environment::Environment;
pub use error::{Attempt, ConnectError, database_error};
pub use pooler::{backend_key_pid, behind_pooler};
pub use session_watch::SessionWatch;
pub use target::{ConnectTarget, Host, HostTarget};

use crate::session;
use classify::{Failure, classify};
use mighost_core::sql::RefusedSetting;
use mighost_core::{Event, Level, MAX_OUTSIDE_TEXT, Reporter, shortened};
use target::{ChannelBinding, SessionAttributes, SslMode};

/// A connection to a server. The session ends when this is dropped or closed.
pub struct Connection {
    pub client: Client,
    /// The host that answered, e.g. `db.example.org:5432`.
    pub host: String,
    /// The settings of the session that guests cannot change.
    pub watch: SessionWatch,
    encrypted: bool,
    task: JoinHandle<()>,
}

impl Connection {
    /// The reason why the connection broke, once it did.
    pub fn lost(&self) -> Option<&str> {
        self.watch.lost()
    }

    /// Ends the session and waits until that is sent, for at most five seconds.
    pub async fn close(self) {
        let Self { client, task, .. } = self;
        drop(client);
        // After any error here, the session ends with the socket.
        let _ = tokio::time::timeout(Duration::from_secs(5), task).await;
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("host", &self.host)
            .field("lost", &self.lost())
            .finish_non_exhaustive()
    }
}

/// Connects to the first of the target's hosts that answers and that `target_session_attrs` accepts. Notices of the server go to
/// `reporter` as long as the connection exists, and so does a warning if a password may have been sent unencrypted.
///
/// Changes no settings of the session, because a pooler would pass them on to others.
///
/// # Errors
///
/// If no host is usable; the error has the reasons. As in libpq, a server that answers and refuses the user or the database ends the
/// search.
pub async fn connect(target: &ConnectTarget, reporter: Arc<dyn Reporter>) -> Result<Connection, ConnectError> {
    let mut hosts: Vec<&HostTarget> = target.hosts.iter().collect();
    if target.random_order {
        let random = RandomState::new();
        hosts.sort_by_cached_key(|host| random.hash_one(host.to_string()));
    }
    let mut refused = None;
    // `prefer-standby` is two rounds: a standby, then anything.
    let rounds = match target.session {
        SessionAttributes::PreferStandby => vec![SessionAttributes::Standby, SessionAttributes::Any],
        other => vec![other],
    };
    for session in rounds {
        match round(target, &hosts, session, &reporter).await {
            Ok(connection) => return Ok(connection),
            Err(error) => refused = Some(error),
        }
    }
    Err(refused.unwrap_or(ConnectError::Unreachable { attempts: Vec::new() }))
}

async fn round(
    target: &ConnectTarget,
    hosts: &[&HostTarget],
    session: SessionAttributes,
    reporter: &Arc<dyn Reporter>,
) -> Result<Connection, ConnectError> {
    let mut attempts = Vec::new();
    let mut wrong_session = false;
    let mut only_timeouts = true;
    for host in hosts {
        let attempt = |reason: String| Attempt {
            host: host.to_string(),
            reason,
        };
        let work = async {
            let connection = one_host(target, host, reporter).await?;
            match session_refusal(&connection.client, session).await {
                Ok(None) => Ok(Ok(connection)),
                Ok(Some(reason)) => Ok(Err(reason)),
                Err(error) => Err(classify(target, host, &error)),
            }
        };
        let outcome = match target.connect_timeout {
            None => work.await,
            Some(limit) => match tokio::time::timeout(limit, work).await {
                Ok(outcome) => outcome,
                Err(_) => {
                    attempts.push(attempt(format!("no answer within {} s", limit.as_secs())));
                    continue;
                }
            },
        };
        only_timeouts = false;
        match outcome {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(reason)) => {
                wrong_session = true;
                attempts.push(attempt(reason.into()));
            }
            Err(Failure::Next(reason)) => attempts.push(attempt(reason)),
            Err(Failure::Final(error)) => return Err(error),
        }
    }
    Err(if wrong_session {
        ConnectError::SessionAttributes {
            wanted: wanted(session),
            attempts,
        }
    } else if only_timeouts {
        ConnectError::Timeout {
            attempts,
            limit: target.connect_timeout.unwrap_or_default(),
        }
    } else {
        ConnectError::Unreachable { attempts }
    })
}

async fn one_host(
    target: &ConnectTarget,
    host: &HostTarget,
    reporter: &Arc<dyn Reporter>,
) -> Result<Connection, Failure> {
    // Like libpq, does not use TLS on Unix sockets, whatever `sslmode` is.
    let mode = if matches!(host.host, Host::Socket(_)) {
        SslMode::Disable
    } else {
        target.tls.mode
    };
    use tokio_postgres::config::SslMode as Wire;
    // `prefer` does not use TLS if the server does not support it. If TLS fails, the connection fails; libpq would retry without it.
    let (first, second) = match mode {
        SslMode::Disable => (Wire::Disable, None),
        SslMode::Allow => (Wire::Disable, Some(Wire::Require)),
        SslMode::Prefer => (Wire::Prefer, Some(Wire::Disable)),
        SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => (Wire::Require, None),
    };
    let connection = match attempt(target, host, first, reporter).await {
        Err(Trouble::Server(error)) => {
            // The server's pg_hba.conf decides which connections need TLS.
            let other_way = error.code() == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION);
            match second.filter(|_| other_way) {
                Some(second) => match attempt(target, host, second, reporter).await {
                    Ok(connection) => Ok(connection),
                    // The first refusal is more informative.
                    Err(_) => Err(classify(target, host, &error)),
                },
                None => Err(classify(target, host, &error)),
            }
        }
        Err(Trouble::Settings(reason)) => Err(Failure::Final(ConnectError::Tls {
            host: host.to_string(),
            reason,
            advice: "Correct sslrootcert, sslcert or sslkey.".into(),
        })),
        Ok(connection) => Ok(connection),
    }?;
    if let Some(refused) = connection.watch.refused() {
        return Err(Failure::Final(ConnectError::refused_setting(host.to_string(), refused)));
    }
    if mode != SslMode::Disable && !connection.encrypted && host.password.is_some() {
        reporter.report(Event::Note {
            level: Level::Warn,
            text: format!(
                "the connection to {host} is not encrypted, and a password is set. Add \
                 `sslmode=require` to the connection string to refuse such connections, or `sslmode=disable` to accept them"
            ),
        });
    }
    Ok(connection)
}

enum Trouble {
    Settings(String),
    Server(tokio_postgres::Error),
}

async fn attempt(
    target: &ConnectTarget,
    host: &HostTarget,
    mode: tokio_postgres::config::SslMode,
    reporter: &Arc<dyn Reporter>,
) -> Result<Connection, Trouble> {
    match attempt_with(target, host, mode, Some(&session::startup_options()), reporter).await {
        // Some poolers accept no options. The sink sets them in each transaction then.
        Err(Trouble::Server(error)) if error.code() == Some(&SqlState::PROTOCOL_VIOLATION) => {
            let connection = attempt_with(target, host, mode, None, reporter).await?;
            if connection.watch.refused() == Some(RefusedSetting::BackslashEscapes) {
                // A pooler that follows this setting gives it to each server session of this client from now on.
                let set = connection
                    .client
                    .batch_execute("SET standard_conforming_strings = on")
                    .await;
                set.map_err(Trouble::Server)?;
                connection.watch.settled().await;
            }
            Ok(connection)
        }
        other => other,
    }
}

async fn attempt_with(
    target: &ConnectTarget,
    host: &HostTarget,
    mode: tokio_postgres::config::SslMode,
    options: Option<&str>,
    reporter: &Arc<dyn Reporter>,
) -> Result<Connection, Trouble> {
    let config = driver_config(target, host, mode, options);
    let settings = SessionWatch::of(target, host);
    let mut encrypted = Arc::new(AtomicBool::new(false));
    let (client, task) = if mode == tokio_postgres::config::SslMode::Disable {
        let (client, connection) = config.connect(tokio_postgres::NoTls).await.map_err(Trouble::Server)?;
        (client, drive(connection, reporter.clone(), settings.clone()))
    } else {
        let connector =
            tls::make_tls(&target.tls, target.channel_binding == ChannelBinding::Require).map_err(Trouble::Settings)?;
        encrypted = connector.encrypted.clone();
        let (client, connection) = config.connect(connector).await.map_err(Trouble::Server)?;
        (client, drive(connection, reporter.clone(), settings.clone()))
    };
    Ok(Connection {
        client,
        host: host.to_string(),
        watch: settings,
        encrypted: encrypted.load(Ordering::Relaxed),
        task,
    })
}

fn driver_config(
    target: &ConnectTarget,
    host: &HostTarget,
    mode: tokio_postgres::config::SslMode,
    options: Option<&str>,
) -> Config {
    use tokio_postgres::config as wire;
    let mut config = Config::new();
    config
        .user(&target.user)
        .dbname(&target.database)
        .application_name(&target.application_name);
    config.port(host.port).ssl_mode(mode);
    match &host.host {
        Host::Tcp(name) => config.host(name),
        Host::Socket(folder) => config.host_path(folder),
    };
    if let Some(address) = host.address {
        config.hostaddr(address);
    }
    if let Some(password) = &host.password {
        config.password(password.expose());
    }
    // The user's come last and take precedence.
    let options: Vec<&str> = options.into_iter().chain(target.options.as_deref()).collect();
    if !options.is_empty() {
        config.options(options.join(" "));
    }
    if let Some(timeout) = target.connect_timeout {
        // This limit applies to each address of a name and to the host as a whole.
        config.connect_timeout(timeout);
    }
    if let Some(timeout) = target.tcp_user_timeout {
        config.tcp_user_timeout(timeout);
    }
    config.keepalives(target.keepalives.on);
    if let Some(idle) = target.keepalives.idle {
        config.keepalives_idle(idle);
    }
    if let Some(interval) = target.keepalives.interval {
        config.keepalives_interval(interval);
    }
    if let Some(count) = target.keepalives.count {
        config.keepalives_retries(count);
    }
    if target.tls.direct {
        config.ssl_negotiation(wire::SslNegotiation::Direct);
    }
    config.channel_binding(match target.channel_binding {
        ChannelBinding::Disable => wire::ChannelBinding::Disable,
        ChannelBinding::Prefer => wire::ChannelBinding::Prefer,
        ChannelBinding::Require => wire::ChannelBinding::Require,
    });
    config
}

/// Runs the connection in a task of its own until it ends.
fn drive<T>(
    mut connection: tokio_postgres::Connection<tokio_postgres::Socket, T>,
    reporter: Arc<dyn Reporter>,
    settings: SessionWatch,
) -> JoinHandle<()>
where
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let session = settings.clone();
    // The server reports its settings while the connection is made. Later it reports each change before the answer to the statement that
    // caused it is complete. A caller on another thread may see that answer first, so statements that commit ask the server itself.
    let watch = move |connection: &tokio_postgres::Connection<tokio_postgres::Socket, T>| {
        if let Some(encoding) = connection.parameter("client_encoding") {
            let strings = connection.parameter("standard_conforming_strings");
            settings.reported(encoding, strings.unwrap_or("on"));
        }
        if let Some(of_database) = connection.parameter("server_encoding") {
            settings.database_is(of_database);
        }
    };
    watch(&connection);
    tokio::spawn(async move {
        let mut messages = stream::poll_fn(move |cx| {
            let message = connection.poll_message(cx);
            watch(&connection);
            message
        });
        while let Some(message) = messages.next().await {
            match message {
                Ok(AsyncMessage::Notice(notice)) => reporter.report(Event::ServerNotice {
                    severity: notice.severity().into(),
                    message: shortened(notice.message(), MAX_OUTSIDE_TEXT),
                }),
                Ok(_) => {}
                Err(error) => {
                    let reason = match error.as_db_error() {
                        Some(error) => error.message().to_owned(),
                        None => error::chain(&error),
                    };
                    session.is_lost(reason);
                    return;
                }
            }
        }
    })
}

/// The reason why `target_session_attrs` does not accept the session; `None` if it does.
async fn session_refusal(
    client: &Client,
    wanted: SessionAttributes,
) -> Result<Option<&'static str>, tokio_postgres::Error> {
    let sql = match wanted {
        SessionAttributes::Any | SessionAttributes::PreferStandby => return Ok(None),
        // The check of libpq: a standby is read-only whatever its setting.
        SessionAttributes::ReadWrite | SessionAttributes::ReadOnly => {
            "SELECT pg_catalog.pg_is_in_recovery() OR pg_catalog.current_setting('default_transaction_read_only') OPERATOR(pg_catalog.=) 'on'"
        }
        SessionAttributes::Primary | SessionAttributes::Standby => "SELECT pg_catalog.pg_is_in_recovery()",
    };
    let messages = client.simple_query(sql).await?;
    let answer = messages.iter().find_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    Ok(match (wanted, answer == Some("t")) {
        (SessionAttributes::ReadWrite, true) => Some("its sessions are read-only"),
        (SessionAttributes::ReadOnly, false) => Some("its sessions are not read-only"),
        (SessionAttributes::Primary, true) => Some("it is a standby"),
        (SessionAttributes::Standby, false) => Some("it is a primary"),
        _ => None,
    })
}

fn wanted(session: SessionAttributes) -> &'static str {
    match session {
        SessionAttributes::Any => "reachable",
        SessionAttributes::ReadWrite => "read-write",
        SessionAttributes::ReadOnly => "read-only",
        SessionAttributes::Primary => "a primary",
        SessionAttributes::Standby | SessionAttributes::PreferStandby => "a standby",
    }
}
