//! Revocation lists.

use std::fs;
use std::process::Command;

use anyhow::Result;
use rcgen::{
    CertificateRevocationListParams, KeyIdMethod, RevokedCertParams, SerialNumber, date_time_ymd,
};
use support::run;

use crate::case::Expected::{Connects, Refused, Stricter};
use crate::case::{Case, Expected, Kind};
use crate::certificates::localhost;
use crate::changeable::Changeable;
use crate::judge::judge;
use crate::world::{Authority, authority_params, files};

const TLS: Expected = Refused(Kind::Tls);

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
    let changeable = Changeable::with_password()?;
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
        case("sslmode=verify-ca".into(), TLS).with("PGSSLCRL", file("variable.crl", &[&this])?),
        case("sslmode=verify-ca".into(), Connects).with("PGSSLCRLDIR", files().join("crl-none")),
    ];
    judge("revocation", &cases, 18);

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
