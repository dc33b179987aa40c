//! COPY FROM STDIN.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use bytes::{BufMut, BytesMut};
use postgres_protocol::message::backend::{
    COMMAND_COMPLETE_TAG, COPY_IN_RESPONSE_TAG, COPY_OUT_RESPONSE_TAG, DATA_ROW_TAG,
    EMPTY_QUERY_RESPONSE_TAG, ERROR_RESPONSE_TAG, READY_FOR_QUERY_TAG, ROW_DESCRIPTION_TAG,
};
use postgres_protocol::message::frontend;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use crate::frame::Frame;
use crate::query::encode_query;
use crate::startup::too_long;
use crate::{Error, Result, Session};

/// The most that is put into one message.
const MESSAGE_BYTES: usize = 1 << 20;

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<S> {
    /// Runs a COPY FROM STDIN, perhaps with statements before it in the same text, and takes its data.
    ///
    /// # Errors
    /// [`Error::Server`] if the server refuses, [`Error::UnexpectedResult`] if nothing in the text is a COPY FROM
    /// STDIN.
    ///
    /// Not cancel safe: if the future is dropped the session cannot be used any more.
    pub async fn copy_in(&mut self, sql: impl AsRef<[u8]>) -> Result<CopyIn<'_, S>> {
        self.begin("sending COPY data", sql.as_ref()).await?;
        loop {
            let frame = self.receive().await?;
            match frame.tag {
                COPY_IN_RESPONSE_TAG => {
                    return Ok(CopyIn {
                        session: self,
                        failure: None,
                        is_over: false,
                    });
                }
                COMMAND_COMPLETE_TAG
                | EMPTY_QUERY_RESPONSE_TAG
                | ROW_DESCRIPTION_TAG
                | DATA_ROW_TAG => {}
                ERROR_RESPONSE_TAG => {
                    let error = self.server_error(&frame)?.into();
                    // Whatever comes after it, be it the end of the connection, the error says more.
                    let _ = self.finish(None).await;
                    return Err(error);
                }
                READY_FOR_QUERY_TAG => {
                    self.set_ready();
                    return Err(not_asked("statements without data"));
                }
                COPY_OUT_RESPONSE_TAG => {
                    self.finish(None).await?;
                    return Err(not_asked("the data of a COPY TO STDOUT"));
                }
                _ => return Err(self.unexpected(&frame)),
            }
        }
    }

    /// Runs statements of which some are COPY FROM STDIN, all in one text and so one transaction, with the data of each. Nothing is
    /// waited for before all is sent, so that many small ones cost one exchange.
    ///
    /// # Errors
    /// [`Error::Server`] if one of them fails, or wants data that is not there; then nothing of them stays.
    ///
    /// Not cancel safe: if the future is dropped the session cannot be used any more.
    pub async fn copy_in_all<D: AsRef<[u8]>>(
        &mut self,
        sql: impl AsRef<[u8]>,
        data: &[D],
    ) -> Result<()> {
        self.check_ready()?;
        let mut message = BytesMut::new();
        encode_query(sql.as_ref(), &mut message)?;
        for data in data {
            for piece in data.as_ref().chunks(MESSAGE_BYTES) {
                put_data(piece, &mut message);
            }
            frontend::copy_done(&mut message);
        }
        self.set_busy("sending COPY data");
        let mut wanted = 0;
        let mut failure = None;
        let mut heard = self.send_watching(&message).await?;
        loop {
            let frame = match heard.take() {
                Some(frame) => frame,
                None => match self.receive().await {
                    Ok(frame) => frame,
                    Err(lost) => return Err(failure.unwrap_or(lost)),
                },
            };
            match frame.tag {
                COPY_IN_RESPONSE_TAG => {
                    wanted += 1;
                    if wanted > data.len() {
                        self.refuse_copy_in().await?;
                    }
                }
                ERROR_RESPONSE_TAG => {
                    let error = self.server_error(&frame)?.into();
                    failure.get_or_insert(error);
                }
                COMMAND_COMPLETE_TAG
                | EMPTY_QUERY_RESPONSE_TAG
                | ROW_DESCRIPTION_TAG
                | DATA_ROW_TAG => {}
                READY_FOR_QUERY_TAG => {
                    self.set_ready();
                    return failure.map_or(Ok(()), Err);
                }
                _ => return Err(self.unexpected(&frame)),
            }
        }
    }

    /// Sends a message while it watches for what the server has to say meanwhile, lest both wait for each other.
    async fn send_watching(&mut self, message: &[u8]) -> Result<Option<Frame>> {
        enum Event {
            Sent(std::io::Result<()>),
            Received(Result<Frame>),
        }
        let doing = "sending COPY data";
        let mut heard = None;
        let (mut read, mut write) = tokio::io::split(&mut self.stream);
        let mut sending = pin!(async {
            write.write_all(message).await?;
            write.flush().await
        });
        let event = {
            let mut receiving = pin!(self.reader.next(&mut read, doing));
            poll_fn(|cx| {
                if let Poll::Ready(frame) = receiving.as_mut().poll(cx) {
                    return Poll::Ready(Event::Received(frame));
                }
                sending.as_mut().poll(cx).map(Event::Sent)
            })
            .await
        };
        let sent = match event {
            Event::Sent(sent) => sent,
            Event::Received(frame) => {
                heard = Some(frame);
                sending.await
            }
        };
        let frame = heard.transpose().map_err(|error| self.broken(error))?;
        sent.map_err(|source| self.broken(Error::ConnectionLost { doing, source }))?;
        frame.map_or(Ok(None), |frame| self.pass_on(frame))
    }
}

