use std::os::unix::fs::PermissionsExt;

use pgark_wire::Secret;
use rcgen::{CertificateParams, KeyPair};

use super::*;

fn options(
    mode: SslMode,
    root: Option<Pem>,
    certificate: Option<Pem>,
    key: Option<Pem>,
) -> TlsOptions {
    TlsOptions {
        mode,
        root,
        certificate,
        key,
    }
}

fn memory(pem: impl Into<Vec<u8>>) -> Pem {
    Pem::Memory(Secret::new(pem))
}

fn certificate() -> String {
    let key = KeyPair::generate().unwrap();
    CertificateParams::new([])
        .unwrap()
        .self_signed(&key)
        .unwrap()
        .pem()
}

#[test]
fn trusted_certificates_come_from_memory_or_a_file() {
    let two = certificate() + "a comment\n" + &certificate();
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), &two).unwrap();
    for root in [memory(two), Pem::File(file.path().into())] {
        let trusted = trusted(&options(SslMode::Prefer, Some(root), None, None)).unwrap();
        assert_eq!(trusted.unwrap().len(), 2);
    }
}

#[test]
fn a_missing_root_file_matters_only_where_it_is_needed() {
    let missing = || Some(Pem::File("/nonexistent/root.crt".into()));
    for mode in [SslMode::Allow, SslMode::Prefer, SslMode::Require] {
        assert!(
            trusted(&options(mode, missing(), None, None))
                .unwrap()
                .is_none(),
            "{mode:?}"
        );
    }
    for mode in [SslMode::VerifyCa, SslMode::VerifyFull] {
        let error = trusted(&options(mode, missing(), None, None)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot use the root certificate file \"/nonexistent/root.crt\": it does not exist; give sslrootcert, \
             or sslrootcert=system for the system's authorities"
        );
    }
    let empty = trusted(&options(
        SslMode::Prefer,
        Some(memory("nothing")),
        None,
        None,
    ))
    .unwrap_err();
    assert_eq!(
        empty.to_string(),
        "cannot use the root certificate: it holds no PEM certificate"
    );
}

#[test]
fn keys_of_every_form_are_read() {
    for key in [
        KeyPair::generate().unwrap().serialize_pem(),
        include_str!("../../../tests/certificates/sec1.key").to_owned(),
        include_str!("../../../tests/certificates/pkcs1.key").to_owned(),
    ] {
        let options = options(
            SslMode::Prefer,
            None,
            Some(memory(certificate())),
            Some(memory(key)),
        );
        assert!(client_certificate(&options).unwrap().is_some());
    }
}

#[test]
fn keys_that_cannot_be_used_are_refused() {
    for (key, problem) in [
        (
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
            "it is encrypted with a passphrase, which is not supported",
        ),
        (
            "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,B6\n\nAAAA\n-----END EC PRIVATE KEY-----\n",
            "it is encrypted with a passphrase, which is not supported",
        ),
        ("", "it holds no PEM private key"),
    ] {
        let options = options(
            SslMode::Prefer,
            None,
            Some(memory(certificate())),
            Some(memory(key)),
        );
        let error = client_certificate(&options).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("cannot use the key of the client certificate: {problem}")
        );
    }
}

#[test]
fn a_key_file_that_others_can_read_is_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), KeyPair::generate().unwrap().serialize_pem()).unwrap();
    let owned_by_root = fs::metadata(file.path()).unwrap().uid() == 0;
    for (mode, accepted) in [
        (0o600, true),
        (0o640, owned_by_root),
        (0o644, false),
        (0o660, false),
    ] {
        fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).unwrap();
        let options = options(
            SslMode::Prefer,
            None,
            Some(memory(certificate())),
            Some(Pem::File(file.path().into())),
        );
        let result = client_certificate(&options);
        assert_eq!(result.is_ok(), accepted, "{mode:o}: {result:?}");
    }
}

#[test]
fn a_missing_certificate_is_none() {
    let missing = Some(Pem::File("/nonexistent/postgresql.crt".into()));
    assert!(
        client_certificate(&options(SslMode::Prefer, None, missing, None))
            .unwrap()
            .is_none()
    );
}
