//! The primitives that headers, entries and blocks are made of: byte, Int, Str and Offset (`WriteInt`, `WriteStr` and `WriteOffset`
//! in src/bin/pg_dump/pg_backup_archiver.c).

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use bstr::BString;

use crate::{Error, Offset, Oid};

/// Bytes of an Int's magnitude and of a file offset, without their leading sign or flag.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Sizes {
    pub(crate) int: u8,
    pub(crate) offset: u8,
}

impl Sizes {
    /// The largest size that pg_restore takes.
    pub(crate) const MAX: u8 = 32;
}

/// Fields of a header, an entry or a block being put together.
#[derive(Debug)]
pub(crate) struct Fields {
    pub(crate) bytes: Vec<u8>,
    sizes: Sizes,
}

impl Fields {
    pub(crate) fn new(sizes: Sizes) -> Self {
        Self {
            bytes: Vec::new(),
            sizes,
        }
    }

    pub(crate) fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    pub(crate) fn int(&mut self, value: i32) {
        self.byte(u8::from(value < 0));
        self.little_endian(value.unsigned_abs().into(), self.sizes.int);
    }

    /// An OID goes through C's `int`: those above 2³¹-1 come out negative.
    pub(crate) fn oid(&mut self, oid: Oid) {
        self.int(oid.0.cast_signed());
    }

    /// A string that C can hold, or none.
    pub(crate) fn string(&mut self, value: Option<&[u8]>) -> Result<(), Error> {
        let Some(value) = value else {
            self.int(-1);
            return Ok(());
        };
        if value.contains(&0) {
            return Err(Error::misuse(format!(
                "\"{}\" holds a zero byte",
                BString::from(value)
            )));
        }
        let length = i32::try_from(value.len()).map_err(|_| {
            Error::misuse(format!(
                "a text of {} bytes is longer than 2147483647",
                value.len()
            ))
        })?;
        self.int(length);
        self.bytes.extend_from_slice(value);
        Ok(())
    }

    pub(crate) fn number(&mut self, value: &impl ToString) -> Result<(), Error> {
        self.string(Some(value.to_string().as_bytes()))
    }

    pub(crate) fn offset(&mut self, offset: Offset) {
        let (flag, position) = match offset {
            Offset::NotSet => (1, 0),
            Offset::At(position) => (2, position),
            Offset::NoData => (3, 0),
        };
        self.byte(flag);
        self.little_endian(position, self.sizes.offset);
    }

    fn little_endian(&mut self, value: u64, size: u8) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&value.to_le_bytes());
        self.bytes.resize(start + usize::from(size), 0);
    }
}

/// An archive being read. Nothing is allocated before it has arrived, whatever a length says.
#[derive(Debug)]
pub(crate) struct Input<R> {
    source: BufReader<R>,
    position: u64,
    pub(crate) sizes: Sizes,
}

impl<R: Read> Input<R> {
    pub(crate) fn new(source: R) -> Self {
        let sizes = Sizes { int: 4, offset: 8 };
        Self {
            source: BufReader::with_capacity(128 * 1024, source),
            position: 0,
            sizes,
        }
    }

    pub(crate) fn source(&self) -> &R {
        self.source.get_ref()
    }

