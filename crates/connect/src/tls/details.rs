//! What TLS has agreed on.

use rustls::{CipherSuite, ProtocolVersion};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// What a server and this side have agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsDetails {
    /// `TLSv1.2` or `TLSv1.3`, as OpenSSL writes it.
    pub version: &'static str,
    /// The cipher suite's registered name (IANA), such as `TLS_AES_256_GCM_SHA384`.
    pub cipher: String,
}

impl TlsDetails {
    pub(crate) fn of(stream: &TlsStream<TcpStream>) -> Option<Self> {
        let connection = stream.get_ref().1;
        let version = match connection.protocol_version()? {
            ProtocolVersion::TLSv1_2 => "TLSv1.2",
            ProtocolVersion::TLSv1_3 => "TLSv1.3",
            _ => return None,
        };
        let cipher = connection.negotiated_cipher_suite()?.suite();
        Some(Self {
            version,
            cipher: cipher_name(cipher),
        })
    }
}

/// rustls has a prefix of its own for the suites of TLS 1.3.
fn cipher_name(cipher: CipherSuite) -> String {
    let name = format!("{cipher:?}");
    match name.strip_prefix("TLS13_") {
        Some(name) => format!("TLS_{name}"),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ciphers_have_their_registered_names() {
        for (cipher, name) in [
            (
                CipherSuite::TLS13_AES_256_GCM_SHA384,
                "TLS_AES_256_GCM_SHA384",
            ),
            (
                CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
                "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            ),
        ] {
            assert_eq!(cipher_name(cipher), name);
        }
    }
}
