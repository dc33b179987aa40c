//! The rows of one statement while they arrive.

use std::fmt;

use postgres_protocol::message::backend::{
    COMMAND_COMPLETE_TAG, COPY_IN_RESPONSE_TAG, COPY_OUT_RESPONSE_TAG, DATA_ROW_TAG,
    EMPTY_QUERY_RESPONSE_TAG, ERROR_RESPONSE_TAG, READY_FOR_QUERY_TAG, ROW_DESCRIPTION_TAG,
};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{Error, Result, Row, Rows, Session};

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<S> {
    /// Runs one statement that gives rows, and hands them out one by one. One row at a time is held in memory.
    ///
    /// # Errors
    /// [`Error::Server`] if the server refuses, [`Error::UnexpectedResult`] if the statement gives no rows.
    ///
    /// Not cancel safe: if the future is dropped the session cannot be used any more.
    pub async fn row_stream(&mut self, sql: impl AsRef<[u8]>) -> Result<RowStream<'_, S>> {
        self.begin("reading rows", sql.as_ref()).await?;
        let frame = self.receive().await?;
        let found = match frame.tag {
            ROW_DESCRIPTION_TAG => {
                return match Rows::describe(self.reader.body(&frame)) {
                    Some(rows) => Ok(RowStream {
                        session: self,
                        rows,
                        state: State::Reading,
                    }),
                    None => Err(self.violation("malformed RowDescription")),
                };
            }
            ERROR_RESPONSE_TAG => return Err(self.refused(&frame).await),
            COPY_IN_RESPONSE_TAG => {
                self.refuse_copy_in().await?;
                "a wish for data"
            }
            COPY_OUT_RESPONSE_TAG => "the data of a COPY TO STDOUT",
            COMMAND_COMPLETE_TAG | EMPTY_QUERY_RESPONSE_TAG => "a statement without rows",
            _ => return Err(self.unexpected(&frame)),
        };
        self.finish(None).await?;
        Err(Error::UnexpectedResult {
            expected: "the rows of a statement",
            found: found.into(),
        })
    }
}

/// How far the rows are.
enum State {
    Reading,
    Failed(Error),
    Done,
}

/// The rows of a running statement.
///
/// Dropped before its end, it leaves the session unusable: the server is still sending.
pub struct RowStream<'a, S> {
    session: &'a mut Session<S>,
    /// The columns, and the row that was read last.
    rows: Rows,
    state: State,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> RowStream<'_, S> {
    /// The columns' types by OID; of a domain it is the type below it.
    pub fn types(&self) -> &[u32] {
        self.rows.types()
    }

    /// The next row. `None` once the statement has completed and the session is ready for the next one.
    ///
    /// # Errors
    /// [`Error::Server`] if the statement failed on its way: what has been read is then not the whole. The session can
    /// be used again. Any other error leaves it unusable.
    ///
    /// Cancel safe: dropping the future and calling again loses nothing.
    pub async fn next(&mut self) -> Result<Option<Row<'_>>> {
        if matches!(self.state, State::Done) {
            return Ok(None);
        }
        loop {
            let frame = match self.session.receive().await {
                Ok(frame) => frame,
                Err(lost) => return Err(self.take_failure().unwrap_or(lost)),
            };
            match frame.tag {
                DATA_ROW_TAG => {
                    if self
                        .rows
                        .replace(self.session.reader.body(&frame))
                        .is_none()
                    {
                        self.state = State::Done;
                        return Err(self.session.violation("malformed DataRow"));
                    }
                    return Ok(self.rows.row(0));
                }
                COMMAND_COMPLETE_TAG => {}
                ERROR_RESPONSE_TAG => {
                    let error = self.session.server_error(&frame)?;
                    self.fail(error.into());
                }
                READY_FOR_QUERY_TAG => {
                    self.session.set_ready();
                    return self.take_failure().map_or(Ok(None), Err);
                }
                _ => {
                    self.state = State::Done;
                    return Err(self.session.unexpected(&frame));
                }
            }
        }
    }

    fn fail(&mut self, error: Error) {
        if matches!(self.state, State::Reading) {
            self.state = State::Failed(error);
        }
    }

    /// Ends it: nothing more is read.
    fn take_failure(&mut self) -> Option<Error> {
        match std::mem::replace(&mut self.state, State::Done) {
            State::Failed(error) => Some(error),
            State::Reading | State::Done => None,
        }
    }
}

impl<S> fmt::Debug for RowStream<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowStream")
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{complete, error, message, one_column, one_value, ready, session};

    /// The values of a statement that the server answers so, and the error that ended them.
    async fn values(answer: &[Vec<u8>]) -> (Vec<String>, Option<Error>, bool) {
        let (mut session, mut server) = session().await;
        let mut values = Vec::new();
        let (ended, ()) = tokio::join!(
            async {
                let mut rows = session.row_stream("fetch").await?;
                assert_eq!(rows.types(), [0]);
                while let Some(row) = rows.next().await? {
                    values.push(row.get(0).unwrap().to_string());
                }
                assert!(rows.next().await?.is_none());
                Ok(())
            },
            async {
                server.receive().await;
                server.send(answer).await;
            }
        );
        (values, ended.err(), session.check_ready().is_ok())
    }

    #[tokio::test]
    async fn rows_come_one_by_one() {
        let answer = [
            one_column(),
            one_value(b"1"),
            message(b'N', b"SNOTICE\0C00000\0Mhello\0\0"),
            one_value(b"2"),
            complete("FETCH 2"),
            ready(),
        ];
        let (values, error, is_ready) = values(&answer).await;
        assert_eq!(
            (&values[..], is_ready),
            (&["1".into(), "2".into()][..], true)
        );
        assert!(error.is_none());
    }

    #[tokio::test]
    async fn an_error_on_the_way_is_no_end() {
        let refused = vec![error("ERROR", "42501"), ready()];
        let failed = vec![
            one_column(),
            one_value(b"1"),
            error("ERROR", "22012"),
            ready(),
        ];
        for (answer, before, sqlstate) in [(refused, 0, "42501"), (failed, 1, "22012")] {
            let (values, error, is_ready) = values(&answer).await;
            let error = error.unwrap();
            assert_eq!(error.server().unwrap().sqlstate.as_str(), sqlstate);
            assert_eq!((values.len(), is_ready), (before, true));
        }
    }

    #[tokio::test]
    async fn what_gives_no_rows_is_refused() {
        let (_, error, is_ready) = values(&[complete("SET"), ready()]).await;
        assert!(matches!(error, Some(Error::UnexpectedResult { .. })) && is_ready);
        let (_, error, is_ready) = values(&[one_column(), message(b'D', b"\0\x02"), ready()]).await;
        assert!(matches!(error, Some(Error::Protocol { .. })) && !is_ready);
    }
}
