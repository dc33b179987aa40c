//! The host's connection: standard input and output as one stream, and HTTP/2 over it.

use std::convert::Infallible;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream as StdUnixStream;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;
use tokio::net::unix::pipe;
use tonic::body::Body;
use tonic::codegen::{Service, http};

use crate::Error;

type Reader = Box<dyn AsyncRead + Send + Unpin>;
type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// Takes standard input and output as one stream that never blocks a thread.
pub(crate) fn open() -> Result<impl AsyncRead + AsyncWrite + Send + Unpin, Error> {
    let input = reader(io::stdin().as_fd()).map_err(|source| Error::Stdio {
        stream: "standard input",
        source,
    })?;
    let output = writer(io::stdout().as_fd()).map_err(|source| Error::Stdio {
        stream: "standard output",
        source,
    })?;
    Ok(tokio::io::join(input, output))
}

fn reader(stream: impl AsFd) -> io::Result<Reader> {
    Ok(match Channel::of(stream)? {
        Channel::Pipe(fd) => Box::new(pipe::Receiver::from_owned_fd(fd)?),
        Channel::Socket(socket) => Box::new(socket),
    })
}

fn writer(stream: impl AsFd) -> io::Result<Writer> {
    Ok(match Channel::of(stream)? {
        Channel::Pipe(fd) => Box::new(pipe::Sender::from_owned_fd(fd)?),
        Channel::Socket(socket) => Box::new(socket),
    })
}

enum Channel {
    Pipe(OwnedFd),
    Socket(UnixStream),
}

impl Channel {
    /// Plakar makes pipes; a host that makes a socket pair is served too.
    fn of(stream: impl AsFd) -> io::Result<Self> {
        let file = File::from(stream.as_fd().try_clone_to_owned()?);
        let kind = file.metadata()?.file_type();
        let fd = OwnedFd::from(file);
        if kind.is_fifo() {
            Ok(Self::Pipe(fd))
        } else if kind.is_socket() {
            let socket = StdUnixStream::from(fd);
            socket.set_nonblocking(true)?;
            Ok(Self::Socket(UnixStream::from_std(socket)?))
        } else {
            Err(io::Error::other(
                "it is neither a pipe nor a socket; Plakar starts this command with pipes",
            ))
        }
    }
}

/// Serves `service` on the one connection that `host` is, until the host closes it.
pub(crate) async fn serve<I, S>(host: I, service: S) -> Result<(), Error>
where
    I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    S: Service<
            http::Request<hyper::body::Incoming>,
            Response = http::Response<Body>,
            Error = Infallible,
        > + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    let ended = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(host), TowerToHyperService::new(service))
        .await;
    match ended {
        Err(error) if !is_gone(&error) => Err(Error::Connection(error)),
        _ => Ok(()),
    }
}

/// Whether the host has closed its ends without a farewell, as it does when it is done or was cancelled.
fn is_gone(error: &hyper::Error) -> bool {
    std::error::Error::source(error)
        .and_then(|cause| cause.downcast_ref::<io::Error>())
        .is_some_and(|cause| {
            matches!(
                cause.kind(),
                io::ErrorKind::BrokenPipe
                    | io::ErrorKind::ConnectionReset
                    | io::ErrorKind::UnexpectedEof
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn pipes_and_sockets_carry_a_connection() {
        let (near, far) = StdUnixStream::pair().unwrap();
        let (pipe_out, pipe_in) = io::pipe().unwrap();
        for (mut to, mut from) in [
            (writer(&near).unwrap(), reader(&far).unwrap()),
            (writer(&pipe_in).unwrap(), reader(&pipe_out).unwrap()),
        ] {
            to.write_all(b"PRI *").await.unwrap();
            let mut seen = [0; 5];
            from.read_exact(&mut seen).await.unwrap();
            assert_eq!(&seen, b"PRI *");
        }
    }

    #[tokio::test]
    async fn a_file_is_refused_with_a_reason() {
        let file = tempfile::tempfile().unwrap();
        let error = reader(&file).err().unwrap().to_string();
        assert!(error.contains("neither a pipe nor a socket"), "{error}");
    }
}
