//! Opening sessions: hosts, addresses and encryption in libpq's order, until one is good.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use pgark_wire::{Authentication, AuthenticationError, CancelKey, ChannelBinding};

use crate::dial::{self, Address, Encryption, Order, addresses, describe, dial};
use crate::host::Host;
use crate::session_attributes::SessionAttributes;
use crate::target::{Binding, Target};
use crate::tls::{self, CertificateMode, SslMode};
use crate::{
    Asking, Config, Error, LoginError, PasswordMaker, PasswordRequest, Pooler, Result, Session,
    Stream, pooler, provider,
};

/// Opens a session: dials, wraps in TLS as `sslmode` says, logs in, and sees whether it is of the kind that
/// `target_session_attrs` asks for.
///
/// The addresses of all hosts are tried, each for `connect_timeout` (10 s unless it is given), until one will do;
/// a refused login ends the search. If a server wants a password and none is known, and there is somebody to ask
/// ([`Config::set_password_prompt`]), the search is done once more with the answer.
///
/// A pooler in between must keep one of the server's sessions for this one; one that gives it away after a
/// transaction is refused unless that is allowed ([`Config::allow_transaction_pooling`]).
///
/// # Errors
/// See [`Error`] and its predicates.
///
/// Cancel safe: dropping the future closes what it has opened.
pub async fn connect(config: &Config) -> Result<Session> {
    Ok(open_checked(config).await?.0)
}

/// As [`connect`], with the server's name for messages.
pub(crate) async fn open_checked(config: &Config) -> Result<(Session, String)> {
    let (target, mut session, server) = open(config).await?;
    let Some(is_replication) = target.replication() else {
        // There is no SQL to find a pooler by. PgBouncer before 1.23 refuses such sessions itself.
        session.expect_short_answers(false);
        return Ok((session, server));
    };
    let find = async {
        let found = pooler::find(&target, &mut session).await;
        found.map_err(|source| Error::Session {
            server: server.clone(),
            source,
        })
    };
    let why = match within(target.timeout, &server, find).await? {
        Pooler::None => None,
        _ if is_replication => {
            Some("there is a pooler before the server, and replication needs the server itself")
        }
        Pooler::Session => None,
        Pooler::Transaction if config.allows_transaction_pooling => None,
        Pooler::Transaction => Some(
            "there is a pooler before the server, in transaction mode: settings of the session would be lost, and reach others",
        ),
        Pooler::Statement => Some(
            "there is a pooler before the server, in statement mode: transactions of several statements are not possible",
        ),
    };
    match why {
        None => {
            session.expect_short_answers(false);
            Ok((session, server))
        }
        Some(why) => {
            // It is of no use; whether it closes in good order changes nothing.
            let _ = session.close().await;
            Err(Error::Pooler { server, why })
        }
    }
}

/// Opens a session, which takes short answers, whoever stands before the server.
pub(crate) async fn open(config: &Config) -> Result<(Target, Session, String)> {
    let mut target = Target::of(config)?;
    if let Some(prompt) = target
        .prompt
        .clone()
        .filter(|prompt| prompt.asking == Asking::Always)
    {
        let request = PasswordRequest {
            user: target.user.clone(),
            server: None,
        };
        if let Some(password) = prompt.ask(request).await? {
            target.set_password(password);
        }
    }
    let opened = match log_in(&target).await {
        Err(error) => {
            let (Some(request), Some(prompt)) = (error.password_request(), &target.prompt) else {
                return Err(error);
            };
            let Some(password) = prompt.ask(request).await? else {
                return Err(error);
            };
            target.set_password(password);
            log_in(&target).await?
        }
        Ok(opened) => opened,
    };
    let (session, server) = opened;
    Ok((target, session, server))
}

/// Tries the hosts; where a standby is preferred and there is none, the hosts once more.
pub(crate) async fn log_in(target: &Target) -> Result<(Session, String)> {
    let maker = provider::prepare(target).await?;
    let errand = |attributes| LogIn {
        target,
        attributes,
        maker: maker.as_deref(),
    };
    match reach(target, &errand(target.attributes)).await {
        Err(error)
            if target.attributes == SessionAttributes::PreferStandby
                && then_to(&error) != Then::Stop =>
        {
            tracing::debug!("{error}; any server will do now");
            reach(target, &errand(SessionAttributes::Any)).await
        }
        result => result,
    }
}

/// Asks the server to stop what a session does, over a connection of its own that is encrypted as the session's
/// was. Where the configuration leads to several servers, the first that answers is asked.
///
/// # Errors
/// See [`Error`]. Success says that the request was taken: the statement's own session shows whether it was
/// cancelled (SQLSTATE 57014).
///
/// Not cancel safe: dropping the future may or may not have sent the request.
pub async fn cancel(config: &Config, key: &CancelKey) -> Result<()> {
    reach(&Target::of(config)?, &Cancel(key)).await
}

