//! Makes a [`ConnectTarget`] from the user's settings, files, the environment and the defaults.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use super::conninfo::{self, Parameters};
use super::environment::Environment;
use super::target::{
    ChannelBinding, ConnectTarget, Host, HostTarget, Keepalives, Roots, SessionAttributes, SslMode, TlsTarget,
};
use super::{passfile, service};
use mighost_core::Secret;

/// The default timeout for one host, including name look-up and authentication. libpq waits indefinitely.
pub const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// The application name of mighost's connections, unless the user sets another.
pub const APPLICATION_NAME: &str = "mighost";

/// The port is not shown: in `user:pass/word@host` it is a part of the password.
const BAD_PORT: &str = "a port is not a number from 1 to 65535; in a URL, write `/`, `@`, `:` and `%` in a password as \
                        `%2F`, `%40`, `%3A` and `%25`";

/// The maximum number of hosts in a connection string.
const MAX_HOSTS: usize = 64;

/// The environment variables for parameters, as in libpq.
const VARIABLES: [(&str, &str); 25] = [
    ("PGHOST", "host"),
    ("PGHOSTADDR", "hostaddr"),
    ("PGPORT", "port"),
    ("PGDATABASE", "dbname"),
    ("PGUSER", "user"),
    ("PGPASSWORD", "password"),
    ("PGPASSFILE", "passfile"),
    ("PGCHANNELBINDING", "channel_binding"),
    ("PGOPTIONS", "options"),
    ("PGAPPNAME", "application_name"),
    ("PGSSLMODE", "sslmode"),
    ("PGREQUIRESSL", "requiressl"),
    ("PGSSLNEGOTIATION", "sslnegotiation"),
    ("PGSSLCERT", "sslcert"),
    ("PGSSLKEY", "sslkey"),
    ("PGSSLROOTCERT", "sslrootcert"),
    ("PGSSLCRL", "sslcrl"),
    ("PGREQUIREPEER", "requirepeer"),
    ("PGREQUIREAUTH", "require_auth"),
    ("PGGSSENCMODE", "gssencmode"),
    ("PGCONNECT_TIMEOUT", "connect_timeout"),
    ("PGCLIENTENCODING", "client_encoding"),
    ("PGTARGETSESSIONATTRS", "target_session_attrs"),
    ("PGLOADBALANCEHOSTS", "load_balance_hosts"),
    ("PGSSLMINPROTOCOLVERSION", "ssl_min_protocol_version"),
];

/// Parameters that do not matter to mighost: they are skipped silently. Those that request more security than mighost provides are not
/// among them.
const HARMLESS: [&str; 6] = [
    "krbsrvname",
    "gsslib",
    "gssdelegation",
    "sslcompression",
    "sslsni",
    "fallback_application_name",
];

/// Resolves a connection string into a target, or returns the problem.
pub(super) fn resolve(text: &str, environment: &Environment) -> Result<ConnectTarget, String> {
    let mut given = conninfo::parse(text)?;
    let password_origin = if given.contains_key("password") {
        "the connection string"
    } else {
        "PGPASSWORD"
    };
    let named = given
        .get("service")
        .map(String::as_str)
        .or_else(|| environment.variable("PGSERVICE"));
    let mut password_origin = password_origin;
    if let Some(name) = named.map(str::to_owned) {
        for (key, value) in service::look_up(&name, environment)? {
            if key == "password" && !given.contains_key("password") {
                password_origin = "the service file";
            }
            given.entry(key).or_insert(value);
        }
    }
    for (variable, key) in VARIABLES {
        if let Some(value) = environment.variable(variable) {
            given.entry(key.into()).or_insert_with(|| value.into());
        }
    }
    Resolver {
        given,
        environment,
        password_origin,
    }
    .run()
}

/// Turns parameters into a target.
struct Resolver<'a> {
    given: Parameters,
    environment: &'a Environment,
    password_origin: &'static str,
}

