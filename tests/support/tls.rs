//! Certificates for servers that speak TLS.

use anyhow::Result;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

/// A root and a server certificate for `localhost` and 127.0.0.1 signed by it, as PEM.
#[derive(Debug, Clone)]
pub struct Certificates {
    /// The root's certificate: what a client names in `sslrootcert`.
    pub root: String,
    /// The server's certificate.
    pub server: String,
    /// The server's private key.
    pub server_key: String,
}

impl Certificates {
    /// Makes a new root and a server certificate (ECDSA P-256).
    pub fn generate() -> Result<Self> {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, "pgark test root");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let server = CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()])?
            .signed_by(&key, &root)?;
        Ok(Self {
            root: root.pem(),
            server: server.pem(),
            server_key: key.serialize_pem(),
        })
    }
}
