//! The ways to log in.

use std::fmt;

/// A way to log in, by its name in `pg_hba.conf` and in libpq's option `require_auth`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// The server asked for nothing: `trust`, `peer`, `ident` or `cert`.
    None,
    /// The password in clear text: `password`, `ldap`, `pam`, `radius` or `bsd`.
    Password,
    /// A hash of the password, salted by the server.
    Md5,
    /// SCRAM, with channel binding or without.
    ScramSha256,
    /// Kerberos, which is not implemented.
    Gss,
    /// Windows' own, which is not implemented.
    Sspi,
    /// `OAuth`, which is not implemented.
    OAuth,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 7] = [
        Self::None,
        Self::Password,
        Self::Md5,
        Self::ScramSha256,
        Self::Gss,
        Self::Sspi,
        Self::OAuth,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Password => "password",
            Self::Md5 => "md5",
            Self::ScramSha256 => "scram-sha-256",
            Self::Gss => "gss",
            Self::Sspi => "sspi",
            Self::OAuth => "oauth",
        }
    }

    /// What a server wants that asks for it, where it is not allowed.
    pub(crate) fn wish(self) -> String {
        match self {
            Self::None => "no authentication, which require_auth does not allow".into(),
            method => format!("the method {method}, which require_auth does not allow"),
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of methods; by default it has them all.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Methods(u8);

impl Methods {
    /// No method.
    pub const EMPTY: Self = Self(0);

    /// Every method.
    pub const ALL: Self = Self(u8::MAX);

    /// Whether a method is in the set.
    pub const fn contains(self, method: Method) -> bool {
        self.0 & 1 << method as u8 != 0
    }

    /// The set with a method.
    #[must_use]
    pub const fn with(self, method: Method) -> Self {
        Self(self.0 | 1 << method as u8)
    }

    /// The set without a method.
    #[must_use]
    pub const fn without(self, method: Method) -> Self {
        Self(self.0 & !(1 << method as u8))
    }
}

impl Default for Methods {
    fn default() -> Self {
        Self::ALL
    }
}

impl fmt::Debug for Methods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members = Method::ALL.iter().filter(|method| self.contains(**method));
        f.debug_set().entries(members).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_was_put_into_it() {
        let some = Methods::EMPTY
            .with(Method::Md5)
            .with(Method::None)
            .without(Method::Md5);
        for method in Method::ALL {
            assert_eq!(some.contains(method), method == Method::None, "{method}");
            assert!(Methods::default().contains(method), "{method}");
            assert!(!Methods::ALL.without(method).contains(method), "{method}");
        }
        assert_eq!(format!("{some:?}"), "{None}");
    }
}
