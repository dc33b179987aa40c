use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair, KeyUsagePurpose};

use super::*;

#[test]
fn a_certificate_is_taken_apart() {
    let key = KeyPair::generate().unwrap();
    let mut params =
        CertificateParams::new(["db.example".to_owned(), "10.1.2.3".to_owned()]).unwrap();
    params
        .distinguished_name
        .push(DnType::OrganizationName, "Example");
    params.distinguished_name.push(DnType::CommonName, "first");
    params.not_before = rcgen::date_time_ymd(2024, 2, 29);
    params.not_after = rcgen::date_time_ymd(2051, 1, 1);
    let made = params.self_signed(&key).unwrap();

    let found = Certificate::parse(made.der()).unwrap();
    assert_eq!(found.version, 3);
    assert_eq!(found.issuer, found.subject);
    assert_eq!(
        (found.not_before, found.not_after),
        (1_709_164_800, 2_556_144_000)
    );
    assert!(
        found.is_valid_at(1_709_164_800)
            && !found.is_valid_at(1_709_164_799)
            && !found.is_valid_at(2_556_144_001)
    );
    assert!(found.common_name().unwrap().ends_with(b"first"));
    assert_eq!(
        found.alt_names(),
        [AltName::Dns(b"db.example"), AltName::Ip(&[10, 1, 2, 3])]
    );
    assert!(found.may_serve() && !found.may_sign());
    assert!(found.key_info.ends_with(found.key));
    assert!(made.der().ends_with(found.signature));
}

#[test]
fn only_an_authority_may_sign() {
    let key = KeyPair::generate().unwrap();
    let cases = [
        (IsCa::NoCa, vec![], false),
        (IsCa::ExplicitNoCa, vec![], false),
        (IsCa::Ca(BasicConstraints::Unconstrained), vec![], true),
        (
            IsCa::Ca(BasicConstraints::Unconstrained),
            vec![KeyUsagePurpose::KeyCertSign],
            true,
        ),
        (
            IsCa::Ca(BasicConstraints::Unconstrained),
            vec![KeyUsagePurpose::DigitalSignature],
            false,
        ),
    ];
    for (is_ca, key_usages, expected) in cases {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = is_ca;
        params.key_usages = key_usages;
        let made = params.self_signed(&key).unwrap();
        let found = Certificate::parse(made.der()).unwrap();
        assert_eq!(
            found.may_sign(),
            expected,
            "{:?} {:?}",
            params.is_ca,
            params.key_usages
        );
    }
}

#[test]
fn a_cut_certificate_is_refused() {
    let key = KeyPair::generate().unwrap();
    let made = CertificateParams::new(["x".to_owned()])
        .unwrap()
        .self_signed(&key)
        .unwrap();
    for length in 0..made.der().len() {
        assert!(
            Certificate::parse(&made.der()[..length]).is_none(),
            "{length}"
        );
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200), at in 0_usize..400, byte in proptest::num::u8::ANY) {
        let _ = Certificate::parse(&bytes);
        let key = KeyPair::generate().unwrap();
        let mut der = CertificateParams::new(["x".to_owned()]).unwrap().self_signed(&key).unwrap().der().to_vec();
        if let Some(place) = der.get_mut(at) {
            *place = byte;
        }
        if let Some(certificate) = Certificate::parse(&der) {
            certificate.alt_names();
            certificate.common_name();
            certificate.may_sign();
            certificate.may_serve();
        }
    }
}
