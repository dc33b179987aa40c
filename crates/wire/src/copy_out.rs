//! COPY TO STDOUT.

use std::fmt;

use postgres_protocol::message::backend::{
    COMMAND_COMPLETE_TAG, COPY_DATA_TAG, COPY_DONE_TAG, COPY_IN_RESPONSE_TAG,
    COPY_OUT_RESPONSE_TAG, EMPTY_QUERY_RESPONSE_TAG, ERROR_RESPONSE_TAG, READY_FOR_QUERY_TAG,
    ROW_DESCRIPTION_TAG,
};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{Error, Result, Session};

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<S> {
    /// Runs a COPY TO STDOUT and hands out its data.
    ///
    /// # Errors
    /// [`Error::Server`] if the server refuses, [`Error::UnexpectedResult`] if the statement is no COPY TO
    /// STDOUT.
    ///
    /// Not cancel safe: if the future is dropped the session cannot be used any more.
    pub async fn copy_out(&mut self, sql: impl AsRef<[u8]>) -> Result<CopyOut<'_, S>> {
        self.begin("reading COPY data", sql.as_ref()).await?;
        let frame = self.receive().await?;
        let found = match frame.tag {
            COPY_OUT_RESPONSE_TAG => {
                return Ok(CopyOut {
                    session: self,
                    state: State::Copying,
                });
            }
            ERROR_RESPONSE_TAG => return Err(self.refused(&frame).await),
            COPY_IN_RESPONSE_TAG => {
                self.refuse_copy_in().await?;
                "a wish for data"
            }
            ROW_DESCRIPTION_TAG => "rows",
            COMMAND_COMPLETE_TAG | EMPTY_QUERY_RESPONSE_TAG => "a statement without data",
            _ => return Err(self.unexpected(&frame)),
        };
        self.finish(None).await?;
        Err(Error::UnexpectedResult {
            expected: "the data of a COPY TO STDOUT",
            found: found.into(),
        })
    }
}

/// How far a COPY is.
enum State {
    Copying,
    Failed(Error),
    Done,
}

/// The data of a running COPY TO STDOUT.
///
/// Dropped before its end, it leaves the session unusable: the server is still sending.
pub struct CopyOut<'a, S> {
    session: &'a mut Session<S>,
    state: State,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> CopyOut<'_, S> {
    /// The next piece of the data, without the messages' headers: any number of rows, the last one perhaps in
    /// part. `None` once the statement has completed and the session is ready for the next one.
    ///
    /// # Errors
    /// [`Error::Server`] if the COPY failed on its way: what has been read is then not the whole. The session can
    /// be used again. Any other error leaves it unusable.
    ///
    /// Cancel safe: dropping the future and calling again loses nothing.
    pub async fn next(&mut self) -> Result<Option<&[u8]>> {
        if matches!(self.state, State::Done) {
            return Ok(None);
        }
        let frame = loop {
            let frame = match self.session.receive().await {
                Ok(frame) => frame,
                Err(lost) => return Err(self.take_failure().unwrap_or(lost)),
            };
            match frame.tag {
                COPY_DATA_TAG => break frame,
                COPY_DONE_TAG | COMMAND_COMPLETE_TAG => {}
                ERROR_RESPONSE_TAG => {
                    let error = self.session.server_error(&frame)?;
                    self.fail(error.into());
                }
                COPY_OUT_RESPONSE_TAG => self.fail(Error::UnexpectedResult {
                    expected: "the data of one COPY TO STDOUT",
                    found: "that of several".into(),
                }),
                READY_FOR_QUERY_TAG => {
                    self.session.set_ready();
                    return self.take_failure().map_or(Ok(None), Err);
                }
                _ => {
                    self.state = State::Done;
                    return Err(self.session.unexpected(&frame));
                }
            }
        };
        Ok(Some(self.session.reader.body(&frame)))
    }

    fn fail(&mut self, error: Error) {
        if matches!(self.state, State::Copying) {
            self.state = State::Failed(error);
        }
    }

    /// Ends the COPY: nothing more is read.
    fn take_failure(&mut self) -> Option<Error> {
        match std::mem::replace(&mut self.state, State::Done) {
            State::Failed(error) => Some(error),
            State::Copying | State::Done => None,
        }
    }
}

impl<S> fmt::Debug for CopyOut<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CopyOut").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
