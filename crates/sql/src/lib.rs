//! PostgreSQL's SQL as text: identifiers, literals, arrays, settings, privileges and patterns of names.
//!
//! Everything here turns names and values into the bytes that pg_dump of a given major writes, or reads the
//! text form in which a server shows arrays and privileges. Names and texts are byte strings, since a
//! `SQL_ASCII` or `LATIN1` database holds names that are not UTF-8. There are no connections here.
//!
//! ```
//! use pgark_sql::{Encoding, Quoter, text};
//!
//! let quoter = Quoter::new(15, Encoding::UTF8);
//! let table = quoter.qualified(Some(b"Shop"), "order");
//! let comment = text!("COMMENT ON TABLE ", table, " IS ", quoter.literal("it's"), ";\n");
//! assert_eq!(comment, r#"COMMENT ON TABLE "Shop"."order" IS 'it''s';"#.to_owned() + "\n");
//! ```

pub mod acl;
mod array;
mod encoding;
mod error;
mod filter;
mod keyword;
mod pattern;
mod quoter;
mod reloptions;
mod setting;
mod splitter;
mod text;
mod token;

pub use array::parse_array;
pub use bstr::BString;
pub use encoding::Encoding;
pub use error::{Error, Result};
pub use filter::{FilterCommand, FilterItem, FilterObject, parse_filter};
pub use pattern::Pattern;
pub use quoter::Quoter;
pub use reloptions::reloptions;
pub use setting::{Setting, SettingTarget, set_config_option};
pub use splitter::{Piece, Splitter};
pub use token::{Token, TokenKind, tokens};
