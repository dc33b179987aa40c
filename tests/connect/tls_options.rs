//! The options about TLS beside the mode.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use rcgen::KeyPair;
use support::{Certificates, Major, Server};

use crate::case::Expected::{Connects, Refused, Stricter};
use crate::case::{Case, Expected, Kind};
use crate::certificates::{localhost, openssl, read};
use crate::judge::judge;
use crate::secret::secret_key;
use crate::world::{Authority, clients, files, named, private_file, world};

const TLS: Expected = Refused(Kind::Tls);

#[test]
fn options_about_tls_do_what_they_do_for_psql() -> Result<()> {
    let world = world();
    let fifteen = Server::with(Major::V15)
        .tls(&any_certificates()?)
        .hba("local all all trust\nhost all all all trust\n")
        .start()?;
    let plain = Server::start(Major::V17)?;
    let string = |rest: &str| world.tcp(&format!("user=trusted {rest}"));
    let ok = |rest: &str| Case::of(string(rest), Connects);
    let refused = |rest: &str, kind| Case::of(string(rest), Refused(kind));
    let elsewhere = |server: &Server, rest: &str, expected| {
        Case::of(
            format!(
                "host=127.0.0.1 port={} user=postgres dbname=postgres {rest}",
                server.port()
            ),
            expected,
        )
    };
    let (certificate, key) = &clients().certified;
    let (_, stranger_key) = &clients().stranger;
    let shown = |certificate: &Path, key: &Path, rest: &str, expected| {
        Case::of(
            world.tcp(&format!(
                "user=certified sslcert={} sslkey={} {rest}",
                certificate.display(),
                key.display()
            )),
            expected,
        )
    };
    let key_pem = fs::read_to_string(key)?;
    let open_key = private_file("open.key", &key_pem)?;
    fs::set_permissions(
        &open_key,
        std::os::unix::fs::PermissionsExt::from_mode(0o644),
    )?;
    let key_name = key
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    openssl(&[
        "pkcs8",
        "-topk8",
        "-in",
        key_name,
        "-out",
        "locked.key",
        "-passout",
        "pass:opensesame-42",
    ])?;
    openssl(&["ec", "-in", key_name, "-out", "sec1.key"])?;
    openssl(&["genrsa", "-out", "rsa.key", "2048"])?;
    openssl(&["rsa", "-traditional", "-in", "rsa.key", "-out", "pkcs1.key"])?;
    let (rsa_certificate, _) = clients()
        .authority
        .sign_for(&named("certified")?, &KeyPair::from_pem(&read("rsa.key")?)?)?;
    let rsa_certificate = private_file("rsa.crt", rsa_certificate)?;
    openssl(&[
        "pkey", "-in", key_name, "-outform", "DER", "-out", "der.key",
    ])?;
    let file = |name: &str| -> Result<std::path::PathBuf> {
        let path = files().join(name);
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        Ok(path)
    };
    let (locked, sec1, der) = (file("locked.key")?, file("sec1.key")?, file("der.key")?);
    let pkcs1 = file("pkcs1.key")?;
    for (path, label) in [(&sec1, "BEGIN EC PRIVATE"), (&pkcs1, "BEGIN RSA PRIVATE")] {
        let key = secret_key(fs::read_to_string(path)?);
        ensure!(key.contains(label), "{} is of another form", path.display());
    }
    crate::secret::secret("opensesame-42");
    let require = "sslmode=require";
    let cases = [
        ok("sslmode=require ssl_max_protocol_version=TLSv1.2"),
        ok("sslmode=require ssl_min_protocol_version=TLSv1.3"),
        ok("sslmode=require ssl_min_protocol_version=tlsv1.2 ssl_max_protocol_version=TLSV1.2"),
        ok("sslmode=require ssl_min_protocol_version=TLSv1"),
        refused(
            "sslmode=require ssl_max_protocol_version=TLSv1.1",
            Kind::Option,
        ),
        ok("sslmode=require sslsni=0"),
        ok("sslmode=require sslsni=1"),
        ok("sslmode=require sslsni=''"),
        Case::of(
            string("sslmode=require sslsni=yes"),
            Stricter(Kind::Option, "a value that means nothing is an error"),
        ),
        ok("sslmode=require sslnegotiation=direct"),
        ok("sslmode=require sslnegotiation=postgres"),
        ok("sslrootcert=/nonexistent sslmode=require"),
        refused("sslrootcert=/nonexistent sslmode=verify-ca", Kind::Tls),
        refused("sslrootcert=/etc/passwd sslmode=require", Kind::Tls),
        ok("sslrootcert=/etc/passwd sslmode=prefer"),
        refused("sslrootcert=system sslmode=verify-full", Kind::Tls),
        refused("sslrootcert=system", Kind::Tls),
        // Both look for the system's authorities where this says.
        ok("sslrootcert=system host=localhost hostaddr=127.0.0.1")
            .with("SSL_CERT_FILE", &world.root),
        refused(
            "sslrootcert=system host=other hostaddr=127.0.0.1",
            Kind::Tls,
        )
        .with("SSL_CERT_FILE", &world.root),
        refused("hostaddr=127.0.0.1 host='' sslmode=verify-full", Kind::Tls),
        elsewhere(&fifteen, "sslmode=require sslnegotiation=direct", TLS),
        elsewhere(&fifteen, "sslmode=require sslcertmode=require", TLS),
        elsewhere(&fifteen, "sslmode=require", Connects),
        elsewhere(&plain, "sslmode=require sslnegotiation=direct", TLS),
        elsewhere(&plain, "sslmode=prefer sslcertmode=require", TLS),
        elsewhere(&plain, "sslmode=disable sslcertmode=disable", Connects),
        shown(certificate, key, require, Connects),
        shown(
            certificate,
            key,
            "sslmode=require sslcertmode=require",
            Connects,
        ),
        shown(
            certificate,
            key,
            "sslmode=require sslcertmode=allow",
            Connects,
        ),
        shown(
            certificate,
            key,
            "sslmode=require sslcertmode=disable",
            Refused(Kind::Login),
        ),
        refused("sslmode=require sslcertmode=require", Kind::Tls),
        shown(
            certificate,
            key,
            "sslmode=disable sslcertmode=require user=trusted",
            TLS,
        ),
        shown(certificate, &open_key, require, TLS),
        // It can do without TLS, and does.
        shown(
            certificate,
            &open_key,
            "sslmode=prefer user=trusted",
            Connects,
        ),
        shown(certificate, "/nonexistent".as_ref(), require, TLS),
        shown(certificate, stranger_key, require, TLS),
        shown(certificate, files().path(), require, TLS),
        shown("/nonexistent".as_ref(), key, require, Refused(Kind::Login)),
        shown("/etc/passwd".as_ref(), key, require, TLS),
        shown(certificate, &sec1, require, Connects),
        shown(certificate, &der, require, Connects),
        shown(&rsa_certificate, &pkcs1, require, Connects),
        shown(&rsa_certificate, &sec1, require, TLS),
        shown(
            certificate,
            &locked,
            "sslmode=require sslpassword=opensesame-42",
            Stricter(
                Kind::Tls,
                "encrypted keys are not supported, and refused by name",
            ),
        ),
        shown(
            certificate,
            &locked,
            "sslmode=require sslpassword=wrong",
            TLS,
        ),
        Case::of(world.tcp("user=certified sslmode=require"), Connects)
            .with("PGSSLCERT", certificate)
            .with("PGSSLKEY", key),
        Case::of(world.tcp("user=certified sslmode=require"), Connects)
            .with("HOME", home_with(certificate, key, None)?),
        Case::of(string("host=localhost sslmode=verify-full"), Connects)
            .with("HOME", home_with(certificate, key, Some(&world.root))?),
    ];
    judge("options about TLS", &cases, 48);
    Ok(())
}

fn any_certificates() -> Result<Certificates> {
    let authority = Authority::new("any")?;
    Ok(authority.certificates(authority.sign(&localhost()?)?))
}

/// A home folder with the files that are looked for there.
fn home_with(certificate: &Path, key: &Path, root: Option<&str>) -> Result<std::path::PathBuf> {
    let home = files().join(if root.is_some() {
        "home-root"
    } else {
        "home-certificate"
    });
    let folder = home.join(".postgresql");
    fs::create_dir_all(&folder)?;
    fs::copy(certificate, folder.join("postgresql.crt"))?;
    fs::copy(key, folder.join("postgresql.key"))?;
    if let Some(root) = root {
        fs::copy(root, folder.join("root.crt"))?;
    }
    Ok(home)
}