/// Adds a CopyData message.
fn put_data(piece: &[u8], message: &mut BytesMut) {
    message.reserve(piece.len() + 5);
    message.put_u8(b'd');
    // A piece is a megabyte at most.
    message.put_u32(u32::try_from(piece.len() + 4).unwrap_or(u32::MAX));
    message.put_slice(piece);
}

fn not_asked(found: &str) -> Error {
    Error::UnexpectedResult {
        expected: "a COPY FROM STDIN",
        found: found.into(),
    }
}

/// A running COPY FROM STDIN that waits for data.
///
/// Dropped before [`finish`](Self::finish) or [`abort`](Self::abort), it leaves the session unusable: the server still
/// waits.
pub struct CopyIn<'a, S> {
    session: &'a mut Session<S>,
    failure: Option<Error>,
    is_over: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> CopyIn<'_, S> {
    /// Sends a piece of the data, of any length; a row may span pieces. `false` says that the server has given up
    /// already and wants no more: [`finish`](Self::finish) tells why.
    ///
    /// # Errors
    /// [`Error::ConnectionLost`], [`Error::Protocol`].
    ///
    /// Not cancel safe: if the future is dropped the session cannot be used any more.
    pub async fn send(&mut self, data: &[u8]) -> Result<bool> {
        let mut message = BytesMut::new();
        for piece in data.chunks(MESSAGE_BYTES) {
            if self.failure.is_some() {
                return Ok(false);
            }
            message.clear();
            put_data(piece, &mut message);
            if let Some(frame) = self.session.send_watching(&message).await? {
                self.take(&frame)?;
            }
        }
        Ok(self.failure.is_none())
    }

    /// Ends the data and waits until the server has taken it all.
    ///
    /// # Errors
    /// [`Error::Server`] if the COPY, or a statement behind it, failed. The session can be used again. Any other error
    /// leaves it unusable.
    ///
    /// Not cancel safe: if the future is dropped the session cannot be used any more.
    pub async fn finish(mut self) -> Result<()> {
        let mut out = BytesMut::new();
        frontend::copy_done(&mut out);
        self.end(&out).await
    }

    /// Makes the COPY fail, so that nothing of it stays.
    ///
    /// # Errors
    /// [`Error::ConnectionLost`], [`Error::Protocol`].
    ///
    /// Not cancel safe: if the future is dropped the session cannot be used any more.
    pub async fn abort(mut self, reason: &str) -> Result<()> {
        let mut out = BytesMut::new();
        frontend::copy_fail(reason, &mut out).map_err(too_long("a COPY failure"))?;
        match self.end(&out).await {
            Err(Error::Server(error)) if !error.is_fatal() => Ok(()),
            other => other,
        }
    }

    async fn end(&mut self, message: &[u8]) -> Result<()> {
        // A server that has given up passes over what still comes for the COPY.
        if let Some(frame) = self.session.send_watching(message).await? {
            self.take(&frame)?;
        }
        if !self.is_over {
            let finished = self.session.finish(None).await;
            return self.failure.take().map_or(finished, Err);
        }
        self.failure.take().map_or(Ok(()), Err)
    }

    /// What came while data was sent can only say that the server has given up, or what it did once it had.
    fn take(&mut self, frame: &Frame) -> Result<()> {
        match frame.tag {
            ERROR_RESPONSE_TAG => {
                let error = self.session.server_error(frame)?.into();
                self.failure.get_or_insert(error);
                Ok(())
            }
            COMMAND_COMPLETE_TAG | EMPTY_QUERY_RESPONSE_TAG => Ok(()),
            READY_FOR_QUERY_TAG => {
                self.is_over = true;
                self.session.set_ready();
                Ok(())
            }
            _ => Err(self.session.unexpected(frame)),
        }
    }
}

impl<S> fmt::Debug for CopyIn<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CopyIn").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
