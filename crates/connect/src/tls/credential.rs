//! Certificates and keys, from files or from memory.
//!
//! Default places and rules: manual, "SSL Support"; source: initialize_SSL, fe-secure-openssl.c.

use std::borrow::Cow;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustls::crypto::ring::sign::any_supported_type;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::certificate::Certificate;
use super::options::{CertificateMode, Pem, SslMode, TlsOptions};
use super::revocation::RevocationLists;
use crate::{Config, Error, Result};

/// The trusted certificates; `None` if nothing is to be verified: there is no file, and the mode does not
/// demand one. A file that is there is used in every mode.
pub(super) fn trusted(options: &TlsOptions) -> Result<Option<Vec<CertificateDer<'static>>>> {
    let path = match &options.root {
        Some(Pem::Memory(pem)) => return certificates(pem.expose(), "root certificate").map(Some),
        Some(Pem::System) => return system().map(Some),
        Some(Pem::File(path)) => Some(path.clone()),
        None => default_path("root.crt"),
    };
    let what = match &path {
        Some(path) => format!("root certificate file \"{}\"", path.display()),
        None => "root certificate file in the home folder".into(),
    };
    match path.map(fs::read) {
        Some(Ok(text)) => certificates(&text, &what).map(Some),
        Some(Err(error)) if error.kind() != ErrorKind::NotFound => {
            Err(unusable(what, error.to_string()))
        }
        _ if matches!(options.mode, SslMode::VerifyCa | SslMode::VerifyFull) => Err(unusable(
            what,
            "it does not exist; give sslrootcert, or sslrootcert=system for the system's authorities",
        )),
        _ => Ok(None),
    }
}

/// Whether there are, or should be, certificates to verify a server by.
pub(crate) fn has_authorities(config: &Config) -> bool {
    config.root_certificate.is_some()
        || config.get("sslrootcert").is_some()
        || default_path("root.crt").is_some_and(|path| path.exists())
}

/// The revocation lists that the user names, or those of the default place if it exists. One that is named must be
/// there, though libpq goes without it.
pub(super) fn revocation_lists(options: &TlsOptions) -> Result<Option<RevocationLists>> {
    let mut lists = RevocationLists::default();
    if let Some(path) = &options.revocation_file {
        let what = || format!("revocation list file \"{}\"", path.display());
        lists
            .add_file(path)
            .map_err(|problem| unusable(what(), problem))?;
    }
    if let Some(path) = &options.revocation_folder {
        let what = || format!("revocation list folder \"{}\"", path.display());
        lists
            .add_folder(path)
            .map_err(|problem| unusable(what(), problem))?;
        // Whoever names a folder wants revocation to be minded, even if it is empty.
        return Ok(Some(lists));
    }
    if options.revocation_file.is_none()
        && options
            .root
            .as_ref()
            .is_none_or(|root| matches!(root, Pem::File(_)))
        && let Some(path) = default_path("root.crl").filter(|path| path.exists())
    {
        let what = format!("revocation list file \"{}\"", path.display());
        lists
            .add_file(&path)
            .map_err(|problem| unusable(what, problem))?;
    }
    Ok((!lists.is_empty()).then_some(lists))
}

/// The certificate to show to the server, if there is one.
pub(super) fn client_certificate(options: &TlsOptions) -> Result<Option<CertifiedKey>> {
    if options.certificate_mode == CertificateMode::Disable {
        return Ok(None);
    }
    let (chain, what): (Cow<'_, [u8]>, String) = match &options.certificate {
        Some(Pem::Memory(pem)) => (pem.expose().into(), "client certificate".into()),
        certificate => {
            let path = match certificate {
                Some(Pem::File(path)) => Some(path.clone()),
                _ => default_path("postgresql.crt"),
            };
            let Some(path) = path else {
                return Ok(None);
            };
            let what = format!("client certificate file \"{}\"", path.display());
            match fs::read(&path) {
                Ok(text) => (text.into(), what),
                // The server may do without.
                Err(error)
                    if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
                {
                    return Ok(None);
                }
                Err(error) => return Err(unusable(what, error.to_string())),
            }
        }
    };
    let chain = certificates(&chain, &what)?;
    let key = key(options)?;
    let shown = chain.first().and_then(|leaf| Certificate::parse(leaf));
    if let (Some(leaf), Some(public)) = (shown, key.public_key())
        && leaf.key_info != &*public
    {
        return Err(unusable(what, "the key does not belong to it"));
    }
    Ok(Some(CertifiedKey::new(chain, key)))
}

fn key(options: &TlsOptions) -> Result<std::sync::Arc<dyn rustls::sign::SigningKey>> {
    let (text, what): (Cow<'_, [u8]>, String) = match &options.key {
        Some(Pem::Memory(pem)) => (pem.expose().into(), "key of the client certificate".into()),
        key => {
            let path = match key {
                Some(Pem::File(path)) => path.clone(),
                _ => default_path("postgresql.key").unwrap_or_default(),
            };
            let what = format!("key file \"{}\"", path.display());
            let text = read_key(&path).map_err(|problem| unusable(&*what, problem))?;
            (text.into(), what)
        }
    };
    let key = match PrivateKeyDer::from_pem_slice(&text) {
        Ok(key) => key,
        Err(_) if bstr::ByteSlice::contains_str(&*text, "ENCRYPTED") => {
            return Err(unusable(
                what,
                "it is encrypted with a passphrase (sslpassword), which is not supported",
            ));
        }
        // libpq takes a key file in DER too.
        Err(_) => match PrivateKeyDer::try_from(text.as_ref()) {
            Ok(key) => key.clone_key(),
            Err(_) => return Err(unusable(what, "it holds no private key")),
        },
    };
    any_supported_type(&key).map_err(|error| unusable(what, error.to_string()))
}

/// Reads a key file that nobody else may read: mode 0600 or less, or 0640 if it belongs to root.
fn read_key(path: &Path) -> Result<Vec<u8>, String> {
    let metadata = fs::metadata(path).map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("it is not a plain file".into());
    }
    let mode = metadata.mode() & 0o7777;
    let forbidden = if metadata.uid() == 0 { 0o037 } else { 0o077 };
    if mode & forbidden != 0 {
        return Err(format!(
            "others may access it (mode {mode:04o}; 0600 or less is needed, 0640 if root owns it)"
        ));
    }
    fs::read(path).map_err(|error| error.to_string())
}

fn certificates(text: &[u8], what: &str) -> Result<Vec<CertificateDer<'static>>> {
    let certificates = CertificateDer::pem_slice_iter(text)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| unusable(what, error.to_string()))?;
    if certificates.is_empty() {
        return Err(unusable(what, "it holds no PEM certificate"));
    }
    Ok(certificates)
}

fn system() -> Result<Vec<CertificateDer<'static>>> {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        let problem = match found.errors.first() {
            Some(error) => error.to_string(),
            None => "the system has none".into(),
        };
        return Err(unusable("root certificates of the system", problem));
    }
    Ok(found.certs)
}

fn default_path(file: &str) -> Option<PathBuf> {
    Some(std::env::home_dir()?.join(".postgresql").join(file))
}

fn unusable(what: impl Into<String>, problem: impl Into<String>) -> Error {
    Error::Credential {
        what: what.into(),
        problem: problem.into(),
    }
}

#[cfg(test)]
mod tests;
