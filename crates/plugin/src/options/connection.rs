use std::fs;

use bstr::BString;
use pgark_connect::{Config, Secret};

use super::{Protocol, aws, exclusive};
use crate::Error;

/// Options beside `location` that say how to connect, with libpq's names for them.
const KEYWORDS: &[(&str, &str)] = &[
    ("host", "host"),
    ("port", "port"),
    ("username", "user"),
    ("password", "password"),
    ("ssl_mode", "sslmode"),
    ("ssl_root_cert", "sslrootcert"),
    ("ssl_cert", "sslcert"),
    ("ssl_key", "sslkey"),
];

/// Options that are read here and are not libpq's.
const OTHERS: &[&str] = &[
    "database",
    "location",
    "ssl_cert_data",
    "ssl_key_data",
    "ssl_root_cert_data",
];

const SSL_MODES: &[&str] = &[
    "disable",
    "allow",
    "prefer",
    "require",
    "verify-ca",
    "verify-full",
];

/// The database to connect to where none is selected.
const MAINTENANCE: &str = "postgres";

pub(super) fn is_option(key: &str) -> bool {
    OTHERS.contains(&key) || KEYWORDS.iter().any(|(option, _)| *option == key)
}

/// Where the server is and how to log in, and the selected database if there is one.
///
/// The location is a connection URI as libpq reads it, parameters after `?` included. Host and port have fixed defaults; what
/// else was not said comes from the `PG*` environment variables.
pub(super) fn parse<'a>(
    protocol: Protocol,
    said: impl Fn(&str) -> Option<&'a str>,
) -> Result<(Config, Option<BString>), Error> {
    let mut config = match said("location") {
        Some(location) => location_config(protocol, location)?,
        None => Config::new(),
    };
    for (option, keyword) in KEYWORDS {
        if let Some(value) = said(option) {
            if *option == "ssl_mode" && !SSL_MODES.contains(&value) {
                let accepted = SSL_MODES.join(", ");
                let reason = format!("ssl_mode: invalid value \"{value}\" (accepted: {accepted})");
                return Err(Error::Option(reason));
            }
            config.set(keyword, value)?;
        }
    }
    certificates(&mut config, &said)?;

    // A base backup is one of all databases.
    let named = said("database").filter(|_| protocol != Protocol::PostgresBin);
    let database = match named {
        Some(name) => Some(BString::from(name)),
        None => config.get("dbname").map(ToOwned::to_owned),
    };
    match &database {
        Some(name) => config.set_dbname(name),
        None => config.set_dbname(MAINTENANCE),
    }
    if config.get("host").is_none() && config.get("hostaddr").is_none() {
        config.set_host("localhost");
    }
    if config.get("port").is_none() {
        config.set_port(5432);
    }
    let config = if protocol == Protocol::PostgresAws {
        aws::examine(&config)?;
        aws::by_token(config.with_environment()?, &said)?
    } else {
        config.with_environment()?
    };
    config.check()?;
    Ok((config, database))
}

fn location_config(protocol: Protocol, location: &str) -> Result<Config, Error> {
    let scheme = protocol.scheme();
    // Without a scheme it would be taken for a connection string.
    let rest = location.strip_prefix(scheme).ok_or_else(|| {
        Error::Option(format!("invalid location: it does not begin with {scheme}"))
    })?;
    let config = Config::parse(format!("postgres://{rest}"))
        .map_err(|error| Error::Option(format!("invalid location: {error}")))?;
    if let Some(subpath) = config
        .get("dbname")
        .filter(|_| protocol == Protocol::PostgresBin)
    {
        return Err(Error::Option(format!(
            "postgres+bin: subpath \"{subpath}\" is not allowed (a base backup is one of the whole server)"
        )));
    }
    Ok(config)
}

/// Certificates and the key, each as a file or as PEM text, which stays in memory.
fn certificates<'a>(
    config: &mut Config,
    said: impl Fn(&str) -> Option<&'a str>,
) -> Result<(), Error> {
    for (file, data) in [
        ("ssl_cert", "ssl_cert_data"),
        ("ssl_key", "ssl_key_data"),
        ("ssl_root_cert", "ssl_root_cert_data"),
    ] {
        if said(file).is_some() && said(data).is_some() {
            return Err(exclusive(file, data));
        }
    }
    if let Some(pem) = said("ssl_root_cert_data") {
        config.set_root_certificate_pem(pem);
    }
    if said("ssl_cert_data").is_none() && said("ssl_key_data").is_none() {
        return Ok(());
    }
    // One of the two is text, so both have to be.
    let pem = |file, data| match (said(data), said(file)) {
        (Some(text), _) => Ok(text.as_bytes().to_vec()),
        (None, Some(path)) => fs::read(path)
            .map_err(|error| Error::Option(format!("{file}: cannot read \"{path}\": {error}"))),
        (None, None) => Err(Error::Option(format!(
            "a client certificate and its key go together: neither {file} nor {data} is given"
        ))),
    };
    let chain = pem("ssl_cert", "ssl_cert_data")?;
    let key = Secret::new(pem("ssl_key", "ssl_key_data")?);
    config.set_client_certificate_pem(chain, key);
    Ok(())
}
