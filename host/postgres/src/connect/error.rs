//! Errors of connections, with hints.

use std::time::Duration;

use tokio_postgres::error::Severity;

use mighost_core::sql::RefusedSetting;
use mighost_core::{Blame, DatabaseError, MAX_OUTSIDE_TEXT, shortened};

/// A host that was tried, and the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub host: String,
    pub reason: String,
}

/// The reason why there is no connection. No message contains a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    #[error("invalid connection string: {reason}")]
    BadString { reason: String },

    #[error("no server could be reached:{}\nIs the server running, and are host and port correct?", listed(.attempts))]
    Unreachable { attempts: Vec<Attempt> },

    #[error(
        "no answer in time:{}\nIs a firewall in the way? `connect_timeout=SECONDS` in the connection string sets how \
         long mighost waits.",
        listed(.attempts)
    )]
    Timeout { attempts: Vec<Attempt>, limit: Duration },

    #[error(
        "the server at {host} refused the password of the user `{user}`: {message}\nWhere mighost looked: {sources}."
    )]
    Password {
        host: String,
        user: String,
        message: String,
        sources: String,
    },

    #[error(
        "the server at {host} requires a password for the user `{user}`, but none was found\nWhere mighost looked: \
         {sources}. Set PGPASSWORD, or add a line to ~/.pgpass."
    )]
    PasswordMissing {
        host: String,
        user: String,
        sources: String,
    },

    #[error(
        "the server at {host} rejected the user `{user}`: {message}\nThe role must exist, and the server's pg_hba.conf \
         must allow it to connect from this machine."
    )]
    NotAllowed {
        host: String,
        user: String,
        message: String,
    },

    #[error("the database `{database}` does not exist on {host}\nCreate it with: createdb {options} {database}")]
    NoDatabase {
        host: String,
        database: String,
        options: String,
    },

    #[error("TLS with {host} failed: {reason}\n{advice}")]
    Tls {
        host: String,
        reason: String,
        advice: String,
    },

    #[error("the server at {host} has too many connections: {message}\nClose some, or raise max_connections there.")]
    TooManyConnections { host: String, message: String },

    #[error("no server is {wanted}, as `target_session_attrs` requires:{}", listed(.attempts))]
    SessionAttributes {
        wanted: &'static str,
        attempts: Vec<Attempt>,
    },

    #[error("the server at {host} refused the connection: {error}")]
    Server { host: String, error: Box<DatabaseError> },

    #[error(
        "the session at {host} uses the client encoding {encoding}, although mighost asked for UTF-8\nCheck whether a \
         pooler sets client_encoding: it must pass on the client's setting."
    )]
    Encoding { host: String, encoding: String },

    #[error(
        "the session at {host} begins with standard_conforming_strings = off, with which mighost would misread texts\nRemove \
         the setting from the `options` of the connection; or, with a pooler, run ALTER ROLE or ALTER DATABASE ... RESET \
         standard_conforming_strings, or set it to on there."
    )]
    BackslashEscapes { host: String },

    #[error("the connection to {host} was lost: {reason}")]
    Lost { host: String, reason: String },
}

impl ConnectError {
    /// The error for a session that begins with a setting that mighost refuses.
    pub(super) fn refused_setting(host: String, refused: RefusedSetting) -> Self {
        match refused {
            RefusedSetting::Encoding(encoding) => Self::Encoding { host, encoding },
            RefusedSetting::BackslashEscapes => Self::BackslashEscapes { host },
        }
    }

    /// The party to blame: the operator's settings, or the server and the network.
    pub fn blame(&self) -> Blame {
        match self {
            Self::BadString { .. }
            | Self::Password { .. }
            | Self::PasswordMissing { .. }
            | Self::NoDatabase { .. }
            | Self::NotAllowed { .. } => Blame::Operator,
            _ => Blame::Database,
        }
    }
}

fn listed(attempts: &[Attempt]) -> String {
    attempts
        .iter()
        .map(|attempt| format!("\n  {}: {}", attempt.host, attempt.reason))
        .collect()
}

/// The error fields of the server, as mighost reports them.
pub fn database_error(error: &tokio_postgres::error::DbError) -> DatabaseError {
    let text = |text: &str| shortened(text, MAX_OUTSIDE_TEXT);
    DatabaseError {
        sqlstate: error.code().code().into(),
        message: text(error.message()),
        detail: error.detail().map(text),
        hint: error.hint().map(text),
        position: match error.position() {
            Some(tokio_postgres::error::ErrorPosition::Original(position)) => Some(*position),
            _ => None,
        },
        context: error.where_().map(text),
        severity: match error.parsed_severity() {
            Some(Severity::Panic) => "PANIC",
            Some(Severity::Fatal) => "FATAL",
            _ => "ERROR",
        }
        .into(),
        fields: [
            ("schema", error.schema()),
            ("table", error.table()),
            ("column", error.column()),
            ("datatype", error.datatype()),
            ("constraint", error.constraint()),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name.into(), value?.into())))
        .collect(),
    }
}

/// The innermost reasons of an error, as one line.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut texts = vec![error.to_string()];
    let mut source = error.source();
    while let Some(inner) = source {
        let text = inner.to_string();
        // Many errors repeat the text of their source.
        if texts.last().is_some_and(|last| last.contains(&text)) {
            source = inner.source();
            continue;
        }
        texts.push(text);
        source = inner.source();
    }
    texts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_say_what_to_do() {
        let attempts = vec![
            Attempt {
                host: "a:5432".into(),
                reason: "Connection refused (os error 111)".into(),
            },
            Attempt {
                host: "b:5432".into(),
                reason: "no answer within 30 s".into(),
            },
        ];
        let errors = [
            ConnectError::Unreachable { attempts },
            ConnectError::Password {
                host: "a:5432".into(),
                user: "app".into(),
                message: "password authentication failed for user \"app\"".into(),
                sources: "the password of PGPASSWORD was used".into(),
            },
            ConnectError::NoDatabase {
                host: "a:5432".into(),
                database: "shop".into(),
                options: "--host=a --port=5432 --username=app".into(),
            },
        ];
        insta::assert_snapshot!(errors.map(|error| error.to_string()).join("\n\n"), @r#"
        no server could be reached:
          a:5432: Connection refused (os error 111)
          b:5432: no answer within 30 s
        Is the server running, and are host and port correct?

        the server at a:5432 refused the password of the user `app`: password authentication failed for user "app"
        Where mighost looked: the password of PGPASSWORD was used.

        the database `shop` does not exist on a:5432
        Create it with: createdb --host=a --port=5432 --username=app shop
        "#);
    }
}
