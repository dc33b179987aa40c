//! Many queries on their way at once.

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::query::encode_query;
use crate::{Result, Session};

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<S> {
    /// Sends texts one behind the other, each a query of its own, and only then reads what became of each, which it adds to
    /// `outcomes`. Rows are thrown away. One that fails does not keep the following ones from being run.
    ///
    /// All of it is sent before an answer is read: a caller keeps the texts so short that server and client never wait for each
    /// other, some 64 KiB together.
    ///
    /// # Errors
    /// When the session is of no use any more; `outcomes` then says how far it came.
    ///
    /// Not cancel safe: if the future is dropped the session cannot be used any more.
    pub async fn pipeline<T: AsRef<[u8]>>(
        &mut self,
        texts: &[T],
        outcomes: &mut Vec<Result<()>>,
    ) -> Result<()> {
        self.check_ready()?;
        let mut out = BytesMut::new();
        for text in texts {
            encode_query(text.as_ref(), &mut out)?;
        }
        self.set_busy("running statements");
        self.send(&out).await?;
        for _ in texts {
            self.set_busy("running statements");
            match self.finish(None).await {
                Err(error) if !self.is_ready() => return Err(error),
                outcome => outcomes.push(outcome),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::Error;
    use crate::testing::{complete, error, ready, session};

    #[tokio::test]
    async fn each_text_has_its_outcome() {
        let (mut session, mut server) = session().await;
        let (mut outcomes, texts) = (Vec::new(), ["a", "b", "c"]);
        let played = async {
            for text in ["a\0", "b\0", "c\0"] {
                assert_eq!(server.receive().await.1, text);
            }
            let answers = [
                complete("A"),
                ready(),
                error("ERROR", "42P01"),
                ready(),
                complete("C"),
                ready(),
            ];
            server.send(&answers).await;
        };
        let (ended, ()) = tokio::join!(session.pipeline(&texts, &mut outcomes), played);
        ended.unwrap();
        let states: Vec<_> = outcomes
            .iter()
            .map(|outcome| outcome.as_ref().err().and_then(Error::server))
            .map(|error| error.map(|error| error.sqlstate.as_str()))
            .collect();
        assert_eq!(states, [None, Some("42P01"), None]);
        assert!(session.is_ready());
    }

    #[tokio::test]
    async fn a_session_that_ends_says_how_far_it_came() {
        let (mut session, mut server) = session().await;
        let mut outcomes = Vec::new();
        let played = async {
            server.receive().await;
            let answers = [complete("A"), ready(), error("FATAL", "57P01")];
            server.send(&answers).await;
            drop(server);
        };
        let (ended, ()) = tokio::join!(session.pipeline(&["a", "b", "c"], &mut outcomes), played);
        assert!(ended.unwrap_err().is_connection_lost());
        assert_eq!(outcomes.len(), 1);
        assert!(!session.is_ready());
    }
}
