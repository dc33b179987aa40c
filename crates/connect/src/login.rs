//! Opening sessions: hosts, addresses and encryption in libpq's order, until one is good.

use std::time::Duration;

use pgark_wire::{Authentication, AuthenticationError, CancelKey, ChannelBinding};

use crate::dial::{Address, Encryption, Order, addresses, describe, dial};
use crate::host::Host;
use crate::target::{Binding, SslMode, Target};
use crate::{Config, Error, LoginError, Result, Session, Stream, tls};

/// Opens a session: dials, wraps in TLS as `sslmode` says, and logs in.
///
/// Every address of every host is tried, each for `connect_timeout` (10 s unless it is given), until one answers;
/// a refused login ends the search.
///
/// # Errors
/// See [`Error`] and its predicates.
///
/// Cancel safe: dropping the future closes what it has opened.
pub async fn connect(config: &Config) -> Result<Session> {
    Ok(open(config).await?.0)
}

/// As [`connect`], with the server's name for messages.
pub(crate) async fn open(config: &Config) -> Result<(Session, String)> {
    let target = Target::of(config)?;
    reach(&target, &LogIn(&target)).await
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

struct LogIn<'a>(&'a Target);

struct Cancel<'a>(&'a CancelKey);

impl Errand for LogIn<'_> {
    type Outcome = (Session, String);

    async fn run(&self, stream: Stream, host: &Host, server: &str) -> Result<Self::Outcome> {
        let target = self.0;
        let (password, origin) = target.password(host);
        let hash = match &stream {
            Stream::Tls(stream) if target.binding != Binding::Disable => {
                tls::channel_binding(stream)
            }
            _ => None,
        };
        let authentication = Authentication {
            password,
            channel_binding: hash.map_or(ChannelBinding::None, ChannelBinding::TlsServerEndPoint),
            channel_binding_required: target.binding == Binding::Require,
            cleartext_allowed: !matches!(stream, Stream::Tcp(_))
                || target.tls.mode == SslMode::Disable,
        };
        match Session::start(stream, &target.startup(), &authentication).await {
            Ok(session) => Ok((session, server.to_owned())),
            Err(source) => {
                let mut error = LoginError {
                    server: server.to_owned(),
                    user: target.user.clone(),
                    database: target.database.clone(),
                    source,
                    note: String::new(),
                };
                if error.is_refusal() {
                    error.note = origin;
                }
                Err(Error::Login(Box::new(error)))
            }
        }
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

/// Runs an errand at the first host that can be reached.
async fn reach<E: Errand + Sync>(target: &Target, errand: &E) -> Result<E::Outcome> {
    let mut failures = Vec::new();
    for host in &target.hosts {
        let found = match within(target.timeout, &host.shown_host(), addresses(host)).await {
            Ok(found) => found,
            Err(error) => {
                failures.push(error);
                continue;
            }
        };
        for address in found {
            let server = describe(host, &address);
            match within(
                target.timeout,
                &server,
                visit(target, host, &address, &server, errand),
            )
            .await
            {
                Ok(outcome) => return Ok(outcome),
                Err(error) if is_unreachable(&error) => failures.push(error),
                Err(error) => return Err(error),
            }
        }
    }
    match failures.pop() {
        Some(error) if failures.is_empty() => Err(error),
        last => Err(Error::Unreachable {
            attempts: failures.into_iter().chain(last).collect(),
        }),
    }
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
                Error::Tls { .. } | Error::Credential { .. } => {
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
        .map_err(|error| Failure {
            other_encryption_may_help: matches!(
                error,
                Error::Tls { .. } | Error::Credential { .. }
            ),
            error,
        })?;
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

/// Whether a login may end differently with the other encryption: pg_hba.conf may tell the two apart, and a
/// password in clear text needs TLS.
fn depends_on_encryption(error: &Error) -> bool {
    match error {
        Error::Login(login) => match &login.source {
            pgark_wire::Error::Authentication(error) => {
                matches!(error, AuthenticationError::Cleartext)
            }
            _ => login.is_refusal(),
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

/// Whether another address may do better.
fn is_unreachable(error: &Error) -> bool {
    match error {
        Error::Resolve { .. } | Error::Dial { .. } | Error::Timeout { .. } => true,
        // The server is starting up, shutting down or recovering.
        Error::Login(_) => error
            .server()
            .is_some_and(|error| error.sqlstate == "57P03"),
        _ => false,
    }
}

/// Gives a step the time there is for it.
async fn within<T>(
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
