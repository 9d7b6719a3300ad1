//! The grammar of libpq's connection strings: URLs and `key=value` pairs, without defaults, files and the environment.
//!
//! No message of this module repeats a part of the string that may be a password.

use std::collections::BTreeMap;

/// The maximum length of a connection string, in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// libpq's keywords and their values, as written; of a repeated keyword, the last value counts.
pub(super) type Parameters = BTreeMap<String, String>;

/// Reads a connection string like libpq; an empty one leaves everything to the environment and the defaults.
///
/// Also understands SQLAlchemy's `postgresql+DRIVER://`, where `host` may be repeated, each with its port.
///
/// # Errors
///
/// A sentence that describes the problem.
pub(super) fn parse(text: &str) -> Result<Parameters, String> {
    if text.len() > MAX_BYTES {
        return Err(format!("it is longer than {MAX_BYTES} bytes"));
    }
    let text = text.trim();
    if let Some((scheme, rest)) = text.split_once("://")
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-._".contains(c))
    {
        let (base, driver) = scheme
            .split_once('+')
            .map_or((scheme, None), |(base, driver)| (base, Some(driver)));
        if base == "postgresql" || base == "postgres" {
            return url(rest, driver.is_some());
        }
        return Err(format!(
            "its scheme is `{scheme}`, but mighost supports PostgreSQL only: write `postgresql://...`"
        ));
    }
    if !text.is_empty() && !text.contains('=') {
        return Err(
            "it is neither a URL such as `postgresql://user@host/database` nor `key=value` pairs such as \
                    `host=localhost dbname=app`"
                .into(),
        );
    }
    pairs(text)
}

/// The part after `postgresql://`.
fn url(text: &str, sqlalchemy: bool) -> Result<Parameters, String> {
    let mut parameters = Parameters::new();
    let mut rest = text;
    // As in libpq: an `@` before the first `/` ends the user's name and password.
    let authority = rest.split('/').next().unwrap_or_default();
    if let Some((credentials, after)) = authority.split_once('@') {
        rest = rest.get(credentials.len() + 1..).unwrap_or(after);
        let (user, password) = credentials
            .split_once(':')
            .map_or((credentials, None), |(user, password)| (user, Some(password)));
        set(&mut parameters, "user", &decode(user, "the user name")?);
        if let Some(password) = password {
            set(&mut parameters, "password", &decode(password, "the password")?);
        }
    }

    // libpq takes these for names, and would show the rest of a password as one.
    if rest.split('?').next().is_some_and(|names| names.contains('@')) {
        return Err("it has one `@` too many; in a URL, write `/` and `@` in a password as `%2F` and `%40`".into());
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (hosts, after) = rest.split_at(end);
    let (mut names, mut ports) = (Vec::new(), Vec::new());
    for host in hosts.split(',') {
        let (name, port) = host_and_port(host)?;
        names.push(decode(name, "a host name")?);
        ports.push(decode(port, "a port")?);
    }
    set_list(&mut parameters, "host", &names);
    set_list(&mut parameters, "port", &ports);

    let (path, query) = after
        .split_once('?')
        .map_or((after, None), |(path, query)| (path, Some(query)));
    if let Some(database) = path.strip_prefix('/') {
        set(&mut parameters, "dbname", &decode(database, "the database name")?);
    }
    let (mut names, mut ports) = (Vec::new(), Vec::new());
    for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair
            .split_once('=')
            .ok_or("a parameter after the `?` has no `=`; write `&` in a value as `%26`")?;
        let key = decode(key, "a parameter name")?;
        let value = decode(value, &format!("the value of `{key}`"))?;
        match (key.as_str(), value.as_str()) {
            // JDBC's spelling, which libpq accepts too.
            ("ssl", "true") => set(&mut parameters, "sslmode", "require"),
            ("host", value) if sqlalchemy && !value.contains(',') => {
                let (name, port) = if value.starts_with('/') {
                    (value, "")
                } else {
                    host_and_port(value)?
                };
                names.push(name.to_owned());
                ports.push(port.to_owned());
            }
            _ => {
                parameters.insert(key, value);
            }
        }
    }
    if !names.is_empty() {
        set_list(&mut parameters, "host", &names);
        set_list(&mut parameters, "port", &ports);
    }
    Ok(parameters)
}

/// Splits `name:port`, `[::1]:port`, `name`.
fn host_and_port(text: &str) -> Result<(&str, &str), String> {
    if let Some(inside) = text.strip_prefix('[') {
        let (address, after) = inside
            .split_once(']')
            .ok_or("an IPv6 address that begins with `[` has no `]`")?;
        if address.is_empty() {
            return Err("the IPv6 address between `[` and `]` is empty".into());
        }
        return match after.strip_prefix(':') {
            Some(port) => Ok((address, port)),
            None if after.is_empty() => Ok((address, "")),
            None => Err("something other than a port follows the `]` of an IPv6 address".into()),
        };
    }
    Ok(text.split_once(':').unwrap_or((text, "")))
}

fn set(parameters: &mut Parameters, key: &str, value: &str) {
    if !value.is_empty() {
        parameters.insert(key.into(), value.into());
    }
}

fn set_list(parameters: &mut Parameters, key: &str, values: &[String]) {
    if values.iter().any(|value| !value.is_empty()) {
        parameters.insert(key.into(), values.join(","));
    }
}

/// Undoes percent-encoding, strictly as libpq does.
fn decode(text: &str, what: &str) -> Result<String, String> {
    let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let value = digit(bytes.next())
            .and_then(|high| digit(bytes.next()).map(|low| high * 16 + low))
            .and_then(|value| u8::try_from(value).ok());
        match value {
            Some(0) => return Err(format!("{what} has a zero byte (`%00`)")),
            Some(value) => decoded.push(value),
            None => {
                return Err(format!(
                    "{what} has a `%` without two hexadecimal digits after it; write `%` itself as `%25`"
                ));
            }
        }
    }
    String::from_utf8(decoded).map_err(|_| format!("{what} is not UTF-8 after percent-decoding"))
}

