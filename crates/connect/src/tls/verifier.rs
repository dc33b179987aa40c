//! Whom to trust: the decisions of libpq with OpenSSL, by rustls and webpki.
//!
//! webpki decides about chains. On top of it, because OpenSSL accepts what webpki refuses: a server's certificate
//! that is itself among the trusted ones; one of version 1, or marked as an authority, that a trusted
//! certificate has signed directly. (One of these kinds below an intermediate certificate is refused.) Names are
//! matched by libpq's rules. The proof that the server has the certificate's key is demanded in every mode.

use std::fmt;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls13_signature_with_raw_key};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};

use super::certificate::Certificate;
use super::name;

/// Decides about the server's certificate.
pub(super) struct Verifier {
    pub(super) algorithms: WebPkiSupportedAlgorithms,
    /// The trusted certificates; without any, every certificate is accepted.
    pub(super) trusted: Option<Vec<CertificateDer<'static>>>,
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
    /// Checks that the chain leads to a trusted certificate.
    fn check_chain(
        &self,
        leaf: &CertificateDer<'_>,
        parsed: &Certificate<'_>,
        intermediates: &[CertificateDer<'_>],
        trusted: &[CertificateDer<'static>],
        now: UnixTime,
    ) -> Result<(), rustls::Error> {
        let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        if !parsed.is_valid_at(seconds) {
            return Err(refuse(
                "the server's certificate has expired or is not valid yet",
            ));
        }
        if trusted.contains(leaf) {
            return Ok(());
        }
        // OpenSSL minds the dates of the trusted ones too.
        let valid = trusted
            .iter()
            .filter_map(|der| Some((der, Certificate::parse(der)?)))
            .filter(|(_, certificate)| certificate.is_valid_at(seconds));
        let refused_by_webpki = parsed.version == 1 || parsed.is_authority();
        let mut roots = RootCertStore::empty();
        for (der, authority) in valid {
            if refused_by_webpki && self.has_signed(&authority, parsed) {
                return Ok(());
            }
            // One that webpki cannot use cannot lead to trust.
            let _ = roots.add(der.clone());
        }
        if parsed.version == 1 {
            return Err(rustls::Error::InvalidCertificate(
                CertificateError::UnknownIssuer,
            ));
        }
        let leaf = ParsedCertificate::try_from(leaf)?;
        verify_server_cert_signed_by_trust_anchor(
            &leaf,
            &roots,
            intermediates,
            now,
            self.algorithms.all,
        )
    }

    /// Whether a trusted certificate has signed a server's directly.
    fn has_signed(&self, authority: &Certificate<'_>, leaf: &Certificate<'_>) -> bool {
        authority.subject == leaf.issuer
            && authority.may_sign()
            && leaf.may_serve()
            && self.algorithms.all.iter().any(|algorithm| {
                algorithm.public_key_alg_id().as_ref() == authority.key_algorithm
                    && algorithm.signature_alg_id().as_ref() == leaf.signature_algorithm
                    && algorithm
                        .verify_signature(authority.key, leaf.signed, leaf.signature)
                        .is_ok()
            })
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
        self.algorithms.supported_schemes()
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
