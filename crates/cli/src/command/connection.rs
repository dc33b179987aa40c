//! From the command line and the environment to a server.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
#[cfg(feature = "aws")]
use std::sync::Arc;

#[cfg(feature = "aws")]
use pgark_aws_iam::{Iam, Options};
use pgark_connect::{Asking, Config, Error};

use super::password;
#[cfg(feature = "aws")]
use crate::arguments::AwsArguments;
use crate::arguments::{ConnectionArguments, LoginArguments};

/// Puts together where to connect: the connection string goes before the letters, as in PostgreSQL's own programs, and
/// these before the service file and the environment.
pub(crate) fn config(arguments: &ConnectionArguments) -> Result<Config, Error> {
    let named = arguments.dbname.as_ref().or(arguments.database.as_ref());
    config_of(named, &arguments.login)
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
    #[cfg(feature = "aws")]
    if login.aws.iam {
        return by_token(config, &login.aws);
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

/// Has each login done by a token of AWS IAM.
#[cfg(feature = "aws")]
fn by_token(config: Config, arguments: &AwsArguments) -> Result<Config, Error> {
    if config.get("password").is_some() {
        return Err(Error::BadOption {
            name: "password",
            value: "***".into(),
            problem: "with --aws-iam a token takes its place".into(),
        });
    }
    let iam = Iam::new(Options {
        region: arguments.region.clone(),
        profile: arguments.profile.clone(),
        host: None,
    });
    let config = config.with_environment()?;
    let config = config.with_password_provider(Arc::new(iam))?;
    config.check()?;
    Ok(config)
}
