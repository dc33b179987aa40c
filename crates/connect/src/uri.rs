//! Connection URIs: `postgresql://user:password@host:port,host:port/dbname?option=value&…`.
//!
//! Manual: "Connection Strings", section "Connection URIs"; where it is silent, fe-connect.c.

use bstr::ByteSlice;

use crate::{Config, Error, Result, keyword};

/// What follows the scheme, if the text is a URI.
pub(crate) fn strip_scheme(text: &[u8]) -> Option<&[u8]> {
    text.strip_prefix(b"postgresql://")
        .or_else(|| text.strip_prefix(b"postgres://"))
}

/// Whether a text is a URI of another scheme with a user, and so perhaps a password, in it.
pub(crate) fn has_other_scheme(text: &[u8]) -> bool {
    text.split_once_str("://").is_some_and(|(scheme, rest)| {
        rest.contains(&b'@')
            && scheme.first().is_some_and(u8::is_ascii_alphabetic)
            && scheme
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.:_".contains(byte))
    })
}

/// Sets the options of a URI without its scheme. Messages never show the URI, which may hold a password.
pub(crate) fn parse(uri: &[u8], config: &mut Config) -> Result<()> {
    // User and password end at the first "@" before any "/".
    let (login, rest) = match uri.find_byteset(b"@/") {
        Some(at) if uri[at] == b'@' => (Some(&uri[..at]), &uri[at + 1..]),
        _ => (None, uri),
    };
    if let Some(login) = login {
        let (user, password) = login.split_once_str(":").unwrap_or((login, b""));
        store(config, "user", user)?;
        store(config, "password", password)?;
    }

    let (hosts, ports, rest) = hosts(rest)?;
    check_password_ends(&hosts, &ports, login.is_none() && rest.contains(&b'@'))?;
    store(config, "host", &hosts)?;
    store(config, "port", &ports)?;

    let rest = match rest.strip_prefix(b"/") {
        Some(path) => {
            let (dbname, rest) = path.split_at(path.find_byte(b'?').unwrap_or(path.len()));
            store(config, "dbname", dbname)?;
            rest
        }
        None => rest,
    };
    match rest.strip_prefix(b"?") {
        Some(query) => parameters(query, config),
        None => Ok(()),
    }
}

/// Refuses what is likely the rest of a password with a "@" or "/" that is not encoded: as a host or port it would be
/// looked up and shown. The name of an abstract socket begins with "@".
fn check_password_ends(hosts: &[u8], ports: &[u8], at_follows: bool) -> Result<()> {
    let in_hosts = hosts
        .split_str(",")
        .any(|host| host.get(1..).is_some_and(|rest| rest.contains(&b'@')));
    let is_port = |byte: &u8| byte.is_ascii_digit() || b",% ".contains(byte);
    let in_ports = ports.contains(&b'@') || (at_follows && !ports.iter().all(is_port));
    if in_hosts || in_ports {
        return Err(Error::Syntax(
            "\"@\" and \"/\" in the user's name and password must be written %40 and %2F in a URI"
                .into(),
        ));
    }
    Ok(())
}

/// Sets what stands before the parameters; what is empty there has not been said.
fn store(config: &mut Config, name: &'static str, text: &[u8]) -> Result<()> {
    config.set(name, decode(name, text)?)
}

/// The hosts and the ports, each a list with commas, and what follows.
fn hosts(mut rest: &[u8]) -> Result<(Vec<u8>, Vec<u8>, &[u8])> {
    let (mut hosts, mut ports) = (Vec::new(), Vec::new());
    loop {
        if let Some(bracketed) = rest.strip_prefix(b"[") {
            let (address, after) = bracketed.split_once_str("]").ok_or_else(|| {
                Error::Syntax("there is no \"]\" after the IPv6 address in the URI".into())
            })?;
            if address.is_empty() {
                return Err(Error::Syntax("the IPv6 address in the URI is empty".into()));
            }
            if after.first().is_some_and(|byte| !b":/?,".contains(byte)) {
                return Err(Error::Syntax(
                    "expected \":\", \"/\", \"?\" or \",\" after the IPv6 address in the URI"
                        .into(),
                ));
            }
            hosts.extend_from_slice(address);
            rest = after;
        } else {
            let (host, after) = rest.split_at(rest.find_byteset(b":/?,").unwrap_or(rest.len()));
            hosts.extend_from_slice(host);
            rest = after;
        }
        if let Some(after) = rest.strip_prefix(b":") {
            let (port, after) = after.split_at(after.find_byteset(b"/?,").unwrap_or(after.len()));
            ports.extend_from_slice(port);
            rest = after;
        }
        match rest.strip_prefix(b",") {
            Some(after) => {
                hosts.push(b',');
                ports.push(b',');
                rest = after;
            }
            None => return Ok((hosts, ports, rest)),
        }
    }
}

