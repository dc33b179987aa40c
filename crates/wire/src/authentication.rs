//! Logging in: what the server may ask for and what it is answered.
//!
//! Manual: "Message Flow", section "Start-up", and "SASL Authentication".

use bstr::ByteSlice;
use bytes::{Buf, BytesMut};
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::message::backend::{AUTHENTICATION_TAG, ERROR_RESPONSE_TAG};
use postgres_protocol::message::frontend;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::protocol::negotiated;
use crate::scram::{Binding, SCRAM_SHA_256, SCRAM_SHA_256_PLUS, Scram};
use crate::startup::too_long;
use crate::{
    AuthenticationError, Error, Method, Methods, ProtocolVersion, Result, Secret, Session, Startup,
};

/// NegotiateProtocolVersion, of which postgres-protocol knows nothing.
const NEGOTIATE_TAG: u8 = b'v';

/// What is at hand to log in with, and what may be sent.
#[derive(Debug, Clone, Default)]
pub struct Authentication {
    /// The password, if there is one.
    pub password: Option<Secret>,
    /// The proof of the TLS connection that SCRAM can carry.
    pub channel_binding: ChannelBinding,
    /// Whether to go without channel binding rather than fail (false) or to fail (true).
    pub channel_binding_required: bool,
    /// Whether the password itself may be sent when the server asks for it: over TLS, over a Unix socket, or
    /// because the user asked for an unencrypted connection.
    pub cleartext_allowed: bool,
    /// The methods that may be used at all; what the server asks for beyond them is refused before anything is
    /// sent. Without [`Method::None`] a server that asks for nothing is refused too.
    pub allowed: Methods,
}

impl Authentication {
    /// A password for SCRAM and md5, never sent in clear text.
    pub fn password(password: Secret) -> Self {
        Self {
            password: Some(password),
            ..Self::default()
        }
    }
}

/// What SCRAM can bind the login to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ChannelBinding {
    /// Nothing: the connection has no TLS.
    #[default]
    None,
    /// Nothing: the user does not want it.
    Disabled,
    /// Nothing: the server's certificate defines no hash.
    Undefined,
    /// The hash of the server's certificate (RFC 5929, `tls-server-end-point`).
    TlsServerEndPoint(Vec<u8>),
}

