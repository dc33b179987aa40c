//! Showing a client certificate, and knowing whether it was asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::sign::CertifiedKey;

/// Shows the one certificate there is, if there is one.
#[derive(Debug, Default)]
pub(super) struct ClientCertificate {
    certificate: Option<Arc<CertifiedKey>>,
    was_asked_for: AtomicBool,
    was_shown: AtomicBool,
}

impl ClientCertificate {
    pub(super) fn new(certificate: Option<CertifiedKey>) -> Self {
        Self {
            certificate: certificate.map(Arc::new),
            ..Self::default()
        }
    }

    /// Why a handshake that has been made does not do where a certificate has to be shown.
    pub(super) fn problem(&self) -> Option<&'static str> {
        if !self.was_asked_for.load(Ordering::Relaxed) {
            Some("the server did not ask for a client certificate, and sslcertmode is \"require\"")
        } else if !self.was_shown.load(Ordering::Relaxed) {
            Some("there is no client certificate to show, and sslcertmode is \"require\"")
        } else {
            None
        }
    }
}

impl ResolvesClientCert for ClientCertificate {
    fn resolve(
        &self,
        _root_hint_subjects: &[&[u8]],
        schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        self.was_asked_for.store(true, Ordering::Relaxed);
        let certificate = self.certificate.clone()?;
        let can_sign = certificate.key.choose_scheme(schemes).is_some();
        self.was_shown.store(can_sign, Ordering::Relaxed);
        Some(certificate)
    }

    fn has_certs(&self) -> bool {
        self.certificate.is_some()
    }
}
