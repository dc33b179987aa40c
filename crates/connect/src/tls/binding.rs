//! The hash of the server's certificate that SCRAM binds a login to.
//!
//! RFC 5929, section 4: the hash of the certificate's signature, MD5 and SHA-1 replaced by SHA-256.

use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

use super::certificate::Certificate;
use super::der::Der;

/// PKCS #1 signatures (1.2.840.113549.1.1.x), the last byte missing.
const PKCS1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1];
/// ECDSA with SHA-1 (1.2.840.10045.4.1) and with SHA-2 (1.2.840.10045.4.3.x).
const ECDSA_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1];
const ECDSA_SHA2: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3];
/// SHA-2 hashes (2.16.840.1.101.3.4.2.x).
const SHA2: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2];

/// The hash of a certificate, or `None` if its signature defines none (Ed25519) or one that is not known.
pub(super) fn tls_server_end_point(der: &[u8]) -> Option<Vec<u8>> {
    let mut algorithm = Der(Certificate::parse(der)?.signature_algorithm);
    let identifier = algorithm.element()?.content;
    let (last, family) = identifier.split_last()?;
    let hash = match (family, last) {
        (PKCS1, 10) => pss_hash(algorithm)?,
        (PKCS1, 4 | 5 | 11) | (ECDSA_SHA2, 2) => Hash::Sha256,
        (PKCS1, 12) | (ECDSA_SHA2, 3) => Hash::Sha384,
        (PKCS1, 13) | (ECDSA_SHA2, 4) => Hash::Sha512,
        (PKCS1, 14) | (ECDSA_SHA2, 1) => Hash::Sha224,
        _ if identifier == ECDSA_SHA1 => Hash::Sha256,
        _ => return None,
    };
    Some(match hash {
        Hash::Sha224 => Sha224::digest(der).to_vec(),
        Hash::Sha256 => Sha256::digest(der).to_vec(),
        Hash::Sha384 => Sha384::digest(der).to_vec(),
        Hash::Sha512 => Sha512::digest(der).to_vec(),
    })
}

#[derive(Debug, PartialEq, Eq)]
enum Hash {
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

/// The hash among the parameters of an RSASSA-PSS signature: `[0]`, SHA-1 if it is absent (RFC 4055, 3.1).
fn pss_hash(mut algorithm: Der<'_>) -> Option<Hash> {
    let parameters = algorithm
        .element()
        .map_or(&[][..], |parameters| parameters.content);
    let first = match Der(parameters).element() {
        Some(first) if first.tag == 0xa0 => first,
        _ => return Some(Hash::Sha256),
    };
    let identifier = Der(Der(first.content).element()?.content)
        .element()?
        .content;
    match identifier.split_last()? {
        (1, family) if family == SHA2 => Some(Hash::Sha256),
        (2, family) if family == SHA2 => Some(Hash::Sha384),
        (3, family) if family == SHA2 => Some(Hash::Sha512),
        (4, family) if family == SHA2 => Some(Hash::Sha224),
        // SHA-1 (1.3.14.3.2.26), said aloud.
        _ if identifier == [0x2b, 0x0e, 3, 2, 0x1a] => Some(Hash::Sha256),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, SignatureAlgorithm};

    use super::*;

    fn self_signed(algorithm: &'static SignatureAlgorithm) -> Vec<u8> {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn the_hash_is_that_of_the_signature() {
        let p256 = self_signed(&rcgen::PKCS_ECDSA_P256_SHA256);
        assert_eq!(
            tls_server_end_point(&p256),
            Some(Sha256::digest(&p256).to_vec())
        );
        let p384 = self_signed(&rcgen::PKCS_ECDSA_P384_SHA384);
        assert_eq!(
            tls_server_end_point(&p384),
            Some(Sha384::digest(&p384).to_vec())
        );
        assert_eq!(
            tls_server_end_point(&self_signed(&rcgen::PKCS_ED25519)),
            None
        );
        assert_eq!(tls_server_end_point(b"no certificate"), None);
    }

    #[test]
    fn a_pss_hash_is_read_from_the_parameters() {
        let sha2 = |last: u8| [&[0x30, 15, 0xa0, 13, 0x30, 11, 6, 9][..], SHA2, &[last]].concat();
        for (parameters, hash) in [
            (sha2(1), Some(Hash::Sha256)),
            (sha2(2), Some(Hash::Sha384)),
            (sha2(3), Some(Hash::Sha512)),
            (sha2(4), Some(Hash::Sha224)),
            (sha2(9), None),
            (vec![0x30, 0], Some(Hash::Sha256)),
            (vec![], Some(Hash::Sha256)),
            (
                vec![0x30, 11, 0xa0, 9, 0x30, 7, 6, 5, 0x2b, 0x0e, 3, 2, 0x1a],
                Some(Hash::Sha256),
            ),
        ] {
            assert_eq!(pss_hash(Der(&parameters)), hash, "{parameters:02x?}");
        }
    }
}
