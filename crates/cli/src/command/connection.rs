//! From the command line and the environment to a server.

use pgark_connect::{Config, Error};

use crate::arguments::ConnectionArguments;

/// Puts together where to connect: what the letters say goes before the connection string, the environment last.
pub(crate) fn config(arguments: &ConnectionArguments) -> Result<Config, Error> {
    let named = arguments
        .dbname
        .as_ref()
        .or(arguments.database.as_ref())
        .filter(|name| !name.is_empty());
    let mut config = match named {
        Some(name) => Config::parse(name)?,
        None => Config::new(),
    };
    for (keyword, value) in [
        ("host", &arguments.host),
        ("port", &arguments.port),
        ("user", &arguments.username),
    ] {
        if let Some(value) = value {
            config.set(keyword, value)?;
        }
    }
    let config = config.with_environment();
    config.check()?;
    Ok(config)
}
