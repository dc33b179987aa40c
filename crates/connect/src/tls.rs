//! TLS, decided as libpq decides it.

mod binding;
mod certificate;
mod chain;
mod client_certificate;
mod connector;
mod credential;
mod der;
mod details;
mod key;
mod name;
mod options;
mod revocation;
mod verifier;

pub(crate) use connector::{Handshake, channel_binding, handshake};
pub(crate) use credential::has_authorities;
pub use details::TlsDetails;
pub(crate) use options::{CertificateMode, SslMode, TlsOptions};
