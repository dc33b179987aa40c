//! Whom to trust: the decisions of libpq with OpenSSL.
//!
//! Chains are judged by [`Search`]; one in which an authority limits the names of those below it is left to webpki.
//! Names are matched by libpq's rules. The proof that the server has the certificate's key is demanded in every
//! mode.

use std::fmt;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls13_signature_with_raw_key};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};

use super::certificate::Certificate;
use super::chain::Search;
use super::revocation::RevocationLists;
use super::{key, name};

/// Signatures of keys that ring cannot use. A server with such a key is told that it will do, so that its certificate
/// is seen and what is wrong with it can be said; it is refused in any case.
const REFUSED_SCHEMES: [SignatureScheme; 5] = [
    SignatureScheme::ECDSA_NISTP521_SHA512,
    SignatureScheme::ED448,
    // RSASSA-PSS keys (RFC 8446, 4.2.3), with SHA-256, SHA-384 and SHA-512.
    SignatureScheme::Unknown(0x0809),
    SignatureScheme::Unknown(0x080a),
    SignatureScheme::Unknown(0x080b),
];

/// Decides about the server's certificate.
pub(super) struct Verifier {
    pub(super) algorithms: WebPkiSupportedAlgorithms,
    /// The trusted certificates; without any, every certificate is accepted.
    pub(super) trusted: Option<Vec<CertificateDer<'static>>>,
    /// The revocation lists; without any, revocation is not minded.
    pub(super) revocation_lists: Option<RevocationLists>,
    /// The host name that the certificate must be for.
    pub(super) host: Option<String>,
}

/// Why a certificate is refused, for people.
#[derive(Debug)]
pub(super) struct Refusal(String);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refusal {}

fn refuse(why: impl Into<String>) -> rustls::Error {
    rustls::Error::Other(OtherError(std::sync::Arc::new(Refusal(why.into()))))
}

impl Verifier {
    /// Checks that a chain leads to a trusted root.
    fn check_chain(
        &self,
        leaf: &CertificateDer<'_>,
        parsed: &Certificate<'_>,
        sent: &[CertificateDer<'_>],
        trusted: &[CertificateDer<'static>],
        now: UnixTime,
    ) -> Result<(), rustls::Error> {
        let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        let lists = self.revocation_lists.as_ref();
        let mut search = Search::new(trusted, sent, &self.algorithms, lists, seconds);
        match search.find(leaf, parsed) {
            Err(_) if search.met_limited_names && lists.is_none() => {
                self.check_limited_names(leaf, sent, trusted, now)
            }
            result => result.map_err(refuse),
        }
    }

    /// Has webpki look for a chain to one of the trusted roots.
    fn check_limited_names(
        &self,
        leaf: &CertificateDer<'_>,
        sent: &[CertificateDer<'_>],
        trusted: &[CertificateDer<'static>],
        now: UnixTime,
    ) -> Result<(), rustls::Error> {
        let mut roots = RootCertStore::empty();
        for der in trusted {
            if Certificate::parse(der).is_some_and(|root| root.is_self_issued()) {
                // One that webpki cannot use cannot lead to trust.
                let _ = roots.add(der.clone());
            }
        }
        let leaf = ParsedCertificate::try_from(leaf)?;
        verify_server_cert_signed_by_trust_anchor(&leaf, &roots, sent, now, self.algorithms.all)
    }
}

fn parse<'a>(der: &'a CertificateDer<'_>) -> Result<Certificate<'a>, rustls::Error> {
    Certificate::parse(der).ok_or(rustls::Error::InvalidCertificate(
        CertificateError::BadEncoding,
    ))
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let parsed = parse(leaf)?;
        if let Some(kind) = key::unsupported(&parsed) {
            return Err(refuse(format!(
                "the server's certificate has a key that is not supported: {kind}"
            )));
        }
        if let Some(trusted) = &self.trusted {
            self.check_chain(leaf, &parsed, intermediates, trusted, now)?;
        }
        if let Some(host) = &self.host {
            name::check(&parsed, host).map_err(refuse)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    /// As rustls does it, but for certificates of any version: the key is taken out of the certificate here.
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let leaf = parse(leaf)?;
        let valid = self
            .algorithms
            .mapping
            .iter()
            .filter(|(scheme, _)| *scheme == signature.scheme)
            .flat_map(|(_, algorithms)| algorithms.iter())
            .filter(|algorithm| algorithm.public_key_alg_id().as_ref() == leaf.key_algorithm)
            .any(|algorithm| {
                algorithm
                    .verify_signature(leaf.key, message, signature.signature())
                    .is_ok()
            });
        if valid {
            Ok(HandshakeSignatureValid::assertion())
        } else {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::BadSignature,
            ))
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let key = SubjectPublicKeyInfoDer::from(parse(leaf)?.key_info);
        verify_tls13_signature_with_raw_key(message, &key, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = self.algorithms.supported_schemes();
        schemes.extend(REFUSED_SCHEMES);
        schemes
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("trusted", &self.trusted.as_ref().map(Vec::len))
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

/// What went wrong with TLS, for people.
pub(super) fn explain(error: &rustls::Error) -> String {
    match error {
        rustls::Error::Other(OtherError(inner)) => inner.to_string(),
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "the server's certificate is signed by nobody who is trusted (see sslrootcert)".into()
        }
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
