//! The answers of a replication command, as they come: results, and COPY data between them.
//!
//! Manual: "Streaming Replication Protocol", BASE_BACKUP, which answers with results before and after its data.

use std::fmt;

use postgres_protocol::message::backend::{
    COMMAND_COMPLETE_TAG, COPY_DATA_TAG, COPY_DONE_TAG, COPY_IN_RESPONSE_TAG,
    COPY_OUT_RESPONSE_TAG, DATA_ROW_TAG, EMPTY_QUERY_RESPONSE_TAG, ERROR_RESPONSE_TAG,
    READY_FOR_QUERY_TAG, ROW_DESCRIPTION_TAG,
};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::rows::ResultSets;
use crate::{Error, Result, Rows, Session};

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<S> {
    /// Runs a replication command that answers with results and COPY data in turn.
    ///
    /// # Errors
    /// As [`execute`](Self::execute), as far as the command could not be sent.
    ///
    /// Not cancel safe: if the future is dropped the session cannot be used any more.
    pub async fn replies(&mut self, command: impl AsRef<[u8]>) -> Result<Replies<'_, S>> {
        self.begin("running a replication command", command.as_ref())
            .await?;
        self.reader.keep_copy_messages(true);
        Ok(Replies {
            results: ResultSets::new(self.reader.expects_short_messages()),
            session: self,
            state: State::Running,
        })
    }
}

/// A part of an answer.
#[derive(Debug)]
pub enum Reply<'a> {
    /// A result; one without rows has no columns.
    Rows(Rows),
    /// COPY data begins.
    CopyOut,
    /// One message of COPY data, whole.
    CopyData(&'a [u8]),
    /// COPY data ends.
    CopyDone,
}

enum State {
    Running,
    Failed(Error),
    Done,
}

/// The answers of a running replication command.
///
/// Dropped before its end, it leaves the session unusable: the server is still sending.
pub struct Replies<'a, S> {
    session: &'a mut Session<S>,
    results: ResultSets,
    state: State,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Replies<'_, S> {
    /// The next part; `None` once the command has completed and the session is ready for the next one.
    ///
    /// # Errors
    /// [`Error::Server`] if the command fails, at once or on its way. The session can be used again, unless the error
    /// [ended it](crate::ServerError::is_fatal). Any other error leaves it unusable.
    ///
    /// Cancel safe: dropping the future and calling again loses nothing.
    pub async fn next(&mut self) -> Result<Option<Reply<'_>>> {
        while !matches!(self.state, State::Done) {
            let frame = match self.session.receive().await {
                Ok(frame) => frame,
                // A FATAL error is followed by the end of the connection; the error says more.
                Err(lost) => return Err(self.take_failure().unwrap_or(lost)),
            };
            let body = self.session.reader.body(&frame);
            let taken = match frame.tag {
                ERROR_RESPONSE_TAG => {
                    let error = self.session.server_error(&frame)?;
                    if matches!(self.state, State::Running) {
                        self.state = State::Failed(error.into());
                    }
                    Ok(())
                }
                READY_FOR_QUERY_TAG => {
                    self.session.set_ready();
                    return self.take_failure().map_or(Ok(None), Err);
                }
                ROW_DESCRIPTION_TAG => self.results.describe(body),
                DATA_ROW_TAG => self.results.push(body),
                COMMAND_COMPLETE_TAG | EMPTY_QUERY_RESPONSE_TAG => {
                    let completed = self.results.complete();
                    let rows = self.results.take_last();
                    match (completed, rows) {
                        (Ok(()), Some(rows)) => return Ok(Some(Reply::Rows(rows))),
                        (completed, _) => completed,
                    }
                }
                COPY_OUT_RESPONSE_TAG => return Ok(Some(Reply::CopyOut)),
                COPY_DONE_TAG => return Ok(Some(Reply::CopyDone)),
                COPY_DATA_TAG => {
                    return Ok(Some(Reply::CopyData(self.session.reader.body(&frame))));
                }
                COPY_IN_RESPONSE_TAG => {
                    self.session.refuse_copy_in().await?;
                    Ok(())
                }
                _ => {
                    self.state = State::Done;
                    return Err(self.session.unexpected(&frame));
                }
            };
            if let Err(what) = taken {
                self.state = State::Done;
                return Err(self.session.violation(what));
            }
        }
        Ok(None)
    }

    /// Ends the command: nothing more is read.
    fn take_failure(&mut self) -> Option<Error> {
        match std::mem::replace(&mut self.state, State::Done) {
            State::Failed(error) => Some(error),
            State::Running | State::Done => None,
        }
    }
}

