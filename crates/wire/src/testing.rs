//! A server that plays a script: only a program can play one that is at fault.

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use crate::{Authentication, Result, Session, Startup};

/// A message of the server.
pub(crate) fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = i32::try_from(body.len() + 4).unwrap();
    [&[tag], &length.to_be_bytes()[..], body].concat()
}

/// An ErrorResponse.
pub(crate) fn error(severity: &str, sqlstate: &str) -> Vec<u8> {
    message(
        b'E',
        format!("S{severity}\0V{severity}\0C{sqlstate}\0Mtext\0\0").as_bytes(),
    )
}

pub(crate) fn ready() -> Vec<u8> {
    message(b'Z', b"I")
}

/// A RowDescription of one column "x".
pub(crate) fn one_column() -> Vec<u8> {
    message(b'T', &[&b"\0\x01x\0"[..], &[0; 18]].concat())
}

/// A DataRow of one value.
pub(crate) fn one_value(value: &[u8]) -> Vec<u8> {
    let length = u32::try_from(value.len()).unwrap().to_be_bytes();
    message(b'D', &[b"\0\x01", &length[..], value].concat())
}

pub(crate) fn complete(tag: &str) -> Vec<u8> {
    message(b'C', format!("{tag}\0").as_bytes())
}

/// The server's side of a session.
pub(crate) struct Server(pub(crate) DuplexStream);

impl Server {
    /// A message of the client, after the startup message.
    pub(crate) async fn receive(&mut self) -> (u8, BytesMut) {
        let tag = self.0.read_u8().await.unwrap();
        let length = self.0.read_u32().await.unwrap();
        let mut body = BytesMut::zeroed(length as usize - 4);
        self.0.read_exact(&mut body).await.unwrap();
        (tag, body)
    }

    pub(crate) async fn send(&mut self, messages: &[Vec<u8>]) {
        self.0.write_all(&messages.concat()).await.unwrap();
    }
}

/// A session that has been logged in to, and its server.
pub(crate) async fn session() -> (Session<DuplexStream>, Server) {
    let (near, far) = tokio::io::duplex(1 << 16);
    let mut server = Server(far);
    let startup = Startup::new("u", "db");
    let authentication = Authentication::default();
    let (session, ()) = tokio::join!(Session::start(near, &startup, &authentication), async {
        let length = server.0.read_u32().await.unwrap();
        server
            .0
            .read_exact(&mut vec![0; length as usize - 4])
            .await
            .unwrap();
        server
            .send(&[
                message(b'R', &[0; 4]),
                message(b'S', b"server_version\x0017.5\0"),
                message(b'K', b"\0\0\0\x07\0\0\0\x09"),
                ready(),
            ])
            .await;
    });
    (session.unwrap(), server)
}

/// What becomes of a login at a server that sends these messages, whatever it is told.
pub(crate) async fn start(
    startup: &Startup,
    authentication: &Authentication,
    messages: Vec<u8>,
) -> Result<Session<DuplexStream>> {
    let (near, mut far) = tokio::io::duplex(1 << 16);
    far.write_all(&messages).await.unwrap();
    let started = Session::start(near, startup, authentication).await;
    drop(far);
    started
}
