//! From the command line and the environment to a server.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use pgark_connect::{Asking, Config, Error};

use super::password;
use crate::arguments::{ConnectionArguments, LoginArguments};

/// Puts together where to connect: the connection string goes before the letters, as in PostgreSQL's own programs, and
/// these before the service file and the environment.
pub(crate) fn config(arguments: &ConnectionArguments) -> Result<Config, Error> {
    let named = arguments.dbname.as_ref().or(arguments.database.as_ref());
    config_of(named, &arguments.login)
}

/// As [`config`], where a connection string says all.
pub(crate) fn config_of_string(named: Option<&OsString>) -> Result<Config, Error> {
    config_of(named, &LoginArguments::default())
}

/// As [`config`], with what names the database by itself.
pub(crate) fn config_of(named: Option<&OsString>, login: &LoginArguments) -> Result<Config, Error> {
    let mut config = match named {
        Some(name) => Config::parse(name.as_bytes())?,
        None => Config::new(),
    };
    for (keyword, value) in [
        ("host", &login.host),
        ("port", &login.port),
        ("user", &login.username),
    ] {
        if let Some(value) = value {
            config.set_unless_said(keyword, value.as_bytes())?;
        }
    }
    if login.password {
        config.set_password_prompt(Asking::Always, |request| password::ask(request).map(Some));
    } else if !login.no_password {
        config.set_password_prompt(Asking::WhenNeeded, |request| {
            // Without a terminal there is nobody to ask, and the login fails for the want of a password.
            password::ask(request).map(Some).or(Ok(None))
        });
    }
    let config = config.with_environment()?;
    config.check()?;
    Ok(config)
}
