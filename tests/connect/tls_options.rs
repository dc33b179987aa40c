//! Certificates of every shape, and the options about TLS beside the mode.

use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CidrSubnet,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose,
    NameConstraints, RevokedCertParams, SerialNumber, date_time_ymd,
};
use support::{Certificates, Major, Server, run};

use crate::authentication::NO_HASH;
use crate::case::Expected::{Connects, Refused, Sooner, Stricter};
use crate::case::{Case, Expected, Kind};
use crate::judge::{Tally, judge};
use crate::secret::secret_key;
use crate::world::{
    Authority, PASSWORD, authority_params, clients, expired, files, for_hosts, named, private_file,
    world,
};

const TLS: Expected = Refused(Kind::Tls);
const RING: Expected = Stricter(
    Kind::Tls,
    "ring cannot use such a key, and it is refused by name",
);

const LATER: Expected = Sooner(
    Kind::Tls,
    "libpq makes TLS with Ed448 and then finds no hash to bind to",
);

/// A server whose certificate is changed while it runs.
struct Changeable {
    server: Server,
    changes: Cell<usize>,
}

impl Changeable {
    fn start() -> Result<Self> {
        let authority = Authority::new("first")?;
        let certificates = authority.certificates(authority.sign(&for_hosts(&["localhost"])?)?);
        let server = Server::with(Major::V17)
            .tls(&certificates)
            .hba("local all all trust\nhost all postgres all trust\nhost all scram all scram-sha-256\n")
            .start()?;
        let password = PASSWORD.replace('\'', "''");
        server.psql(
            "postgres",
            format!("create role scram login password '{password}'"),
        )?;
        Ok(Self {
            server,
            changes: Cell::new(0),
        })
    }

