//! Asking a server to stop another session's statement.

use std::fmt;

use bytes::{BufMut, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::{Error, ProtocolVersion, Result};

/// CancelRequest's code, in the place of a protocol version.
const CANCEL_REQUEST: i32 = 80_877_102;

/// Names a session and proves that one may cancel its statement. Prints without the proof.
#[derive(Clone, PartialEq, Eq)]
pub struct CancelKey {
    process_id: i32,
    secret: Vec<u8>,
}

impl CancelKey {
    /// Reads BackendKeyData: 4 bytes of key in protocol 3.0, up to 256 in 3.2.
    pub(crate) fn parse(body: &[u8], protocol: ProtocolVersion) -> Option<Self> {
        let (process_id, secret) = body.split_first_chunk::<4>()?;
        let greatest = if protocol >= ProtocolVersion::V3_2 {
            256
        } else {
            4
        };
        (4..=greatest).contains(&secret.len()).then(|| Self {
            process_id: i32::from_be_bytes(*process_id),
            secret: secret.to_vec(),
        })
    }

    /// The server's process id, as `pg_backend_pid()` gives it.
    pub fn process_id(&self) -> i32 {
        self.process_id
    }

    pub(crate) fn secret(&self) -> &[u8] {
        &self.secret
    }
}

impl fmt::Debug for CancelKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelKey")
            .field("process_id", &self.process_id)
            .finish_non_exhaustive()
    }
}

/// Sends a cancel request over a fresh stream to the same server and waits until the server has taken it.
///
/// Success says that it was taken, not that anything was cancelled: the statement's own session shows that, by
/// an error of SQLSTATE 57014.
///
/// # Errors
/// [`Error::ConnectionLost`] if it could not be sent.
///
/// Not cancel safe: dropping the future may or may not have sent the request.
pub async fn cancel<S>(mut stream: S, key: &CancelKey) -> Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let lost = |source| Error::ConnectionLost {
        doing: "sending a cancel request",
        source,
    };
    let mut out = BytesMut::new();
    // A key has 256 bytes at most.
    out.put_u32(u32::try_from(12 + key.secret.len()).unwrap_or(u32::MAX));
    out.put_i32(CANCEL_REQUEST);
    out.put_i32(key.process_id);
    out.put_slice(&key.secret);
    stream.write_all(&out).await.map_err(lost)?;
    stream.flush().await.map_err(lost)?;
    // The server answers by closing; a stream that ends unpolitely has ended all the same.
    let _ = stream.read(&mut [0; 1]).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_cancel_request_is_laid_out_as_the_manual_says() {
        let key = CancelKey::parse(b"\0\0\x01\0\xde\xad\xbe\xef", ProtocolVersion::V3_0).unwrap();
        let (client, mut server) = tokio::io::duplex(100);
        let (sent, ()) = tokio::join!(cancel(client, &key), async {
            let mut request = [0; 16];
            server.read_exact(&mut request).await.unwrap();
            assert_eq!(
                &request,
                b"\0\0\0\x10\x04\xd2\x16\x2e\0\0\x01\0\xde\xad\xbe\xef"
            );
            drop(server);
        });
        sent.unwrap();
        assert_eq!(format!("{key:?}"), "CancelKey { process_id: 256, .. }");
    }

    #[test]
    fn keys_of_impossible_length_are_refused() {
        // A length, and whether it can be in 3.0 and in 3.2.
        for (length, old, new) in [
            (0, false, false),
            (7, false, false),
            (8, true, true),
            (9, false, true),
            (260, false, true),
            (261, false, false),
        ] {
            for (protocol, accepted) in [(ProtocolVersion::V3_0, old), (ProtocolVersion::V3_2, new)]
            {
                assert_eq!(
                    CancelKey::parse(&vec![0; length], protocol).is_some(),
                    accepted,
                    "{length} {protocol}"
                );
            }
        }
    }
}
