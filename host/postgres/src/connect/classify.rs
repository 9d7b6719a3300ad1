//! Classification of the driver's errors.

use tokio_postgres::error::SqlState;

use super::error::{ConnectError, chain, database_error};
use super::target::{ConnectTarget, Host, HostTarget};

/// Whether the next host may be tried after a failure.
pub(super) enum Failure {
    Next(String),
    Final(ConnectError),
}

/// Whether an error came from TLS: its negotiation, the certificate, an alert of the server.
fn is_tls(error: &tokio_postgres::Error) -> bool {
    if error.to_string() == "error performing TLS handshake" {
        return true;
    }
    tls_reason(error).is_some()
}

fn tls_reason<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    if let Some(found) = error.downcast_ref::<rustls::Error>() {
        return Some(found);
    }
    let inner = error.downcast_ref::<std::io::Error>().and_then(|error| error.get_ref());
    if let Some(found) = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return Some(found);
    }
    error.source().and_then(tls_reason)
}

/// Classifies an error of the driver, and returns whether the next host may be tried.
pub(super) fn classify(target: &ConnectTarget, host: &HostTarget, error: &tokio_postgres::Error) -> Failure {
    let name = host.to_string();
    let Some(refusal) = error.as_db_error() else {
        if is_tls(error) {
            return Failure::Final(tls_failure(name, error));
        }
        let text = chain(error);
        if text.contains("password missing") {
            return Failure::Final(ConnectError::PasswordMissing {
                host: name,
                user: target.user.clone(),
                sources: host.password_sources.clone(),
            });
        }
        if text.starts_with("authentication error") || text.starts_with("invalid configuration") {
            let advice = "See `channel_binding` and the server's pg_hba.conf.".into();
            return Failure::Final(ConnectError::Tls {
                host: name,
                reason: text,
                advice,
            });
        }
        let reason = text
            .strip_prefix("error connecting to server: ")
            .unwrap_or(&text)
            .to_owned();
        return Failure::Next(reason);
    };
    let message = refusal.message().to_owned();
    let user = target.user.clone();
    let code = refusal.code();
    Failure::Final(if *code == SqlState::CANNOT_CONNECT_NOW {
        // It is starting or stopping: another host may be ready.
        return Failure::Next(message);
    } else if *code == SqlState::INVALID_PASSWORD {
        ConnectError::Password {
            host: name,
            user,
            message,
            sources: host.password_sources.clone(),
        }
    } else if *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION {
        ConnectError::NotAllowed {
            host: name,
            user,
            message,
        }
    } else if *code == SqlState::INVALID_CATALOG_NAME {
        let options = match &host.host {
            Host::Tcp(name) => format!("--host={name} --port={} --username={user}", host.port),
            Host::Socket(folder) => {
                format!("--host={} --port={} --username={user}", folder.display(), host.port)
            }
        };
        ConnectError::NoDatabase {
            host: name,
            database: target.database.clone(),
            options,
        }
    } else if *code == SqlState::TOO_MANY_CONNECTIONS {
        ConnectError::TooManyConnections { host: name, message }
    } else {
        ConnectError::Server {
            host: name,
            error: Box::new(database_error(refusal)),
        }
    })
}

fn tls_failure(host: String, error: &tokio_postgres::Error) -> ConnectError {
    use rustls::CertificateError as Certificate;
    let text = chain(error);
    let reason = match tls_reason(error) {
        Some(found) => found.to_string(),
        None => text
            .strip_prefix("error performing TLS handshake: ")
            .unwrap_or(&text)
            .to_owned(),
    };
    let advice = match tls_reason(error) {
        Some(rustls::Error::InvalidCertificate(Certificate::UnknownIssuer)) => {
            "Name the authority that signed the server's certificate with `sslrootcert=FILE`."
        }
        Some(rustls::Error::InvalidCertificate(
            Certificate::NotValidForName | Certificate::NotValidForNameContext { .. },
        )) => "Connect with a name from the certificate's subject alternative names, or use `sslmode=verify-ca`.",
        Some(rustls::Error::InvalidCertificate(_)) => "The server needs another certificate.",
        Some(rustls::Error::AlertReceived(_)) => {
            "The server closed the connection; does it require a client \
                                                  certificate (`sslcert`)?"
        }
        _ if reason.contains("does not support TLS") => {
            "Enable TLS on the server (`ssl = on`), or use `sslmode=prefer`."
        }
        _ => "See `sslmode` in the connection string.",
    };
    ConnectError::Tls {
        host,
        reason,
        advice: advice.into(),
    }
}