    /// Bytes read so far, which is where errors point to.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    pub(crate) fn corrupt(&self, what: impl Into<String>) -> Error {
        Error::corrupt(self.position, what)
    }

    fn ends_in(&self, what: &str) -> Error {
        self.corrupt(format!("the archive ends in {what}"))
    }

    pub(crate) fn exact(&mut self, buffer: &mut [u8], what: &str) -> Result<(), Error> {
        match self.source.read_exact(buffer) {
            Ok(()) => {
                self.position += buffer.len() as u64;
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(self.ends_in(what)),
            Err(error) => Err(Error::reading(error)),
        }
    }

    pub(crate) fn byte(&mut self, what: &str) -> Result<u8, Error> {
        let mut byte = [0];
        self.exact(&mut byte, what)?;
        Ok(byte[0])
    }

    /// Whether nothing follows.
    pub(crate) fn at_end(&mut self) -> Result<bool, Error> {
        self.source
            .fill_buf()
            .map(<[u8]>::is_empty)
            .map_err(Error::reading)
    }

    /// Sign and magnitude; the magnitude has at most 32 bits, since C reads an `int`.
    fn wide_int(&mut self, what: &str) -> Result<i64, Error> {
        let sign = self.byte(what)?;
        if sign > 1 {
            return Err(self.corrupt(format!("sign {sign} in {what}")));
        }
        let mut magnitude = [0; Sizes::MAX as usize];
        let size = usize::from(self.sizes.int);
        let Some(bytes) = magnitude.get_mut(..size) else {
            return Err(self.corrupt(format!("integers of {size} bytes")));
        };
        self.exact(bytes, what)?;
        let [a, b, c, d, rest @ ..] = magnitude;
        if rest.iter().any(|&byte| byte != 0) {
            return Err(self.corrupt(format!("{what} has more than 32 bits")));
        }
        let magnitude = i64::from(u32::from_le_bytes([a, b, c, d]));
        Ok(if sign == 1 { -magnitude } else { magnitude })
    }

    pub(crate) fn int(&mut self, what: &str) -> Result<i32, Error> {
        let value = self.wide_int(what)?;
        i32::try_from(value).map_err(|_| self.corrupt(format!("{what} is out of range: {value}")))
    }

    /// A length or a count.
    pub(crate) fn length(&mut self, what: &str) -> Result<u32, Error> {
        let value = self.wide_int(what)?;
        match i32::try_from(value) {
            Ok(length @ 0..) => Ok(length.cast_unsigned()),
            _ => Err(self.corrupt(format!("{what} is out of range: {value}"))),
        }
    }

    /// The opposite of [`Fields::oid`].
    pub(crate) fn oid(&mut self, what: &str) -> Result<Oid, Error> {
        let value = self.wide_int(what)?;
        let oid = i32::try_from(value)
            .map(i32::cast_unsigned)
            .or_else(|_| u32::try_from(value));
        oid.map(Oid)
            .map_err(|_| self.corrupt(format!("{what} is out of range: {value}")))
    }

    pub(crate) fn string(&mut self, what: &str) -> Result<Option<BString>, Error> {
        let length = self.int(what)?;
        let length = match length {
            -1 => return Ok(None),
            0.. => u64::from(length.cast_unsigned()),
            _ => return Err(self.corrupt(format!("{what} has length {length}"))),
        };
        let mut value = Vec::new();
        let got = (&mut self.source)
            .take(length)
            .read_to_end(&mut value)
            .map_err(Error::reading)? as u64;
        self.position += got;
        if got < length {
            return Err(self.ends_in(what));
        }
        if value.contains(&0) {
            return Err(self.corrupt(format!("{what} holds a zero byte")));
        }
        Ok(Some(value.into()))
    }

    pub(crate) fn some_string(&mut self, what: &str) -> Result<BString, Error> {
        self.string(what)?
            .ok_or_else(|| self.corrupt(format!("{what} is missing")))
    }

    /// A number that is written as text.
    pub(crate) fn number<T: std::str::FromStr>(
        &mut self,
        text: &BString,
        what: &str,
    ) -> Result<T, Error> {
        let number = std::str::from_utf8(text)
            .ok()
            .and_then(|text| text.parse().ok());
        number.ok_or_else(|| self.corrupt(format!("{what} is not a number: \"{text}\"")))
    }

    pub(crate) fn offset(&mut self, what: &str) -> Result<Offset, Error> {
        let flag = self.byte(what)?;
        let mut bytes = [0; Sizes::MAX as usize];
        let size = usize::from(self.sizes.offset);
        let Some(field) = bytes.get_mut(..size) else {
            return Err(self.corrupt(format!("offsets of {size} bytes")));
        };
        self.exact(field, what)?;
        let (position, rest) = bytes.split_at(8);
        if rest.iter().any(|&byte| byte != 0) {
            return Err(self.corrupt(format!("{what} has more than 64 bits")));
        }
        let position = position
            .iter()
            .rev()
            .fold(0, |sum, &byte| sum << 8 | u64::from(byte));
        match flag {
            1 => Ok(Offset::NotSet),
            2 => Ok(Offset::At(position)),
            3 => Ok(Offset::NoData),
            _ => Err(self.corrupt(format!("{what} has flag {flag}"))),
        }
    }

    /// Up to `limit` bytes that lie ready, at least one of them; [`Self::consume`] takes them.
    pub(crate) fn available(&mut self, limit: u32, what: &str) -> Result<&[u8], Error> {
        if limit == 0 {
            return Ok(&[]);
        }
        let at = self.position;
        let ready = self.source.fill_buf().map_err(Error::reading)?;
        if ready.is_empty() {
            return Err(Error::corrupt(at, format!("the archive ends in {what}")));
        }
        let length = ready
            .len()
            .min(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(&ready[..length])
    }

    pub(crate) fn consume(&mut self, length: usize) {
        self.source.consume(length);
        self.position += length as u64;
    }
}

impl<R: Read + Seek> Input<R> {
    pub(crate) fn seek(&mut self, position: u64) -> Result<(), Error> {
        self.source
            .seek(SeekFrom::Start(position))
            .map_err(Error::reading)?;
        self.position = position;
        Ok(())
    }

    /// Where the next byte lies in the file, which is not [`Self::position`] when reading began in its middle.
    pub(crate) fn file_position(&mut self) -> Result<u64, Error> {
        self.source.stream_position().map_err(Error::reading)
    }

    /// Steps over bytes, which need not exist: reading on behind the end fails then.
    pub(crate) fn skip(&mut self, length: u32) -> Result<(), Error> {
        self.source
            .seek_relative(length.into())
            .map_err(Error::reading)?;
        self.position += u64::from(length);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
