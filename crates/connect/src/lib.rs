//! Where a PostgreSQL server is and how to log in.
//!
//! A [`Config`] is made of arguments, a connection string or URI, and the `PG*` environment variables, with
//! libpq's names, defaults and precedence. [`connect`] dials it (TCP, Unix socket), wraps it in TLS as `sslmode`
//! says, logs in, refuses a pooler that would not do, and hands out a [`Session`] of `pgark-wire`; [`client`] hands out a `tokio_postgres::Client` over a
//! stream opened in the same way; [`cancel`] stops a session's statement. TLS and authentication are decided
//! here and nowhere else. A password may be one that is made for each login ([`PasswordProvider`]).
//!
//! Not here: SQL beyond what tells whether a session is the one that was asked for.
//!
//! What libpq does that this crate does not: GSSAPI and SSPI, OAuth, services looked up by LDAP, encrypted private keys
//! and keys in hardware, `sslkeylogfile`, the SCRAM keys that stand for a password, servers' certificates whose keys
//! ring cannot handle (ECDSA P-521, Ed448, keys marked RSASSA-PSS, RSA below 2048 bits), TLS before 1.2, and SCRAM
//! with more than 1,000,000 iterations. Options that are known but not implemented are refused by name rather than
//! ignored where they would matter. `PGTZ`, `PGDATESTYLE` and `PGGEQO` are not read: what a session shows does not
//! depend on who asks.
//!
//! Where libpq would be more trusting: a password in clear text is sent over TLS or a Unix socket only, unless
//! `sslmode=disable` was asked for; a revocation list that is named must be there; a connection that is not made within
//! 10 s, or on which nothing has been heard for 2 minutes, is given up unless the options say otherwise.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let config = pgark_connect::Config::parse("host=db.example.com dbname=shop sslmode=verify-full")?.with_environment()?;
//! let mut session = pgark_connect::connect(&config).await?;
//! let version = session.rows("show server_version").await?;
//! # let _ = version;
//! # Ok(())
//! # }
//! ```

mod client;
mod config;
mod conninfo;
mod dial;
mod error;
mod host;
mod keepalive;
mod keyword;
mod login;
mod nearest;
mod passfile;
mod ping;
mod pooler;
mod prompt;
mod provider;
mod require_auth;
mod service;
mod session_attributes;
mod stream;
mod target;
mod tls;
mod uri;
mod value;

pub use client::{adopt, client};
pub use config::Config;
pub use error::{Error, LoginError, Result};
pub use login::{cancel, connect};
pub use pgark_wire::{CancelKey, Method, OneLine, ProtocolVersion, Secret};
pub use ping::{Ping, ping};
pub use pooler::Pooler;
pub use prompt::{Asking, PasswordRequest};
pub use provider::{
    Cause, MadePassword, PasswordLogin, PasswordMaker, PasswordProvider, Preparing,
};
pub use stream::Stream;
pub use tls::TlsDetails;

/// A session over a stream that this crate has dialled.
pub type Session = pgark_wire::Session<Stream>;
