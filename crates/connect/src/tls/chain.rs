//! From the server's certificate to a trusted root, by OpenSSL's rules.
//!
//! RFC 5280, section 6.1, without policies; source: verify_chain and check_extensions, crypto/x509/x509_vfy.c of
//! OpenSSL 3.0. webpki has other rules: it takes no version 1 certificates and no server's certificate that is an
//! authority's, and ends at any trusted certificate, not at roots alone.

use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm};

use super::certificate::Certificate;
use super::revocation::RevocationLists;

/// Longer chains than this do not occur.
const DEPTH_LIMIT: usize = 10;

/// How many signatures are checked for one server: what it sends can make the search long.
const SIGNATURE_LIMIT: usize = 100;

/// A certificate, whole and taken apart.
struct Known<'a> {
    der: &'a [u8],
    parsed: Certificate<'a>,
    is_trusted: bool,
}

/// The search for a chain.
pub(super) struct Search<'a> {
    known: Vec<Known<'a>>,
    algorithms: &'a [&'a dyn SignatureVerificationAlgorithm],
    lists: Option<&'a RevocationLists>,
    /// Seconds since 1970.
    now: i64,
    signatures_left: usize,
    /// Why the chain that came furthest was given up.
    refusal: Option<(usize, String)>,
    /// Whether a chain was given up only because an authority limits the names of those below it.
    pub(super) met_limited_names: bool,
}

impl<'a> Search<'a> {
    pub(super) fn new(
        trusted: &'a [CertificateDer<'static>],
        sent: &'a [CertificateDer<'_>],
        algorithms: &'a WebPkiSupportedAlgorithms,
        lists: Option<&'a RevocationLists>,
        now: i64,
    ) -> Self {
        let known = |der: &'a CertificateDer<'_>, is_trusted| {
            Some(Known {
                der,
                parsed: Certificate::parse(der)?,
                is_trusted,
            })
        };
        Self {
            known: trusted
                .iter()
                .filter_map(|der| known(der, true))
                .chain(sent.iter().filter_map(|der| known(der, false)))
                .collect(),
            algorithms: algorithms.all,
            lists,
            now,
            signatures_left: SIGNATURE_LIMIT,
            refusal: None,
            met_limited_names: false,
        }
    }

    /// Finds a chain from a server's certificate to a trusted root.
    pub(super) fn find(
        &mut self,
        leaf: &CertificateDer<'_>,
        parsed: &Certificate<'_>,
    ) -> Result<(), String> {
        if !parsed.is_valid_at(self.now) {
            return Err("the server's certificate has expired or is not valid yet".into());
        }
        if !parsed.is_for_servers() || !parsed.may_serve() {
            return Err("the server's certificate is not for servers".into());
        }
        if parsed.has_unknown_demands() {
            return Err(
                "the server's certificate has a critical extension that is not known".into(),
            );
        }
        // Of the certificates that are known and parsed the search holds places, of the leaf nothing but this.
        if parsed.is_self_issued()
            && self
                .known
                .iter()
                .any(|known| known.is_trusted && known.der == &**leaf)
        {
            let revoked = self
                .lists
                .map(|lists| lists.check(parsed, parsed, self.algorithms, self.now));
            return revoked.unwrap_or(Ok(()));
        }
        if self.climb(parsed, &mut Vec::new()) {
            return Ok(());
        }
        Err(self.refusal.take().map_or_else(
            || {
                "the server's certificate is signed by nobody who is trusted (see sslrootcert)"
                    .into()
            },
            |(_, why)| why,
        ))
    }

    /// Looks for who has signed a certificate, and so on to a root; `path` holds the places of the authorities above the
    /// server's certificate.
    fn climb(&mut self, child: &Certificate<'_>, path: &mut Vec<usize>) -> bool {
        for place in 0..self.known.len() {
            if path.contains(&place) || self.known[place].parsed.subject != child.issuer {
                continue;
            }
            let issuer = self.known[place].parsed;
            if let Err(why) = self.check_issuer(&issuer, child, path) {
                self.refuse(path.len(), why);
                continue;
            }
            path.push(place);
            let is_root = self.known[place].is_trusted && issuer.is_self_issued();
            let revoked = match self.lists {
                Some(lists) if is_root => lists.check(&issuer, &issuer, self.algorithms, self.now),
                _ => Ok(()),
            };
            let found = match revoked {
                Ok(()) => is_root || (path.len() < DEPTH_LIMIT && self.climb(&issuer, path)),
                Err(why) => {
                    self.refuse(path.len(), why);
                    false
                }
            };
            if found {
                return true;
            }
            path.pop();
        }
        false
    }

    /// Whether one certificate may have signed another and has.
    fn check_issuer(
        &mut self,
        issuer: &Certificate<'_>,
        child: &Certificate<'_>,
        path: &[usize],
    ) -> Result<(), String> {
        let name = issuer.shown_subject();
        if !issuer.may_sign() || !issuer.is_for_servers() {
            return Err(format!(
                "the certificate of \"{name}\" may not sign the server's"
            ));
        }
        if !issuer.is_valid_at(self.now) {
            return Err(format!(
                "the certificate of \"{name}\" has expired or is not valid yet"
            ));
        }
        if issuer.has_unknown_demands() {
            return Err(format!(
                "the certificate of \"{name}\" has a critical extension that is not known"
            ));
        }
        // Those that have signed themselves do not count (RFC 5280, 4.2.1.9).
        let between = path
            .iter()
            .filter(|place| !self.known[**place].parsed.is_self_issued());
        if issuer
            .path_length()
            .is_some_and(|length| between.count() > length as usize)
        {
            return Err(format!(
                "the certificate of \"{name}\" does not allow so long a chain"
            ));
        }
        if issuer.limits_names() {
            self.met_limited_names = true;
            return Err(format!(
                "the certificate of \"{name}\" limits the names below it"
            ));
        }
        self.signatures_left = self
            .signatures_left
            .checked_sub(1)
            .ok_or("the server sent too many certificates")?;
        if !has_signed(issuer, child.signed, child.signature_algorithm, child.signature, self.algorithms)
            .ok_or_else(|| {
                format!("the signature of \"{name}\" is of a kind that is not supported (its key, or its hash)")
            })?
        {
            return Err(format!(
                "the server's certificate is not signed by the \"{name}\" that is trusted"
            ));
        }
        match self.lists {
            Some(lists) => lists.check(child, issuer, self.algorithms, self.now),
            None => Ok(()),
        }
    }

    fn refuse(&mut self, depth: usize, why: String) {
        if self
            .refusal
            .as_ref()
            .is_none_or(|(known, _)| *known < depth)
        {
            self.refusal = Some((depth, why));
        }
    }
}

/// Whether an authority has signed something; `None` if that cannot be found out.
pub(super) fn has_signed(
    authority: &Certificate<'_>,
    signed: &[u8],
    signature_algorithm: &[u8],
    signature: &[u8],
    algorithms: &[&dyn SignatureVerificationAlgorithm],
) -> Option<bool> {
    let mut fitting = algorithms
        .iter()
        .filter(|algorithm| {
            algorithm.public_key_alg_id().as_ref() == authority.key_algorithm
                && algorithm.signature_alg_id().as_ref() == signature_algorithm
        })
        .peekable();
    fitting.peek()?;
    Some(fitting.any(|algorithm| {
        algorithm
            .verify_signature(authority.key, signed, signature)
            .is_ok()
    }))
}
