//! Where a PostgreSQL server is and how to log in.
//!
//! A [`Config`] is made of arguments, a connection string or URI, and the `PG*` environment variables, with
//! libpq's names, defaults and precedence. [`connect`] dials it (TCP, Unix socket), wraps it in TLS as `sslmode`
//! says, logs in and hands out a [`Session`] of `pgark-wire`; [`client`] hands out a `tokio_postgres::Client` over a
//! stream opened in the same way; [`cancel`] stops a session's statement. TLS and authentication are decided
//! here and nowhere else.
//!
//! Not here: SQL.
//!
//! What libpq does that this crate does not: GSSAPI, encrypted private keys, revocation lists, certificates whose
//! keys or signatures ring cannot handle (ECDSA P-521, Ed448, keys marked RSASSA-PSS, RSA below 2048 bits), and
//! SCRAM with more than 100,000 iterations. Options that are
//! known but not implemented are refused by name rather than ignored.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let config = pgark_connect::Config::parse("host=db.example.com dbname=shop sslmode=verify-full")?.with_environment();
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
mod keyword;
mod login;
mod passfile;
mod stream;
mod target;
mod tls;
mod uri;

pub use client::client;
pub use config::Config;
pub use error::{Error, LoginError, Result};
pub use login::{cancel, connect};
pub use pgark_wire::{CancelKey, Secret};
pub use stream::Stream;

/// A session over a stream that this crate has dialled.
pub type Session = pgark_wire::Session<Stream>;
