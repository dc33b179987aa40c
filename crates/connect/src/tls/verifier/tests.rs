use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
};
use rustls::crypto::ring;
use rustls_pki_types::pem::PemObject;

use super::*;

/// 2024-01-01.
const NOW_SECONDS: u64 = 1_704_067_200;

fn check(
    trusted: Option<&[&CertificateDer<'static>]>,
    host: Option<&str>,
    leaf: &CertificateDer<'static>,
    intermediates: &[CertificateDer<'static>],
) -> Result<(), String> {
    let verifier = Verifier {
        algorithms: ring::default_provider().signature_verification_algorithms,
        trusted: trusted.map(|trusted| trusted.iter().copied().cloned().collect()),
        revocation_lists: None,
        host: host.map(str::to_owned),
    };
    let name = ServerName::try_from("unused.example").unwrap();
    verifier
        .verify_server_cert(
            leaf,
            intermediates,
            &name,
            &[],
            UnixTime::since_unix_epoch(Duration::from_secs(NOW_SECONDS)),
        )
        .map(drop)
        .map_err(|error| explain(&error))
}

fn params(common_name: &str, is_ca: IsCa) -> CertificateParams {
    let mut params = CertificateParams::new(["db.example".to_owned()]).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    params.is_ca = is_ca;
    params
}

const CA: IsCa = IsCa::Ca(BasicConstraints::Unconstrained);

/// An authority, to sign others with.
struct Authority {
    der: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn root(params: CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let der = params.self_signed(&key).unwrap().der().clone();
        let issuer = Issuer::new(params, key);
        Self { der, issuer }
    }

    fn sign(&self, params: &CertificateParams) -> CertificateDer<'static> {
        let key = KeyPair::generate().unwrap();
        params.signed_by(&key, &self.issuer).unwrap().der().clone()
    }

    fn intermediate(&self, name: &str) -> Self {
        let params = params(name, CA);
        let key = KeyPair::generate().unwrap();
        let der = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        let issuer = Issuer::new(params, key);
        Self { der, issuer }
    }
}

const NOBODY: &str =
    "the server's certificate is signed by nobody who is trusted (see sslrootcert)";

#[test]
fn chains_are_judged_as_by_libpq() {
    let root = Authority::root(params("root", CA));
    let stranger = Authority::root(params("root", CA));
    let middle = root.intermediate("middle");
    let plain = root.sign(&params("leaf", IsCa::NoCa));
    let below = middle.sign(&params("leaf", IsCa::NoCa));
    let marked = root.sign(&params("leaf", CA));
    let no_authority = Authority::root(params("root", IsCa::NoCa));
    let from_no_authority = no_authority.sign(&params("leaf", CA));
    let mut for_clients = params("leaf", CA);
    for_clients.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let for_clients = root.sign(&for_clients);
    let middle_der = std::slice::from_ref(&middle.der);

    assert_eq!(check(Some(&[&root.der]), None, &plain, &[]), Ok(()));
    assert_eq!(
        check(Some(&[&stranger.der, &root.der]), None, &plain, &[]),
        Ok(())
    );
    assert_eq!(check(Some(&[&root.der]), None, &below, middle_der), Ok(()));
    assert_eq!(
        check(Some(&[&root.der]), None, &marked, &[]),
        Ok(()),
        "a server's certificate marked as an authority's"
    );
    assert_eq!(
        check(None, None, &stranger.der, &[]),
        Ok(()),
        "without trusted certificates"
    );

    assert_eq!(
        check(Some(&[&stranger.der]), None, &plain, &[]),
        Err("the server's certificate is not signed by the \"root\" that is trusted".into()),
        "the same name, another key"
    );
    assert_eq!(check(Some(&[]), None, &plain, &[]), Err(NOBODY.into()));
    assert_eq!(
        check(Some(&[&root.der]), None, &below, &[]),
        Err(NOBODY.into()),
        "the link is missing"
    );
    assert!(check(Some(&[&stranger.der]), None, &marked, &[]).is_err());
    assert!(check(Some(&[&no_authority.der]), None, &from_no_authority, &[]).is_err());
    assert!(check(Some(&[&root.der]), None, &for_clients, &[]).is_err());
}

#[test]
fn a_certificate_that_is_itself_trusted_is_good() {
    for is_ca in [IsCa::NoCa, CA] {
        let own = Authority::root(params("db.example", is_ca)).der;
        assert_eq!(check(Some(&[&own]), Some("db.example"), &own, &[]), Ok(()));
        assert!(check(Some(&[&own]), Some("other.example"), &own, &[]).is_err());
    }
}

#[test]
fn version_1_certificates_are_good_if_a_trusted_one_has_signed_them() {
    let read = |pem: &[u8]| CertificateDer::from_pem_slice(pem).unwrap();
    let authority = read(include_bytes!("../../../tests/certificates/authority.crt"));
    let version1 = read(include_bytes!("../../../tests/certificates/version1.crt"));
    let stranger = Authority::root(params("pgark test authority", CA)).der;

    assert_eq!(
        check(Some(&[&authority]), Some("localhost"), &version1, &[]),
        Ok(())
    );
    // It has not signed itself, and who has is not there.
    assert_eq!(
        check(Some(&[&version1]), Some("localhost"), &version1, &[]),
        Err(NOBODY.into())
    );
    assert_eq!(check(None, None, &version1, &[]), Ok(()));
    let other_key =
        "the server's certificate is not signed by the \"pgark test authority\" that is trusted";
    assert!(check(Some(&[&stranger]), None, &version1, &[]).is_err());

    let mut forged = version1.to_vec();
    let common_name = forged
        .windows(9)
        .position(|bytes| bytes == b"localhost")
        .unwrap();
    forged[common_name] = b'L';
    assert_eq!(
        check(Some(&[&authority]), None, &forged.into(), &[]),
        Err(other_key.into())
    );
}

#[test]
fn dates_are_minded() {
    let expired = |params: &mut CertificateParams| {
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2023, 12, 31);
    };
    let root = Authority::root(params("root", CA));
    let mut leaf = params("leaf", IsCa::NoCa);
    expired(&mut leaf);
    let leaf = root.sign(&leaf);
    let error = "the server's certificate has expired or is not valid yet";
    assert_eq!(
        check(Some(&[&root.der]), None, &leaf, &[]),
        Err(error.into())
    );
    assert_eq!(check(Some(&[&leaf]), None, &leaf, &[]), Err(error.into()));
    assert_eq!(check(None, None, &leaf, &[]), Ok(()), "nothing is verified");

    let mut old_root = params("root", CA);
    expired(&mut old_root);
    let old_root = Authority::root(old_root);
    let fresh = old_root.sign(&params("leaf", IsCa::NoCa));
    assert_eq!(
        check(Some(&[&old_root.der]), None, &fresh, &[]),
        Err("the certificate of \"root\" has expired or is not valid yet".into())
    );
}
