//! Whether a certificate is for a host, as libpq judges it for verify-full.
//!
//! Source: pq_verify_peer_name_matches_certificate and what it calls, fe-secure-common.c and
//! fe-secure-openssl.c.

use std::net::IpAddr;

use bstr::ByteSlice;

use super::certificate::{AltName, Certificate};

/// Checks that a certificate is for a host.
///
/// The common name counts unless there is an alternative name of the host's kind: a DNS name for a name, an
/// IP address for an address.
pub(super) fn check(certificate: &Certificate<'_>, host: &str) -> Result<(), String> {
    let address: Option<IpAddr> = host.parse().ok();
    let mut first = None;
    let mut common_name_counts = true;
    for name in certificate.alt_names() {
        let (matches, shown) = match name {
            AltName::Dns(name) => {
                common_name_counts &= address.is_some();
                (matches_name(name, host)?, name.to_str_lossy().into_owned())
            }
            AltName::Ip(bytes) => {
                common_name_counts &= address.is_none();
                let ip = ip(bytes)?;
                (address == Some(ip), ip.to_string())
            }
        };
        if matches {
            return Ok(());
        }
        first.get_or_insert(shown);
    }
    if let Some(name) = certificate.common_name().filter(|_| common_name_counts) {
        if matches_name(name, host)? {
            return Ok(());
        }
        first.get_or_insert(name.to_str_lossy().into_owned());
    }
    Err(match first {
        Some(name) => {
            format!("the server's certificate is for \"{name}\" and not for host name \"{host}\"")
        }
        None => "the server's certificate has no host name".into(),
    })
}

/// A name with NUL bytes is an attack on readers of C strings, and refused altogether.
fn matches_name(name: &[u8], host: &str) -> Result<bool, String> {
    if name.contains(&0) {
        return Err("the server's certificate has a name with a NUL byte".into());
    }
    Ok(name.eq_ignore_ascii_case(host.as_bytes()) || matches_wildcard(name, host.as_bytes()))
}

/// `*.` at the start stands for one label.
fn matches_wildcard(pattern: &[u8], host: &[u8]) -> bool {
    let Some(domain) = pattern
        .strip_prefix(b"*")
        .filter(|domain| domain.len() > 1 && domain[0] == b'.')
    else {
        return false;
    };
    match host.find_byte(b'.') {
        Some(dot) if dot > 0 => host[dot..].eq_ignore_ascii_case(domain),
        _ => false,
    }
}

fn ip(bytes: &[u8]) -> Result<IpAddr, String> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        Ok(v4.into())
    } else if let Ok(v6) = <[u8; 16]>::try_from(bytes) {
        Ok(v6.into())
    } else {
        Err(format!(
            "the server's certificate has an IP address of {} bytes",
            bytes.len()
        ))
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};

    use super::*;

    fn certificate(common_name: Option<&str>, alt_names: &[&str]) -> Vec<u8> {
        let names: Vec<String> = alt_names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name = DistinguishedName::new();
        if let Some(name) = common_name {
            params.distinguished_name.push(DnType::CommonName, name);
        }
        params
            .self_signed(&KeyPair::generate().unwrap())
            .unwrap()
            .der()
            .to_vec()
    }

    #[test]
    fn names_match_as_for_libpq() {
        for (common_name, alt_names, host, expected) in [
            (Some("db"), &[][..], "db", true),
            (Some("DB"), &[], "db", true),
            (Some("db"), &[], "other", false),
            (None, &["db"], "db", true),
            (Some("db"), &["other"], "db", false),
            (Some("db"), &["10.0.0.1"], "db", true),
            (Some("10.0.0.1"), &["db"], "10.0.0.1", true),
            (Some("10.0.0.1"), &["10.0.0.2"], "10.0.0.1", false),
            (None, &["10.0.0.2", "10.0.0.1"], "10.0.0.1", true),
            (None, &["::1"], "0:0:0:0:0:0:0:1", true),
            (None, &["::1"], "127.0.0.1", false),
            (None, &["*.example.com"], "db.example.com", true),
            (None, &["*.example.com"], "a.b.example.com", false),
            (None, &["*.example.com"], "example.com", false),
            (None, &["*.example.com"], ".example.com", false),
            (None, &["d*.example.com"], "db.example.com", false),
            (Some("*.example.com"), &[], "DB.Example.com", true),
            (None, &[], "db", false),
        ] {
            let der = certificate(common_name, alt_names);
            let result = check(&Certificate::parse(&der).unwrap(), host);
            assert_eq!(
                result.is_ok(),
                expected,
                "{common_name:?} {alt_names:?} {host}: {result:?}"
            );
        }
    }

    #[test]
    fn the_message_names_both_sides() {
        let der = certificate(Some("a"), &["b", "c"]);
        let error = check(&Certificate::parse(&der).unwrap(), "d").unwrap_err();
        assert_eq!(
            error,
            "the server's certificate is for \"b\" and not for host name \"d\""
        );
    }

    #[test]
    fn a_nul_byte_is_refused() {
        assert!(matches_name(b"db\0.evil.com", "db").is_err());
    }
}
