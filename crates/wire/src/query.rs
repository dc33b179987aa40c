//! Simple queries: statements as text, values as text.

use bytes::{BufMut, BytesMut};
use postgres_protocol::message::backend::{
    COMMAND_COMPLETE_TAG, COPY_DATA_TAG, COPY_DONE_TAG, COPY_IN_RESPONSE_TAG,
    COPY_OUT_RESPONSE_TAG, DATA_ROW_TAG, EMPTY_QUERY_RESPONSE_TAG, ERROR_RESPONSE_TAG,
    READY_FOR_QUERY_TAG, ROW_DESCRIPTION_TAG,
};
use postgres_protocol::message::frontend;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::frame::Frame;
use crate::rows::ResultSets;
use crate::startup::too_long;
use crate::{Error, Result, Rows, Session};

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<S> {
    /// Runs one or several statements and returns what each gave; a statement without rows gives an empty
    /// result without columns. Several statements in one text are one transaction, unless they say otherwise.
    ///
    /// The results are held in memory, at most 4 GiB of them.
    ///
    /// # Errors
    /// [`Error::Server`] if a statement fails; the results of those before it are dropped.
    /// [`Error::UnexpectedResult`] if one of them is a COPY TO STDOUT, whose data is thrown away (see
    /// [`copy_out`](Self::copy_out)). A COPY FROM STDIN is made to fail.
    ///
    /// Not cancel safe: if the future is dropped the session cannot be used any more.
    pub async fn query(&mut self, sql: impl AsRef<[u8]>) -> Result<Vec<Rows>> {
        self.begin("running a query", sql.as_ref()).await?;
        let mut results = ResultSets::new(self.reader.expects_short_messages());
        self.finish(Some(&mut results)).await?;
        Ok(results.into_vec())
    }

    /// Runs one statement that gives rows.
    ///
    /// # Errors
    /// As [`query`](Self::query); [`Error::UnexpectedResult`] if the text is not exactly one statement with
    /// columns.
    ///
    /// Not cancel safe: if the future is dropped the session cannot be used any more.
    pub async fn rows(&mut self, sql: impl AsRef<[u8]>) -> Result<Rows> {
        let mut results = self.query(sql).await?;
        match results.pop() {
            Some(rows) if results.is_empty() && rows.is_described() => Ok(rows),
            last => Err(Error::UnexpectedResult {
                expected: "one statement with rows",
                found: match results.len() + usize::from(last.is_some()) {
                    1 => "a statement without".into(),
                    statements => format!("{statements} statements"),
                },
            }),
        }
    }

    /// Runs one or several statements and throws their rows away as they come.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    ///
    /// Not cancel safe: if the future is dropped the session cannot be used any more.
    pub async fn execute(&mut self, sql: impl AsRef<[u8]>) -> Result<()> {
        self.begin("running a statement", sql.as_ref()).await?;
        self.finish(None).await
    }

    /// Sends a Query message.
    pub(crate) async fn begin(&mut self, doing: &'static str, sql: &[u8]) -> Result<()> {
        self.check_ready()?;
        let mut out = BytesMut::with_capacity(sql.len() + 6);
        encode_query(sql, &mut out)?;
        self.set_busy(doing);
        self.send(&out).await
    }

    /// The error with which the server refuses to begin a statement, after the rest of its answer has been read.
    pub(crate) async fn refused(&mut self, frame: &Frame) -> Error {
        match self.server_error(frame) {
            Ok(error) => {
                // Whatever comes after it, be it the end of the connection, the error says more.
                let _ = self.finish(None).await;
                error.into()
            }
            Err(malformed) => malformed,
        }
    }

    /// Reads the answers to a Query to ReadyForQuery, whatever they are, and keeps the rows if there is a place
    /// for them.
    pub(crate) async fn finish(&mut self, mut keep: Option<&mut ResultSets>) -> Result<()> {
        let mut failure: Option<Error> = None;
        loop {
            let frame = match self.receive().await {
                Ok(frame) => frame,
                // A FATAL error is followed by the end of the connection; the error says more.
                Err(lost) => return Err(failure.unwrap_or(lost)),
            };
            let body = self.reader.body(&frame);
            let taken = match (frame.tag, &mut keep) {
                (ROW_DESCRIPTION_TAG, Some(results)) => results.describe(body),
                (DATA_ROW_TAG, Some(results)) => results.push(body),
                (COMMAND_COMPLETE_TAG | EMPTY_QUERY_RESPONSE_TAG, Some(results)) => {
                    results.complete()
                }
                (
                    ROW_DESCRIPTION_TAG
                    | DATA_ROW_TAG
                    | COMMAND_COMPLETE_TAG
                    | EMPTY_QUERY_RESPONSE_TAG
                    | COPY_DATA_TAG
                    | COPY_DONE_TAG,
                    _,
                ) => Ok(()),
                (ERROR_RESPONSE_TAG, _) => {
                    let error = self.server_error(&frame)?;
                    failure.get_or_insert(error.into());
                    Ok(())
                }
                (COPY_OUT_RESPONSE_TAG, _) => {
                    failure.get_or_insert(Error::UnexpectedResult {
                        expected: "rows",
                        found: "the data of a COPY TO STDOUT".into(),
                    });
                    Ok(())
                }
                (COPY_IN_RESPONSE_TAG, _) => {
                    self.refuse_copy_in().await?;
                    Ok(())
                }
                (READY_FOR_QUERY_TAG, _) => {
                    self.set_ready();
                    return failure.map_or(Ok(()), Err);
                }
                _ => return Err(self.unexpected(&frame)),
            };
            if let Err(what) = taken {
                return Err(self.violation(what));
            }
        }
    }

    /// Makes a COPY FROM STDIN fail that was not asked for; the server answers with an error.
    pub(crate) async fn refuse_copy_in(&mut self) -> Result<()> {
        let mut out = BytesMut::new();
        frontend::copy_fail("no data was to be sent", &mut out)
            .map_err(too_long("a COPY failure"))?;
        self.send(&out).await
    }
}

/// Writes a Query message; postgres-protocol's encoder takes UTF-8 only.
pub(crate) fn encode_query(sql: &[u8], out: &mut BytesMut) -> Result<()> {
    let unsendable = |why| Error::Unsendable {
        what: "the statement",
        why,
    };
    if sql.contains(&0) {
        return Err(unsendable("contains a NUL byte"));
    }
    let length =
        i32::try_from(sql.len() + 5).map_err(|_| unsendable("is longer than a message can be"))?;
    out.put_u8(b'Q');
    out.put_i32(length);
    out.put_slice(sql);
    out.put_u8(0);
    Ok(())
}

#[cfg(test)]
mod tests;