    /// Gives it another certificate (with those that it sends beside) and key.
    fn change(&self, certificates: &str, key: &str) -> Result<()> {
        for (name, content) in [("server.crt", certificates), ("server.key", key)] {
            // The old file stays as it is, owner and mode.
            fs::write(self.server.data_dir().join(name), content)?;
        }
        self.changes.set(self.changes.get() + 1);
        let mut reload = self.server.tool("psql");
        reload.args(["-X", "-h"]).arg(self.server.socket_dir());
        run(reload.args(["-d", "postgres", "-c", "select pg_reload_conf()"]))?;
        let started = Instant::now();
        // The server says so, then reads the files, then takes the next connection.
        while self.server.log()?.matches("received SIGHUP").count() < self.changes.get() {
            ensure!(
                started.elapsed() < Duration::from_secs(10),
                "the server does not read its certificate"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        ensure!(
            !self.server.log()?.contains("could not load"),
            "the server cannot use the certificate:\n{}",
            self.server.log()?
        );
        Ok(())
    }

    fn string(&self, host: &str, root: &Path, rest: &str) -> String {
        format!(
            "host={host} hostaddr=127.0.0.1 port={} dbname=postgres sslrootcert='{}' {rest}",
            self.server.port(),
            root.display()
        )
    }
}

/// A certificate with those beside it, its key, what a client trusts, and what must come of it.
struct Shape {
    name: &'static str,
    chain: String,
    key: String,
    root: String,
    host: &'static str,
    verify_ca: Expected,
    verify_full: Expected,
    /// Of `channel_binding=require`.
    binding: Expected,
}

fn shape(name: &'static str, (chain, key): (String, String), root: String) -> Shape {
    Shape {
        name,
        chain,
        key,
        root,
        host: "localhost",
        verify_ca: Connects,
        verify_full: Connects,
        binding: Connects,
    }
}

impl Shape {
    fn host(self, host: &'static str) -> Self {
        Self { host, ..self }
    }

    fn full(self, verify_full: Expected) -> Self {
        Self {
            verify_full,
            ..self
        }
    }

    /// The chain is refused; without a check of it there would be nothing to refuse.
    fn refused(self) -> Self {
        Self {
            verify_ca: TLS,
            verify_full: TLS,
            binding: TLS,
            ..self
        }
    }

    fn all(self, expected: Expected) -> Self {
        Self {
            verify_ca: expected,
            verify_full: expected,
            binding: expected,
            ..self
        }
    }
}

fn localhost() -> Result<CertificateParams> {
    for_hosts(&["localhost"])
}

/// Names, chains and marks.
fn chains() -> Result<Vec<Shape>> {
    let root = Authority::new("root")?;
    let middle = root.intermediate(authority_params("middle")?)?;
    let pem = || root.pem();
    let signed = |params: &CertificateParams| root.sign(params);
    let below = |authority: &Authority, params: &CertificateParams| -> Result<(String, String)> {
        let (leaf, key) = authority.sign(params)?;
        Ok((leaf + &authority.pem(), key))
    };
    let with = |change: &dyn Fn(&mut CertificateParams)| -> Result<CertificateParams> {
        let mut params = localhost()?;
        change(&mut params);
        Ok(params)
    };
    let authority_with =
        |name: &str, change: &dyn Fn(&mut CertificateParams)| -> Result<Authority> {
            let mut params = authority_params(name)?;
            change(&mut params);
            root.intermediate(params)
        };
    let marked = with(&|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained))?;
    let for_clients =
        with(&|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth])?;
    let for_servers =
        with(&|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth])?;
    let for_anything =
        with(&|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any])?;
    let signs_only = with(&|params| params.key_usages = vec![KeyUsagePurpose::KeyCertSign])?;
    let enciphers = with(&|params| params.key_usages = vec![KeyUsagePurpose::DigitalSignature])?;
    let no_authority = root.intermediate(named("no authority")?)?;
    let short = authority_with("short", &|params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    })?;
    let too_deep = short.intermediate(authority_params("too deep")?)?;
    let over = authority_with("over", &|params| {
        params.not_after = date_time_ymd(2021, 1, 1)
    })?;
    let limited = |permitted: &str| {
        authority_with("limited", &|params| {
            params.name_constraints = Some(NameConstraints {
                permitted_subtrees: vec![GeneralSubtree::DnsName(permitted.to_owned())],
                excluded_subtrees: vec![GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix(
                    [10, 0, 0, 0],
                    8,
                ))],
            });
        })
    };
    let (allows, forbids) = (limited("localhost")?, limited("example.com")?);
    let client_only = authority_with("clients only", &|params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    })?;
    let deep = below(&middle, &localhost()?)?;
    let deeper = middle.intermediate(authority_params("lower")?)?;
    let (lowest, lowest_key) = deeper.sign(&localhost()?)?;
    let wrong_order = (lowest + &middle.pem() + &deeper.pem(), lowest_key);
    let bundle = Authority::new("unrelated")?.pem() + &pem();
    let good = signed(&localhost()?)?;
    let imposter = Authority::new("root")?;
    Ok(vec![
        shape(
            "name in the common name alone",
            signed(&named("localhost")?)?,
            pem(),
        ),
        shape("another common name", signed(&named("other")?)?, pem()).full(TLS),
        shape(
            "common name, and another alternative name",
            signed(&with_name("localhost", &["other"])?)?,
            pem(),
        )
        .full(TLS),
        shape(
            "common name, and an address",
            signed(&with_name("localhost", &["127.0.0.1"])?)?,
            pem(),
        ),
        shape(
            "address asked for",
            signed(&for_hosts(&["127.0.0.1"])?)?,
            pem(),
        )
        .host("127.0.0.1"),
        shape(
            "address asked for, another there",
            signed(&for_hosts(&["127.0.0.2"])?)?,
            pem(),
        )
        .host("127.0.0.1")
        .full(TLS),
        shape(
            "address in the common name",
            signed(&named("127.0.0.1")?)?,
            pem(),
        )
        .host("127.0.0.1"),
        shape("wildcard", signed(&for_hosts(&["*.example.com"])?)?, pem()).host("db.example.com"),
        shape(
            "wildcard for two labels",
            signed(&for_hosts(&["*.example.com"])?)?,
            pem(),
        )
        .host("a.b.example.com")
        .full(TLS),
        shape(
            "wildcard for none",
            signed(&for_hosts(&["*.example.com"])?)?,
            pem(),
        )
        .host("example.com")
        .full(TLS),
        shape(
            "wildcard in a common name",
            signed(&named("*.example.com")?)?,
            pem(),
        )
        .host("DB.example.com"),
        shape("upper case", signed(&for_hosts(&["LOCALHOST"])?)?, pem()),
        shape("no name", signed(&for_hosts(&[])?)?, pem()).full(TLS),
        shape("below an intermediate", deep.clone(), pem()),
        shape(
            "without its intermediate",
            middle.sign(&localhost()?)?,
            pem(),
        )
        .refused(),
        shape(
            "intermediate trusted with the root",
            middle.sign(&localhost()?)?,
            pem() + &middle.pem(),
        ),
        shape("intermediate trusted without the root", deep, middle.pem()).refused(),
        shape("two intermediates in another order", wrong_order, pem()),
        shape("several roots", signed(&localhost()?)?, bundle),
        shape(
            "root of the same name",
            imposter.sign(&localhost()?)?,
            pem(),
        )
        .refused(),
        shape(
            "trusted itself without having signed itself",
            good.clone(),
            good.0,
        )
        .refused(),
        shape("marked as an authority's", signed(&marked)?, pem()),
        shape(
            "marked as an authority's, below an intermediate",
            below(&middle, &marked)?,
            pem(),
        ),
        shape("for clients only", signed(&for_clients)?, pem()).refused(),
        shape("for servers", signed(&for_servers)?, pem()),
        shape("for anything", signed(&for_anything)?, pem()).refused(),
        shape("for signing certificates only", signed(&signs_only)?, pem()).refused(),
        shape("for signatures", signed(&enciphers)?, pem()),
        shape(
            "below one that is no authority",
            below(&no_authority, &localhost()?)?,
            pem(),
        )
        .refused(),
        shape(
            "one authority where none more is allowed",
            {
                let (leaf, key) = too_deep.sign(&localhost()?)?;
                (leaf + &too_deep.pem() + &short.pem(), key)
            },
            pem(),
        )
        .refused(),
        shape(
            "below one that allows no more",
            below(&short, &localhost()?)?,
            pem(),
        ),
        shape(
            "below one that is over",
            below(&over, &localhost()?)?,
            pem(),
        )
        .refused(),
        shape(
            "below one for clients only",
            below(&client_only, &localhost()?)?,
            pem(),
        )
        .refused(),
        shape(
            "below one that allows the name",
            below(&allows, &localhost()?)?,
            pem(),
        ),
        shape(
            "below one that does not allow the name",
            below(&forbids, &localhost()?)?,
            pem(),
        )
        .refused(),
        shape(
            "over",
            signed(&{
                let mut params = expired()?;
                params.distinguished_name = localhost()?.distinguished_name;
                params
            })?,
            pem(),
        )
        .refused(),
    ])
}

