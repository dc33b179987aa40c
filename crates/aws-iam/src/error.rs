//! Why there is no token.

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why there is no token. Keys and tokens never appear in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No place has credentials, or one that should have them fails.
    #[error("no AWS credentials were found; {}", .tried.join("; "))]
    NoCredentials {
        /// The places that were looked at, each with the reason why there is nothing to be had.
        tried: Vec<String>,
    },

    /// Nothing tells the region.
    #[error(
        "the region of host \"{host}\" is not known: its name does not tell it, and neither an option nor AWS_REGION nor the profile says it"
    )]
    Region {
        /// The host given.
        host: String,
    },

    /// The host has characters that would make another request of the one that is signed.
    #[error("no token can be made for host \"{host}\": it is no host name or IP address")]
    Host {
        /// The host given.
        host: String,
    },

    /// The request cannot be signed.
    #[error("cannot sign the token for host \"{host}\"")]
    Signing {
        /// The host given.
        host: String,
        /// What the signer says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
