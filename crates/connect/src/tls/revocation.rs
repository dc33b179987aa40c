//! Certificate revocation lists, minded as libpq has OpenSSL mind them: every certificate of a chain, the root
//! included, must be covered by a list of its issuer.
//!
//! RFC 5280, section 5; source: initialize_SSL, fe-secure-openssl.c (X509_V_FLAG_CRL_CHECK_ALL).

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateRevocationListDer, SignatureVerificationAlgorithm};

use super::certificate::Certificate;
use super::chain::has_signed;
use super::der::{BOOLEAN, Der, INTEGER, OBJECT_IDENTIFIER, SEQUENCE};

/// `[0]` around the extensions of a list.
const EXTENSIONS: u8 = 0xa0;

/// Authority key identifier and CRL number, which may be there and change nothing.
const HARMLESS: [&[u8]; 2] = [&[0x55, 0x1d, 35], &[0x55, 0x1d, 20]];

/// The lists that are known.
#[derive(Debug, Default, Clone)]
pub(super) struct RevocationLists(Vec<CertificateRevocationListDer<'static>>);

impl RevocationLists {
    /// Adds the lists of a PEM file.
    pub(super) fn add_file(&mut self, path: &Path) -> Result<(), String> {
        let text = fs::read(path).map_err(|error| error.to_string())?;
        let before = self.0.len();
        for list in CertificateRevocationListDer::pem_slice_iter(&text) {
            let list = list.map_err(|error| error.to_string())?;
            if List::parse(&list).is_none() {
                return Err("it holds a malformed revocation list".into());
            }
            self.0.push(list);
        }
        if self.0.len() == before {
            return Err("it holds no PEM revocation list".into());
        }
        Ok(())
    }

    /// Adds the files of a folder that are named as `openssl rehash` names them, `HASH.rN`.
    pub(super) fn add_folder(&mut self, path: &Path) -> Result<(), String> {
        for entry in fs::read_dir(path).map_err(|error| error.to_string())? {
            let file = entry.map_err(|error| error.to_string())?.path();
            if is_list_name(file.file_name()) {
                self.add_file(&file)
                    .map_err(|problem| format!("{}: {problem}", file.display()))?;
            }
        }
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Checks that a list of its issuer covers a certificate and does not name it.
    pub(super) fn check(
        &self,
        certificate: &Certificate<'_>,
        issuer: &Certificate<'_>,
        algorithms: &[&dyn SignatureVerificationAlgorithm],
        now: i64,
    ) -> Result<(), String> {
        let name = issuer.shown_subject();
        let mut refusal = format!("there is no revocation list of \"{name}\" (see sslcrl)");
        for der in &self.0 {
            let Some(list) = List::parse(der).filter(|list| list.issuer == certificate.issuer)
            else {
                continue;
            };
            if now < list.this_update || list.next_update.is_some_and(|next| next < now) {
                refusal =
                    format!("the revocation list of \"{name}\" has expired or is not valid yet");
            } else if list.is_special {
                refusal =
                    format!("the revocation list of \"{name}\" is of a kind that is not supported");
            } else if !issuer.may_sign_lists()
                || has_signed(
                    issuer,
                    list.signed,
                    list.signature_algorithm,
                    list.signature,
                    algorithms,
                ) != Some(true)
            {
                refusal = format!("the revocation list of \"{name}\" is not signed by it");
            } else if list.names(certificate.serial) {
                return Err(format!(
                    "the certificate of \"{}\" has been revoked",
                    certificate.shown_subject()
                ));
            } else {
                return Ok(());
            }
        }
        Err(refusal)
    }
}

/// Eight hexadecimal digits, ".r" and a number.
fn is_list_name(name: Option<&OsStr>) -> bool {
    let split = name
        .and_then(OsStr::to_str)
        .and_then(|name| name.split_once(".r"));
    split.is_some_and(|(hash, number)| {
        hash.len() == 8
            && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
            && !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// A list taken apart; slices of its DER.
struct List<'a> {
    signed: &'a [u8],
    issuer: &'a [u8],
    /// Seconds since 1970.
    this_update: i64,
    next_update: Option<i64>,
    revoked: &'a [u8],
    /// Whether it has critical extensions: it is for some certificates only, or for those of others.
    is_special: bool,
    signature_algorithm: &'a [u8],
    signature: &'a [u8],
}

impl<'a> List<'a> {
    fn parse(der: &'a [u8]) -> Option<Self> {
        let mut outer = Der(Der(der).only(SEQUENCE)?);
        let signed = outer.element()?;
        let signature_algorithm = outer.take(SEQUENCE)?;
        let signature = outer.take_bits()?;
        outer.end()?;

        let mut fields = Der(signed.tagged(SEQUENCE)?);
        fields.take_if(INTEGER);
        fields.take(SEQUENCE)?;
        let issuer = fields.take(SEQUENCE)?;
        let this_update = fields.take_time()?;
        let next_update = fields.take_time_if_any();
        let revoked = fields.take_if(SEQUENCE).unwrap_or_default();
        let extensions = match fields.take_if(EXTENSIONS) {
            Some(extensions) => Der(extensions).only(SEQUENCE)?,
            None => &[],
        };
        fields.end()?;
        let list = Self {
            signed: signed.whole,
            issuer,
            this_update,
            next_update,
            revoked,
            is_special: has_critical(extensions)?,
            signature_algorithm,
            signature,
        };
        // An entry that cannot be read could be the one that matters.
        let mut entries = Der(list.revoked);
        while !entries.0.is_empty() {
            let mut entry = Der(entries.take(SEQUENCE)?);
            entry.take(INTEGER)?;
            entry.take_time()?;
            if entry
                .take_if(SEQUENCE)
                .is_some_and(|extensions| has_critical(extensions) != Some(false))
            {
                return Some(Self {
                    is_special: true,
                    ..list
                });
            }
        }
        Some(list)
    }

    /// Whether it names a certificate by its serial number.
    fn names(&self, serial: &[u8]) -> bool {
        let mut entries = Der(self.revoked);
        std::iter::from_fn(|| entries.take(SEQUENCE))
            .any(|entry| Der(entry).take(INTEGER) == Some(serial))
    }
}

/// Whether among extensions is a critical one, or one that changes what the list is about.
fn has_critical(extensions: &[u8]) -> Option<bool> {
    let mut extensions = Der(extensions);
    while !extensions.0.is_empty() {
        let mut fields = Der(extensions.take(SEQUENCE)?);
        let identifier = fields.take(OBJECT_IDENTIFIER)?;
        let is_critical = fields.take_if(BOOLEAN).is_some_and(|flag| flag != [0]);
        if is_critical && !HARMLESS.contains(&identifier) {
            return Some(true);
        }
    }
    Some(false)
}

#[cfg(test)]
mod tests;