fn with_name(common_name: &str, names: &[&str]) -> Result<CertificateParams> {
    let mut params = for_hosts(names)?;
    params.distinguished_name = named(common_name)?.distinguished_name;
    Ok(params)
}

/// Runs openssl in the folder of files.
fn openssl(args: &[&str]) -> Result<()> {
    run(Command::new("openssl")
        .current_dir(files().path())
        .args(args))
    .map(drop)
}

fn read(name: &str) -> Result<String> {
    Ok(fs::read_to_string(files().join(name))?)
}

/// A self-signed certificate made by openssl, and its key.
fn made_by_openssl(name: &'static str, key: &[&str], more: &[&str]) -> Result<Shape> {
    let (key_file, file) = (format!("{name}.key"), format!("{name}.crt"));
    let generate = [&["genpkey", "-out", &key_file][..], key].concat();
    openssl(&generate)?;
    let request = [
        "req",
        "-x509",
        "-new",
        "-key",
        &key_file,
        "-out",
        &file,
        "-days",
        "30",
        "-subj",
        "/CN=localhost",
    ];
    openssl(&[&request[..], more].concat())?;
    let certificate = read(&file)?;
    let key = secret_key(read(&key_file)?);
    Ok(shape(name, (certificate.clone(), key), certificate))
}