/// A server's request, the body of an Authentication message.
enum Request<'a> {
    Ok,
    CleartextPassword,
    Md5Password([u8; 4]),
    Sasl(&'a [u8]),
    SaslContinue(&'a [u8]),
    SaslFinal(&'a [u8]),
    Other(Option<Method>, &'static str),
}

impl<'a> Request<'a> {
    fn parse(mut body: &'a [u8]) -> Result<Self, String> {
        let code = body
            .try_get_i32()
            .map_err(|_| "malformed Authentication message")?;
        Ok(match code {
            0 => Self::Ok,
            2 => Self::Other(None, "Kerberos V5"),
            3 => Self::CleartextPassword,
            4 => Self::Other(None, "crypt"),
            5 => {
                let salt = body
                    .try_into()
                    .map_err(|_| "malformed AuthenticationMD5Password")?;
                Self::Md5Password(salt)
            }
            6 => Self::Other(None, "SCM credentials"),
            7 | 8 => Self::Other(Some(Method::Gss), "GSSAPI"),
            9 => Self::Other(Some(Method::Sspi), "SSPI"),
            10 => Self::Sasl(body),
            11 => Self::SaslContinue(body),
            12 => Self::SaslFinal(body),
            code => return Err(format!("unknown authentication request {code}")),
        })
    }
}

/// How far the SASL exchange is.
enum Sasl {
    NotStarted,
    Started(Scram),
    /// The server has proved that it knows the password.
    Verified,
}

/// The client's side of logging in, without I/O.
pub(crate) struct Exchange<'a> {
    user: &'a [u8],
    authentication: &'a Authentication,
    sasl: Sasl,
    login: Login,
}

/// How a login was done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Login {
    pub(crate) method: Method,
    /// Whether the SASL exchange carries a channel binding.
    pub(crate) bound: bool,
    pub(crate) protocol: ProtocolVersion,
}

impl<'a> Exchange<'a> {
    pub(crate) fn new(startup: &'a Startup, authentication: &'a Authentication) -> Self {
        Self {
            user: startup.user(),
            authentication,
            sasl: Sasl::NotStarted,
            login: Login {
                method: Method::None,
                bound: false,
                protocol: startup.wanted_protocol(),
            },
        }
    }

    /// Answers a request into `out`; true once the server has accepted us.
    fn answer(&mut self, body: &[u8], out: &mut BytesMut) -> Result<bool, Failure> {
        let request = Request::parse(body)?;
        match request {
            Request::Ok => {
                self.check_accepted()?;
                return Ok(true);
            }
            Request::CleartextPassword => {
                self.choose(Method::Password)?;
                self.check_unbound_method()?;
                if !self.authentication.cleartext_allowed {
                    return Err(AuthenticationError::Cleartext.into());
                }
                let password = self.password("password")?;
                frontend::password_message(password, out).map_err(too_long("the password"))?;
            }
            Request::Md5Password(salt) => {
                self.choose(Method::Md5)?;
                self.check_unbound_method()?;
                let hash = md5_hash(self.user, self.password("md5")?, salt);
                frontend::password_message(hash.as_bytes(), out)
                    .map_err(too_long("the password"))?;
            }
            Request::Sasl(mechanisms) => self.start_sasl(mechanisms, out)?,
            Request::SaslContinue(message) => {
                let Sasl::Started(scram) = &mut self.sasl else {
                    return Err("AuthenticationSASLContinue without a start".into());
                };
                let answer = scram.answer(message).map_err(AuthenticationError::Scram)?;
                frontend::sasl_response(answer.as_bytes(), out)
                    .map_err(too_long("the SCRAM response"))?;
            }
            Request::SaslFinal(message) => {
                let Sasl::Started(scram) = &mut self.sasl else {
                    return Err("AuthenticationSASLFinal without a start".into());
                };
                scram.finish(message).map_err(AuthenticationError::Scram)?;
                self.sasl = Sasl::Verified;
            }
            Request::Other(method, name) => {
                if let Some(method) = method {
                    self.choose(method)?;
                }
                return Err(AuthenticationError::Unsupported {
                    method: name.into(),
                }
                .into());
            }
        }
        Ok(false)
    }

    /// Begins with a method, unless it is one that must not be used, or the second one.
    fn choose(&mut self, method: Method) -> Result<(), Failure> {
        if self.login.method != Method::None {
            return Err("a second authentication request".into());
        }
        self.check_allowed(method)?;
        self.login.method = method;
        Ok(())
    }

    fn check_allowed(&self, method: Method) -> Result<(), AuthenticationError> {
        if self.authentication.allowed.contains(method) {
            Ok(())
        } else {
            Err(AuthenticationError::NotAllowed { method })
        }
    }

    fn start_sasl(&mut self, mechanisms: &[u8], out: &mut BytesMut) -> Result<(), Failure> {
        let offers = |name: &str| {
            mechanisms
                .split(|byte| *byte == 0)
                .any(|offered| offered == name.as_bytes())
        };
        let plus = offers(SCRAM_SHA_256_PLUS);
        if !plus && !offers(SCRAM_SHA_256) {
            let names = mechanisms.replace(b"\0", b" ");
            return Err(AuthenticationError::Unsupported {
                method: format!("SASL with {}", names.trim_ascii().as_bstr()),
            }
            .into());
        }
        self.choose(Method::ScramSha256)?;
        let required = self.authentication.channel_binding_required;
        let (mechanism, binding) = match &self.authentication.channel_binding {
            // It makes no sense without TLS, unless somebody in between has taken the TLS away.
            ChannelBinding::None if plus => {
                return Err(AuthenticationError::ChannelBinding {
                    why: "is offered by the server, although the connection has no TLS",
                }
                .into());
            }
            ChannelBinding::TlsServerEndPoint(hash) if plus => {
                (SCRAM_SHA_256_PLUS, Binding::TlsServerEndPoint(hash.clone()))
            }
            binding if required => {
                return Err(AuthenticationError::ChannelBinding {
                    why: match binding {
                        ChannelBinding::None => "is required, but the connection has no TLS",
                        ChannelBinding::Disabled => "is required and switched off",
                        ChannelBinding::Undefined => {
                            "is required, but the server's certificate defines no hash to bind to"
                        }
                        ChannelBinding::TlsServerEndPoint(_) => {
                            "is required, but the server does not offer it"
                        }
                    },
                }
                .into());
            }
            // "Could bind, and the server did not offer it": the server then finds out a third party that
            // has taken the offer away. One that did offer it would refuse this flag.
            ChannelBinding::TlsServerEndPoint(_) => (SCRAM_SHA_256, Binding::Unrequested),
            ChannelBinding::None | ChannelBinding::Disabled | ChannelBinding::Undefined => {
                (SCRAM_SHA_256, Binding::Unsupported)
            }
        };
        self.login.bound = mechanism == SCRAM_SHA_256_PLUS;
        let password = self.password("scram-sha-256")?;
        let scram = Scram::new(password, binding).map_err(AuthenticationError::Scram)?;
        frontend::sasl_initial_response(mechanism, scram.first_message().as_bytes(), out)
            .map_err(too_long("the SCRAM message"))?;
        self.sasl = Sasl::Started(scram);
        Ok(())
    }

    fn password(&self, method: &'static str) -> Result<&'a [u8], AuthenticationError> {
        match &self.authentication.password {
            Some(password) if !password.is_empty() => Ok(password.expose()),
            _ => Err(AuthenticationError::NoPassword { method }),
        }
    }

    /// Refuses a method that cannot carry a binding where one is demanded.
    fn check_unbound_method(&self) -> Result<(), AuthenticationError> {
        if self.authentication.channel_binding_required {
            return Err(AuthenticationError::ChannelBinding {
                why: "is required, but the server asks for a method that cannot carry it",
            });
        }
        Ok(())
    }

    /// An "accepted" counts only once the server has proved itself, if a proof was begun or demanded.
    fn check_accepted(&self) -> Result<(), Failure> {
        match self.sasl {
            Sasl::Started(_) => Err("AuthenticationOk in the middle of a SASL exchange".into()),
            Sasl::Verified if self.login.bound => Ok(()),
            _ => {
                self.check_allowed(self.login.method)?;
                Ok(self.check_unbound_method()?)
            }
        }
    }
}

/// Why a request was not answered.
enum Failure {
    Protocol(String),
    Error(Error),
}

impl From<String> for Failure {
    fn from(what: String) -> Self {
        Self::Protocol(what)
    }
}

impl From<&str> for Failure {
    fn from(what: &str) -> Self {
        Self::Protocol(what.into())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<AuthenticationError> for Failure {
    fn from(error: AuthenticationError) -> Self {
        Self::Error(error.into())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<S> {
    /// Answers the server's requests until it accepts us.
    pub(crate) async fn authenticate(
        &mut self,
        startup: &Startup,
        authentication: &Authentication,
    ) -> Result<Login> {
        let mut exchange = Exchange::new(startup, authentication);
        let mut negotiated_once = false;
        loop {
            let frame = self.receive().await?;
            let body = self.reader.body(&frame);
            match frame.tag {
                AUTHENTICATION_TAG => {
                    let mut out = BytesMut::new();
                    match exchange.answer(body, &mut out) {
                        Ok(true) => return Ok(exchange.login),
                        Ok(false) => self.send(&out).await?,
                        Err(Failure::Error(error)) => return Err(error),
                        Err(Failure::Protocol(what)) => return Err(self.violation(what)),
                    }
                }
                ERROR_RESPONSE_TAG => return Err(self.server_error(&frame)?.into()),
                NEGOTIATE_TAG if !negotiated_once => {
                    negotiated_once = true;
                    match negotiated(startup.wanted_protocol(), body) {
                        Ok(offered) if offered < startup.least_protocol() => {
                            return Err(Error::ProtocolVersion {
                                offered,
                                least: startup.least_protocol(),
                            });
                        }
                        Ok(offered) => exchange.login.protocol = offered,
                        Err(what) => return Err(self.violation(what)),
                    }
                }
                _ => return Err(self.unexpected(&frame)),
            }
        }
    }
}

#[cfg(test)]
mod tests;
