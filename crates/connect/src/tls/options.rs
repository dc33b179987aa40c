//! What the user says of TLS.

use std::path::{Path, PathBuf};

use pgark_wire::Secret;

use crate::value::{bad, choice, path};
use crate::{Config, Error, Result};

/// Whether and how a connection is encrypted (manual: "SSL Support", table of modes).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SslMode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// How TLS begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Negotiation {
    /// The server is asked for it first.
    Postgres,
    /// At once, as servers from 17 on allow.
    Direct,
}

/// Whether a client certificate is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CertificateMode {
    Disable,
    Allow,
    Require,
}

/// A version of TLS. Older ones than 1.2 can be named as the least, and are not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TlsVersion {
    V1_0,
    V1_1,
    V1_2,
    V1_3,
}

/// What the user says of TLS.
#[derive(Debug, Clone)]
pub(crate) struct TlsOptions {
    pub(crate) mode: SslMode,
    pub(crate) negotiation: Negotiation,
    pub(crate) root: Option<Pem>,
    pub(crate) revocation_file: Option<PathBuf>,
    pub(crate) revocation_folder: Option<PathBuf>,
    pub(crate) certificate_mode: CertificateMode,
    pub(crate) certificate: Option<Pem>,
    pub(crate) key: Option<Pem>,
    pub(crate) sends_name: bool,
    pub(crate) least_version: TlsVersion,
    pub(crate) greatest_version: TlsVersion,
}

/// Where a PEM text is.
#[derive(Debug, Clone)]
pub(crate) enum Pem {
    File(PathBuf),
    /// The authorities that the system trusts.
    System,
    Memory(Secret),
}

impl TlsOptions {
    pub(crate) fn of(config: &Config) -> Result<Self> {
        let root = match &config.root_certificate {
            Some(pem) => Some(Pem::Memory(Secret::new(pem.as_slice()))),
            None => path(config, "sslrootcert")?.map(|path| {
                if path == Path::new("system") {
                    Pem::System
                } else {
                    Pem::File(path)
                }
            }),
        };
        let mode = mode(config, matches!(root, Some(Pem::System)))?;
        let (certificate, key) = match &config.client_certificate {
            Some((chain, key)) => (
                Some(Pem::Memory(Secret::new(chain.as_slice()))),
                Some(Pem::Memory(key.clone())),
            ),
            None => (
                path(config, "sslcert")?.map(Pem::File),
                path(config, "sslkey")?.map(Pem::File),
            ),
        };
        let (least_version, greatest_version) = versions(config)?;
        let options = Self {
            mode,
            negotiation: negotiation(config, mode)?,
            root,
            revocation_file: path(config, "sslcrl")?,
            revocation_folder: path(config, "sslcrldir")?,
            certificate_mode: certificate_mode(config)?,
            certificate,
            key,
            // Empty is off, as for libpq.
            sends_name: choice(config, "sslsni", &[("1", true), ("0", false), ("", false)])?
                .unwrap_or(true),
            least_version,
            greatest_version,
        };
        for name in ["sslcrl", "sslcrldir"] {
            if matches!(options.root, Some(Pem::System))
                && let Some(value) = config.get(name)
            {
                return Err(bad(name, value, "it has no effect with sslrootcert=system"));
            }
        }
        Ok(options)
    }
}

fn mode(config: &Config, has_system_roots: bool) -> Result<SslMode> {
    let words = [
        ("disable", SslMode::Disable),
        ("allow", SslMode::Allow),
        ("prefer", SslMode::Prefer),
        ("require", SslMode::Require),
        ("verify-ca", SslMode::VerifyCa),
        ("verify-full", SslMode::VerifyFull),
    ];
    match choice(config, "sslmode", &words)? {
        None if has_system_roots => Ok(SslMode::VerifyFull),
        None => Ok(SslMode::Prefer),
        Some(mode) if has_system_roots && mode != SslMode::VerifyFull => Err(bad(
            "sslmode",
            config.get("sslmode").unwrap_or_default(),
            "with sslrootcert=system it must be verify-full",
        )),
        Some(mode) => Ok(mode),
    }
}

fn negotiation(config: &Config, mode: SslMode) -> Result<Negotiation> {
    let words = [
        ("postgres", Negotiation::Postgres),
        ("direct", Negotiation::Direct),
    ];
    let negotiation = choice(config, "sslnegotiation", &words)?.unwrap_or(Negotiation::Postgres);
    let is_weak = matches!(mode, SslMode::Disable | SslMode::Allow | SslMode::Prefer);
    if negotiation == Negotiation::Direct && is_weak {
        return Err(bad(
            "sslnegotiation",
            "direct".into(),
            "sslmode must then be require, verify-ca or verify-full",
        ));
    }
    Ok(negotiation)
}

fn certificate_mode(config: &Config) -> Result<CertificateMode> {
    let words = [
        ("disable", CertificateMode::Disable),
        ("allow", CertificateMode::Allow),
        ("require", CertificateMode::Require),
    ];
    Ok(choice(config, "sslcertmode", &words)?.unwrap_or(CertificateMode::Allow))
}

fn versions(config: &Config) -> Result<(TlsVersion, TlsVersion)> {
    let version = |name: &'static str| {
        let words = [
            ("TLSv1", TlsVersion::V1_0),
            ("TLSv1.1", TlsVersion::V1_1),
            ("TLSv1.2", TlsVersion::V1_2),
            ("TLSv1.3", TlsVersion::V1_3),
        ];
        // libpq does not mind the case of the letters.
        let said = config.get(name).map(|value| value.to_ascii_lowercase());
        match words
            .iter()
            .find(|(word, _)| said == Some(word.to_ascii_lowercase().into_bytes()))
        {
            Some((_, version)) => Ok(Some(*version)),
            None if said.is_none() => Ok(None),
            None => choice(config, name, &words),
        }
    };
    let least = version("ssl_min_protocol_version")?.unwrap_or(TlsVersion::V1_2);
    let greatest = version("ssl_max_protocol_version")?.unwrap_or(TlsVersion::V1_3);
    let name = "ssl_max_protocol_version";
    if greatest < TlsVersion::V1_2 && least <= greatest {
        return Err(Error::UnsupportedOption {
            name,
            value: Some(if greatest == TlsVersion::V1_0 {
                "TLSv1"
            } else {
                "TLSv1.1"
            }),
        });
    }
    if least > greatest {
        let value = config.get(name).unwrap_or_default();
        return Err(bad(name, value, "ssl_min_protocol_version is greater"));
    }
    Ok((least, greatest))
}