/// Keys and signatures.
fn algorithms() -> Result<Vec<Shape>> {
    let root = Authority::new("root")?;
    let rsa = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
    let ec = |curve: &'static str| ["-algorithm", "EC", "-pkeyopt", curve];
    let ed25519 = KeyPair::generate_for(&rcgen::PKCS_ED25519)?;
    let mut shapes = vec![
        made_by_openssl("rsa-sha256", &rsa, &["-sha256"])?,
        made_by_openssl("rsa-sha384", &rsa, &["-sha384"])?,
        made_by_openssl("rsa-sha512", &rsa, &["-sha512"])?,
        made_by_openssl(
            "rsa-pss-signature",
            &rsa,
            &[
                "-sha256",
                "-sigopt",
                "rsa_padding_mode:pss",
                "-sigopt",
                "rsa_pss_saltlen:32",
            ],
        )?,
        made_by_openssl("p256-sha256", &ec("ec_paramgen_curve:P-256"), &["-sha256"])?,
        made_by_openssl("p256-sha512", &ec("ec_paramgen_curve:P-256"), &["-sha512"])?,
        made_by_openssl("p384-sha384", &ec("ec_paramgen_curve:P-384"), &["-sha384"])?,
        made_by_openssl("p521", &ec("ec_paramgen_curve:P-521"), &["-sha512"])?.all(RING),
        made_by_openssl(
            "rsa-pss-key",
            &["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"],
            &[],
        )?
        .all(RING),
        Shape {
            binding: LATER,
            ..made_by_openssl("ed448", &["-algorithm", "ED448"], &[])?.all(RING)
        },
        shape(
            "ed25519",
            root.sign_for(&localhost()?, &ed25519)?,
            root.pem(),
        ),
    ];
    // Neither has a hash of it: libpq fails, and pgark refuses to go without where it is required.
    let own = made_by_openssl("ed25519-signature", &["-algorithm", "ED25519"], &[])?;
    shapes.push(Shape {
        binding: Refused(Kind::Login),
        ..own
    });
    let version1 = include_str!("../../crates/connect/tests/certificates/version1.crt");
    let key = include_str!("../../crates/connect/tests/certificates/version1.key");
    let authority = include_str!("../../crates/connect/tests/certificates/authority.crt");
    shapes.push(shape(
        "version 1",
        (version1.into(), secret_key(key.into())),
        authority.into(),
    ));
    shapes.push(version1_below_an_intermediate()?);
    Ok(shapes)
}

/// As the PostgreSQL manual makes certificates, and one step further down.
fn version1_below_an_intermediate() -> Result<Shape> {
    let root = Authority::new("root")?;
    let middle = root.intermediate(authority_params("middle")?)?;
    private_file("middle.key", middle.issuer().key().serialize_pem())?;
    files().write("middle.crt", middle.pem())?;
    openssl(&[
        "req",
        "-new",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "v1.key",
        "-out",
        "v1.csr",
        "-subj",
        "/CN=localhost",
    ])?;
    // With extensions it would be of version 3.
    files().write("none.cnf", "")?;
    openssl(&[
        "x509",
        "-req",
        "-in",
        "v1.csr",
        "-CA",
        "middle.crt",
        "-CAkey",
        "middle.key",
        "-CAcreateserial",
        "-days",
        "30",
        "-out",
        "v1.crt",
        "-extfile",
        "none.cnf",
    ])?;
    let shown = run(Command::new("openssl")
        .args(["x509", "-noout", "-text", "-in"])
        .arg(files().join("v1.crt")))?;
    ensure!(
        String::from_utf8_lossy(&shown).contains("Version: 1 "),
        "openssl makes no version 1 certificates"
    );
    let chain = read("v1.crt")? + &middle.pem();
    Ok(shape(
        "version 1 below an intermediate",
        (chain, secret_key(read("v1.key")?)),
        root.pem(),
    ))
}

