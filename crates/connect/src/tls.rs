//! TLS, decided as libpq decides it.

mod binding;
mod certificate;
mod connector;
mod credential;
mod name;
mod verifier;

use std::path::PathBuf;

use pgark_wire::Secret;

use crate::target::SslMode;

pub(crate) use connector::{Handshake, channel_binding, handshake};

/// What the user says of TLS.
#[derive(Debug, Clone)]
pub(crate) struct TlsOptions {
    pub(crate) mode: SslMode,
    pub(crate) root: Option<Pem>,
    pub(crate) certificate: Option<Pem>,
    pub(crate) key: Option<Pem>,
}

/// Where a PEM text is.
#[derive(Debug, Clone)]
pub(crate) enum Pem {
    File(PathBuf),
    Memory(Secret),
}
