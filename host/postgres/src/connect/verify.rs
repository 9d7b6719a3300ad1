//! Verification of a server's certificate, according to `sslmode`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::binding::{algorithm_and_key, public_key};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime, alg_id};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// The extent of the verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// Only that the server holds the key (`prefer`, `require`). As in libpq, any certificate is accepted, even of an old version or with
    /// a key that rustls does not support.
    None,
    /// Also the authority that signed it (`verify-ca`).
    Authority,
    /// Also the name of the host (`verify-full`).
    Full,
}

#[derive(Debug)]
pub(super) struct Verifier {
    level: Level,
    chain: Option<Arc<WebPkiServerVerifier>>,
    /// Certificates that are trusted directly. A self-signed certificate that is its own authority is common with PostgreSQL; OpenSSL
    /// accepts it, and rustls's chain building does not.
    trusted: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
    /// Whether the server has proved that it holds the certificate's key. Otherwise `channel_binding=require` is not fulfilled: anyone
    /// can send another server's certificate.
    holds_key: Arc<AtomicBool>,
}

impl Verifier {
    pub(super) fn new(
        level: Level,
        roots: Vec<CertificateDer<'static>>,
        provider: &Arc<CryptoProvider>,
        holds_key: Arc<AtomicBool>,
    ) -> Result<Self, String> {
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(roots.iter().cloned());
        let chain = if store.is_empty() {
            if level != Level::None {
                return Err("there is no certificate authority to trust; name one with `sslrootcert=FILE`".into());
            }
            None
        } else {
            let builder = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider.clone());
            Some(builder.build().map_err(|error| error.to_string())?)
        };
        Ok(Self {
            level,
            chain,
            trusted: roots,
            provider: provider.clone(),
            holds_key,
        })
    }

    /// Checks the signature of the handshake by the certificate's key, and nothing else of the certificate. A key that rustls cannot
    /// check does not end the connection.
    fn signed(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms.mapping;
        let candidates = algorithms.iter().find(|(scheme, _)| *scheme == signed.scheme);
        let key = public_key(certificate).and_then(algorithm_and_key);
        if let (Some((_, candidates)), Some((algorithm, key))) = (candidates, key) {
            let mut able = candidates
                .iter()
                .filter(|candidate| candidate.public_key_alg_id().as_ref() == algorithm)
                .filter(|_| algorithm != alg_id::RSA_ENCRYPTION.as_ref() || RSA_KEY_BYTES.contains(&key.len()))
                .peekable();
            if able.peek().is_some() {
                if !able.any(|candidate| candidate.verify_signature(key, message, signed.signature()).is_ok()) {
                    return Err(CertificateError::BadSignature.into());
                }
                self.holds_key.store(true, Ordering::Relaxed);
            }
        }
        Ok(HandshakeSignatureValid::assertion())
    }

    /// Records rustls's verdict on the signature.
    fn checked(&self, valid: Result<HandshakeSignatureValid, Error>) -> Result<HandshakeSignatureValid, Error> {
        self.holds_key.store(valid.is_ok(), Ordering::Relaxed);
        valid
    }
}

/// Lengths of the RSA keys that rustls checks, of 2048 to 8192 bits, in the encoding of certificates.
const RSA_KEY_BYTES: std::ops::RangeInclusive<usize> = 264..=1040;

/// Schemes for keys that rustls cannot check. If the certificate is not verified, servers with such keys are accepted anyway.
const UNCHECKED: [SignatureScheme; 4] = [
    SignatureScheme::ECDSA_NISTP521_SHA512,
    SignatureScheme::ED448,
    SignatureScheme::RSA_PKCS1_SHA1,
    SignatureScheme::ECDSA_SHA1_Legacy,
];

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(chain) = self.chain.as_ref().filter(|_| self.level != Level::None) else {
            return Ok(ServerCertVerified::assertion());
        };
        if self.trusted.iter().any(|trusted| trusted == end_entity) {
            if self.level == Level::Full {
                rustls::client::verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
            }
            return Ok(ServerCertVerified::assertion());
        }
        match chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // The name is checked last, so everything else was valid.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.level == Level::Authority => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if self.level == Level::None {
            return self.signed(message, certificate, signed);
        }
        let algorithms = &self.provider.signature_verification_algorithms;
        self.checked(verify_tls12_signature(message, certificate, signed, algorithms))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if self.level == Level::None {
            return self.signed(message, certificate, signed);
        }
        let algorithms = &self.provider.signature_verification_algorithms;
        self.checked(verify_tls13_signature(message, certificate, signed, algorithms))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = self.provider.signature_verification_algorithms.supported_schemes();
        if self.level == Level::None {
            schemes.extend(
                UNCHECKED
                    .iter()
                    .filter(|scheme| !schemes.contains(scheme))
                    .copied()
                    .collect::<Vec<_>>(),
            );
        }
        schemes
    }
}
