//! Converts SQLAlchemy's URLs to libpq's.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::ini::{CLOSE, OPEN};

/// libpq's parameters. Others after the `?` are for a Python driver, and are omitted.
const PARAMETERS: [&str; 34] = [
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "passfile",
    "require_auth",
    "channel_binding",
    "connect_timeout",
    "client_encoding",
    "options",
    "application_name",
    "fallback_application_name",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
    "gssencmode",
    "sslmode",
    "sslnegotiation",
    "sslcompression",
    "sslcert",
    "sslkey",
    "sslpassword",
    "sslrootcert",
    "sslcrl",
    "sslsni",
    "requirepeer",
    "ssl_min_protocol_version",
    "krbsrvname",
    "target_session_attrs",
    "service",
];

/// Characters that are not encoded in a URL.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Like [`PLAIN`], for values after the `?`, where a path may be.
const VALUE: &AsciiSet = &PLAIN.remove(b'/').remove(b':').remove(b',');

/// A URL for mighost. Not `Debug`: it may contain a password.
pub(super) struct Converted {
    pub url: String,
    pub password: bool,
    /// Environment variables for values that only env.py knows.
    pub variables: Vec<String>,
    /// Parameters of drivers that were omitted, by name.
    pub dropped: Vec<String>,
}

/// The reason why a URL cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoUrl {
    /// The template's `driver://user:pass@localhost/dbname`, or nothing: env.py gets it from elsewhere.
    Placeholder,
    /// Another kind of database.
    Other(String),
    /// It is not a URL; no part of it may be shown.
    Broken,
}

/// Parses `text` like SQLAlchemy, which differs from libpq: a password may contain anything except `@`, the name of a database is not
/// percent-encoded, a `+` after the `?` is a space, `host=name:port` may be repeated.
pub(super) fn convert(text: &str) -> Result<Converted, NoUrl> {
    let text = text.trim();
    if text.is_empty() {
        return Err(NoUrl::Placeholder);
    }
    let (scheme, rest) = text.split_once("://").ok_or(NoUrl::Broken)?;
    let kind = scheme.split('+').next().unwrap_or_default();
    match kind {
        "postgresql" | "postgres" => {}
        "driver" => return Err(NoUrl::Placeholder),
        _ if kind.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') => return Err(NoUrl::Other(kind.to_owned())),
        _ => return Err(NoUrl::Broken),
    }
    let (credentials, rest) = credentials(rest);
    let mut parts = Parts::default();
    let mut url = "postgresql://".to_owned();
    let password = credentials.and_then(|(_, password)| password);
    if let Some((user, password)) = credentials {
        url.push_str(&parts.again(user, PLAIN));
        if let Some(password) = password {
            url.push(':');
            url.push_str(&parts.again(password, PLAIN));
        }
        url.push('@');
    }
    let (address, query) = rest
        .split_once('?')
        .map_or((rest, ""), |(address, query)| (address, query));
    let (place, database) = address
        .split_once('/')
        .map_or((address, None), |(place, database)| (place, Some(database)));
    url.push_str(&parts.plain(place));
    if let Some(database) = database {
        url.push('/');
        url.push_str(&parts.encoded(database, PLAIN));
    }
    let (mut pairs, mut hosts, mut dropped) = (Vec::new(), Vec::new(), Vec::new());
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name), decoded(&value.replace('+', " ")));
        match name.as_str() {
            "host" if !value.starts_with('/') && !value.contains(',') => hosts.push(value),
            // The notation of asyncpg and pg8000.
            "ssl" if value.eq_ignore_ascii_case("true") => pairs.push("sslmode=require".to_owned()),
            "ssl"
                if ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"].contains(&value.as_str()) =>
            {
                pairs.push(format!("sslmode={value}"));
            }
            name if PARAMETERS.contains(&name) => pairs.push(format!("{name}={}", parts.encoded(&value, VALUE))),
            _ => dropped.push(name),
        }
    }
    if !hosts.is_empty() {
        let (names, ports): (Vec<&str>, Vec<&str>) = hosts
            .iter()
            .map(|host| host.rsplit_once(':').unwrap_or((host, "")))
            .unzip();
        pairs.insert(0, format!("host={}", parts.encoded(&names.join(","), VALUE)));
        if ports.iter().any(|port| !port.is_empty()) {
            pairs.insert(1, format!("port={}", parts.encoded(&ports.join(","), VALUE)));
        }
    }
    if !pairs.is_empty() {
        url.push('?');
        url.push_str(&pairs.join("&"));
    }
    // A password that env.py provides is not in the file.
    let password = password.is_some_and(|password| !password.is_empty() && !password.starts_with(OPEN));
    Ok(Converted {
        url,
        password,
        variables: parts.variables,
        dropped,
    })
}

