//! A logged-in connection.

use std::fmt;
use std::mem;

use bstr::BStr;
use bytes::{BufMut, BytesMut};
use postgres_protocol::message::backend::{
    AUTHENTICATION_TAG, BACKEND_KEY_DATA_TAG, ERROR_RESPONSE_TAG, NOTICE_RESPONSE_TAG,
    NOTIFICATION_RESPONSE_TAG, PARAMETER_STATUS_TAG, READY_FOR_QUERY_TAG,
};
use postgres_protocol::message::frontend;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use crate::authentication::Login;
use crate::frame::{Frame, FrameReader};
use crate::parameters::Parameters;
use crate::{
    Authentication, CancelKey, Error, Method, ProtocolVersion, Result, ServerError, Startup,
};

/// Whether a session can take a statement.
enum Condition {
    Ready,
    /// In the middle of something; who finds it so at the start of an operation knows that the one before was
    /// dropped before its end.
    Busy(&'static str),
    Broken(String),
}

/// A session with a server: a stream on which somebody has logged in.
///
/// After an error of the server the session has been read to its next ready state and can be used again. After
/// any other error, and after an operation whose future or [`CopyOut`](crate::CopyOut) was dropped before its
/// end, every later call fails with [`Error::Unusable`]: what the server still has to say about the old
/// statement is never taken for an answer to a new one. Notices go to the log (target `pgark::server`).
pub struct Session<S> {
    pub(crate) stream: S,
    pub(crate) reader: FrameReader,
    parameters: Parameters,
    cancel_key: Option<CancelKey>,
    login: Login,
    condition: Condition,
}

impl<S> Session<S> {
    /// A run-time parameter as the server last reported it: `server_version`, `client_encoding`,
    /// `standard_conforming_strings` and the others of the manual's section "Asynchronous Operations".
    pub fn parameter(&self, name: &str) -> Option<&BStr> {
        self.parameters.get(name)
    }

    /// What [`cancel`](crate::cancel) needs to stop this session's statement.
    pub fn cancel_key(&self) -> Option<CancelKey> {
        self.cancel_key.clone()
    }

    /// How the session was logged in to.
    pub fn method(&self) -> Method {
        self.login.method
    }

    /// Whether the login was bound to the TLS connection, so that nobody can stand in between.
    pub fn is_channel_bound(&self) -> bool {
        self.login.bound
    }

    /// The version of the protocol that both sides have agreed on.
    pub fn protocol(&self) -> ProtocolVersion {
        self.login.protocol
    }

    /// Whether answers are short from now on: then no message of more than 64 KiB is taken, and no results of more than
    /// 1 MiB.
    pub fn expect_short_answers(&mut self, expected: bool) {
        self.reader.expect_short_messages(expected);
    }

    /// Whether the session waits for a moment after it has read little, so that the next read brings more: for data that
    /// goes on for long, of which each packet costs less than to wake up for it. It slows streams down that give little at a
    /// time though more has come (TLS gives a record), and those that hold little (Unix sockets). Meanwhile the session needs
    /// the timer of a Tokio runtime.
    pub fn pause_after_short_reads(&mut self, wanted: bool) {
        self.reader.pause_after_short_reads(wanted);
    }

    /// The stream under the session.
    pub fn stream(&self) -> &S {
        &self.stream
    }

    /// Gives the stream up to another client library, with what a server would now send to one that starts up:
    /// AuthenticationOk, the parameters, the cancel key and ReadyForQuery.
    ///
    /// # Errors
    /// [`Error::Unusable`] if the session is not ready for a statement.
    pub fn into_startup(mut self) -> Result<(S, BytesMut)> {
        self.check_ready()?;
        let mut replay = BytesMut::new();
        let mut put = |tag: u8, body: &[&[u8]]| {
            let length: usize = body.iter().map(|part| part.len()).sum();
            replay.put_u8(tag);
            // Bodies are those of messages that came in under the reader's limit.
            replay.put_u32(u32::try_from(length + 4).unwrap_or(u32::MAX));
            for part in body {
                replay.put_slice(part);
            }
        };
        put(AUTHENTICATION_TAG, &[&[0; 4]]);
        for (name, value) in self.parameters.iter() {
            put(PARAMETER_STATUS_TAG, &[name, b"\0", value, b"\0"]);
        }
        if let Some(key) = &self.cancel_key {
            put(
                BACKEND_KEY_DATA_TAG,
                &[&key.process_id().to_be_bytes(), key.secret()],
            );
        }
        put(READY_FOR_QUERY_TAG, &[b"I"]);
        replay.put_slice(self.reader.rest());
        Ok((self.stream, replay))
    }

