//! Unpacking streams.

use std::io;

use crate::Compression;
use crate::inflate::Inflate;
use crate::lz4::Unlz4;
use crate::zstd::Unzstd;

/// Turns a compressed stream into data again.
#[derive(Debug)]
pub struct Decoder(Method);

#[derive(Debug)]
enum Method {
    None,
    Gzip(Box<Inflate>),
    Lz4(Box<Unlz4>),
    Zstd(Unzstd),
}

/// What one call of [`Decoder::decode`] did.
#[derive(Debug)]
pub struct Decoded {
    /// How much of the input is used.
    pub consumed: usize,
    /// How much of the output is filled.
    pub produced: usize,
    /// The stream says that it is over.
    pub ended: bool,
}

impl Decoder {
    /// For data as it stands in an archive.
    pub fn new(compression: Compression) -> Self {
        Self(match compression {
            Compression::None => Method::None,
            Compression::Gzip { .. } => Method::Gzip(Box::default()),
            Compression::Lz4 { .. } => Method::Lz4(Box::default()),
            Compression::Zstd { .. } => Method::Zstd(Unzstd::default()),
        })
    }

    /// Makes ready for a stream.
    ///
    /// # Errors
    /// Where there is no memory for it.
    pub fn reset(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Method::None => Ok(()),
            Method::Gzip(inflate) => {
                inflate.reset();
                Ok(())
            }
            Method::Lz4(lz4) => {
                **lz4 = Unlz4::default();
                Ok(())
            }
            Method::Zstd(zstd) => zstd.reset(),
        }
    }

    /// Whether the stream may be over where its chunks are. One of gzip says itself that it is over; others may hold several frames.
    pub fn may_end(&self) -> bool {
        match &self.0 {
            Method::None => true,
            Method::Gzip(_) => false,
            Method::Lz4(lz4) => lz4.may_end(),
            Method::Zstd(zstd) => zstd.may_end(),
        }
    }

    /// Decodes some of `input` into `output`. With no input it gives what it still holds back.
    ///
    /// # Errors
    /// Why the stream cannot be read.
    pub fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Result<Decoded, String> {
        match &mut self.0 {
            Method::None => {
                let length = input.len().min(output.len());
                output[..length].copy_from_slice(&input[..length]);
                Ok(Decoded {
                    consumed: length,
                    produced: length,
                    ended: false,
                })
            }
            Method::Gzip(inflate) => inflate
                .decode(input, output)
                .map_err(|reason| format!("the zlib stream is damaged: {reason}")),
            Method::Lz4(lz4) => lz4
                .decode(input, output)
                .map_err(|error| format!("the LZ4 frame is damaged: {error}")),
            Method::Zstd(zstd) => zstd
                .decode(input, output)
                .map_err(|error| format!("the Zstandard frame is damaged: {error}")),
        }
    }
}