#[test]
fn certificates_of_every_shape_are_judged_as_by_psql() -> Result<()> {
    let changeable = Changeable::start()?;
    let case = |shape: &Shape, rest: &str, expected| -> Result<Case> {
        let root = files().write("shape-root.crt", &shape.root)?;
        let string = changeable.string(shape.host, &root, rest);
        Ok(Case::of(string, expected).with("PGPASSWORD", PASSWORD))
    };
    let mut tally = Tally::new("chains and names");
    for shape in chains()? {
        changeable.change(&shape.chain, &shape.key)?;
        let cases = [
            case(&shape, "user=postgres sslmode=verify-ca", shape.verify_ca)?,
            case(
                &shape,
                "user=postgres sslmode=verify-full",
                shape.verify_full,
            )?,
        ];
        tally.judge(shape.name, &cases);
    }
    tally.end(70);

    let mut tally = Tally::new("keys and signatures");
    for shape in algorithms()? {
        changeable.change(&shape.chain, &shape.key)?;
        let unbound = match shape.binding {
            // It is libpq that cannot go without.
            Refused(Kind::Login) => NO_HASH,
            LATER => LATER,
            _ => shape.verify_ca,
        };
        let cases = [
            case(
                &shape,
                "user=postgres sslmode=verify-full",
                shape.verify_full,
            )?,
            case(
                &shape,
                "user=scram sslmode=require channel_binding=require",
                shape.binding,
            )?,
            case(
                &shape,
                "user=scram sslmode=verify-ca channel_binding=prefer",
                unbound,
            )?,
            case(
                &shape,
                "user=scram sslmode=require channel_binding=disable",
                shape.verify_ca,
            )?,
            case(
                &shape,
                "user=postgres sslmode=require ssl_max_protocol_version=TLSv1.2",
                shape.verify_ca,
            )?,
        ];
        tally.judge(shape.name, &cases);
    }
    tally.end(70);
    Ok(())
}

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
    openssl(&[
        "pkey", "-in", key_name, "-outform", "DER", "-out", "der.key",
    ])?;
    let file = |name: &str| -> Result<std::path::PathBuf> {
        let path = files().join(name);
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        Ok(path)
    };
    let (locked, sec1, der) = (file("locked.key")?, file("sec1.key")?, file("der.key")?);
    secret_key(fs::read_to_string(&sec1)?);
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
    judge("options about TLS", &cases, 44);
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