/// The user and the password, and the rest.
fn credentials(text: &str) -> (Option<(&str, Option<&str>)>, &str) {
    let end = text.find([':', '/']).unwrap_or(text.len());
    if text[end..].starts_with(':')
        && let Some((password, rest)) = text[end + 1..].split_once('@')
    {
        return (Some((&text[..end], Some(password))), rest);
    }
    match text[..end].rsplit_once('@') {
        Some((user, _)) => (Some((user, None)), &text[user.len() + 1..]),
        None => (None, text),
    }
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Writes texts with `${NAME}` for values that the file does not have.
#[derive(Default)]
struct Parts {
    variables: Vec<String>,
}

impl Parts {
    fn again(&mut self, text: &str, set: &'static AsciiSet) -> String {
        self.each(text, |piece| utf8_percent_encode(&decoded(piece), set).to_string())
    }

    fn encoded(&mut self, text: &str, set: &'static AsciiSet) -> String {
        self.each(text, |piece| utf8_percent_encode(piece, set).to_string())
    }

    fn plain(&mut self, text: &str) -> String {
        self.each(text, |piece| piece.replace('$', "%24"))
    }

    fn each(&mut self, text: &str, write: impl Fn(&str) -> String) -> String {
        let mut result = String::new();
        for (number, piece) in text.split([OPEN, CLOSE]).enumerate() {
            if number % 2 == 0 {
                result.push_str(&write(piece));
            } else {
                let name: String = piece
                    .chars()
                    .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
                    .collect();
                result.push_str(&format!("${{{name}}}"));
                self.variables.push(name);
            }
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> String {
        convert(text).map(|converted| converted.url).unwrap()
    }

    #[test]
    fn drivers_and_parameters() {
        for (alembic, ours) in [
            ("postgresql+psycopg2://me@db:5433/x", "postgresql://me@db:5433/x"),
            ("postgres://db/x", "postgresql://db/x"),
            (
                "postgresql+psycopg:///x?host=/run/pg&port=5433",
                "postgresql:///x?host=/run/pg&port=5433",
            ),
            (
                "postgresql://me:p/a:s#s@[::1]:5/x",
                "postgresql://me:p%2Fa%3As%23s@[::1]:5/x",
            ),
            ("postgresql://me:a%40b@db/my%20db", "postgresql://me:a%40b@db/my%2520db"),
            (
                "postgresql+asyncpg://db/x?ssl=require&command_timeout=5",
                "postgresql://db/x?sslmode=require",
            ),
            (
                "postgresql://u@/x?host=a:1&host=b:2",
                "postgresql://u@/x?host=a,b&port=1,2",
            ),
            (
                "postgresql://db/x?options=-c+search_path%3Dcrmp",
                "postgresql://db/x?options=%2Dc%20search_path%3Dcrmp",
            ),
            (
                "postgresql://\u{1}USER\u{2}:\u{1}DB.PASS\u{2}@h/d",
                "postgresql://${USER}:${DB_PASS}@h/d",
            ),
        ] {
            let ours = ours.replace("%2D", "-");
            assert_eq!(url(alembic), ours, "{alembic}");
        }
        let converted = convert("postgresql+asyncpg://me:x@db/x?command_timeout=5").unwrap_or_else(|_| panic!());
        assert!(converted.password);
        assert_eq!(converted.dropped, ["command_timeout"]);
    }

    #[test]
    fn what_is_no_url_for_mighost() {
        let error = |text: &str| convert(text).err().unwrap();
        assert_eq!(error("driver://user:pass@localhost/dbname"), NoUrl::Placeholder);
        assert_eq!(error(""), NoUrl::Placeholder);
        assert_eq!(error("sqlite:///x.db"), NoUrl::Other("sqlite".to_owned()));
        assert_eq!(error("nothing"), NoUrl::Broken);
    }
}
