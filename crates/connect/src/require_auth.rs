//! `require_auth`: which methods the user allows.
//!
//! Manual: "Parameter Key Words", require_auth; source: pqConnectOptions2, fe-connect.c.

use bstr::ByteSlice;
use pgark_wire::{Method, Methods};

use crate::value::{bad, no_such_word};
use crate::{Config, Result};

const NAME: &str = "require_auth";

/// The methods that `require_auth` allows: those that are listed, or all but those that are listed with "!".
pub(crate) fn methods(config: &Config) -> Result<Methods> {
    let Some(value) = config.get(NAME) else {
        return Ok(Methods::ALL);
    };
    let negated = value.starts_with(b"!");
    let mut listed = Methods::EMPTY;
    for element in value.split_str(",") {
        let (is_negated, name) = match element.strip_prefix(b"!") {
            Some(name) => (true, name),
            None => (false, element),
        };
        if is_negated != negated {
            return Err(bad(
                NAME,
                value,
                "methods with \"!\" cannot be mixed with methods without",
            ));
        }
        let method = Method::ALL
            .into_iter()
            .find(|method| name == method.name().as_bytes());
        let Some(method) = method else {
            let names = Method::ALL.iter().map(|method| method.name());
            return Err(no_such_word(NAME, name.as_bstr(), names));
        };
        if listed.contains(method) {
            return Err(bad(NAME, value, format!("it names \"{method}\" twice")));
        }
        listed = listed.with(method);
    }
    Ok(if negated {
        Method::ALL
            .into_iter()
            .filter(|method| listed.contains(*method))
            .fold(Methods::ALL, Methods::without)
    } else {
        listed
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_libpq_reads_them() {
        use Method::{Gss, Md5, None, OAuth, Password, ScramSha256, Sspi};
        for (value, expected) in [
            ("", &Method::ALL[..]),
            ("scram-sha-256", &[ScramSha256]),
            ("password,md5", &[Password, Md5]),
            ("none", &[None]),
            ("none,scram-sha-256", &[None, ScramSha256]),
            ("!password", &[None, Md5, ScramSha256, Gss, Sspi, OAuth]),
            ("!none", &[Password, Md5, ScramSha256, Gss, Sspi, OAuth]),
            ("!password,!md5,!none", &[ScramSha256, Gss, Sspi, OAuth]),
        ] {
            let mut config = Config::new();
            config.set("require_auth", value).unwrap();
            let found = methods(&config).unwrap();
            for method in Method::ALL {
                assert_eq!(
                    found.contains(method),
                    expected.contains(&method),
                    "{value} {method}"
                );
            }
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (value, message) in [
            (
                "scram",
                "\"scram\": it must be one of none, password, md5, scram-sha-256, gss, sspi, oauth",
            ),
            (
                "pasword",
                "\"pasword\": it must be one of none, password, md5, scram-sha-256, gss, sspi, oauth (the nearest is \"password\")",
            ),
            (
                "md5,",
                "\"\": it must be one of none, password, md5, scram-sha-256, gss, sspi, oauth",
            ),
            ("md5,md5", "\"md5,md5\": it names \"md5\" twice"),
            ("!md5,!md5", "\"!md5,!md5\": it names \"md5\" twice"),
            (
                "!md5,password",
                "\"!md5,password\": methods with \"!\" cannot be mixed with methods without",
            ),
            (
                "password,!md5",
                "\"password,!md5\": methods with \"!\" cannot be mixed with methods without",
            ),
        ] {
            let mut config = Config::new();
            config.set("require_auth", value).unwrap();
            let error = methods(&config).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("connection option require_auth is {message}")
            );
            assert!(error.is_bad_option());
        }
    }
}
