//! Certificates of every shape.

use std::fs;
use std::process::Command;

use anyhow::{Result, ensure};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    KeyPair, KeyUsagePurpose, NameConstraints, date_time_ymd,
};
use support::run;

use crate::authentication::NO_HASH;
use crate::case::Expected::{Connects, Refused, Sooner, Stricter};
use crate::case::{Case, Expected, Kind};
use crate::changeable::Changeable;
use crate::judge::Tally;
use crate::secret::secret_key;
use crate::world::{
    Authority, PASSWORD, authority_params, expired, files, for_hosts, named, private_file,
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

pub(crate) fn localhost() -> Result<CertificateParams> {
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
pub(crate) fn openssl(args: &[&str]) -> Result<()> {
    run(Command::new("openssl")
        .current_dir(files().path())
        .args(args))
    .map(drop)
}

pub(crate) fn read(name: &str) -> Result<String> {
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
    let changeable = Changeable::with_password()?;
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
