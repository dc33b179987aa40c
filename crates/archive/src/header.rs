//! The header of an archive.

use std::io::Read;

use bstr::BString;

use crate::encoding::{Fields, Input, Sizes};
use crate::{Compression, CreationTime, Error, Version, compression};

/// What an archive of the custom format begins with (`ReadHead` in src/bin/pg_dump/pg_backup_archiver.c).
pub const MAGIC: &[u8; 5] = b"PGDMP";

/// How an archive keeps its parts (`ArchiveFormat` in src/bin/pg_dump/pg_backup.h).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Format {
    /// Everything in one file.
    Custom,
}

impl Format {
    const CUSTOM: u8 = 1;

    /// The format's name in a listing.
    pub fn name(self) -> &'static str {
        match self {
            Self::Custom => "CUSTOM",
        }
    }
}

/// What an archive says about itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Header {
    /// The layout of all that follows.
    pub version: Version,
    /// Bytes of an integer, without its sign.
    pub int_size: u8,
    /// Bytes of a file offset, without its flag.
    pub offset_size: u8,
    /// How the parts are kept.
    pub format: Format,
    /// How data blocks are compressed.
    pub compression: Compression,
    /// When the archive was made.
    pub created: CreationTime,
    /// The database it was made of.
    pub database: Option<BString>,
    /// The server's `server_version`, in full.
    pub server_version: Option<BString>,
    /// The version of the program that wrote the archive.
    pub dump_version: Option<BString>,
}

impl Header {
    /// A header as pg_dump writes it on today's machines, with no names yet.
    pub fn new(version: Version, compression: Compression, created: CreationTime) -> Self {
        Self {
            version,
            int_size: 4,
            offset_size: 8,
            format: Format::Custom,
            compression,
            created,
            database: None,
            server_version: None,
            dump_version: None,
        }
    }

    pub(crate) fn sizes(&self) -> Sizes {
        Sizes {
            int: self.int_size,
            offset: self.offset_size,
        }
    }

    /// The layout is that of `WriteHead` in src/bin/pg_dump/pg_backup_archiver.c.
    pub(crate) fn encode(&self, fields: &mut Fields) -> Result<(), Error> {
        if !self.version.is_written() {
            return Err(Error::unsupported(format!(
                "archive version {}",
                self.version
            )));
        }
        if !(4..=Sizes::MAX).contains(&self.int_size)
            || !(8..=Sizes::MAX).contains(&self.offset_size)
        {
            let (int, offset) = (self.int_size, self.offset_size);
            return Err(Error::unsupported(format!(
                "writing integers of {int} and offsets of {offset} bytes"
            )));
        }
        fields.bytes.extend_from_slice(MAGIC);
        for byte in [
            self.version.major,
            self.version.minor,
            self.version.rev,
            self.int_size,
            self.offset_size,
        ] {
            fields.byte(byte);
        }
        fields.byte(Format::CUSTOM);
        if self.version.has_compression_algorithm() {
            fields.byte(compression::recorded_algorithm(self.compression));
        } else {
            fields.int(compression::recorded_level(self.compression));
        }
        let CreationTime {
            sec,
            min,
            hour,
            mday,
            mon,
            year,
            isdst,
        } = self.created;
        for part in [sec, min, hour, mday, mon, year, isdst] {
            fields.int(part);
        }
        for text in [&self.database, &self.server_version, &self.dump_version] {
            fields.string(text.as_ref().map(|text| text.as_slice()))?;
        }
        Ok(())
    }

    pub(crate) fn decode<R: Read>(input: &mut Input<R>) -> Result<Self, Error> {
        let mut magic = [0; MAGIC.len()];
        match input.exact(&mut magic, "its magic") {
            Ok(()) if magic == *MAGIC => {}
            Ok(()) | Err(Error::Corrupt { .. }) => return Err(Error::NotAnArchive),
            Err(error) => return Err(error),
        }
        let mut bytes = [0; 6];
        input.exact(&mut bytes, "the header")?;
        let [major, minor, rev, int_size, offset_size, format] = bytes;
        let version = Version { major, minor, rev };
        if !version.is_read() {
            return Err(Error::unsupported(format!("archive version {version}")));
        }
        if !(1..=Sizes::MAX).contains(&int_size) {
            return Err(input.corrupt(format!("integers of {int_size} bytes")));
        }
        if !(1..=Sizes::MAX).contains(&offset_size) {
            return Err(input.corrupt(format!("offsets of {offset_size} bytes")));
        }
        input.sizes = Sizes {
            int: int_size,
            offset: offset_size,
        };
        let format = match format {
            Format::CUSTOM => Format::Custom,
            3 => return Err(Error::unsupported("archive format tar or directory")),
            4 | 5 => return Err(Error::unsupported(format!("archive format {format}"))),
            _ => return Err(input.corrupt(format!("archive format {format}"))),
        };
        let compression = if version.has_compression_algorithm() {
            let algorithm = input.byte("the compression algorithm")?;
            compression::of_algorithm(algorithm)
                .ok_or_else(|| input.corrupt(format!("compression algorithm {algorithm}")))?
        } else {
            let level = input.int("the compression level")?;
            compression::of_level(level)
                .ok_or_else(|| input.corrupt(format!("compression level {level}")))?
        };
        let created = CreationTime {
            sec: input.int("the creation time")?,
            min: input.int("the creation time")?,
            hour: input.int("the creation time")?,
            mday: input.int("the creation time")?,
            mon: input.int("the creation time")?,
            year: input.int("the creation time")?,
            isdst: input.int("the creation time")?,
        };
        Ok(Self {
            version,
            int_size,
            offset_size,
            format,
            compression,
            created,
            database: input.string("the database's name")?,
            server_version: input.string("the server's version")?,
            dump_version: input.string("pg_dump's version")?,
        })
    }
}
