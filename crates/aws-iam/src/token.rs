//! The token.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use pgark_wire::Secret;

use crate::{Error, Result};

/// How long a token can be used: a connection made with it lives on. RDS takes no longer time
/// (RDS user guide, "IAM database authentication").
pub const LIFETIME: Duration = Duration::from_mins(15);

/// What is encoded in a query (SigV4, "Create a canonical request": all but the unreserved characters).
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Who logs in where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Login<'a> {
    /// The endpoint's own name, which may be another than the one dialled, such as an alias.
    pub host: &'a str,
    /// The endpoint's port.
    pub port: u16,
    /// The role that logs in.
    pub user: &'a str,
    /// The region that the server is in.
    pub region: &'a str,
}

/// Makes a token that is good from `now` on for [`LIFETIME`], unless the credentials end earlier.
///
/// # Errors
/// [`Error::Host`] and [`Error::Signing`].
pub fn token(login: &Login<'_>, credentials: &Credentials, now: SystemTime) -> Result<Secret> {
    let Login {
        port, user, region, ..
    } = *login;
    let host = in_address(login.host)?;
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| Error::Signing {
        host: login.host.to_owned(),
        source,
    };

    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(LIFETIME);
    let identity = credentials.clone().into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("rds-db")
        .time(now)
        .settings(settings)
        .build()
        .map_err(|error| failed(error.into()))?
        .into();

    let user = utf8_percent_encode(user, QUERY);
    let request = format!("{host}:{port}/?Action=connect&DBUser={user}");
    // As AWS's own libraries do: the name is signed in lower case, and the scheme, which takes port 443 out of what is
    // signed, is no part of the token.
    let address = format!(
        "https://{}:{port}/?Action=connect&DBUser={user}",
        host.to_ascii_lowercase()
    );
    let signable =
        SignableRequest::new("GET", address, std::iter::empty(), SignableBody::Bytes(b""))
            .map_err(|error| failed(error.into()))?;
    let (instructions, _) = sign(signable, &parameters)
        .map_err(|error| failed(error.into()))?
        .into_parts();

    let token = instructions
        .params()
        .iter()
        .fold(request, |token, (name, value)| {
            format!("{token}&{name}={}", utf8_percent_encode(value, QUERY))
        });
    Ok(Secret::new(token))
}

/// A host as it stands in an address: IPv6 in brackets.
fn in_address(host: &str) -> Result<String> {
    if host.parse::<std::net::Ipv6Addr>().is_ok() {
        return Ok(format!("[{host}]"));
    }
    let is_name = !host.is_empty()
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    if is_name {
        Ok(host.to_owned())
    } else {
        Err(Error::Host {
            host: host.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(login: &Login<'_>) -> Result<String> {
        let credentials =
            Credentials::new("AKIDEXAMPLE", "hunter2", Some("a+/=b".into()), None, "test");
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let token = token(login, &credentials, now)?;
        Ok(String::from_utf8(token.expose().to_vec()).unwrap())
    }

    const LOGIN: Login<'_> = Login {
        host: "DB.example.com",
        port: 5432,
        user: "a b+é",
        region: "us-east-1",
    };

    #[test]
    fn a_token_is_an_address_without_scheme() {
        let token = made(&LOGIN).unwrap();
        let (address, query) = token.split_once("/?").unwrap();
        assert_eq!(address, "DB.example.com:5432");
        for parameter in [
            "Action=connect",
            "DBUser=a%20b%2B%C3%A9",
            "X-Amz-Algorithm=AWS4-HMAC-SHA256",
            "X-Amz-Credential=AKIDEXAMPLE%2F20231114%2Fus-east-1%2Frds-db%2Faws4_request",
            "X-Amz-Date=20231114T221320Z",
            "X-Amz-Expires=900",
            "X-Amz-SignedHeaders=host",
            "X-Amz-Security-Token=a%2B%2F%3Db",
        ] {
            assert!(query.split('&').any(|given| given == parameter), "{token}");
        }
        assert!(!token.contains("hunter2"));
    }

    #[test]
    fn the_case_of_a_host_changes_no_signature() {
        let lower = Login {
            host: "db.example.com",
            ..LOGIN
        };
        let query = |token: String| token.split_once("/?").map(|(_, query)| query.to_owned());
        assert_eq!(query(made(&LOGIN).unwrap()), query(made(&lower).unwrap()));
    }

    #[test]
    fn a_host_is_nothing_else() {
        for host in ["", "a@b", "a/b", "a?b", "a:1", "a b", "/run", "a%2f", "é"] {
            let error = made(&Login { host, ..LOGIN }).unwrap_err();
            assert!(matches!(error, Error::Host { .. }), "{host}: {error}");
        }
        let token = made(&Login {
            host: "::1",
            ..LOGIN
        });
        assert!(token.unwrap().starts_with("[::1]:5432/?"));
    }
}