/// `key = value 'quoted value'`, as in libpq.
fn pairs(text: &str) -> Result<Parameters, String> {
    let mut parameters = Parameters::new();
    let mut chars = text.chars().peekable();
    loop {
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        if chars.peek().is_none() {
            return Ok(parameters);
        }
        let mut key = String::new();
        while let Some(c) = chars.next_if(|c| *c != '=' && !c.is_whitespace()) {
            key.push(c);
        }
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        if chars.next() != Some('=') || key.is_empty() {
            // The word is not shown: it may be the rest of a password with a blank in it.
            return Err(
                "a word in it is not of the form `key=value`; write a value with spaces in single quotes".into(),
            );
        }
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        let mut value = String::new();
        if chars.next_if_eq(&'\'').is_some() {
            loop {
                match chars.next() {
                    Some('\'') => break,
                    Some('\\') => value.extend(chars.next()),
                    Some(c) => value.push(c),
                    None => return Err(format!("the quoted value of `{key}` has no closing quote")),
                }
            }
        } else {
            while let Some(c) = chars.next_if(|c| !c.is_whitespace()) {
                match c {
                    '\\' => value.extend(chars.next()),
                    c => value.push(c),
                }
            }
        }
        parameters.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str) -> String {
        match parse(text) {
            Ok(parameters) => parameters
                .iter()
                .map(|(key, value)| format!("{key}={value}"))
                .collect::<Vec<_>>()
                .join(" | "),
            Err(reason) => format!("error: {reason}"),
        }
    }

    #[test]
    fn urls() {
        assert_eq!(shown("postgresql://"), "");
        assert_eq!(shown("postgres://host"), "host=host");
        assert_eq!(
            shown("postgresql://u:p%40ss@host:5433/db?connect_timeout=5&application_name=a%20b"),
            "application_name=a b | connect_timeout=5 | dbname=db | host=host | password=p@ss | port=5433 | user=u"
        );
        assert_eq!(
            shown("postgresql://a:1,b,[::1]:3/db"),
            "dbname=db | host=a,b,::1 | port=1,,3"
        );
        assert_eq!(
            shown("postgresql:///db?host=/var/run&port=6"),
            "dbname=db | host=/var/run | port=6"
        );
        assert_eq!(shown("postgresql://%2Fvar%2Frun/db"), "dbname=db | host=/var/run");
        assert_eq!(shown("postgresql://u@/db"), "dbname=db | user=u");
        assert_eq!(shown("postgresql://h?ssl=true"), "host=h | sslmode=require");
        assert_eq!(
            shown("postgresql+psycopg2://u:p@h:1/db"),
            "dbname=db | host=h | password=p | port=1 | user=u"
        );
        assert_eq!(
            shown("postgresql+psycopg://u@/db?host=a:1&host=b:2"),
            "dbname=db | host=a,b | port=1,2 | user=u"
        );
    }

    #[test]
    fn key_value_pairs() {
        assert_eq!(shown(""), "");
        assert_eq!(shown("host=a dbname = 'my db'"), "dbname=my db | host=a");
        assert_eq!(shown(r"password='it\'s \\' user=a\ b"), r"password=it's \ | user=a b");
        assert_eq!(shown("password= user=x"), "password=user=x");
        assert_eq!(shown("password='' user=x"), "password= | user=x");
    }

    #[test]
    fn mistakes_are_told_without_the_password() {
        insta::assert_snapshot!([
                    "mysql://root@host/db",
                    "app",
                    "host=x password=my secret",
                    "password='secret",
                    "postgresql://u:100%secret@h/",
                    "postgresql://u:a%00@h/",
                    "postgresql://u:a%ff@h/",
                    "postgresql://[::1/db",
                    "postgresql://[]/db",
                    "postgresql://[::1]x/db",
                    "postgresql://h/db?sslmode",
        "postgresql://u:se@cret@h/db",
        "postgresql://u:12/cret@h/db",
                ].map(shown).join("\n"), @r#"
            error: its scheme is `mysql`, but mighost supports PostgreSQL only: write `postgresql://...`
            error: it is neither a URL such as `postgresql://user@host/database` nor `key=value` pairs such as `host=localhost dbname=app`
            error: a word in it is not of the form `key=value`; write a value with spaces in single quotes
            error: the quoted value of `password` has no closing quote
            error: the password has a `%` without two hexadecimal digits after it; write `%` itself as `%25`
            error: the password has a zero byte (`%00`)
            error: the password is not UTF-8 after percent-decoding
            error: an IPv6 address that begins with `[` has no `]`
            error: the IPv6 address between `[` and `]` is empty
            error: something other than a port follows the `]` of an IPv6 address
            error: a parameter after the `?` has no `=`; write `&` in a value as `%26`
            error: it has one `@` too many; in a URL, write `/` and `@` in a password as `%2F` and `%40`
            error: it has one `@` too many; in a URL, write `/` and `@` in a password as `%2F` and `%40`
            "#
        );
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,80}") {
            let _ = parse(&text);
            let _ = parse(&format!("postgresql://{text}"));
        }

        #[test]
        fn quoted_values_come_back(value in "[^\0]{0,40}") {
            let quoted = value.replace('\\', r"\\").replace('\'', r"\'");
            let parameters = parse(&format!("password='{quoted}'"));
            prop_assert_eq!(parameters.ok().and_then(|mut all| all.remove("password")), Some(value));
        }
    }
}
