//! The PostgreSQL protocol, versions 3.0 and 3.2, over any byte stream.
//!
//! A [`Session`] starts and logs in over a stream that somebody else has dialled (and wrapped in TLS, if that
//! is wanted), runs simple queries whose values arrive as text in the session's encoding ([`Rows`]), and hands
//! out and takes COPY data in large slices ([`CopyOut`], [`CopyIn`]). Replication commands answer with results and COPY data in turn
//! ([`Replies`]), or in both directions at once ([`CopyBoth`]). [`cancel`] asks a server to stop what another session does.
//!
//! Names, statements and values are byte strings: a server's encoding is whatever its databases say, and
//! nothing here insists on UTF-8. What a server sends is not trusted: lengths are checked before anything is
//! allocated, a message grows in memory only as its bytes arrive, and a COPY frame, which may be a gigabyte,
//! is passed on in pieces and never held whole.
//!
//! Not here: sockets, TLS, connection strings, passwords' sources (see `pgark-connect`), and the extended
//! query protocol.
//!
//! Facts come from the PostgreSQL manual, chapter "Frontend/Backend Protocol", sections "Message Flow" and
//! "Message Formats".
//!
//! ```
//! # async fn example(stream: tokio::io::DuplexStream) -> Result<(), pgark_wire::Error> {
//! use pgark_wire::{Authentication, Secret, Session, Startup};
//!
//! let startup = Startup::new("app", "shop").parameter("application_name", "nightly");
//! let authentication = Authentication::password(Secret::new("s3cret"));
//! let mut session = Session::start(stream, &startup, &authentication).await?;
//!
//! let tables = session.rows("select relname from pg_catalog.pg_class").await?;
//! for row in &tables {
//!     println!("{}", row.get(0).unwrap_or_default());
//! }
//!
//! let mut copy = session.copy_out("copy public.item to stdout").await?;
//! let mut bytes = 0;
//! while let Some(piece) = copy.next().await? {
//!     bytes += piece.len();
//! }
//! # let _ = bytes;
//! session.close().await
//! # }
//! ```

mod authentication;
mod cancel;
mod copy_both;
mod copy_in;
mod copy_out;
mod error;
mod frame;
mod method;
mod one_line;
mod parameters;
mod pipeline;
mod protocol;
mod query;
mod replies;
mod row_stream;
mod rows;
mod saslprep;
mod scram;
mod secret;
mod server_error;
mod session;
mod startup;
#[cfg(test)]
mod testing;

pub use authentication::{Authentication, ChannelBinding};
pub use cancel::{CancelKey, cancel};
pub use copy_both::CopyBoth;
pub use copy_in::CopyIn;
pub use copy_out::{CopyOut, CopyPiece};
pub use error::{AuthenticationError, Error, Result};
pub use method::{Method, Methods};
pub use one_line::OneLine;
pub use protocol::ProtocolVersion;
pub use replies::{Replies, Reply};
pub use row_stream::RowStream;
pub use rows::{Row, Rows, RowsIter};
pub use secret::Secret;
pub use server_error::ServerError;
pub use session::Session;
pub use startup::Startup;
