//! Examining tokens of AWS IAM, as RDS does.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The keys that tokens may be signed with, and what they must be for.
#[derive(Debug, Clone)]
pub struct TokenRules {
    /// The host that must have been signed.
    pub host: String,
    /// The port that must have been signed.
    pub port: u16,
    /// The server's region.
    pub region: String,
    /// How long a token is good, at most; one of no time never is.
    pub lifetime: Duration,
    /// The secret key and the session token of each key.
    pub keys: HashMap<String, (String, Option<String>)>,
}

impl TokenRules {
    /// Examines a role's token, and returns the key that it was signed with.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, token: &str, role: &str, now: Timestamp) -> Result<String> {
        let (address, query) = token.split_once("/?").context("it is no token")?;
        let mut parameters = BTreeMap::new();
        for parameter in query.split('&') {
            let (name, value) = parameter.split_once('=').context("no value")?;
            let value = percent_decode_str(value).decode_utf8()?.into_owned();
            let repeated = parameters.insert(name, value).is_some();
            ensure!(!repeated, "{name} is repeated");
        }
        let parameter = |name: &str| {
            let value = parameters.get(name).map(String::as_str);
            value.with_context(|| format!("there is no {name}"))
        };

        ensure!(
            address == format!("{}:{}", self.host, self.port),
            "it is for {address}"
        );
        ensure!(
            parameter("Action")? == "connect",
            "it is for another action"
        );
        let user = parameter("DBUser")?;
        ensure!(user == role, "it is for {user:?}");
        ensure!(
            parameter("X-Amz-Algorithm")? == "AWS4-HMAC-SHA256"
                && parameter("X-Amz-SignedHeaders")? == "host",
            "it is signed in another way"
        );
        let date = parameter("X-Amz-Date")?;
        let scope: Vec<&str> = parameter("X-Amz-Credential")?.split('/').collect();
        let [key, day, region, "rds-db", "aws4_request"] = scope[..] else {
            bail!("its scope is {scope:?}");
        };
        ensure!(region == self.region, "it is for the region {region}");
        ensure!(date.starts_with(day), "its date is not that of its scope");
        let (secret, session) = self.keys.get(key).context("its key is unknown")?;
        let given = parameters.get("X-Amz-Security-Token");
        ensure!(given == session.as_ref(), "its session token is another");

        let made = DateTime::strptime("%Y%m%dT%H%M%SZ", date)?
            .to_zoned(TimeZone::UTC)?
            .timestamp();
        let lasts = parameter("X-Amz-Expires")?.parse()?;
        ensure!((1..=900).contains(&lasts), "it lasts {lasts} s");
        let lasts = self.lifetime.min(Duration::from_secs(lasts));
        // Its date has whole seconds.
        let is_over = lasts.is_zero() || now >= made + lasts + Duration::from_secs(1);
        ensure!(!is_over, "it is over");

        let query: Vec<String> = parameters
            .iter()
            .filter(|(name, _)| **name != "X-Amz-Signature")
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, UNRESERVED)))
            .collect();
        let nothing = digest(b"");
        let request = format!(
            "GET\n/\n{}\nhost:{address}\n\nhost\n{nothing}",
            query.join("&")
        );
        ensure!(
            parameter("X-Amz-Signature")? == signature(secret, date, &scope[1..], &request)?,
            "its signature is wrong"
        );
        Ok(key.to_owned())
    }
}

/// The signature of a canonical request (SigV4) by a secret key, for a date and a scope, which is a day, a region, a service
/// and `aws4_request`.
///
/// # Errors
/// None that a key of any length brings about.
pub fn signature(secret: &str, date: &str, scope: &[&str], request: &str) -> Result<String> {
    let signed = format!(
        "AWS4-HMAC-SHA256\n{date}\n{}\n{}",
        scope.join("/"),
        digest(request.as_bytes())
    );
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in scope.iter().chain([&signed.as_str()]) {
        key = hmac(&key, part)?;
    }
    Ok(hex(&key))
}

/// The SHA-256 of bytes, in hexadecimal digits.
pub fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hmac(key: &[u8], text: &str) -> Result<Vec<u8>> {
    let mut hmac = Hmac::<Sha256>::new_from_slice(key)?;
    hmac.update(text.as_bytes());
    Ok(hmac.finalize().into_bytes().to_vec())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}
