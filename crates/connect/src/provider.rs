//! Passwords that are made for each login, such as tokens that live for minutes.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use bstr::{BStr, BString};
use pgark_wire::{Method, Methods, Secret};

use crate::host::{Host, Place};
use crate::target::Target;
use crate::tls::{self, SslMode};
use crate::value::bad;
use crate::{Config, Error, Result};

/// Why no password was made.
pub type Cause = Box<dyn StdError + Send + Sync>;

/// What [`PasswordProvider::prepare`] is doing.
pub type Preparing<'a> =
    Pin<Box<dyn Future<Output = Result<Box<dyn PasswordMaker>, Cause>> + Send + 'a>>;

/// Makes a password for each login ([`Config::with_password_provider`]).
pub trait PasswordProvider: fmt::Debug + Send + Sync {
    /// Fetches what passwords are made of. Asked for before each search for a server, and not counted in
    /// `connect_timeout`; no server has been dialled yet.
    ///
    /// # Errors
    /// Whatever prevents it, in words for the user. Dropping the future must leave the provider usable.
    fn prepare(&self) -> Preparing<'_>;

    /// Where the certificates of the authorities are to be had that vouch for the servers, in words for the user.
    fn authorities(&self) -> &'static str;
}

/// Makes passwords for the servers that one search tries.
pub trait PasswordMaker: Send + Sync {
    /// Makes a password for a server to which there is a TLS connection. It does not wait for anything.
    ///
    /// # Errors
    /// Whatever prevents it, in words for the user.
    fn make(&self, login: &PasswordLogin<'_>) -> Result<MadePassword, Cause>;
}

/// The login that a password is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PasswordLogin<'a> {
    /// The server's name as it was given, or its address where there is none.
    pub host: &'a str,
    /// The server's port.
    pub port: u16,
    /// The role that logs in.
    pub user: &'a BStr,
}

impl<'a> PasswordLogin<'a> {
    /// The login of a role at a server.
    pub fn new(host: &'a str, port: u16, user: &'a (impl AsRef<[u8]> + ?Sized)) -> Self {
        Self {
            host,
            port,
            user: BStr::new(user),
        }
    }
}

/// A password that was made.
#[derive(Debug, Clone)]
pub struct MadePassword {
    /// The password.
    pub password: Secret,
    /// What it was made of and for, for the message about a login that is refused.
    pub origin: String,
}

/// Sets `sslmode` to one that encrypts, since what is sent is the password itself. Unless the user says it, the server
/// is verified where there is something to verify it by.
pub(crate) fn settle_encryption(
    config: &mut Config,
    provider: &dyn PasswordProvider,
) -> Result<()> {
    let said = config.said("sslmode").map(ToOwned::to_owned);
    let mode = match said.as_ref().map(|mode| mode.as_slice()) {
        Some(b"disable") => {
            return Err(not_encrypted("sslmode", "disable".into()));
        }
        Some(weak @ (b"allow" | b"prefer")) => {
            let weak = BStr::new(weak);
            tracing::warn!(
                "sslmode={weak} is taken for require: a password that is made for each login is sent over TLS only"
            );
            "require"
        }
        // A mistake is found when all options are examined.
        Some(_) => return Ok(()),
        None if tls::has_authorities(config) => "verify-full",
        None => {
            tracing::warn!(
                "the server is not verified (sslmode=require), so that whoever stands in between may take the password; for sslmode=verify-full give sslrootcert {}",
                provider.authorities()
            );
            "require"
        }
    };
    config.set("sslmode", mode)
}

/// Refuses a target that could lead to a login without TLS, or by another method than the password itself.
pub(crate) fn examine(target: &mut Target, config: &Config) -> Result<()> {
    if matches!(
        target.tls.mode,
        SslMode::Disable | SslMode::Allow | SslMode::Prefer
    ) {
        let mode = config.get("sslmode").unwrap_or("prefer".into());
        return Err(not_encrypted("sslmode", mode));
    }
    let socket = target
        .hosts
        .iter()
        .find(|host| matches!(host.place, Place::Socket(_)));
    if let Some(socket) = socket {
        return Err(not_encrypted(
            "host",
            BString::from(socket.shown_host()).as_ref(),
        ));
    }
    if !target.methods.contains(Method::Password) {
        let methods = config.get("require_auth").unwrap_or_default();
        return Err(bad(
            "require_auth",
            methods,
            "a password that is made for each login needs the method password",
        ));
    }
    let mut methods = Methods::EMPTY.with(Method::Password);
    if target.methods.contains(Method::None) {
        methods = methods.with(Method::None);
    }
    target.methods = methods;
    Ok(())
}

fn not_encrypted(name: &'static str, value: &BStr) -> Error {
    bad(
        name,
        value,
        "a password that is made for each login is sent over TLS only",
    )
}

/// Fetches what passwords are made of, where they are.
pub(crate) async fn prepare(target: &Target) -> Result<Option<Box<dyn PasswordMaker>>> {
    let Some(provider) = &target.provider else {
        return Ok(None);
    };
    let prepared = provider.prepare().await;
    prepared
        .map(Some)
        .map_err(|source| Error::Provider { source })
}

/// Makes the password for a host.
pub(crate) fn make(
    maker: &dyn PasswordMaker,
    target: &Target,
    host: &Host,
) -> Result<MadePassword> {
    let name = host.shown_host();
    maker
        .make(&PasswordLogin::new(&name, host.port, &target.user))
        .map_err(|source| Error::Provider { source })
}

#[cfg(test)]
mod tests;
