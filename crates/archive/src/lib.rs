//! The custom format of pg_dump (`pg_dump -Fc`) as bytes: header, table of contents and data blocks, in versions 1.14, 1.15 and 1.16,
//! that is, as pg_dump 12 to 18 write it; 1.10 to 1.13, of PostgreSQL 8.0 and later, are read.
//!
//! [`Writer`] makes an archive that pg_restore takes, [`Reader`] reads one that pg_dump or this crate made, [`list`] prints what
//! `pg_restore -l` prints, and [`Script`] and [`render`] write what `pg_restore -f` writes, of the entries of a [`Selection`]. Data is read and written plain or compressed with zlib ("gzip").
//!
//! The crate knows nothing of networks and servers: what stands in an entry is its maker's matter. All of it is synchronous.
//! An archive may come from anywhere, so nothing in it is believed: damage is an [`Error::Corrupt`] that says where.
//!
//! ```
//! use std::io::{Cursor, Read};
//! use pgark_archive::{
//!     Block, Compression, CreationTime, DumpId, Header, Reader, Section, Selection, TocEntry, Version, Writer, list,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let header = Header {
//!     database: Some("shop".into()),
//!     ..Header::new(Version::of_server_major(18), Compression::DEFAULT, CreationTime::now()?)
//! };
//! let (table, data) = (DumpId(1), DumpId(2));
//! let entries = [
//!     TocEntry {
//!         tag: Some("item".into()),
//!         desc: "TABLE".into(),
//!         section: Section::PreData,
//!         defn: Some("CREATE TABLE public.item (\n    id integer\n);\n".into()),
//!         namespace: Some("public".into()),
//!         ..TocEntry::new(table)
//!     },
//!     TocEntry {
//!         had_dumper: true,
//!         tag: Some("item".into()),
//!         desc: "TABLE DATA".into(),
//!         section: Section::Data,
//!         copy_stmt: Some("COPY public.item (id) FROM stdin;\n".into()),
//!         namespace: Some("public".into()),
//!         dependencies: vec![table],
//!         ..TocEntry::new(data)
//!     },
//! ];
//!
//! // A file would do as well as this buffer; `Writer::new` writes to a pipe.
//! let mut writer = Writer::new_seekable(Cursor::new(Vec::new()), &header, &entries)?;
//! writer.start_data(data)?;
//! writer.write(b"1\n2\n3\n")?;
//! writer.write(b"\\.\n\n\n")?;
//! writer.end_data()?;
//! let archive = writer.finish()?.into_inner();
//!
//! let mut reader = Reader::new(Cursor::new(archive))?;
//! let mut listing = Vec::new();
//! list(reader.header(), reader.toc(), &Selection::all(reader.toc()), &mut listing)?;
//! assert!(String::from_utf8(listing)?.ends_with("1; 0 0 TABLE public item \n2; 0 0 TABLE DATA public item \n"));
//!
//! let mut rows = String::new();
//! if let Some(Block::Data(mut block)) = reader.next_block()? {
//!     block.read_to_string(&mut rows)?;
//! }
//! assert_eq!(rows, "1\n2\n3\n\\.\n\n\n");
//! # Ok(())
//! # }
//! ```

mod compare;
mod compression;
mod created;
mod encoding;
mod entry_name;
mod error;
#[cfg(test)]
mod golden;
mod header;
mod line;
mod list;
mod reader;
mod renaming;
mod script;
mod selection;
mod toc;
mod version;
mod writer;

pub use compare::{Difference, DifferenceKind, differences};
pub use created::{CreationTime, creation_seconds};
pub use entry_name::EntryName;
pub use error::Error;
pub use header::{Format, Header, MAGIC};
pub use line::one_line;
pub use list::list;
pub use pgark_compression::Compression;
pub use reader::{Block, BlockData, LargeObjects, Reader};
pub use renaming::Renaming;
pub use script::{RestrictKey, Script, ScriptOptions, Statements, render, render_stream};
pub use selection::{Filter, Parts, Pass, Selection, UseList};
pub use toc::{DumpId, Offset, Oid, Section, TocEntry};
pub use version::Version;
pub use writer::Writer;