    /// Whether the session can take a statement: it is neither broken nor in the middle of something.
    pub fn is_ready(&self) -> bool {
        matches!(self.condition, Condition::Ready)
    }

    /// Checks that a new operation may begin.
    pub(crate) fn check_ready(&mut self) -> Result<()> {
        let reason = match mem::replace(&mut self.condition, Condition::Ready) {
            Condition::Ready => return Ok(()),
            Condition::Busy(doing) => format!("it was abandoned while {doing}"),
            Condition::Broken(reason) => reason,
        };
        self.condition = Condition::Broken(reason.clone());
        Err(Error::Unusable { reason })
    }

    pub(crate) fn set_busy(&mut self, doing: &'static str) {
        self.condition = Condition::Busy(doing);
    }

    pub(crate) fn set_ready(&mut self) {
        self.condition = Condition::Ready;
    }

    /// What the session is doing, for messages.
    fn doing(&self) -> &'static str {
        match self.condition {
            Condition::Busy(doing) => doing,
            _ => "waiting",
        }
    }

    /// Notes that the session is of no use any more.
    pub(crate) fn broken(&mut self, error: Error) -> Error {
        self.condition = Condition::Broken(error.to_string());
        error
    }

    /// A message, or its place, that the protocol does not allow; breaks the session.
    pub(crate) fn violation(&mut self, what: impl Into<String>) -> Error {
        let doing = self.doing();
        self.broken(Error::Protocol {
            doing,
            what: what.into(),
        })
    }

    /// A message that does not belong here; breaks the session.
    pub(crate) fn unexpected(&mut self, frame: &Frame) -> Error {
        self.violation(format!("unexpected message '{}'", frame.tag.escape_ascii()))
    }

    /// Deals with a message that belongs to no operation; any other is handed back.
    pub(crate) fn pass_on(&mut self, frame: Frame) -> Result<Option<Frame>> {
        let body = self.reader.body(&frame);
        match frame.tag {
            NOTICE_RESPONSE_TAG => match ServerError::parse(body) {
                Some(notice) => notice.log(),
                None => return Err(self.violation("malformed NoticeResponse")),
            },
            PARAMETER_STATUS_TAG => {
                if let Err(what) = self.parameters.update(body) {
                    return Err(self.violation(what));
                }
            }
            NOTIFICATION_RESPONSE_TAG => {}
            _ => return Ok(Some(frame)),
        }
        Ok(None)
    }