fn parameters(query: &[u8], config: &mut Config) -> Result<()> {
    let query = query.strip_suffix(b"&").unwrap_or(query);
    if query.is_empty() {
        return Ok(());
    }
    for parameter in query.split_str("&") {
        let Some((name, value)) = parameter.split_once_str("=") else {
            return Err(Error::Syntax(match keyword::find(parameter) {
                Some(known) => format!(
                    "there is no \"=\" after the URI parameter \"{}\"",
                    known.name
                ),
                // Not shown: it may be the rest of a password.
                None => {
                    "there is a URI parameter without \"=\" (\"&\" in a value must be written %26)"
                        .into()
                }
            }));
        };
        let name = decode("parameter name", name)?;
        if value.contains(&b'=') {
            return Err(Error::Syntax(format!(
                "there is a second \"=\" in the URI parameter \"{}\"",
                name.as_bstr()
            )));
        }
        let value = decode("parameter", value)?;
        if name == b"ssl" && value == b"true" {
            // JDBC's way to say it.
            config.store(b"sslmode", b"require")?;
        } else {
            config.store(&name, &value)?;
        }
    }
    Ok(())
}

/// Replaces `%xy` by the byte of that hexadecimal value. Spaces around a text do not count, and inside they must be
/// encoded, so that a URI cut short by one is noticed.
fn decode(what: &str, text: &[u8]) -> Result<Vec<u8>> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.trim_with(|c| c == ' ');
    if bytes.contains(&b' ') {
        return Err(Error::Syntax(format!(
            "a space in the {what} of the URI, which must be written %20"
        )));
    }
    while let Some((&byte, rest)) = bytes.split_first() {
        bytes = rest;
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let value = bytes
            .split_first_chunk::<2>()
            .and_then(|([high, low], rest)| Some((hex(*high)? << 4 | hex(*low)?, rest)));
        match value {
            None => {
                return Err(Error::Syntax(format!(
                    "a \"%\" without two hexadecimal digits in the {what} of the URI"
                )));
            }
            Some((0, _)) => return Err(Error::Syntax(format!("%00 in the {what} of the URI"))),
            Some((byte, rest)) => {
                decoded.push(byte);
                bytes = rest;
            }
        }
    }
    Ok(decoded)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(uri: &str) -> Vec<(&'static str, Vec<u8>)> {
        let mut config = Config::new();
        let rest = strip_scheme(uri.as_bytes()).unwrap();
        parse(rest, &mut config).unwrap_or_else(|error| panic!("{uri}: {error}"));
        config
            .settings()
            .map(|(name, value)| (name, value.to_vec()))
            .collect()
    }

    #[test]
    fn uris_are_read_as_libpq_reads_them() {
        let cases: &[(&str, &[(&str, &str)])] = &[
            ("postgresql://", &[]),
            ("postgres:///", &[]),
            ("postgresql://host", &[("host", "host")]),
            ("postgresql://host:1", &[("host", "host"), ("port", "1")]),
            (
                "postgresql://host/db",
                &[("host", "host"), ("dbname", "db")],
            ),
            ("postgresql://u@host", &[("user", "u"), ("host", "host")]),
            ("postgresql://u:p@", &[("user", "u"), ("password", "p")]),
            (
                "postgresql://:p@host",
                &[("password", "p"), ("host", "host")],
            ),
            (
                "postgresql://u%40:p%2F%3a@h/d%20b",
                &[
                    ("user", "u@"),
                    ("password", "p/:"),
                    ("host", "h"),
                    ("dbname", "d b"),
                ],
            ),
            (
                "postgresql:///db?host=/run/pg&port=1",
                &[("dbname", "db"), ("host", "/run/pg"), ("port", "1")],
            ),
            (
                "postgresql://%2Frun%2Fpg/db",
                &[("host", "/run/pg"), ("dbname", "db")],
            ),
            (
                "postgresql://[::1]:5/db",
                &[("host", "::1"), ("port", "5"), ("dbname", "db")],
            ),
            (
                "postgresql://[2001:db8::1]?dbname=x",
                &[("host", "2001:db8::1"), ("dbname", "x")],
            ),
            (
                "postgresql://a:1,b,[::2]:3/db",
                &[("host", "a,b,::2"), ("port", "1,,3"), ("dbname", "db")],
            ),
            (
                "postgresql://h?dbname=x&sslmode=require",
                &[("host", "h"), ("dbname", "x"), ("sslmode", "require")],
            ),
            (
                "postgresql://h?ssl=true",
                &[("host", "h"), ("sslmode", "require")],
            ),
            ("postgresql://h/a/b", &[("host", "h"), ("dbname", "a/b")]),
            ("postgresql://h/x?", &[("host", "h"), ("dbname", "x")]),
            (
                "postgresql://h/x?user=a&",
                &[("host", "h"), ("dbname", "x"), ("user", "a")],
            ),
            (
                "postgresql://h:1/a@b",
                &[("host", "h"), ("port", "1"), ("dbname", "a@b")],
            ),
            (
                "postgresql://u@@abstract/d",
                &[("user", "u"), ("host", "@abstract"), ("dbname", "d")],
            ),
            (
                "postgresql://u:p:q@h",
                &[("user", "u"), ("password", "p:q"), ("host", "h")],
            ),
            (
                "postgresql://h?a@b=c".split('?').next().unwrap(),
                &[("host", "h")],
            ),
        ];
        for (uri, expected) in cases {
            let mut expected: Vec<_> = expected
                .iter()
                .map(|(name, value)| (*name, value.as_bytes().to_vec()))
                .collect();
            expected.sort_unstable();
            assert_eq!(settings(uri), expected, "{uri}");
        }
        assert_eq!(
            settings("postgres:///%ff%E4"),
            [("dbname", b"\xff\xe4".to_vec())]
        );
    }

    const UNENCODED: &str =
        "\"@\" and \"/\" in the user's name and password must be written %40 and %2F in a URI";

    #[test]
    fn other_schemes_are_no_names() {
        for text in [
            "postgre://u:p@h/d",
            "POSTGRES://u@h",
            "jdbc:postgresql://u:p@h/d?a=b",
        ] {
            let error = Config::parse(text).unwrap_err();
            assert_eq!(
                error.to_string(),
                "malformed connection string: a connection URI begins with \"postgresql://\" or \"postgres://\""
            );
        }
        for text in [
            "://x@",
            "a b://x@",
            "host=h password=a://b@c",
            "a:/b@c",
            "MySQL://x",
        ] {
            assert!(Config::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn mistakes_are_named_and_passwords_are_not() {
        for (uri, message) in [
            (
                "[::1",
                "there is no \"]\" after the IPv6 address in the URI",
            ),
            ("[]", "the IPv6 address in the URI is empty"),
            (
                "[::1]x",
                "expected \":\", \"/\", \"?\" or \",\" after the IPv6 address in the URI",
            ),
            (
                "u:hunter2%4@h",
                "a \"%\" without two hexadecimal digits in the password of the URI",
            ),
            (
                "u:hunter2%+1@h",
                "a \"%\" without two hexadecimal digits in the password of the URI",
            ),
            ("h/%00", "%00 in the dbname of the URI"),
            (
                "h?dbname",
                "there is no \"=\" after the URI parameter \"dbname\"",
            ),
            (
                "h?password=hunter&2",
                "there is a URI parameter without \"=\" (\"&\" in a value must be written %26)",
            ),
            ("u:hunter2@x@h/db", UNENCODED),
            ("u:hunter2@x:y@h/db", UNENCODED),
            ("u:hunter2@x:y@h,i/db", UNENCODED),
            ("u:hunter2/x@h/db", UNENCODED),
            (
                "h?dbname=a=b",
                "there is a second \"=\" in the URI parameter \"dbname\"",
            ),
        ] {
            let error = parse(uri.as_bytes(), &mut Config::new()).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("malformed connection string: {message}")
            );
        }
        let error = parse(b"h?databas=x", &mut Config::new()).unwrap_err();
        assert!(matches!(error, Error::UnknownOption { .. }));
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_the_parsers_panic(text in ".*", bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..60)) {
            let _ = Config::parse(&text);
            let _ = parse(&bytes, &mut Config::new());
            let _ = crate::conninfo::parse(&bytes, &mut Config::new());
        }
    }
}