/// What to do with a stream once it has been dialled.
trait Errand {
    type Outcome: Send;

    fn run(
        &self,
        stream: Stream,
        host: &Host,
        server: &str,
    ) -> impl Future<Output = Result<Self::Outcome>> + Send;
}

struct LogIn<'a> {
    target: &'a Target,
    attributes: SessionAttributes,
    maker: Option<&'a dyn PasswordMaker>,
}

struct Cancel<'a>(&'a CancelKey);

impl LogIn<'_> {
    /// What may be sent over a stream, and where the password comes from.
    fn authentication(&self, stream: &Stream, host: &Host) -> Result<(Authentication, String)> {
        let target = self.target;
        let (password, origin) = match self.maker {
            // Without TLS, where no target should lead to, there is none.
            Some(maker) if stream.is_tls() => {
                let made = provider::make(maker, target, host)?;
                (Some(made.password), format!("; {}", made.origin))
            }
            Some(_) => (None, String::new()),
            None => target.password(host),
        };
        let channel_binding = match stream {
            _ if target.binding == Binding::Disable => ChannelBinding::Disabled,
            Stream::Tls(stream) => tls::channel_binding(stream)
                .map_or(ChannelBinding::Undefined, ChannelBinding::TlsServerEndPoint),
            Stream::Tcp(_) | Stream::Unix(_) => ChannelBinding::None,
        };
        let authentication = Authentication {
            password,
            channel_binding,
            channel_binding_required: target.binding == Binding::Require,
            cleartext_allowed: !matches!(stream, Stream::Tcp(_))
                || target.tls.mode == SslMode::Disable,
            allowed: target.methods,
        };
        Ok((authentication, origin))
    }
}

impl Errand for LogIn<'_> {
    type Outcome = (Session, String);

    async fn run(&self, stream: Stream, host: &Host, server: &str) -> Result<Self::Outcome> {
        let target = self.target;
        let (authentication, origin) = self.authentication(&stream, host)?;
        let failed = |source, note: &str| {
            Error::Login(Box::new(LoginError {
                server: server.to_owned(),
                user: target.user.clone(),
                database: target.database.clone(),
                source,
                note: note.to_owned(),
            }))
        };
        let started = Session::start(stream, &target.startup(), &authentication).await;
        let mut session = started.map_err(|source| {
            let note = match &source {
                pgark_wire::Error::Authentication(AuthenticationError::NotAllowed { .. })
                    if self.maker.is_some() =>
                {
                    "; a password that is made for each login answers a request for the password itself, which the server does not make for this role"
                }
                pgark_wire::Error::Authentication(_) => origin.as_str(),
                source if source.server().is_some_and(|error| error.is_class("28")) => &origin,
                _ => "",
            };
            failed(source, note)
        })?;
        // Whether the server will do is still to be seen.
        session.expect_short_answers(true);
        if target.tls.certificate_mode == CertificateMode::Require && !session.stream().is_tls() {
            return Err(Error::Tls {
                server: server.to_owned(),
                problem:
                    "no client certificate can be shown without it, and sslcertmode is \"require\""
                        .into(),
            });
        }
        let checked = self.attributes.check(&mut session).await;
        if let Some(why) = checked.map_err(|source| failed(source, ""))? {
            // It is of no use; whether it closes in good order changes nothing.
            let _ = session.close().await;
            return Err(Error::Unsuitable {
                server: server.to_owned(),
                why,
                wanted: self.attributes.name(),
            });
        }
        Ok((session, server.to_owned()))
    }
}

impl Errand for Cancel<'_> {
    type Outcome = ();

    async fn run(&self, stream: Stream, _host: &Host, server: &str) -> Result<()> {
        pgark_wire::cancel(stream, self.0)
            .await
            .map_err(|source| Error::Session {
                server: server.to_owned(),
                source,
            })
    }
}

/// Runs an errand at the first host that will do.
async fn reach<E: Errand + Sync>(target: &Target, errand: &E) -> Result<E::Outcome> {
    let mut failures = Vec::new();
    let mut hosts: Vec<&Host> = target.hosts.iter().collect();
    if target.is_balanced {
        shuffle(&mut hosts);
    }
    'hosts: for host in hosts {
        let found = within(target.timeout, &host.shown_host(), addresses(host)).await;
        let mut found = match found {
            Ok(found) => found,
            Err(error) => {
                failures.push(error);
                continue;
            }
        };
        if target.is_balanced {
            shuffle(&mut found);
        }
        for address in found {
            let server = describe(host, &address);
            let visit = visit(target, host, &address, &server, errand);
            let error = match within(target.timeout, &server, visit).await {
                Ok(outcome) => return Ok(outcome),
                Err(error) => error,
            };
            let then = then_to(&error);
            failures.push(error);
            match then {
                Then::NextAddress => {}
                Then::NextHost => continue 'hosts,
                Then::Stop => break 'hosts,
            }
        }
    }
    match failures.pop() {
        Some(error) if failures.is_empty() => Err(error),
        last => Err(Error::Several {
            attempts: failures.into_iter().chain(last).collect(),
        }),
    }
}

