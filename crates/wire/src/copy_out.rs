//! COPY TO STDOUT.

use std::fmt;

use postgres_protocol::message::backend::{
    COMMAND_COMPLETE_TAG, COPY_DATA_TAG, COPY_DONE_TAG, COPY_IN_RESPONSE_TAG,
    COPY_OUT_RESPONSE_TAG, EMPTY_QUERY_RESPONSE_TAG, ERROR_RESPONSE_TAG, READY_FOR_QUERY_TAG,
    ROW_DESCRIPTION_TAG,
};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::frame::Frame;
use crate::{Error, Result, Session};

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<S> {
    /// Runs a COPY TO STDOUT, or several in one message, and hands out its data.
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
    /// It has completed; another one or the end of the message's answer follows.
    Completed,
    Failed(Error),
    Done,
}

/// What the server sent next.
enum Step {
    Data(Frame),
    /// The COPY has completed.
    Completed,
    /// Another one has begun.
    Another,
    /// Nothing follows.
    End,
}

/// What comes out of several COPY TO STDOUT.
#[derive(Debug)]
pub enum CopyPiece<'a> {
    /// Data of the COPY whose turn it is, without the messages' headers: any number of rows, the last one perhaps in part.
    Data(&'a [u8]),
    /// The COPY has completed: what follows is the next one's.
    End,
}

/// The data of a running COPY TO STDOUT, or of several in one message.
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
        let frame = loop {
            match self.step().await? {
                Step::Data(frame) => break frame,
                Step::Completed => {}
                Step::Another => self.fail(Error::UnexpectedResult {
                    expected: "the data of one COPY TO STDOUT",
                    found: "that of several".into(),
                }),
                Step::End => return Ok(None),
            }
        };
        Ok(Some(self.session.reader.body(&frame)))
    }

    /// The next piece where the message holds several COPY TO STDOUT, and where each of them ends. `None` once all have completed and
    /// the session is ready for the next statement.
    ///
    /// # Errors
    /// As [`CopyOut::next`]; the COPY whose turn it was is the one that failed, or the one after it if it had ended.
    ///
    /// Cancel safe: dropping the future and calling again loses nothing.
    pub async fn next_of_several(&mut self) -> Result<Option<CopyPiece<'_>>> {
        let frame = loop {
            match self.step().await? {
                Step::Data(frame) => break frame,
                Step::Completed => return Ok(Some(CopyPiece::End)),
                Step::Another => {}
                Step::End => return Ok(None),
            }
        };
        Ok(Some(CopyPiece::Data(self.session.reader.body(&frame))))
    }

    async fn step(&mut self) -> Result<Step> {
        if matches!(self.state, State::Done) {
            return Ok(Step::End);
        }
        loop {
            let frame = match self.session.receive().await {
                Ok(frame) => frame,
                Err(lost) => return Err(self.take_failure().unwrap_or(lost)),
            };
            match (frame.tag, &self.state) {
                (COPY_DATA_TAG, _) => return Ok(Step::Data(frame)),
                (COMMAND_COMPLETE_TAG, State::Copying) => {
                    self.state = State::Completed;
                    return Ok(Step::Completed);
                }
                (COPY_OUT_RESPONSE_TAG, State::Completed) => {
                    self.state = State::Copying;
                    return Ok(Step::Another);
                }
                (COPY_DONE_TAG | COMMAND_COMPLETE_TAG | COPY_OUT_RESPONSE_TAG, _) => {}
                (ERROR_RESPONSE_TAG, _) => {
                    let error = self.session.server_error(&frame)?;
                    self.fail(error.into());
                }
                (READY_FOR_QUERY_TAG, _) => {
                    self.session.set_ready();
                    return self.take_failure().map_or(Ok(Step::End), Err);
                }
                _ => {
                    self.state = State::Done;
                    return Err(self.session.unexpected(&frame));
                }
            }
        }
    }

    fn fail(&mut self, error: Error) {
        if !matches!(self.state, State::Failed(_)) {
            self.state = State::Failed(error);
        }
    }

    /// Ends the COPY: nothing more is read.
    fn take_failure(&mut self) -> Option<Error> {
        match std::mem::replace(&mut self.state, State::Done) {
            State::Failed(error) => Some(error),
            State::Copying | State::Completed | State::Done => None,
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