impl<S> Drop for Replies<'_, S> {
    fn drop(&mut self) {
        // A command that has not ended leaves the session unusable, so that its state does not matter.
        self.session.reader.keep_copy_messages(false);
    }
}

impl<S> fmt::Debug for Replies<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replies").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{complete, error, message, one_column, one_value, ready, session};

    /// What a command gives that is answered by these messages, in words, and how it ends.
    async fn answered(messages: Vec<Vec<u8>>) -> (Vec<String>, Result<()>, bool) {
        let (mut session, mut server) = session().await;
        let script = async {
            assert_eq!(server.receive().await.0, b'Q');
            server.send(&messages).await;
            drop(server);
        };
        let run = async {
            let mut told = Vec::new();
            let mut replies = session.replies("BASE_BACKUP").await.unwrap();
            let end = loop {
                match replies.next().await {
                    Ok(None) => break Ok(()),
                    Err(error) => break Err(error),
                    Ok(Some(Reply::Rows(rows))) => told.push(format!("{} rows", rows.len())),
                    Ok(Some(Reply::CopyOut)) => told.push("copy".into()),
                    Ok(Some(Reply::CopyDone)) => told.push("done".into()),
                    Ok(Some(Reply::CopyData(bytes))) => {
                        told.push(String::from_utf8(bytes.to_vec()).unwrap());
                    }
                }
            };
            drop(replies);
            (told, end, session.check_ready().is_ok())
        };
        let ((), answer) = tokio::join!(script, run);
        answer
    }

    fn start() -> Vec<Vec<u8>> {
        vec![
            one_column(),
            one_value(b"0/28"),
            complete("SELECT"),
            message(b'H', b"\0\0\0"),
            message(b'd', b"one"),
            message(b'd', b""),
            message(b'd', b"two"),
        ]
    }

    #[tokio::test]
    async fn results_and_whole_messages_come_in_their_order() {
        let mut messages = start();
        messages.extend([
            message(b'c', b""),
            one_column(),
            one_value(b"0/99"),
            complete("SELECT"),
            complete("BASE_BACKUP"),
            ready(),
        ]);
        let (told, end, is_ready) = answered(messages).await;
        assert_eq!(
            told,
            [
                "1 rows", "copy", "one", "", "two", "done", "1 rows", "0 rows"
            ]
        );
        assert!(end.is_ok() && is_ready);
    }

    #[tokio::test]
    async fn an_error_in_the_middle_is_told_and_the_session_lives() {
        let mut messages = start();
        messages.extend([error("ERROR", "XX001"), ready()]);
        let (told, end, is_ready) = answered(messages).await;
        assert_eq!(told.len(), 5);
        assert_eq!(end.unwrap_err().server().unwrap().sqlstate, "XX001");
        assert!(is_ready);
    }

    #[tokio::test]
    async fn the_reason_goes_before_the_lost_connection() {
        let mut messages = start();
        messages.push(error("FATAL", "57P01"));
        let (_, end, is_ready) = answered(messages).await;
        assert_eq!(end.unwrap_err().server().unwrap().sqlstate, "57P01");
        assert!(!is_ready);
    }

    #[tokio::test]
    async fn what_breaks_the_protocol_is_refused() {
        for bad in [
            message(b'W', b"\0\0\0"),
            one_value(b"x"),
            // Longer than any message that a server makes here.
            [&b"d"[..], &i32::MAX.to_be_bytes()].concat(),
        ] {
            let mut messages = start();
            messages.push(bad);
            let (_, end, is_ready) = answered(messages).await;
            assert!(matches!(end, Err(Error::Protocol { .. })), "{end:?}");
            assert!(!is_ready);
        }
    }
}
