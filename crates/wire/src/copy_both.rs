//! COPY in both directions, in which a server streams its log.
//!
//! Manual: "Streaming Replication Protocol", START_REPLICATION, and "COPY-Related Message Formats".

use std::fmt;

use bytes::{BufMut, BytesMut};
use postgres_protocol::message::backend::{
    COMMAND_COMPLETE_TAG, COPY_DATA_TAG, COPY_DONE_TAG, ERROR_RESPONSE_TAG,
};
use postgres_protocol::message::frontend;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::rows::ResultSets;
use crate::{Error, Result, Rows, Session};

/// The tag of CopyBothResponse, which postgres-protocol does not have.
const COPY_BOTH_RESPONSE_TAG: u8 = b'W';

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<S> {
    /// Runs a command that starts a COPY in both directions, such as START_REPLICATION. `None` if the server completes it
    /// without one, as it does where there is nothing to stream.
    ///
    /// # Errors
    /// [`Error::Server`] if the server refuses.
    ///
    /// Not cancel safe: if the future is dropped the session cannot be used any more.
    pub async fn copy_both(
        &mut self,
        command: impl AsRef<[u8]>,
    ) -> Result<Option<CopyBoth<'_, S>>> {
        self.begin("streaming", command.as_ref()).await?;
        let frame = self.receive().await?;
        match frame.tag {
            COPY_BOTH_RESPONSE_TAG => {
                self.reader.keep_copy_messages(true);
                Ok(Some(CopyBoth {
                    session: self,
                    is_server_done: false,
                }))
            }
            COMMAND_COMPLETE_TAG => self.finish(None).await.map(|()| None),
            ERROR_RESPONSE_TAG => Err(self.refused(&frame).await),
            _ => Err(self.unexpected(&frame)),
        }
    }
}

/// A running COPY in both directions.
///
/// Dropped before [`finish`](Self::finish), it leaves the session unusable.
pub struct CopyBoth<'a, S> {
    session: &'a mut Session<S>,
    is_server_done: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> CopyBoth<'_, S> {
    /// The server's next message, whole; `None` once it has sent its last.
    ///
    /// # Errors
    /// [`Error::Server`] if the server breaks off; any error leaves the session unusable.
    ///
    /// Cancel safe: dropping the future and calling again loses nothing.
    pub async fn next(&mut self) -> Result<Option<&[u8]>> {
        if self.is_server_done {
            return Ok(None);
        }
        let frame = self.session.receive().await?;
        match frame.tag {
            COPY_DATA_TAG => Ok(Some(self.session.reader.body(&frame))),
            COPY_DONE_TAG => {
                self.is_server_done = true;
                Ok(None)
            }
            ERROR_RESPONSE_TAG => Err(self.session.server_error(&frame)?.into()),
            _ => Err(self.session.unexpected(&frame)),
        }
    }

    /// Sends a message to the server.
    ///
    /// Not cancel safe: if the future is dropped a part of the message may have been sent.
    pub async fn send(&mut self, message: &[u8]) -> Result<()> {
        let mut out = BytesMut::with_capacity(message.len() + 5);
        out.put_u8(COPY_DATA_TAG);
        let length = i32::try_from(message.len() + 4).map_err(|_| Error::Unsendable {
            what: "COPY data",
            why: "is longer than a message can be",
        })?;
        out.put_i32(length);
        out.put_slice(message);
        self.session.send(&out).await
    }

    /// Ends the COPY from this side, passes over what the server still sends, and returns the results that follow.
    ///
    /// # Errors
    /// As [`query`](Session::query).
    ///
    /// Not cancel safe: if the future is dropped the session cannot be used any more.
    pub async fn finish(self) -> Result<Vec<Rows>> {
        let mut out = BytesMut::new();
        frontend::copy_done(&mut out);
        self.session.send(&out).await?;
        let mut results = ResultSets::new(self.session.reader.expects_short_messages());
        self.session.finish(Some(&mut results)).await?;
        Ok(results.into_vec())
    }
}

impl<S> Drop for CopyBoth<'_, S> {
    fn drop(&mut self) {
        // A COPY that has not ended leaves the session unusable, so that its state does not matter.
        self.session.reader.keep_copy_messages(false);
    }
}

impl<S> fmt::Debug for CopyBoth<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CopyBoth").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{complete, error, message, one_column, one_value, ready, session};

    #[tokio::test]
    async fn both_sides_send_until_both_are_done() {
        let (mut session, mut server) = session().await;
        let script = async {
            assert_eq!(server.receive().await.0, b'Q');
            server
                .send(&[
                    message(b'W', b"\0\0\0"),
                    message(b'd', b"w1"),
                    message(b'd', b"w2"),
                ])
                .await;
            let (tag, body) = server.receive().await;
            assert_eq!((tag, &body[..]), (b'd', &b"r1"[..]));
            // Sent before the end from the other side has arrived.
            server.send(&[message(b'd', b"w3")]).await;
            assert_eq!(server.receive().await.0, b'c');
            server
                .send(&[
                    message(b'c', b""),
                    one_column(),
                    one_value(b"2"),
                    complete("SELECT"),
                    complete("START_STREAMING"),
                    ready(),
                ])
                .await;
        };
        let run = async {
            let mut copy = session
                .copy_both("START_REPLICATION")
                .await
                .unwrap()
                .unwrap();
            assert_eq!(copy.next().await.unwrap(), Some(&b"w1"[..]));
            assert_eq!(copy.next().await.unwrap(), Some(&b"w2"[..]));
            copy.send(b"r1").await.unwrap();
            let results = copy.finish().await.unwrap();
            assert_eq!(results[0].row(0).unwrap().get(0).unwrap(), "2");
            session.check_ready().unwrap();
        };
        tokio::join!(script, run);
    }

    #[tokio::test]
    async fn the_servers_end_and_its_errors_are_seen() {
        for (end, is_error) in [
            (message(b'c', b""), false),
            (error("ERROR", "58P01"), true),
            (error("FATAL", "57P01"), true),
        ] {
            let (mut session, mut server) = session().await;
            let script = async {
                server.receive().await;
                server.send(&[message(b'W', b"\0\0\0"), end.clone()]).await;
            };
            let run = async {
                let mut copy = session
                    .copy_both("START_REPLICATION")
                    .await
                    .unwrap()
                    .unwrap();
                let next = copy.next().await.map(|message| message.is_none());
                assert_eq!(next.is_err(), is_error, "{next:?}");
                assert!(is_error || next.unwrap());
                drop(copy);
                assert!(session.check_ready().is_err());
            };
            tokio::join!(script, run);
        }
    }

    #[tokio::test]
    async fn a_refusal_leaves_the_session_ready() {
        for (answer, is_error) in [
            (vec![error("ERROR", "42704"), ready()], true),
            (vec![complete("START_STREAMING"), ready()], false),
        ] {
            let (mut session, mut server) = session().await;
            let script = async {
                server.receive().await;
                server.send(&answer).await;
            };
            let run = async {
                let started = session.copy_both("START_REPLICATION").await;
                let is_started = started.map(|copy| copy.is_some());
                assert_eq!(is_started.is_err(), is_error);
                assert!(is_error || !is_started.unwrap());
                session.check_ready().unwrap();
            };
            tokio::join!(script, run);
        }
    }
}
