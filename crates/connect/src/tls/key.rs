//! Which keys of servers can be used.

use super::certificate::Certificate;
use super::der::{Der, INTEGER, OBJECT_IDENTIFIER, SEQUENCE};

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const P384: &[u8] = &[0x2b, 0x81, 4, 0, 34];
const P521: &[u8] = &[0x2b, 0x81, 4, 0, 35];
const ED25519: &[u8] = &[0x2b, 0x65, 112];
const ED448: &[u8] = &[0x2b, 0x65, 113];

/// What a key is, where it is one that ring cannot use.
pub(super) fn unsupported(certificate: &Certificate<'_>) -> Option<String> {
    let mut algorithm = Der(certificate.key_algorithm);
    let identifier = algorithm.take(OBJECT_IDENTIFIER).unwrap_or_default();
    match identifier {
        RSA => {
            let modulus = Der(certificate.key)
                .take(SEQUENCE)
                .and_then(|key| Der(key).take(INTEGER))
                .unwrap_or_default();
            let modulus = modulus.strip_prefix(&[0]).unwrap_or(modulus);
            let bits = (modulus.len() * 8).saturating_sub(
                modulus
                    .first()
                    .map_or(0, |byte| byte.leading_zeros() as usize),
            );
            (!(2048..=8192).contains(&bits)).then(|| format!("RSA of {bits} bits"))
        }
        RSA_PSS => Some("RSASSA-PSS".into()),
        EC => match algorithm.take(OBJECT_IDENTIFIER) {
            Some(P256 | P384) => None,
            Some(P521) => Some("ECDSA P-521".into()),
            _ => Some("ECDSA on a curve that is not P-256 or P-384".into()),
        },
        ED25519 => None,
        ED448 => Some("Ed448".into()),
        _ => Some("of an unknown kind".into()),
    }
}
