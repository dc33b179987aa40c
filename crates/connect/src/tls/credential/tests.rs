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
        ..TlsOptions::of(&Config::new()).unwrap()
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
    for text in [
        KeyPair::generate().unwrap().serialize_pem(),
        include_str!("../../../tests/certificates/sec1.key").to_owned(),
        include_str!("../../../tests/certificates/pkcs1.key").to_owned(),
    ] {
        let options = options(SslMode::Prefer, None, None, Some(memory(text)));
        assert!(key(&options).is_ok());
    }
    let der = tempfile::NamedTempFile::new().unwrap();
    fs::write(der.path(), KeyPair::generate().unwrap().serialize_der()).unwrap();
    let file = Some(Pem::File(der.path().into()));
    assert!(key(&options(SslMode::Prefer, None, None, file)).is_ok());
}

#[test]
fn a_key_must_belong_to_its_certificate() {
    let own = KeyPair::generate().unwrap();
    let params = CertificateParams::new([]).unwrap();
    let certificate = params.self_signed(&own).unwrap().pem();
    let shown = |key: &KeyPair| {
        let key = Some(memory(key.serialize_pem()));
        client_certificate(&options(
            SslMode::Prefer,
            None,
            Some(memory(certificate.as_str())),
            key,
        ))
    };
    assert!(shown(&own).unwrap().is_some());
    assert_eq!(
        shown(&KeyPair::generate().unwrap())
            .unwrap_err()
            .to_string(),
        "cannot use the client certificate: the key does not belong to it"
    );
}

#[test]
fn a_certificate_may_be_kept_back() {
    let options = TlsOptions {
        certificate_mode: CertificateMode::Disable,
        ..options(SslMode::Prefer, None, Some(memory(certificate())), None)
    };
    assert!(client_certificate(&options).unwrap().is_none());
}

#[test]
fn revocation_lists_that_are_named_must_be_there() {
    let named = |file: Option<&str>, folder: Option<&str>| {
        let options = TlsOptions {
            revocation_file: file.map(Into::into),
            revocation_folder: folder.map(Into::into),
            ..options(SslMode::Prefer, Some(memory("")), None, None)
        };
        revocation_lists(&options).map(|lists| lists.is_some())
    };
    let empty = tempfile::tempdir().unwrap();
    assert!(!named(None, None).unwrap());
    assert!(
        named(None, empty.path().to_str()).unwrap(),
        "an empty folder"
    );
    for (file, folder, what) in [
        (
            Some("/nonexistent/x.crl"),
            None,
            "file \"/nonexistent/x.crl\"",
        ),
        (None, Some("/nonexistent"), "folder \"/nonexistent\""),
    ] {
        assert_eq!(
            named(file, folder).unwrap_err().to_string(),
            format!(
                "cannot use the revocation list {what}: No such file or directory (os error 2)"
            )
        );
    }
}

#[test]
fn keys_that_cannot_be_used_are_refused() {
    for (key, problem) in [
        (
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
            "it is encrypted with a passphrase (sslpassword), which is not supported",
        ),
        (
            "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,B6\n\nAAAA\n-----END EC PRIVATE KEY-----\n",
            "it is encrypted with a passphrase (sslpassword), which is not supported",
        ),
        ("", "it holds no private key"),
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
            None,
            Some(Pem::File(file.path().into())),
        );
        let result = key(&options);
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
