//! Connection targets: a connection string, the service file, the environment and the defaults, resolved once.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::environment::Environment;
use super::error::ConnectError;
use super::resolve;
use mighost_core::Secret;

pub use super::resolve::{APPLICATION_NAME, DEFAULT_CONNECT_TIMEOUT};

/// Characters that are not encoded in a URL.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const PLAIN_IN_PARAMETER: &AsciiSet = &PLAIN.remove(b'/').remove(b':');

/// A host of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostTarget {
    pub host: Host,
    /// The address to use, so that the name is not looked up.
    pub address: Option<IpAddr>,
    pub port: u16,
    pub password: Option<Secret>,
    /// A description of where a password was searched for, for the error of a refused one.
    pub password_sources: String,
}

/// A name or address on the network, or the folder of a Unix socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    Tcp(String),
    Socket(PathBuf),
}

impl fmt::Display for HostTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Tcp(name) if name.contains(':') => write!(f, "[{name}]:{}", self.port),
            Host::Tcp(name) => write!(f, "{name}:{}", self.port),
            Host::Socket(folder) => write!(f, "{}/.s.PGSQL.{}", folder.display(), self.port),
        }
    }
}

/// libpq's `sslmode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SslMode {
    Disable,
    /// First without TLS; with TLS if the server requires it.
    Allow,
    /// With TLS if the server supports it.
    Prefer,
    /// With TLS, without checking the server's identity.
    Require,
    /// The certificate must be signed by a trusted authority.
    VerifyCa,
    /// The certificate must also name the host.
    VerifyFull,
}

impl SslMode {
    /// Its name in libpq.
    pub fn name(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Allow => "allow",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }
}

/// libpq's `target_session_attrs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionAttributes {
    Any,
    ReadWrite,
    ReadOnly,
    Primary,
    Standby,
    PreferStandby,
}

/// The authorities that may sign the server's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Roots {
    System,
    File(PathBuf),
}

/// TLS settings of the user; files are read when the connection is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsTarget {
    pub mode: SslMode,
    pub roots: Roots,
    /// The client's own certificate and key.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// Whether TLS begins immediately, without PostgreSQL's own request (`sslnegotiation=direct`).
    pub direct: bool,
}

/// TCP keepalives; without times, those of the system apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keepalives {
    pub on: bool,
    pub idle: Option<Duration>,
    pub interval: Option<Duration>,
    pub count: Option<u32>,
}

/// Whether SCRAM is bound to the TLS connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelBinding {
    Disable,
    Prefer,
    Require,
}

/// A database to connect to. `Debug` and [`ConnectTarget::display_url`] omit the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectTarget {
    /// At least one, tried in this order.
    pub hosts: Vec<HostTarget>,
    pub user: String,
    pub database: String,
    /// Command-line options for the server (`-c name=value`).
    pub options: Option<String>,
    pub application_name: String,
    /// For one host; `None` waits indefinitely.
    pub connect_timeout: Option<Duration>,
    pub tcp_user_timeout: Option<Duration>,
    pub keepalives: Keepalives,
    pub session: SessionAttributes,
    /// Whether the hosts are tried in a random order.
    pub random_order: bool,
    pub tls: TlsTarget,
    pub channel_binding: ChannelBinding,
    /// One sentence on ignored parameters and skipped password files, to be shown once.
    pub note: Option<String>,
}

impl ConnectTarget {
    /// Resolves a connection string: its own parameters, then its service, the environment, and libpq's defaults.
    ///
    /// # Errors
    ///
    /// [`ConnectError::BadString`], which never repeats the password.
    pub fn parse(text: &str, environment: &Environment) -> Result<Self, ConnectError> {
        resolve::resolve(text, environment).map_err(|reason| ConnectError::BadString { reason })
    }

    /// A target on a Unix socket without a password: the embedded server.
    pub fn on_socket(folder: PathBuf, port: u16, user: &str, database: &str) -> Self {
        Self {
            hosts: vec![HostTarget {
                host: Host::Socket(folder),
                address: None,
                port,
                password: None,
                password_sources: "the embedded server needs none".into(),
            }],
            user: user.into(),
            database: database.into(),
            options: None,
            application_name: APPLICATION_NAME.into(),
            connect_timeout: Some(DEFAULT_CONNECT_TIMEOUT),
            tcp_user_timeout: None,
            keepalives: Keepalives {
                on: true,
                idle: None,
                interval: None,
                count: None,
            },
            session: SessionAttributes::Any,
            random_order: false,
            tls: TlsTarget {
                mode: SslMode::Disable,
                roots: Roots::System,
                identity: None,
                direct: false,
            },
            channel_binding: ChannelBinding::Prefer,
            note: None,
        }
    }

    /// The same server, another database.
    #[must_use]
    pub fn with_database(&self, database: &str) -> Self {
        Self {
            database: database.into(),
            ..self.clone()
        }
    }

    /// A URL for messages: without a password, with everything that distinguishes databases.
    pub fn display_url(&self) -> String {
        let encode = |text: &str, set| utf8_percent_encode(text, set).to_string();
        let password = if self.hosts.iter().any(|host| host.password.is_some()) {
            ":***"
        } else {
            ""
        };
        let (user, database) = (encode(&self.user, PLAIN), encode(&self.database, PLAIN));
        let sockets = self.hosts.iter().any(|host| matches!(host.host, Host::Socket(_)));
        if sockets {
            // A folder before the first `/` would have to be encoded, and psql understands the parameters.
            let list = |item: &dyn Fn(&HostTarget) -> String| self.hosts.iter().map(item).collect::<Vec<_>>().join(",");
            let hosts = list(&|host| match &host.host {
                Host::Tcp(name) => encode(name, PLAIN_IN_PARAMETER),
                Host::Socket(folder) => encode(&folder.to_string_lossy(), PLAIN_IN_PARAMETER),
            });
            let ports = list(&|host| host.port.to_string());
            return format!("postgresql://{user}{password}@/{database}?host={hosts}&port={ports}");
        }
        let hosts: Vec<String> = self.hosts.iter().map(ToString::to_string).collect();
        format!("postgresql://{user}{password}@{}/{database}", hosts.join(","))
    }
}