/// A revocation list, in force or over.
fn list(authority: &Authority, revoked: &[u64], is_over: bool) -> Result<String> {
    let (from, to) = if is_over { (2020, 2021) } else { (2024, 2090) };
    let params = CertificateRevocationListParams {
        this_update: date_time_ymd(from, 1, 1),
        next_update: date_time_ymd(to, 1, 1),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: revoked
            .iter()
            .map(|serial| RevokedCertParams {
                serial_number: SerialNumber::from(*serial),
                revocation_time: date_time_ymd(from, 1, 1),
                reason_code: None,
                invalidity_date: None,
            })
            .collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    Ok(params.signed_by(authority.issuer())?.pem()?)
}

#[test]
fn revocation_is_minded_as_by_psql() -> Result<()> {
    let root = Authority::new("root")?;
    let mut params = authority_params("middle")?;
    params.serial_number = Some(SerialNumber::from(7));
    let middle = root.intermediate(params)?;
    let mut leaf = localhost()?;
    leaf.serial_number = Some(SerialNumber::from(42));
    let (direct, below) = (root.sign(&leaf)?, middle.sign(&leaf)?);
    let changeable = Changeable::start()?;
    let trusted = files().write("revocation-root.crt", root.pem())?;
    let file = |name: &str, lists: &[&str]| files().write(name, lists.concat());
    let imposter = Authority::new("root")?;
    let (none, this, other, over, forged) = (
        list(&root, &[], false)?,
        list(&root, &[1, 42], false)?,
        list(&root, &[43], false)?,
        list(&root, &[], true)?,
        list(&imposter, &[], false)?,
    );
    let (middle_none, middle_this, root_middle) = (
        list(&middle, &[], false)?,
        list(&middle, &[42], false)?,
        list(&root, &[7], false)?,
    );
    let case = |rest: String, expected| {
        Case::of(
            changeable.string("localhost", &trusted, &format!("user=postgres {rest}")),
            expected,
        )
    };
    let with = |name: &str, lists: &[&str], expected| -> Result<Case> {
        let path = file(name, lists)?;
        Ok(case(
            format!("sslmode=verify-ca sslcrl={}", path.display()),
            expected,
        ))
    };
    let folder = |name: &str, list: Option<&str>| -> Result<String> {
        let folder = files().join(name);
        fs::create_dir(&folder)?;
        if let Some(list) = list {
            fs::write(folder.join("list.pem"), list)?;
            let shown = run(Command::new("openssl")
                .args(["crl", "-hash", "-noout", "-in"])
                .arg(folder.join("list.pem")))?;
            let hash = String::from_utf8(shown)?.trim().to_owned();
            fs::rename(folder.join("list.pem"), folder.join(format!("{hash}.r0")))?;
        }
        Ok(folder.display().to_string())
    };
    let must_be_there = Stricter(
        Kind::Tls,
        "a revocation list that is named must be there and be one",
    );

    changeable.change(&direct.0, &direct.1)?;
    let home = files().join("home-crl");
    fs::create_dir_all(home.join(".postgresql"))?;
    fs::write(home.join(".postgresql/root.crl"), &this)?;
    let default = |rest: &str, expected| case(rest.to_owned(), expected).with("HOME", home.clone());
    let cases = [
        with("none.crl", &[&none], Connects)?,
        with("this.crl", &[&this], TLS)?,
        with("other.crl", &[&other], Connects)?,
        with("over.crl", &[&over], TLS)?,
        with("forged.crl", &[&forged], TLS)?,
        with("unrelated.crl", &[&middle_none], TLS)?,
        with("two.crl", &[&middle_none, &none], Connects)?,
        with("empty.crl", &["nothing"], must_be_there)?,
        case(
            "sslmode=verify-ca sslcrl=/nonexistent".into(),
            must_be_there,
        ),
        case("sslmode=verify-ca sslcrldir=/nonexistent".into(), TLS),
        case(
            format!(
                "sslmode=verify-ca sslcrldir={}",
                folder("crl-none", Some(&none))?
            ),
            Connects,
        ),
        case(
            format!(
                "sslmode=verify-ca sslcrldir={}",
                folder("crl-this", Some(&this))?
            ),
            TLS,
        ),
        case(
            format!("sslmode=verify-ca sslcrldir={}", folder("crl-empty", None)?),
            TLS,
        ),
        default("sslmode=verify-ca", TLS),
        default("sslmode=require", TLS),
        default("sslmode=prefer", Connects),
    ];
    judge("revocation", &cases, 16);

    changeable.change(&(below.0 + &middle.pem()), &below.1)?;
    let cases = [
        with("both.crl", &[&none, &middle_none], Connects)?,
        with("leaf.crl", &[&none, &middle_this], TLS)?,
        with("middle.crl", &[&root_middle, &middle_none], TLS)?,
        with("root-only.crl", &[&none], TLS)?,
        with("middle-only.crl", &[&middle_none], TLS)?,
    ];
    judge("revocation below an intermediate", &cases, 5);
    Ok(())
}
