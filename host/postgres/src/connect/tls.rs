//! TLS for tokio-postgres, with rustls.

use std::future::Future;
use std::io;
use std::net::Ipv4Addr;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use rustls::ClientConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};

use super::binding::end_point_digest;
use super::target::{Roots, SslMode, TlsTarget};
use super::verify::{Level, Verifier};

/// Reads the files that `target` names and prepares TLS for one connection.
///
/// # Errors
///
/// A sentence: a file is missing, unreadable, or invalid.
pub(super) fn make_tls(target: &TlsTarget, binding_required: bool) -> Result<MakeRustls, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let level = match target.mode {
        SslMode::VerifyFull => Level::Full,
        SslMode::VerifyCa => Level::Authority,
        _ => Level::None,
    };
    let roots = match (&target.roots, level) {
        (_, Level::None) => Vec::new(),
        (Roots::File(file), _) => certificates(file)?,
        (Roots::System, _) => rustls_native_certs::load_native_certs().certs,
    };
    let holds_key = Arc::new(AtomicBool::new(false));
    let verifier = Verifier::new(level, roots, &provider, holds_key.clone())?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match &target.identity {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => builder
            .with_client_auth_cert(certificates(certificate)?, private_key(key)?)
            .map_err(|error| format!("the client certificate {}: {error}", certificate.display()))?,
    };
    if target.direct {
        config.alpn_protocols = vec![b"postgresql".to_vec()];
    }
    Ok(MakeRustls {
        config: Arc::new(config),
        checks_name: level == Level::Full,
        holds_key,
        binding_required,
        encrypted: Arc::new(AtomicBool::new(false)),
    })
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let unreadable = |error: rustls::pki_types::pem::Error| format!("{} cannot be read: {error}", file.display());
    let all = CertificateDer::pem_file_iter(file)
        .map_err(unreadable)?
        .collect::<Result<Vec<_>, _>>()
        .map_err(unreadable)?;
    if all.is_empty() {
        return Err(format!("{} has no certificate in PEM form", file.display()));
    }
    Ok(all)
}

fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, String> {
    let metadata = std::fs::metadata(file).map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    // libpq's rule: no access for others, or readable by a group if root owns it.
    let forbidden = if metadata.uid() == 0 { 0o037 } else { 0o077 };
    if metadata.mode() & forbidden != 0 {
        return Err(format!(
            "the private key {} is readable by others; run `chmod 0600` on it",
            file.display()
        ));
    }
    PrivateKeyDer::from_pem_file(file)
        .map_err(|error| format!("{} has no private key in unencrypted PEM form: {error}", file.display()))
}

/// Makes the TLS connector of one connection.
#[derive(Clone)]
pub(super) struct MakeRustls {
    config: Arc<ClientConfig>,
    checks_name: bool,
    holds_key: Arc<AtomicBool>,
    binding_required: bool,
    /// Set once the handshake is done.
    pub encrypted: Arc<AtomicBool>,
}

impl<S> MakeTlsConnect<S> for MakeRustls
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = RustlsStream<S>;
    type TlsConnect = RustlsConnect;
    type Error = io::Error;

    fn make_tls_connect(&mut self, domain: &str) -> io::Result<RustlsConnect> {
        // A Unix socket has no name, and no TLS either; tokio-postgres asks nevertheless.
        let name = if domain.is_empty() { "localhost" } else { domain };
        let name = match ServerName::try_from(name.to_owned()) {
            Ok(name) => name,
            Err(_) if self.checks_name => {
                return Err(io::Error::other(format!(
                    "`{name}` is not a host name that TLS can check"
                )));
            }
            // An address is not sent to the server.
            Err(_) => ServerName::from(Ipv4Addr::UNSPECIFIED),
        };
        Ok(RustlsConnect {
            make: self.clone(),
            name,
        })
    }
}

pub(super) struct RustlsConnect {
    make: MakeRustls,
    name: ServerName<'static>,
}

impl<S> TlsConnect<S> for RustlsConnect
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = RustlsStream<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<RustlsStream<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move {
            let connector = tokio_rustls::TlsConnector::from(self.make.config);
            let stream = Box::new(connector.connect(self.name, stream).await?);
            self.make.encrypted.store(true, Ordering::Relaxed);
            // A key that cannot be checked does not fulfil `require`; with `prefer`, the digest still keeps out other certificates.
            let bound = self.make.holds_key.load(Ordering::Relaxed) || !self.make.binding_required;
            Ok(RustlsStream { stream, bound })
        })
    }
}

/// A stream inside TLS.
pub(super) struct RustlsStream<S> {
    stream: Box<tokio_rustls::client::TlsStream<S>>,
    /// Whether a password is bound to the certificate.
    bound: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for RustlsStream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for RustlsStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for RustlsStream<S> {
    fn channel_binding(&self) -> ChannelBinding {
        let (_, session) = self.stream.get_ref();
        session
            .peer_certificates()
            .filter(|_| self.bound)
            .and_then(|chain| chain.first())
            .and_then(|certificate| end_point_digest(certificate))
            .map_or_else(ChannelBinding::none, ChannelBinding::tls_server_end_point)
    }
}