impl Resolver<'_> {
    fn run(mut self) -> Result<ConnectTarget, String> {
        let user = match self.take("user").or_else(|| self.environment.user.clone()) {
            Some(user) => user,
            None => return Err("it names no user, and the operating system's user has no name".into()),
        };
        let database = self.take("dbname").unwrap_or_else(|| user.clone());
        let mut notes = Vec::new();
        let password = self.take("password");
        let passfile = self.take("passfile");
        let mut hosts = self.hosts()?;
        for host in &mut hosts {
            self.password(
                host,
                password.as_deref(),
                passfile.as_deref(),
                [&database, &user],
                &mut notes,
            );
        }
        let tls = self.tls()?;
        let target = ConnectTarget {
            hosts,
            tls,
            options: self.take("options"),
            application_name: self.take("application_name").unwrap_or_else(|| APPLICATION_NAME.into()),
            connect_timeout: match self.number::<i64>("connect_timeout")? {
                None => Some(DEFAULT_CONNECT_TIMEOUT),
                Some(seconds) => u64::try_from(seconds).ok().filter(|s| *s > 0).map(Duration::from_secs),
            },
            tcp_user_timeout: self
                .number::<u64>("tcp_user_timeout")?
                .filter(|milliseconds| *milliseconds > 0)
                .map(Duration::from_millis),
            keepalives: Keepalives {
                on: self.number::<i64>("keepalives")? != Some(0),
                idle: self.seconds("keepalives_idle")?,
                interval: self.seconds("keepalives_interval")?,
                count: self.number::<u32>("keepalives_count")?.filter(|count| *count > 0),
            },
            session: self.choice(
                "target_session_attrs",
                SessionAttributes::Any,
                &[
                    ("any", SessionAttributes::Any),
                    ("read-write", SessionAttributes::ReadWrite),
                    ("read-only", SessionAttributes::ReadOnly),
                    ("primary", SessionAttributes::Primary),
                    ("standby", SessionAttributes::Standby),
                    ("prefer-standby", SessionAttributes::PreferStandby),
                ],
            )?,
            random_order: self.choice("load_balance_hosts", false, &[("disable", false), ("random", true)])?,
            channel_binding: self.choice(
                "channel_binding",
                ChannelBinding::Prefer,
                &[
                    ("disable", ChannelBinding::Disable),
                    ("prefer", ChannelBinding::Prefer),
                    ("require", ChannelBinding::Require),
                ],
            )?,
            user,
            database,
            note: None,
        };
        notes.extend(self.leftovers());
        let note = (!notes.is_empty()).then(|| notes.join("; "));
        Ok(ConnectTarget { note, ..target })
    }

    fn take(&mut self, key: &str) -> Option<String> {
        self.given.remove(key).filter(|value| !value.is_empty())
    }

    fn number<T: FromStr>(&mut self, key: &str) -> Result<Option<T>, String> {
        self.take(key)
            .map(|value| {
                value
                    .trim()
                    .parse()
                    .map_err(|_| format!("`{key}` is `{value}`, which is not a valid number"))
            })
            .transpose()
    }

    fn seconds(&mut self, key: &str) -> Result<Option<Duration>, String> {
        Ok(self
            .number::<u64>(key)?
            .filter(|seconds| *seconds > 0)
            .map(Duration::from_secs))
    }

    fn choice<T: Copy>(&mut self, key: &str, default: T, choices: &[(&str, T)]) -> Result<T, String> {
        let Some(value) = self.take(key) else {
            return Ok(default);
        };
        choices
            .iter()
            .find(|(name, _)| *name == value)
            .map(|(_, choice)| *choice)
            .ok_or_else(|| {
                let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
                format!("`{key}` is `{value}`, but must be one of {}", names.join(", "))
            })
    }

    fn hosts(&mut self) -> Result<Vec<HostTarget>, String> {
        let split = |text: Option<String>| -> Vec<String> {
            text.map(|text| text.split(',').map(|part| part.trim().to_owned()).collect())
                .unwrap_or_default()
        };
        let (names, addresses) = (split(self.take("host")), split(self.take("hostaddr")));
        let ports = split(self.take("port"));
        let count = names.len().max(addresses.len()).max(1);
        if !names.is_empty() && !addresses.is_empty() && names.len() != addresses.len() {
            return Err(format!(
                "it has {} hosts but {} host addresses",
                names.len(),
                addresses.len()
            ));
        }
        if ports.len() > 1 && ports.len() != count {
            return Err(format!(
                "it has {} ports for {count} hosts; give one port, or one for each host",
                ports.len()
            ));
        }
        if count > MAX_HOSTS {
            return Err(format!("it has {count} hosts; at most {MAX_HOSTS} are allowed"));
        }
        (0..count)
            .map(|index| {
                let port = ports.get(index).or(if ports.len() == 1 { ports.first() } else { None });
                let port = match port.map(String::as_str).filter(|port| !port.is_empty()) {
                    None => 5432,
                    Some(port) => port.parse().ok().filter(|port| *port > 0).ok_or(BAD_PORT)?,
                };
                let address: Option<std::net::IpAddr> = match addresses.get(index).filter(|address| !address.is_empty())
                {
                    None => None,
                    Some(address) => Some(
                        address
                            .parse()
                            .map_err(|_| format!("the host address `{address}` is not an IP address"))?,
                    ),
                };
                let host = match (names.get(index).filter(|name| !name.is_empty()), address) {
                    (Some(name), _) if name.starts_with('/') => Host::Socket(PathBuf::from(name)),
                    (Some(name), _) => Host::Tcp(name.clone()),
                    (None, Some(address)) => Host::Tcp(address.to_string()),
                    (None, None) => default_host(port),
                };
                Ok(HostTarget {
                    host,
                    address,
                    port,
                    password: None,
                    password_sources: String::new(),
                })
            })
            .collect()
    }

    /// Finds the password for one host, and describes where it was searched for.
    fn password(
        &self,
        host: &mut HostTarget,
        given: Option<&str>,
        passfile: Option<&str>,
        [database, user]: [&str; 2],
        notes: &mut Vec<String>,
    ) {
        if let Some(given) = given {
            host.password = Some(Secret::new(given));
            host.password_sources = format!("the password of {} was used", self.password_origin);
            return;
        }
        let file = match passfile {
            Some(file) => Some(PathBuf::from(file)),
            None => self.environment.home.as_ref().map(|home| home.join(".pgpass")),
        };
        let found = file.map(|file| {
            let name = match &host.host {
                Host::Tcp(name) => name.clone(),
                // libpq looks the default folder up as `localhost`, any other by its path.
                Host::Socket(folder) if is_default_folder(folder) => "localhost".into(),
                Host::Socket(folder) => folder.to_string_lossy().into_owned(),
            };
            passfile::look_up(&file, [&name, &host.port.to_string(), database, user])
        });
        let looked = found
            .as_ref()
            .map_or("there is no home folder with a .pgpass", |found| &found.looked);
        host.password_sources = format!("no password in the connection string, PGPASSWORD is not set, {looked}");
        if let Some(found) = found {
            if found.too_open && !notes.contains(&found.looked) {
                notes.push(found.looked);
            }
            if found.password.is_some() {
                host.password_sources = format!("the password of {} was used", self.passfile_name(passfile));
            }
            host.password = found.password;
        }
    }

    fn passfile_name(&self, passfile: Option<&str>) -> String {
        passfile.map_or_else(|| "~/.pgpass".into(), str::to_owned)
    }

    fn tls(&mut self) -> Result<TlsTarget, String> {
        let mode = self.take("sslmode");
        let explicit = mode.is_some();
        if let Some(mode) = mode {
            self.given.insert("sslmode".into(), mode);
        }
        let mut mode = self.choice(
            "sslmode",
            SslMode::Prefer,
            &[
                ("disable", SslMode::Disable),
                ("allow", SslMode::Allow),
                ("prefer", SslMode::Prefer),
                ("require", SslMode::Require),
                ("verify-ca", SslMode::VerifyCa),
                ("verify-full", SslMode::VerifyFull),
            ],
        )?;
        let folder = self.environment.home.as_ref().map(|home| home.join(".postgresql"));
        let default = |name: &str| {
            folder
                .as_ref()
                .map(|folder| folder.join(name))
                .filter(|file| file.is_file())
        };
        let roots = match self.take("sslrootcert") {
            Some(system) if system == "system" => {
                // As in libpq: with a weaker mode, the public authorities would guarantee nothing.
                if explicit && mode != SslMode::VerifyFull {
                    return Err("`sslrootcert=system` needs `sslmode=verify-full`".into());
                }
                mode = SslMode::VerifyFull;
                Roots::System
            }
            Some(file) => {
                mode = if mode == SslMode::Require {
                    SslMode::VerifyCa
                } else {
                    mode
                };
                Roots::File(PathBuf::from(file))
            }
            None => match default("root.crt") {
                Some(file) => {
                    mode = if mode == SslMode::Require {
                        SslMode::VerifyCa
                    } else {
                        mode
                    };
                    Roots::File(file)
                }
                None => Roots::System,
            },
        };
        let certificate = self
            .take("sslcert")
            .map(PathBuf::from)
            .or_else(|| default("postgresql.crt"));
        let key = self
            .take("sslkey")
            .map(PathBuf::from)
            .or_else(|| default("postgresql.key"));
        let identity = match (certificate, key) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (Some(certificate), None) => {
                return Err(format!(
                    "`sslcert` is {}, but there is no `sslkey`",
                    certificate.display()
                ));
            }
            (None, _) => None,
        };
        let direct = self.choice("sslnegotiation", false, &[("postgres", false), ("direct", true)])?;
        if direct && matches!(mode, SslMode::Disable | SslMode::Allow | SslMode::Prefer) {
            return Err("`sslnegotiation=direct` needs `sslmode=require` or a stronger one".into());
        }
        Ok(TlsTarget {
            mode,
            roots,
            identity,
            direct,
        })
    }

    /// A sentence about the remaining parameters, which mighost does not support.
    fn leftovers(&mut self) -> Option<String> {
        self.given.remove("service");
        let ignored: Vec<String> = self
            .given
            .iter()
            .filter(|(key, value)| match key.as_str() {
                // mighost does this anyway.
                "gssencmode" => value.as_str() == "require",
                "client_encoding" => !["UTF8", "UTF-8", "AUTO"].contains(&value.to_uppercase().as_str()),
                key => !HARMLESS.contains(&key),
            })
            .map(|(key, _)| format!("`{key}`"))
            .collect();
        (!ignored.is_empty()).then(|| format!("ignored in the connection settings: {}", ignored.join(", ")))
    }
}

/// The folders in which packages of PostgreSQL put the socket.
const SOCKET_FOLDERS: [&str; 3] = ["/var/run/postgresql", "/run/postgresql", "/tmp"];

fn is_default_folder(folder: &Path) -> bool {
    SOCKET_FOLDERS.iter().any(|default| folder == Path::new(default))
}

/// The local server's socket if it exists, otherwise the loopback interface. libpq has one folder compiled in.
fn default_host(port: u16) -> Host {
    SOCKET_FOLDERS
        .iter()
        .map(PathBuf::from)
        .find(|folder| folder.join(format!(".s.PGSQL.{port}")).exists())
        .map_or_else(|| Host::Tcp("localhost".into()), Host::Socket)
}

#[cfg(test)]
mod tests;
