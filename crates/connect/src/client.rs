//! tokio-postgres over a stream that this crate has opened and logged in on.

mod lengths;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::NoTls;

use crate::{Config, Error, Result, Session, login};
use lengths::Lengths;

/// Opens a session as [`connect`](crate::connect) does, with `client_encoding` UTF8, and gives it to
/// tokio-postgres.
///
/// A task drives the connection until the client is dropped. If the connection breaks, the log says why
/// (level error), and the client's calls fail. No message of more than 16 MiB is taken.
///
/// # Errors
/// As [`connect`](crate::connect), and [`Error::Client`].
///
/// Cancel safe: dropping the future closes what it has opened.
///
/// # Panics
/// Outside a Tokio runtime.
pub async fn client(config: &Config) -> Result<tokio_postgres::Client> {
    let mut config = config.clone();
    config.set("client_encoding", "UTF8")?;
    let (session, server) = login::open_checked(&config).await?;
    adopt(session, server).await
}

/// Gives a session to tokio-postgres, as it stands: with its settings, and in its transaction where it is in one. `server` is how errors
/// call the server. What tokio-postgres needs is `client_encoding` UTF8.
///
/// A task drives the connection as for [`client`].
///
/// # Errors
/// [`Error::Session`] for a session that is not ready for a query, and [`Error::Client`].
///
/// Cancel safe: dropping the future closes the session.
///
/// # Panics
/// Outside a Tokio runtime.
pub async fn adopt(session: Session, server: String) -> Result<tokio_postgres::Client> {
    let (stream, replay) = session.into_startup().map_err(|source| Error::Session {
        server: server.clone(),
        source,
    })?;
    // What tokio-postgres is told goes nowhere: its startup message is swallowed.
    let told = tokio_postgres::Config::new().user("pgark").to_owned();
    match told.connect_raw(Adopted::new(stream, replay), NoTls).await {
        Ok((client, connection)) => {
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::error!("connection to {server} lost: {error}");
                }
            });
            Ok(client)
        }
        Err(source) => Err(Error::Client { server, source }),
    }
}

/// A stream on which the startup has been done: it swallows a second startup message and answers that with the
/// outcome of the first.
struct Adopted<S> {
    stream: S,
    startup: Startup,
    replay: BytesMut,
    lengths: Lengths,
    /// Who reads before the startup message has been written.
    reader: Option<Waker>,
}

/// How much of the startup message has been swallowed.
enum Startup {
    /// Some bytes of its length, which comes first and counts itself.
    Length(BytesMut),
    /// All but so many bytes.
    Rest(usize),
    Done,
}

impl<S> Adopted<S> {
    fn new(stream: S, replay: BytesMut) -> Self {
        Self {
            stream,
            startup: Startup::Length(BytesMut::new()),
            replay,
            lengths: Lengths::default(),
            reader: None,
        }
    }

    /// Takes the bytes that belong to the startup message; returns how many they were.
    fn swallow(&mut self, bytes: &[u8]) -> usize {
        let taken = match &mut self.startup {
            Startup::Length(length) => {
                let taken = bytes.len().min(4 - length.len());
                length.extend_from_slice(&bytes[..taken]);
                if let Ok(whole) = length.clone().try_get_u32() {
                    self.startup = Startup::Rest((whole as usize).saturating_sub(4));
                }
                taken
            }
            Startup::Rest(rest) => {
                let taken = bytes.len().min(*rest);
                *rest -= taken;
                taken
            }
            Startup::Done => 0,
        };
        if matches!(self.startup, Startup::Rest(0)) {
            self.startup = Startup::Done;
            if let Some(reader) = self.reader.take() {
                reader.wake();
            }
        }
        taken
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Adopted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !matches!(self.startup, Startup::Done) {
            self.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let before = out.filled().len();
        if self.replay.is_empty() {
            ready!(Pin::new(&mut self.stream).poll_read(cx, out))?;
        } else {
            let length = self.replay.len().min(out.remaining());
            out.put_slice(&self.replay.split_to(length));
        }
        let checked = self.lengths.check(&out.filled()[before..]);
        if checked.is_err() {
            // Whoever gets an error has read nothing.
            out.set_filled(before);
        }
        Poll::Ready(checked)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Adopted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if matches!(self.startup, Startup::Done) {
            return Pin::new(&mut self.stream).poll_write(cx, bytes);
        }
        Poll::Ready(Ok(self.swallow(bytes)))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// Writes a startup message in pieces of a size, then a query, while a reader waits.
    async fn exchange(size: usize) -> (Vec<u8>, (Vec<u8>, Result<usize, String>)) {
        let (near, mut far) = tokio::io::duplex(1000);
        let (mut read, mut write) = tokio::io::split(Adopted::new(
            near,
            BytesMut::from(&b"Z\0\0\0\x05I1\0\0"[..]),
        ));
        let reader = tokio::spawn(async move {
            let mut answers = Vec::new();
            let end = read.read_to_end(&mut answers).await;
            (answers, end.map_err(|error| error.to_string()))
        });
        tokio::task::yield_now().await;
        let sent = b"\0\0\0\x0a\0\x03\0\0a\0query";
        for piece in sent.chunks(size) {
            write.write_all(piece).await.unwrap();
        }
        let mut arrived = vec![0; 5];
        far.read_exact(&mut arrived).await.unwrap();
        // The message begins in what is replayed.
        far.write_all(b"\0\x04").await.unwrap();
        tokio::task::yield_now().await;
        far.write_all(b"D\x40\0\0\0").await.unwrap();
        (arrived, reader.await.unwrap())
    }

    #[tokio::test]
    async fn a_startup_message_is_swallowed_and_answered() {
        for size in [1, 3, 4, 7, 10, 12, 15] {
            let (arrived, answers) = exchange(size).await;
            assert_eq!(arrived, b"query", "{size}");
            assert_eq!(
                answers,
                (
                    b"Z\0\0\0\x05I1\0\0\0\x04".to_vec(),
                    Err("message 'D' of length 1073741824, and 16777216 bytes are allowed".into())
                ),
                "{size}"
            );
        }
    }
}