    /// The report in an ErrorResponse.
    pub(crate) fn server_error(&mut self, frame: &Frame) -> Result<ServerError> {
        ServerError::parse(self.reader.body(frame))
            .ok_or_else(|| self.violation("malformed ErrorResponse"))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<S> {
    /// Starts up and logs in over a fresh stream, until the server is ready for a statement.
    ///
    /// # Errors
    /// [`Error::Server`] when the server refuses (SQLSTATE class 28: the login; 3D000: no such database; 53300:
    /// too many connections), [`Error::Authentication`] when we do.
    ///
    /// Until the server has accepted us, it is not trusted with more than 64 KiB of memory a message.
    ///
    /// Not cancel safe: dropping the future closes the stream.
    pub async fn start(
        stream: S,
        startup: &Startup,
        authentication: &Authentication,
    ) -> Result<Self> {
        let mut session = Self {
            stream,
            reader: FrameReader::new(),
            parameters: Parameters::default(),
            cancel_key: None,
            login: Login {
                method: Method::None,
                bound: false,
                protocol: startup.wanted_protocol(),
            },
            condition: Condition::Busy("logging in"),
        };
        session.reader.expect_short_messages(true);
        let mut out = BytesMut::new();
        startup.encode(&mut out)?;
        session.send(&out).await?;
        session.login = session.authenticate(startup, authentication).await?;
        loop {
            let frame = session.receive().await?;
            match frame.tag {
                BACKEND_KEY_DATA_TAG => {
                    let body = session.reader.body(&frame);
                    match CancelKey::parse(body, session.login.protocol) {
                        Some(key) => session.cancel_key = Some(key),
                        None => return Err(session.violation("malformed BackendKeyData")),
                    }
                }
                READY_FOR_QUERY_TAG => {
                    session.set_ready();
                    session.reader.expect_short_messages(false);
                    return Ok(session);
                }
                ERROR_RESPONSE_TAG => return Err(session.server_error(&frame)?.into()),
                _ => return Err(session.unexpected(&frame)),
            }
        }
    }

    /// Ends the session in good order (Terminate). Dropping it instead is harmless, but the server then logs an
    /// unexpected end of the connection.
    ///
    /// # Errors
    /// [`Error::ConnectionLost`] if the stream was broken already.
    pub async fn close(mut self) -> Result<()> {
        self.set_busy("closing the session");
        let mut out = BytesMut::new();
        frontend::terminate(&mut out);
        self.send(&out).await?;
        let closed = self.stream.shutdown().await;
        closed.map_err(|source| Error::ConnectionLost {
            doing: self.doing(),
            source,
        })
    }

    /// Waits for the server to end the session, which has nothing to do meanwhile; why it did, or how the connection
    /// broke.
    ///
    /// Cancel safe: dropped before that, the session is ready for a statement as before.
    pub async fn ended(&mut self) -> Error {
        if let Err(error) = self.check_ready() {
            return error;
        }
        match self.receive().await {
            Ok(frame) if frame.tag == ERROR_RESPONSE_TAG => match self.server_error(&frame) {
                Ok(error) => {
                    let error = Error::from(error);
                    self.condition = Condition::Broken(error.to_string());
                    error
                }
                Err(error) => error,
            },
            Ok(frame) => self.unexpected(&frame),
            Err(error) => error,
        }
    }

    /// Writes messages out.
    pub(crate) async fn send(&mut self, messages: &[u8]) -> Result<()> {
        let written = match self.stream.write_all(messages).await {
            Ok(()) => self.stream.flush().await,
            Err(error) => Err(error),
        };
        let doing = self.doing();
        written.map_err(|source| self.broken(Error::ConnectionLost { doing, source }))
    }

    /// The next message that belongs to an operation; notices, notifications and parameters, which may come at
    /// any time, are dealt with here. Cancel safe.
    pub(crate) async fn receive(&mut self) -> Result<Frame> {
        loop {
            let doing = self.doing();
            let frame = match self.reader.next(&mut self.stream, doing).await {
                Ok(frame) => frame,
                Err(error) => return Err(self.broken(error)),
            };
            if let Some(frame) = self.pass_on(frame)? {
                return Ok(frame);
            }
        }
    }
}

impl<S> fmt::Debug for Session<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("cancel_key", &self.cancel_key)
            .field("doing", &self.doing())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::testing::{complete, error, ready, session};

    #[tokio::test]
    async fn a_session_that_waits_sees_its_end_and_can_be_used_before() {
        let (mut session, mut server) = session().await;
        let waited = tokio::time::timeout(Duration::from_millis(10), session.ended()).await;
        assert!(waited.is_err());
        let script = async {
            server.receive().await;
            server.send(&[complete("SET"), ready()]).await;
            server.send(&[error("FATAL", "57P01")]).await;
        };
        let (used, ()) = tokio::join!(session.execute("set"), script);
        used.unwrap();
        let end = session.ended().await;
        assert_eq!(end.server().unwrap().sqlstate, "57P01");
        assert!(matches!(session.ended().await, Error::Unusable { .. }));
    }

    #[tokio::test]
    async fn a_lost_connection_is_an_end() {
        let (mut session, server) = session().await;
        drop(server);
        assert!(session.ended().await.is_connection_lost());
    }
}