/// Puts things in random order. That nobody can foretell it is not needed.
fn shuffle<T>(things: &mut [T]) {
    things.sort_by_cached_key(|_| RandomState::new().build_hasher().finish());
}

/// Tries one address, with and without encryption as the mode says.
async fn visit<E: Errand + Sync>(
    target: &Target,
    host: &Host,
    address: &Address,
    server: &str,
    errand: &E,
) -> Result<E::Outcome> {
    let attempt = |encryption| attempt(target, host, address, server, errand, encryption);
    match Order::of(target.tls.mode, address) {
        Order::Only(encryption) => attempt(encryption).await.map_err(|failure| failure.error),
        Order::Both(first, second) => {
            let first = match attempt(first).await {
                Err(failure) if failure.other_encryption_may_help => failure.error,
                result => return result.map_err(|failure| failure.error),
            };
            match first {
                Error::Tls { .. } | Error::Credential { .. } if second == Encryption::Plain => {
                    tracing::warn!("{first}; going on without encryption");
                }
                _ => tracing::debug!("{first}; trying with the other encryption"),
            }
            attempt(second)
                .await
                .map_err(|failure| more_telling(first, failure.error))
        }
    }
}

/// Why an attempt failed.
struct Failure {
    error: Error,
    other_encryption_may_help: bool,
}

async fn attempt<E: Errand + Sync>(
    target: &Target,
    host: &Host,
    address: &Address,
    server: &str,
    errand: &E,
    encryption: Encryption,
) -> Result<E::Outcome, Failure> {
    let stream = dial(target, host, address, encryption, server)
        .await
        .map_err(
            |dial::Failure {
                 error,
                 is_handshake,
             }| Failure {
                error,
                other_encryption_may_help: is_handshake,
            },
        )?;
    // A server that declined TLS has seen both ways already.
    let declined = encryption == Encryption::Tls && !stream.is_tls();
    errand
        .run(stream, host, server)
        .await
        .map_err(|error| Failure {
            other_encryption_may_help: !declined && depends_on_encryption(&error),
            error,
        })
}

/// Whether a login may end differently with the other encryption: pg_hba.conf may tell the two apart, a pooler may
/// insist on one (08P01), and a password in clear text needs TLS.
fn depends_on_encryption(error: &Error) -> bool {
    match error {
        Error::Login(login) => match &login.source {
            pgark_wire::Error::Authentication(error) => {
                matches!(error, AuthenticationError::Cleartext)
            }
            source => source
                .server()
                .is_some_and(|error| error.is_class("28") || error.is_class("08")),
        },
        _ => false,
    }
}

/// Which of two failures to report: the first, if it says what is wrong (TLS, or the password); the second, if
/// it got as far as logging in.
fn more_telling(first: Error, second: Error) -> Error {
    let password_refused = first
        .server()
        .is_some_and(|error| error.sqlstate == "28P01");
    match (&first, &second) {
        (Error::Login(_), Error::Login(_)) if !password_refused => second,
        _ => first,
    }
}

/// What to do after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    NextAddress,
    NextHost,
    Stop,
}

/// Where to go on after a failure, as libpq does.
fn then_to(error: &Error) -> Then {
    match error {
        Error::Dial { .. } | Error::Timeout { .. } => Then::NextAddress,
        Error::Resolve { .. } | Error::Unsuitable { .. } => Then::NextHost,
        // The server is starting up, shutting down or recovering.
        Error::Login(login)
            if login
                .source
                .server()
                .is_some_and(|error| error.sqlstate == "57P03") =>
        {
            Then::NextHost
        }
        Error::Several { attempts } => attempts.last().map_or(Then::Stop, then_to),
        _ => Then::Stop,
    }
}

/// Gives a step the time there is for it.
pub(crate) async fn within<T>(
    limit: Option<Duration>,
    server: &str,
    step: impl Future<Output = Result<T>>,
) -> Result<T> {
    let Some(limit) = limit else {
        return step.await;
    };
    match tokio::time::timeout(limit, step).await {
        Ok(result) => result,
        Err(_) => Err(Error::Timeout {
            server: server.to_owned(),
            seconds: limit.as_secs(),
        }),
    }
}

#[cfg(test)]
mod tests;
